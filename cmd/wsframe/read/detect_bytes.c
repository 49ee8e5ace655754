#include "cmd/wsframe/read/detect_bytes.h"

#include "cmd/wsframe/http2/http2_frame.h"
#include "cmd/wsframe/read/packet.h"
#include <ws/frame.h>
#include <ws/mask.h>
#include <ws/utf8.h>

#include <string.h>

bool detect_tls(const uint8_t *data, size_t len)
{
    /* A TLS record: type, version 3.x, a length of at most 2^14 + 256 (RFC 8446 5.1). None of the
     * types can begin an RFC 6455 frame, as their opcodes are reserved: two bytes are enough. */
    return len >= 2 && data[0] >= 0x14 && data[0] <= 0x17 && data[1] == 3 &&
           (len < 3 || data[2] <= 4) && (len < 4 || data[3] <= 0x42);
}

bool detect_http2(const uint8_t *data, size_t len)
{
    enum { FIRST_LINE = 16 };
    return (len >= FIRST_LINE && http2_begins_client(data, len) != WS_E_HTTP_SYNTAX) ||
           http2_begins_server(data, len) == WS_OK;
}

bool detect_pcap(const uint8_t *data, size_t len)
{
    static const uint8_t magics[][4] = {
        {0xA1, 0xB2, 0xC3, 0xD4}, {0xD4, 0xC3, 0xB2, 0xA1}, /* microseconds */
        {0xA1, 0xB2, 0x3C, 0x4D}, {0x4D, 0x3C, 0xB2, 0xA1}, /* nanoseconds */
        {0xA1, 0xB2, 0xCD, 0x34}, {0x34, 0xCD, 0xB2, 0xA1}, /* of old Linux systems */
        {0x0A, 0x0D, 0x0D, 0x0A},                           /* pcapng */
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (len >= 4 && memcmp(data, magics[i], 4) == 0)
            return true;
    return false;
}

enum ws_error detect_http_head(const uint8_t *data, size_t len)
{
    static const char *const words[] = {"GET ",    "HTTP/1.", "POST ",    "HEAD ",   "PUT ",
                                        "DELETE ", "PATCH ",  "OPTIONS ", "CONNECT "};
    /* All begin with a capital letter, which no frame without reserved bits begins with. */
    if (len > 0 && (data[0] < 'A' || data[0] > 'Z'))
        return WS_E_HTTP_SYNTAX;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (memcmp(data, words[i], len < n ? len : n) == 0)
            return len < n ? WS_MORE : WS_OK;
    }
    return WS_E_HTTP_SYNTAX;
}

static enum form detect_packed(const uint8_t *data, size_t len)
{
    static const struct {
        const char *magic;
        size_t len;
        enum form form;
    } magics[] = {
        {"\x1F\x8B\x08", 3, FORM_GZIP},
        {"\xFD\x37zXZ", 5, FORM_XZ},
        {"BZh", 3, FORM_BZIP2},
        {"\x28\xB5\x2F\xFD", 4, FORM_ZSTD},
        {"\x04\x22\x4D\x18", 4, FORM_LZ4},
        {"PK\x03\x04", 4, FORM_ZIP},
        {"\x89PNG\r\n", 6, FORM_UNKNOWN}, /* begins as a ping does */
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (len >= magics[i].len && memcmp(data, magics[i].magic, magics[i].len) == 0)
            return magics[i].form;
    return FORM_RAW;
}

/* Frames of the drafts up to hixie-76: 00, UTF-8 text, FF; the closing ones are FF 00. */
static bool is_hixie(const uint8_t *data, size_t len)
{
    size_t at = 0, frames = 0;
    while (at + 1 < len && data[at] == 0 && data[at + 1] >= 0x20) {
        const uint8_t *end = memchr(data + at + 1, 0xFF, len - at - 1);
        if (!end)
            return false;
        at = (size_t)(end - data) + 1;
        frames++;
    }
    return frames > 0 && (at == len || (len - at == 2 && data[at] == 0xFF && data[at + 1] == 0));
}

enum form detect_bytes(const uint8_t *data, size_t len)
{
    if (detect_tls(data, len))
        return FORM_TLS;
    if (detect_http2(data, len))
        return FORM_HTTP2;
    return is_hixie(data, len) ? FORM_HIXIE : detect_packed(data, len);
}

bool detect_plausible(const uint8_t *data, size_t len)
{
    if (len == 0)
        return false;
    unsigned opcode = data[0] & 15, rsv = data[0] >> 4 & 7;
    bool is_data = opcode <= WS_OP_BINARY && (rsv == 0 || (rsv == 4 && opcode > 0));
    bool control = opcode >= WS_OP_CLOSE && opcode <= WS_OP_PONG && rsv == 0;
    return is_data || control || detect_pcap(data, len) || detect_bytes(data, len) != FORM_RAW ||
           packet_is_whole(data, len) || (len >= 4 && detect_http_head(data, len) == WS_OK);
}

/* Is the payload of a whole frame what its opcode says? */
static bool payload_fits(const struct ws_frame *frame, const uint8_t *payload)
{
    struct ws_utf8 state = {0};
    if (frame->opcode != WS_OP_TEXT || frame->rsv)
        return true;
    for (size_t at = 0; at < frame->length; at += 256) {
        uint8_t text[256];
        size_t n = frame->length - at < sizeof text ? (size_t)frame->length - at : sizeof text;
        if (frame->masked)
            ws_mask(text, payload + at, n, frame->mask_key, at);
        else
            memcpy(text, payload + at, n);
        if (ws_utf8_check(&state, text, n) < n)
            return false;
    }
    return true;
}

bool detect_begun(const uint8_t *data, size_t len)
{
    enum { LEAST = 16 };
    struct ws_frame frame;
    if (len < LEAST || ws_frame_parse(data, len, &frame) == WS_MORE ||
        ws_frame_violation(&frame, WS_ALLOW_RSV1) != WS_OK || !frame.fin ||
        (frame.opcode != WS_OP_TEXT && frame.opcode != WS_OP_BINARY) ||
        frame.length <= len - frame.header_len)
        return false;
    const uint8_t *payload = data + frame.header_len;
    frame.length = len - frame.header_len;
    return payload_fits(&frame, payload);
}

bool detect_convincing(const uint8_t *data, size_t len)
{
    /* Two numbers are an empty frame in one of twenty cases. */
    enum { ENOUGH = 16, EMPTY = 2 };
    int frames = 0;
    for (size_t at = 0; at < len && frames < ENOUGH; frames++) {
        struct ws_frame frame;
        enum ws_error parsed = ws_frame_parse(data + at, len - at, &frame);
        if (ws_frame_violation(&frame, WS_ALLOW_RSV1) != WS_OK ||
            (frames == 0 && frame.opcode == WS_OP_CONTINUATION))
            break;
        if (parsed == WS_MORE || len - at - frame.header_len < frame.length)
            return at > EMPTY;
        if (!payload_fits(&frame, data + at + frame.header_len))
            break;
        at += frame.header_len + (size_t)frame.length;
        if (at == len)
            return len > EMPTY;
    }
    return frames == ENOUGH || detect_pcap(data, len) || detect_bytes(data, len) != FORM_RAW ||
           packet_is_whole(data, len) || (len >= 4 && detect_http_head(data, len) == WS_OK);
}
