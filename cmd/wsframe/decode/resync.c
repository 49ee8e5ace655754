#include "cmd/wsframe/decode/resync.h"

#include <ws/mask.h>
#include <ws/utf8.h>

enum {
    CHAIN_ENOUGH = 3,         /* consecutive frames that rule out coincidence */
    LENGTH_MAX = 1 << 20,     /* maximum length of a frame that is only suspected */
    TEXT_LOOKED_AT = 256,     /* bytes of a text frame's payload that are checked */
    SCANNED_FRAME_LEAST = 16, /* minimum size of a single frame inside a segment */
};

static bool plausible(const struct ws_frame *frame, enum sender sender)
{
    unsigned rules = WS_ALLOW_RSV1 | (sender == SENDER_CLIENT ? WS_REQUIRE_MASK : 0) |
                     (sender == SENDER_SERVER ? WS_REFUSE_MASK : 0);
    return ws_frame_violation(frame, rules) == WS_OK && frame->length <= LENGTH_MAX;
}

/* Does the available part of the payload fit the opcode? */
static bool payload_fits(const struct ws_frame *frame, const uint8_t *data, size_t len)
{
    struct ws_utf8 state = {0};
    uint8_t text[TEXT_LOOKED_AT];
    if (len > frame->length)
        len = (size_t)frame->length;
    if (frame->opcode != WS_OP_TEXT || frame->rsv)
        return true;
    if (len > TEXT_LOOKED_AT)
        len = TEXT_LOOKED_AT;
    if (frame->masked) {
        ws_mask(text, data, len, frame->mask_key, 0);
        data = text;
    }
    return ws_utf8_check(&state, data, len) == len;
}

/* Follows frames from the beginning. `*count` gets the number of complete ones. */
static enum resync_result chain(const uint8_t *data, size_t len, enum sender sender,
                                unsigned *count)
{
    size_t at = 0;
    *count = 0;
    while (*count < CHAIN_ENOUGH) {
        struct ws_frame frame;
        if (at == len)
            return RESYNC_FOUND;
        enum ws_error parsed = ws_frame_parse(data + at, len - at, &frame);
        if (!plausible(&frame, sender))
            return RESYNC_NOT;
        /* A sender masks either all of its frames or none. */
        if (sender == SENDER_UNKNOWN && frame.known >= 2)
            sender = frame.masked ? SENDER_CLIENT : SENDER_SERVER;
        if (parsed == WS_MORE)
            return RESYNC_PERHAPS;
        at += frame.header_len;
        if (!payload_fits(&frame, data + at, len - at))
            return RESYNC_NOT;
        if (len - at < frame.length)
            return RESYNC_PERHAPS;
        at += (size_t)frame.length;
        ++*count;
    }
    return RESYNC_FOUND;
}

enum resync_result resync(const uint8_t *data, size_t len, enum sender sender, bool trial,
                          size_t *at)
{
    unsigned count;
    *at = 0;
    enum resync_result result = chain(data, len, sender, &count);
    if (result != RESYNC_NOT || trial)
        return result;
    for (size_t i = 1; i + 2 <= len; i++) {
        if (chain(data + i, len - i, sender, &count) != RESYNC_FOUND)
            continue;
        if (count >= 2 || len - i >= SCANNED_FRAME_LEAST) {
            *at = i;
            return RESYNC_FOUND;
        }
    }
    return RESYNC_NOT;
}
