#include "conformance.h"

#include "libws/http2/http2.h"

#include <stdlib.h>
#include <string.h>

/* Two ends of HTTP/2, joined in memory; each run of a row has a stream of them. */

enum { WINDOW = 64 * 1024, SPACE = 256 * 1024, HEAD_MAX = 8192 };

struct end {
    struct ws_http2 *http2;
    struct ws_http2_stream *stream;
};

static struct end far_end, near_end;
static int64_t now_us;
static uint32_t seed;

static size_t draw(size_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static struct ws_http2 *new_end(enum ws_role role)
{
    const struct ws_http2_options options = {
        .role = role, .max_streams = 2, .window = WINDOW, .max_head = HEAD_MAX};
    struct ws_http2 *http2 = ws_http2_new(&options);
    if (http2)
        ws_http2_set_space(http2, SPACE);
    return http2;
}

/* What was written by `from` reaches `to` in pieces of the wire, each in memory of its own. */
static bool carry(struct end *from, struct end *to, carried_take *take, void *context)
{
    struct buf wire = {0};
    struct ws_http2_piece piece;
    ws_http2_write(from->http2);
    struct ws_out *out = ws_http2_out(from->http2);
    for (size_t i = 0; i < out->count; i++)
        buf_add(&wire, ws_out_span_data(out, i), out->spans[i].len);
    ws_out_clear(out);
    ws_http2_set_space(from->http2, SPACE);
    for (size_t at = 0, len; at < wire.len; at += len) {
        len = 1 + draw(wire.len < 100 ? 20 : 5000);
        if (len > wire.len - at)
            len = wire.len - at;
        uint8_t *memory = must_alloc(WS_HEADROOM + len);
        memcpy(memory + WS_HEADROOM, wire.p + at, len);
        ws_http2_feed(to->http2, memory + WS_HEADROOM, len, now_us);
        while (ws_http2_next(to->http2, &piece) == WS_OK) {
            if (take)
                take(context, piece.data, piece.len, (size_t)(piece.data - memory));
            ws_http2_stream_consumed(piece.stream);
        }
        free(memory);
    }
    bool any = wire.len > 0;
    buf_free(&wire);
    return any;
}

static void exchange(carried_take *take, void *context)
{
    bool any = true;
    while (any) {
        any = carry(&far_end, &near_end, take, context);
        any |= carry(&near_end, &far_end, NULL, NULL);
    }
}

static void send_text(struct end *end, const char *text)
{
    struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};
    size_t taken;
    ws_http2_stream_send(end->stream, &piece, 1, &taken);
}

bool carried_begin(uint32_t with)
{
    char head[HEAD_MAX];
    size_t len;
    unsigned ready;
    seed = with;
    now_us += 1000000; /* streams are opened and reset: not too many a second */
    if (!far_end.http2) {
        far_end.http2 = new_end(WS_ROLE_CLIENT);
        near_end.http2 = new_end(WS_ROLE_SERVER);
        if (!far_end.http2 || !near_end.http2)
            return false;
        exchange(NULL, NULL);
    }
    far_end.stream = ws_http2_open(far_end.http2);
    if (!far_end.stream)
        return false;
    ws_http2_stream_set_owner(far_end.stream, &far_end);
    send_text(&far_end,
              "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    exchange(NULL, NULL);
    near_end.stream = ws_http2_next_ready(near_end.http2, &ready);
    if (!near_end.stream)
        return false;
    ws_http2_stream_set_owner(near_end.stream, &near_end);
    ws_http2_stream_wait(near_end.stream, WS_READABLE);
    ws_http2_stream_receive(near_end.stream, head, sizeof head, &len);
    ws_http2_stream_consumed(near_end.stream);
    send_text(&near_end, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
    exchange(NULL, NULL);
    return true;
}

bool carried_send(const void *data, size_t len, carried_take *take, void *context)
{
    while (len > 0) {
        struct iovec piece = {(void *)(uintptr_t)data, len};
        size_t taken;
        if (ws_http2_stream_send(far_end.stream, &piece, 1, &taken) != WS_OK)
            return false;
        exchange(take, context);
        data = (const uint8_t *)data + taken;
        len -= taken;
        if (taken == 0)
            return false;
    }
    return true;
}

void carried_finish(void)
{
    struct end *ends[] = {&far_end, &near_end};
    for (size_t i = 0; i < 2; i++) {
        if (ends[i]->stream)
            ws_http2_stream_free(ends[i]->stream);
        ends[i]->stream = NULL;
    }
    if (far_end.http2)
        exchange(NULL, NULL);
}

void carried_end(void)
{
    ws_http2_free(far_end.http2);
    ws_http2_free(near_end.http2);
    far_end.http2 = near_end.http2 = NULL;
}
