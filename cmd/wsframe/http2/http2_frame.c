#include "cmd/wsframe/http2/http2_frame.h"

#include <string.h>

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

uint32_t http2_number(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

struct http2_frame http2_frame_read(const uint8_t *data)
{
    return (struct http2_frame){
        .length = http2_number(data) >> 8,
        .type = data[3],
        .flags = data[4],
        .stream = http2_number(data + 5) & 0x7FFFFFFF, /* the top bit is reserved */
    };
}

bool http2_frame_strip(const struct http2_frame *frame, const uint8_t **data, size_t *len)
{
    size_t before = 0, after = 0;
    if (frame->flags & HTTP2_PADDED) {
        if (*len == 0)
            return false;
        before = 1;
        after = (*data)[0];
    }
    if (frame->type == HTTP2_HEADERS && (frame->flags & HTTP2_PRIORITIZED))
        before += 5;
    if (frame->type == HTTP2_PUSH_PROMISE)
        before += 4;
    if (before + after > *len)
        return false;
    *data += before;
    *len -= before + after;
    return true;
}

enum ws_error http2_begins_client(const uint8_t *data, size_t len)
{
    if (memcmp(data, preface, len < HTTP2_PREFACE ? len : HTTP2_PREFACE) != 0)
        return WS_E_HTTP_SYNTAX;
    return len < HTTP2_PREFACE ? WS_MORE : WS_OK;
}

enum ws_error http2_begins_server(const uint8_t *data, size_t len)
{
    enum { SETTING = 6, SETTINGS_MOST = 40 * SETTING };
    /* Length, type, flags, stream: of SETTINGS only the length's last byte is not known. */
    static const uint8_t header[HTTP2_HEADER] = {0, 0, 0, HTTP2_SETTINGS};
    for (size_t i = 0; i < HTTP2_HEADER && i < len; i++)
        if (i == 2 ? data[i] % SETTING != 0 || data[i] > SETTINGS_MOST : data[i] != header[i])
            return WS_E_HTTP_SYNTAX;
    return len < HTTP2_HEADER ? WS_MORE : WS_OK;
}

/* Is it a frame that may stand in a connection, with a length that its type allows? */
static bool is_frame(const uint8_t *data)
{
    enum { LENGTH_MOST = 16384 }; /* unless a peer allows more, as few do */
    static const struct {
        uint8_t flags;
        bool on_stream;
        uint32_t least, most;
    } rules[] = {
        [HTTP2_DATA] = {HTTP2_END_STREAM | HTTP2_PADDED, true, 0, LENGTH_MOST},
        [HTTP2_HEADERS] = {HTTP2_END_STREAM | HTTP2_END_HEADERS | HTTP2_PADDED | HTTP2_PRIORITIZED,
                           true, 1, LENGTH_MOST},
        [HTTP2_PRIORITY] = {0, true, 5, 5},
        [HTTP2_RST_STREAM] = {0, true, 4, 4},
        [HTTP2_SETTINGS] = {HTTP2_ACK, false, 0, LENGTH_MOST},
        [HTTP2_PUSH_PROMISE] = {HTTP2_END_HEADERS | HTTP2_PADDED, true, 5, LENGTH_MOST},
        [HTTP2_PING] = {HTTP2_ACK, false, 8, 8},
        [HTTP2_GOAWAY] = {0, false, 8, LENGTH_MOST},
        [HTTP2_WINDOW_UPDATE] = {0, true, 4, 4},
        [HTTP2_CONTINUATION] = {HTTP2_END_HEADERS, true, 1, LENGTH_MOST},
    };
    struct http2_frame frame = http2_frame_read(data);
    if (frame.type >= sizeof rules / sizeof *rules || data[5] & 0x80)
        return false;
    bool place =
        (frame.stream != 0) == rules[frame.type].on_stream || frame.type == HTTP2_WINDOW_UPDATE;
    /* An empty DATA frame only ends a stream. Else numbers of four bytes would look like some. */
    bool idle = frame.type == HTTP2_DATA && frame.length == 0 && frame.flags == 0;
    return place && !idle && !(frame.flags & ~rules[frame.type].flags) &&
           frame.length >= rules[frame.type].least && frame.length <= rules[frame.type].most;
}

bool http2_are_frames(const uint8_t *data, size_t len)
{
    enum { ENOUGH = 3 };
    unsigned frames = 0;
    size_t at = 0;
    while (len - at >= HTTP2_HEADER && is_frame(data + at)) {
        size_t whole = HTTP2_HEADER + http2_frame_read(data + at).length;
        if (len - at < whole)
            return frames >= ENOUGH;
        at += whole;
        frames++;
    }
    return frames > 0 && at == len;
}
