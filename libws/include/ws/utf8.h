/*
 * utf8: streaming validation of UTF-8 as RFC 3629 defines it (RFC 6455 section 8.1).
 *
 * Fed in pieces of any size, it fails at the first byte that no valid text can have there. Anyone
 * may call it; the state is the caller's.
 */
#ifndef WS_UTF8_H
#define WS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero: between two code points. */
struct ws_utf8 {
    uint8_t missing; /* bytes that the code point begun still needs */
    uint8_t low;     /* the next one must be in low..high */
    uint8_t high;
};

/*
 * Checks `len` bytes that follow those checked before with the same state. Returns how many of them
 * are fit to stand there: `len` when all are, else the offset of the first impossible byte, after
 * which the state is of no more use.
 */
size_t ws_utf8_check(struct ws_utf8 *state, const void *data, size_t len);

/* Does the text checked so far end between two code points? */
static inline bool ws_utf8_complete(const struct ws_utf8 *state)
{
    return state->missing == 0;
}

/* The whole of `data` is valid UTF-8. */
bool ws_utf8_valid(const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
