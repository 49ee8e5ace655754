/*
 * utf8: streaming validation of UTF-8 as RFC 3629 defines it (RFC 6455 section 8.1).
 *
 * Fed in pieces of any size, it fails at the first byte that valid text cannot have there. The
 * state is the caller's; any thread may call it.
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
 * Checks `len` bytes that follow those checked before with the same state. Returns the number of
 * good ones: `len`, or the offset of the first impossible byte; the state is useless then.
 */
size_t ws_utf8_check(struct ws_utf8 *state, const void *data, size_t len);

/* True if the text checked so far ends between two code points. */
static inline bool ws_utf8_complete(const struct ws_utf8 *state)
{
    return state->missing == 0;
}

/* True if all of `data` is valid UTF-8. */
bool ws_utf8_valid(const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
