#include <ws/message.h>

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
