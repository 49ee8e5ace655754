#include <ws/frame.h>

#include <string.h>

enum ws_error ws_frame_parse(const void *data, size_t len, struct ws_frame *frame)
{
    const uint8_t *p = data;

    frame->known = 0;
    if (len == 0)
        return WS_MORE;
    frame->fin = (p[0] & 0x80) != 0;
    frame->rsv = (uint8_t)((p[0] >> 4) & 7);
    frame->opcode = p[0] & 0x0F;
    frame->known = 1;
    if (len == 1)
        return WS_MORE;

    frame->masked = (p[1] & 0x80) != 0;
    frame->length = p[1] & 0x7F;
    frame->length_bytes = frame->length < 126 ? 0 : frame->length == 126 ? 2 : 8;
    frame->header_len = (uint8_t)(2 + frame->length_bytes + (frame->masked ? 4 : 0));
    if (len < 2u + frame->length_bytes) {
        /* A placeholder until the extended length has come; it keeps visible that the length byte
         * is too large for a control frame. */
        frame->known = (uint8_t)len;
        return WS_MORE;
    }
    if (frame->length_bytes > 0) {
        uint64_t length = 0;
        for (unsigned i = 0; i < frame->length_bytes; i++)
            length = length << 8 | p[2 + i];
        frame->length = length;
    }
    if (len < frame->header_len) {
        frame->known = (uint8_t)len;
        return WS_MORE;
    }
    if (frame->masked)
        memcpy(frame->mask_key, p + 2 + frame->length_bytes, 4);
    frame->known = frame->header_len;
    return WS_OK;
}

enum ws_error ws_frame_violation(const struct ws_frame *frame, unsigned rules)
{
    if (frame->known < 1)
        return WS_OK;
    unsigned rsv = frame->rsv;
    bool control = ws_opcode_is_control(frame->opcode);
    if ((rules & WS_ALLOW_RSV1) && !control && frame->opcode != WS_OP_CONTINUATION)
        rsv &= 3;
    if (rsv)
        return WS_E_RSV;
    if ((frame->opcode > WS_OP_BINARY && !control) || frame->opcode > WS_OP_PONG)
        return WS_E_OPCODE;
    if (control && !frame->fin)
        return WS_E_CONTROL_FRAGMENTED;

    if (frame->known < 2)
        return WS_OK;
    if ((rules & WS_REQUIRE_MASK) && !frame->masked)
        return WS_E_UNMASKED;
    if ((rules & WS_REFUSE_MASK) && frame->masked)
        return WS_E_MASKED;
    if (control && (frame->length > WS_CONTROL_PAYLOAD_MAX || frame->length_bytes > 0))
        return WS_E_CONTROL_TOO_LONG;

    if (frame->length_bytes == 0 || frame->known < 2 + frame->length_bytes)
        return WS_OK;
    if (frame->length > WS_PAYLOAD_MAX)
        return WS_E_LENGTH_TOP_BIT;
    if (frame->length_bytes != ws_frame_length_bytes(frame->length))
        return WS_E_LENGTH_NOT_MINIMAL;
    return WS_OK;
}

enum ws_error ws_frame_decode(const void *data, size_t len, unsigned rules, struct ws_frame *frame)
{
    enum ws_error parsed = ws_frame_parse(data, len, frame);
    enum ws_error violation = ws_frame_violation(frame, rules);
    return violation != WS_OK ? violation : parsed;
}

size_t ws_frame_error_offset(const struct ws_frame *frame, enum ws_error error)
{
    switch (error) {
    case WS_E_UNMASKED:
    case WS_E_MASKED:
    case WS_E_CONTROL_TOO_LONG:
        return 1;
    case WS_E_LENGTH_TOP_BIT:
        return 2;
    case WS_E_LENGTH_NOT_MINIMAL:
        return 1u + frame->length_bytes;
    default:
        return 0;
    }
}

unsigned ws_frame_length_bytes(uint64_t length)
{
    return length < 126 ? 0 : length <= 0xFFFF ? 2 : 8;
}

size_t ws_frame_header_len(uint64_t length, bool masked)
{
    return 2u + ws_frame_length_bytes(length) + (masked ? 4u : 0u);
}

size_t ws_frame_encode(uint8_t *out, const struct ws_frame *frame)
{
    unsigned marker = frame->length_bytes == 2   ? 126u
                      : frame->length_bytes == 8 ? 127u
                                                 : (unsigned)(frame->length & 0x7F);
    size_t n = 0;

    out[n++] =
        (uint8_t)((frame->fin ? 0x80u : 0u) | (frame->rsv & 7u) << 4 | (frame->opcode & 15u));
    out[n++] = (uint8_t)((frame->masked ? 0x80u : 0u) | marker);
    for (unsigned i = frame->length_bytes; i-- > 0;)
        out[n++] = (uint8_t)(frame->length >> (8 * i));
    if (frame->masked) {
        memcpy(out + n, frame->mask_key, 4);
        n += 4;
    }
    return n;
}

const char *ws_opcode_name(unsigned opcode)
{
    switch (opcode) {
    case WS_OP_CONTINUATION:
        return "continuation";
    case WS_OP_TEXT:
        return "text";
    case WS_OP_BINARY:
        return "binary";
    case WS_OP_CLOSE:
        return "close";
    case WS_OP_PING:
        return "ping";
    case WS_OP_PONG:
        return "pong";
    default:
        return "reserved";
    }
}
