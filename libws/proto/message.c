#include <ws/message.h>

#include <stdlib.h>

bool ws_bytes_grow(struct ws_bytes **bytes, size_t more)
{
    size_t len = *bytes ? (*bytes)->len : 0;
    if (more > SIZE_MAX / 2 - len)
        return false;
    struct ws_bytes *grown = realloc(*bytes, sizeof **bytes + WS_HEADROOM + len + more);
    if (!grown)
        return false;
    grown->len = len;
    grown->capacity = len + more;
    *bytes = grown;
    return true;
}

bool ws_bytes_reserve(struct ws_bytes **bytes, size_t more)
{
    size_t len = *bytes ? (*bytes)->len : 0;
    size_t capacity = *bytes ? (*bytes)->capacity : 0;
    if (*bytes && capacity - len >= more)
        return true;
    if (more > SIZE_MAX / 4 || len > SIZE_MAX / 4)
        return false;
    /* Doubling: what is held is never more than twice what has arrived. */
    return ws_bytes_grow(bytes, len + more < capacity * 2 ? capacity * 2 - len : more);
}

enum ws_error ws_message_frame(struct ws_message *message, const struct ws_frame *frame,
                               uint64_t max)
{
    if (frame->opcode == WS_OP_CONTINUATION) {
        if (!message->begun)
            return WS_E_CONTINUATION_UNEXPECTED;
    } else {
        if (message->begun)
            return WS_E_CONTINUATION_EXPECTED;
        *message =
            (struct ws_message){.opcode = frame->opcode, .deflated = (frame->rsv & WS_RSV1) != 0};
    }
    message->begun = true;
    if (message->deflated)
        return WS_OK;
    /* total never exceeds the cap, so neither side of this can wrap */
    uint64_t cap = max ? max : WS_PAYLOAD_MAX;
    if (frame->length > cap - message->total)
        return WS_E_MESSAGE_TOO_BIG;
    message->total += frame->length;
    return WS_OK;
}

size_t ws_message_check(struct ws_message *message, const uint8_t *data, size_t len)
{
    if (message->opcode != WS_OP_TEXT)
        return len;
    return ws_utf8_check(&message->utf8, data, len);
}

enum ws_error ws_message_end(struct ws_message *message)
{
    bool whole = message->opcode != WS_OP_TEXT || ws_utf8_complete(&message->utf8);
    message->begun = false;
    return whole ? WS_OK : WS_E_UTF8;
}
