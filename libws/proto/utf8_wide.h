/*
 * utf8_wide: validates UTF-8 by 32 bytes at a time, where the processor has AVX2.
 *
 * After J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte" (2021):
 * three tables, looked up by the halves of two neighboring bytes, say which errors the pair may be
 * part of. Used by utf8; no state but the choice, which is made before main().
 */
#ifndef LIBWS_PROTO_UTF8_WIDE_H
#define LIBWS_PROTO_UTF8_WIDE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Checks text that begins between two code points, and returns how many bytes of it are good; they
 * end between two code points as well. It stops fewer than UTF8_WIDE bytes before the end, or
 * before the first invalid byte, so what follows must be checked in another way.
 */
typedef size_t utf8_wide(const uint8_t *p, size_t len);

enum { UTF8_WIDE = 64 };

/* NULL where the processor has nothing for it. Tests set it to NULL. */
extern utf8_wide *ws_utf8_wide;

#endif
