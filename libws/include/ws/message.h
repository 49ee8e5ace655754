/*
 * message: from frames to messages (RFC 6455 section 5.4).
 *
 * Knows which frame may follow which, applies the size limit to the whole message and validates
 * text as it passes. Holds no payload. Used by session; the state is the caller's, one thread's at
 * a time.
 */
#ifndef WS_MESSAGE_H
#define WS_MESSAGE_H

#include <ws/error.h>
#include <ws/frame.h>
#include <ws/utf8.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero: between two messages. */
struct ws_message {
    uint64_t total; /* payload bytes that the frames so far announced; of a deflated one, that were
                     * inflated so far: the caller counts those */
    struct ws_utf8 utf8;
    uint8_t opcode; /* WS_OP_TEXT or WS_OP_BINARY */
    bool begun;     /* a frame without FIN came: a continuation must follow */
    bool announced; /* a chunk of it was delivered */
    bool deflated;  /* it came with RSV1 (RFC 7692 6) */
};

/*
 * A data frame's header arrived. WS_OK, with opcode, begun and total updated;
 * WS_E_CONTINUATION_UNEXPECTED; WS_E_CONTINUATION_EXPECTED; WS_E_MESSAGE_TOO_BIG when the message
 * would exceed `max` bytes (0: 2^63 - 1); the sum cannot wrap. The size of a deflated message is
 * not known here: the caller, which inflates it, limits it.
 */
enum ws_error ws_message_frame(struct ws_message *message, const struct ws_frame *frame,
                               uint64_t max);

/* Checks unmasked payload. Returns the number of good bytes: `len`, or for text the offset of the
 * first byte that is not valid UTF-8 there (8.1). */
size_t ws_message_check(struct ws_message *message, const uint8_t *data, size_t len);

/* The final frame has ended: WS_OK and ready for the next message, or WS_E_UTF8 when text ends
 * inside a code point. */
enum ws_error ws_message_end(struct ws_message *message);

#ifdef __cplusplus
}
#endif

#endif
