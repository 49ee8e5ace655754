/*
 * message: from frames to messages (RFC 6455 section 5.4).
 *
 * Knows which frame may follow which, counts the cap over the whole message, validates text as it
 * passes, and assembles where somebody wants the message whole. Memory grows with the bytes that
 * arrived, never with the bytes that a header claims: at most twice the former. Used by session;
 * no I/O.
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
    uint64_t total; /* payload bytes that the frames so far claim; of one that is deflated, those
                     * that were inflated */
    struct ws_utf8 utf8;
    uint8_t opcode; /* WS_OP_TEXT or WS_OP_BINARY */
    bool begun;     /* a frame without FIN came: a continuation must follow */
    bool announced; /* a chunk of it was handed out */
    bool deflated;  /* it came with RSV1 (RFC 7692 6) */
};

/*
 * A data frame's header arrived. Returns WS_OK with the message's opcode, begun and total brought
 * up to date; WS_E_CONTINUATION_UNEXPECTED, WS_E_CONTINUATION_EXPECTED, or WS_E_MESSAGE_TOO_BIG
 * when with this frame it would exceed `max` (no sum can wrap). How much a deflated message will be
 * is not known here, and its total is left to whoever inflates it.
 */
enum ws_error ws_message_frame(struct ws_message *message, const struct ws_frame *frame,
                               uint64_t max);

/*
 * Unmasked payload passes. Returns how many bytes are good: `len`, or for text the offset of the
 * first byte that UTF-8 cannot have there.
 */
size_t ws_message_check(struct ws_message *message, const uint8_t *data, size_t len);

/* The final frame has ended: WS_OK and ready for the next message, or WS_E_UTF8 when text ends
 * inside a code point. */
enum ws_error ws_message_end(struct ws_message *message);

#ifdef __cplusplus
}
#endif

#endif
