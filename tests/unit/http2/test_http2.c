/*
 * Two ends of HTTP/2 joined in memory: heads in both forms, data at seeded cuts, flow control,
 * ends. Sessions on streams are in conn/test_conn_carrier.c, hostile peers there and in
 * tests/cli/toolkit/http2-hostile.bats.
 */
#include "libws/http2/http2_private.h"

#include "tests/unit/support_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

enum { WINDOW = 64 * 1024, HEAD_MAX = 8192, SPACE = 256 * 1024, STREAMS = 4, SEEDS = 64 };

static const char request_head[] = "GET /chat?x=1 HTTP/1.1\r\nHost: example.org\r\n"
                                   "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                   "Sec-WebSocket-Version: 13\r\nOrigin: https://a.example\r\n\r\n";
static const char request_came[] = "GET /chat?x=1 HTTP/1.1\r\nHost: example.org\r\n"
                                   "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                   "sec-websocket-version: 13\r\norigin: https://a.example\r\n\r\n";
static const char accept_head[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
static const char accept_came[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\nsec-websocket-protocol: chat\r\n\r\n";

/* A stream as its owner sees it. */
struct user {
    struct ws_http2_stream *stream;
    struct grown came;
    enum ws_error end;   /* what its receive returned in the end */
    const uint8_t *data; /* to be sent */
    size_t len;
    enum ws_error failed; /* what sending returned */
};

struct side {
    struct ws_http2 *http2;
    struct user users[STREAMS];
    size_t count;
    enum ws_error error;
};

static struct side client, server;
static int64_t now_us = 1000000;
static uint32_t random_state;

static uint32_t next_random(void)
{
    random_state = random_state * 1103515245u + 12345u;
    return random_state >> 8;
}

static struct ws_http2 *new_end(enum ws_role role)
{
    const struct ws_http2_options options = {
        .role = role, .max_streams = STREAMS, .window = WINDOW, .max_head = HEAD_MAX};
    struct ws_http2 *http2 = ws_http2_new(&options);
    assert_non_null(http2);
    ws_http2_set_space(http2, SPACE);
    return http2;
}

static int start(void **state)
{
    (void)state;
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    client.http2 = new_end(WS_ROLE_CLIENT);
    server.http2 = new_end(WS_ROLE_SERVER);
    return 0;
}

static void let_go(struct user *user)
{
    ws_http2_stream_free(user->stream);
    user->stream = NULL;
}

static int stop(void **state)
{
    (void)state;
    struct side *sides[] = {&client, &server};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sides[i]->count; k++) {
            if (sides[i]->users[k].stream)
                let_go(&sides[i]->users[k]);
            grown_free(&sides[i]->users[k].came);
        }
        assert_int_equal(ws_http2_stream_count(sides[i]->http2), 0);
        assert_int_equal(ws_http2_holds(sides[i]->http2), 0);
        ws_http2_free(sides[i]->http2);
    }
    return 0;
}

static struct user *adopt(struct side *side, struct ws_http2_stream *stream)
{
    assert_non_null(stream);
    assert_true(side->count < STREAMS);
    struct user *user = &side->users[side->count++];
    user->stream = stream;
    ws_http2_stream_set_owner(stream, user);
    ws_http2_stream_wait(stream, WS_READABLE);
    return user;
}

static void read_all(struct user *user)
{
    uint8_t buffer[5000];
    size_t len;
    while ((user->end = ws_http2_stream_receive(user->stream, buffer, sizeof buffer, &len)) ==
           WS_OK)
        grown_add(&user->came, buffer, len);
    ws_http2_stream_consumed(user->stream);
    if (user->end != WS_MORE)
        ws_http2_stream_wait(user->stream, user->stream->interest & ~(unsigned)WS_READABLE);
}

static void write_some(struct user *user)
{
    struct iovec pieces[2];
    size_t taken, first = user->len / 3;
    pieces[0] = (struct iovec){(void *)(uintptr_t)user->data, first};
    pieces[1] = (struct iovec){(void *)(uintptr_t)(user->data + first), user->len - first};
    user->failed = ws_http2_stream_send(user->stream, pieces, 2, &taken);
    user->data += taken;
    user->len -= taken;
    ws_http2_stream_wait(user->stream,
                         (user->stream->interest & WS_READABLE) |
                             (user->len > 0 && user->failed == WS_OK ? (unsigned)WS_WRITABLE : 0));
}

static void send_text(struct user *user, const void *data, size_t len)
{
    user->data = data;
    user->len = len;
    write_some(user);
}

static void serve(struct side *side)
{
    struct ws_http2_stream *stream;
    unsigned ready;
    while ((stream = ws_http2_next_ready(side->http2, &ready))) {
        struct user *user = ws_http2_stream_owner(stream);
        if (!user)
            user = adopt(side, stream);
        if (ready & WS_READABLE)
            read_all(user);
        if (ready & WS_WRITABLE)
            write_some(user);
    }
}

static void feed(struct side *to, uint8_t *data, size_t len)
{
    struct ws_http2_piece piece;
    if (to->error != WS_OK)
        return;
    ws_http2_feed(to->http2, data, len, now_us);
    while ((to->error = ws_http2_next(to->http2, &piece)) == WS_OK) {
        struct user *user = ws_http2_stream_owner(piece.stream);
        grown_add(&user->came, piece.data, piece.len);
        ws_http2_stream_consumed(piece.stream);
    }
    if (to->error == WS_MORE)
        to->error = WS_OK;
    serve(to);
}

/* What `from` has written goes to `to`, in pieces. True if there was any. */
static bool carry(struct side *from, struct side *to)
{
    static uint8_t wire[4 * SPACE];
    assert_int_equal(ws_http2_write(from->http2), WS_OK);
    struct ws_out *out = ws_http2_out(from->http2);
    size_t len = 0;
    assert_true(out->bytes <= sizeof wire);
    for (size_t i = 0; i < out->count; len += out->spans[i++].len)
        memcpy(wire + len, ws_out_span_data(out, i), out->spans[i].len);
    ws_out_clear(out);
    ws_http2_set_space(from->http2, SPACE);
    for (size_t at = 0; at < len;) {
        size_t n = random_state ? 1 + next_random() % 3000 : len;
        if (n > len - at)
            n = len - at;
        feed(to, wire + at, n);
        at += n;
    }
    serve(from);
    return len > 0;
}

static void exchange(void)
{
    bool moved;
    do {
        moved = carry(&client, &server);
        moved |= carry(&server, &client);
    } while (moved);
}

/* Opens one more stream, up to the 101. */
static void open_one(struct user **here, struct user **there)
{
    size_t before = server.count;
    *here = adopt(&client, ws_http2_open(client.http2));
    send_text(*here, request_head, strlen(request_head));
    exchange();
    assert_int_equal(server.count, before + 1);
    *there = &server.users[before];
    assert_int_equal((*there)->came.len, strlen(request_came));
    assert_memory_equal((*there)->came.data, request_came, strlen(request_came));
    send_text(*there, accept_head, strlen(accept_head));
    exchange();
    assert_int_equal((*here)->came.len, strlen(accept_came));
    assert_memory_equal((*here)->came.data, accept_came, strlen(accept_came));
    grown_consume(&(*here)->came, (*here)->came.len);
    grown_consume(&(*there)->came, (*there)->came.len);
}

static void begin(uint32_t seed)
{
    random_state = seed;
    assert_int_equal(ws_http2_websockets(client.http2), WS_MORE);
    exchange();
    assert_int_equal(ws_http2_websockets(client.http2), WS_OK);
}

static uint8_t *new_data(size_t len, uint32_t seed)
{
    uint8_t *data = malloc(len);
    assert_non_null(data);
    fill(data, len, seed);
    return data;
}

static void heads_and_data_at_every_cut(void **state)
{
    enum { LEN = 1 << 20 };
    uint8_t *up = new_data(LEN, 1), *down = new_data(LEN, 2);
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        struct user *here, *there;
        size_t len = seed == 0 ? LEN : next_random() % (LEN / 8);
        if (seed > 0)
            start(state);
        begin(seed);
        open_one(&here, &there);
        send_text(here, up, len);
        send_text(there, down, len);
        exchange();
        assert_int_equal(there->came.len, len);
        assert_int_equal(here->came.len, len);
        assert_memory_equal(there->came.data, up, len);
        assert_memory_equal(here->came.data, down, len);
        ws_http2_stream_finish(here->stream);
        exchange();
        assert_int_equal(there->end, WS_E_LOST);
        ws_http2_stream_finish(there->stream);
        exchange();
        assert_int_equal(here->end, WS_E_LOST);
        assert_true(here->stream->closed && !here->stream->cut);
        if (seed + 1 < SEEDS)
            stop(state);
    }
    free(up);
    free(down);
}

/* The fields that `http2` has written, in the order of the wire, decoded once more. */
static void written(struct side *from, char *text, size_t size)
{
    nghttp2_hd_inflater *inflater;
    struct ws_out *out = ws_http2_out(from->http2);
    size_t at = 0;
    uint8_t wire[4096], *p = wire;
    text[0] = '\0';
    for (size_t i = 0; i < out->count; at += out->spans[i++].len)
        memcpy(wire + at, ws_out_span_data(out, i), out->spans[i].len);
    assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
    while (p < wire + at && p[3] != NGHTTP2_HEADERS)
        p += 9 + (p[0] << 16 | p[1] << 8 | p[2]);
    assert_true(p < wire + at);
    size_t len = (size_t)(p[0] << 16 | p[1] << 8 | p[2]);
    for (p += 9;;) {
        nghttp2_nv field;
        int flags = 0;
        ssize_t n = nghttp2_hd_inflate_hd2(inflater, &field, &flags, p, len, 1);
        assert_true(n >= 0);
        p += n;
        len -= (size_t)n;
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
            break;
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s: %s\n", (char *)field.name, (char *)field.value);
    }
    nghttp2_hd_inflate_del(inflater);
}

static void what_goes_over_the_wire(void **state)
{
    char text[2048];
    (void)state;
    begin(0);
    struct user *here = adopt(&client, ws_http2_open(client.http2));
    send_text(here, request_head, strlen(request_head));
    written(&client, text, sizeof text);
    assert_string_equal(text, ":method: CONNECT\n:protocol: websocket\n:scheme: http\n"
                              ":path: /chat?x=1\n:authority: example.org\n"
                              "sec-websocket-version: 13\norigin: https://a.example\n");
    exchange();
    send_text(&server.users[0], accept_head, strlen(accept_head));
    written(&server, text, sizeof text);
    assert_string_equal(text, ":status: 200\nsec-websocket-protocol: chat\n");
    exchange();
}

static void a_request_waits_for_the_settings(void **state)
{
    (void)state;
    struct user *here = adopt(&client, ws_http2_open(client.http2));
    send_text(here, request_head, strlen(request_head));
    assert_int_equal(here->failed, WS_OK);
    assert_int_equal(here->len, strlen(request_head));
    assert_int_equal(ws_http2_stream_id(here->stream), 0);
    exchange();
    assert_int_equal(here->len, 0);
    assert_int_equal(server.count, 1);
}

/* The server's limit is kept, and a place is free once its user is about to let go of it. */
static void as_many_streams_as_the_server_permits(void **state)
{
    struct user *here, *there;
    (void)state;
    assert_int_equal(ws_http2_may_open(client.http2), WS_E_STATE);
    for (int i = 0; i < STREAMS; i++) {
        open_one(&here, &there);
        assert_int_equal(ws_http2_may_open(client.http2),
                         i + 1 < STREAMS ? WS_OK : WS_E_STREAM_LIMIT);
    }
    ws_http2_stream_leave(here->stream);
    ws_http2_stream_leave(here->stream);
    assert_int_equal(ws_http2_may_open(client.http2), WS_OK);
    let_go(here);
    assert_int_equal(ws_http2_may_open(client.http2), WS_OK);
    ws_http2_go_away(client.http2, WS_OK);
    assert_int_equal(ws_http2_may_open(client.http2), WS_E_STATE);
}

static void a_server_may_take_no_websockets(void **state)
{
    uint8_t settings[9] = {0, 0, 0, 4};
    (void)state;
    struct user *here = adopt(&client, ws_http2_open(client.http2));
    send_text(here, request_head, strlen(request_head));
    feed(&client, settings, sizeof settings);
    assert_int_equal(ws_http2_websockets(client.http2), WS_E_HTTP2_UNSUPPORTED);
    write_some(here);
    assert_int_equal(here->len, strlen(request_head));
}

static void a_stream_that_is_not_read_stalls_no_other(void **state)
{
    enum { LEN = 4 * WINDOW };
    struct user *here[2], *there[2];
    uint8_t *data = new_data(LEN, 3);
    (void)state;
    begin(0);
    for (size_t i = 0; i < 2; i++)
        open_one(&here[i], &there[i]);
    ws_http2_stream_wait(there[0]->stream, 0);
    send_text(here[0], data, LEN);
    send_text(here[1], data, LEN);
    exchange();
    assert_int_equal(there[1]->came.len, LEN);
    /* Of the other as much came as its window allows, and it waits in memory. */
    assert_int_equal(there[0]->came.len, 0);
    assert_int_equal(ws_http2_holds(server.http2), WINDOW);
    assert_int_equal(here[0]->len, LEN - WINDOW);
    ws_http2_stream_wait(there[0]->stream, WS_READABLE);
    serve(&server);
    exchange();
    assert_int_equal(there[0]->came.len, LEN);
    assert_memory_equal(there[0]->came.data, data, LEN);
    assert_int_equal(ws_http2_holds(server.http2), 0);
    free(data);
}

static void streams_write_as_much_as_there_is_space(void **state)
{
    struct user *here, *there;
    uint8_t *data = new_data(WINDOW, 4);
    (void)state;
    begin(0);
    open_one(&here, &there);
    ws_http2_set_space(client.http2, 1000);
    send_text(here, data, WINDOW);
    assert_int_equal(here->len, WINDOW - 1000);
    write_some(here);
    assert_int_equal(here->len, WINDOW - 1000);
    exchange();
    assert_int_equal(there->came.len, WINDOW);
    free(data);
}

static void a_reset_comes_after_what_was_sent(void **state)
{
    struct user *here, *there;
    char text[WS_HTTP2_CODE_TEXT];
    (void)state;
    begin(0);
    open_one(&here, &there);
    ws_http2_stream_wait(there->stream, 0);
    send_text(here, "hello", 5);
    exchange();
    let_go(here);
    exchange();
    ws_http2_stream_wait(there->stream, WS_READABLE);
    serve(&server);
    assert_int_equal(there->came.len, 5);
    assert_int_equal(there->end, WS_E_STREAM_RESET);
    assert_string_equal(ws_http2_stream_cut_by(there->stream, text), "RST_STREAM CANCEL");
    send_text(there, "late", 4);
    assert_int_equal(there->failed, WS_E_STREAM_RESET);
}

static void goaway_lets_streams_finish(void **state)
{
    struct user *here, *there;
    (void)state;
    begin(0);
    open_one(&here, &there);
    ws_http2_go_away(server.http2, WS_E_SHUTDOWN);
    exchange();
    assert_null(ws_http2_open(client.http2));
    assert_false(ws_http2_done(server.http2));
    send_text(here, "hello", 5);
    exchange();
    assert_int_equal(there->came.len, 5);
    let_go(there);
    exchange();
    assert_int_equal(here->end, WS_E_STREAM_RESET);
    assert_true(ws_http2_done(server.http2));
}

static void what_cuts_the_connection_cuts_its_streams(void **state)
{
    struct user *here, *there;
    enum ws_error why;
    (void)state;
    begin(0);
    open_one(&here, &there);
    ws_http2_stream_wait(there->stream, 0);
    send_text(here, "hello", 5);
    exchange();
    ws_http2_cut(server.http2, WS_E_RESET);
    assert_true(ws_http2_stream_left(there->stream, &why));
    assert_int_equal(why, WS_E_RESET);
    ws_http2_stream_wait(there->stream, WS_READABLE);
    serve(&server);
    assert_int_equal(there->came.len, 5);
    assert_int_equal(there->end, WS_E_RESET);
    assert_false(ws_http2_done(server.http2));
    let_go(there);
    assert_true(ws_http2_done(server.http2));
}

static void a_head_that_is_too_large_is_cut_beyond_the_limit(void **state)
{
    char head[2 * HEAD_MAX];
    (void)state;
    begin(0);
    size_t len = (size_t)snprintf(head, sizeof head,
                                  "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\n");
    for (int i = 0; len < HEAD_MAX + 2000; i++)
        len += (size_t)snprintf(head + len, sizeof head - len, "X-Filler-%d: %0200d\r\n", i, i);
    len += (size_t)snprintf(head + len, sizeof head - len, "\r\n");
    struct user *here = adopt(&client, ws_http2_open(client.http2));
    send_text(here, head, len);
    exchange();
    assert_int_equal(server.count, 1);
    assert_in_range(server.users[0].came.len, HEAD_MAX + 1, HEAD_MAX + 1000);
}

static void a_head_that_is_none_is_not_sent(void **state)
{
    (void)state;
    begin(0);
    struct user *here = adopt(&client, ws_http2_open(client.http2));
    send_text(here, "no head at all\r\n\r\n", 18);
    assert_int_equal(here->failed, WS_E_ARGUMENT);
}

/* Feeds what no client of ours sends, after the preface and its settings. */
static enum ws_error feed_raw(const void *frame, size_t len, size_t times)
{
    uint8_t bytes[1024];
    assert_true(len <= sizeof bytes);
    for (size_t i = 0; i < times && server.error == WS_OK; i++) {
        memcpy(bytes, frame, len);
        feed(&server, bytes, len);
        assert_int_equal(ws_http2_write(server.http2), server.error);
        ws_out_clear(ws_http2_out(server.http2));
    }
    return server.error;
}

static void floods_are_noticed_and_what_passes_slowly_is_not(void **state)
{
    static const struct {
        const char *what;
        size_t len;
        uint8_t frame[24];
    } frames[] = {
        {"ping", 17, {0, 0, 8, 6, 0, 0, 0, 0, 0}},
        {"settings", 9, {0, 0, 0, 4, 0, 0, 0, 0, 0}},
        {"priority", 14, {0, 0, 5, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0}},
        {"empty data", 9, {0, 0, 0, 0, 0, 0, 0, 0, 1}},
        {"window update", 13, {0, 0, 4, 8, 0, 0, 0, 0, 1, 0, 0, 0, 1}},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct user *here, *there;
        char text[WS_HTTP2_CODE_TEXT];
        if (i > 0)
            start(state);
        begin(0);
        open_one(&here, &there);
        for (int k = 0; k < 3000; k++) {
            now_us += 11000;
            if (feed_raw(frames[i].frame, frames[i].len, 1) != WS_OK)
                fail_msg("%s: a slow one was taken for a flood", frames[i].what);
        }
        if (feed_raw(frames[i].frame, frames[i].len, 1100) != WS_E_HTTP2_FLOOD)
            fail_msg("%s: %s", frames[i].what, ws_error_info(server.error)->name);
        assert_string_equal(ws_http2_ended_by(server.http2, text), "our GOAWAY ENHANCE_YOUR_CALM");
        if (i + 1 < sizeof frames / sizeof frames[0])
            stop(state);
    }
}

static void broken_frames_end_the_connection(void **state)
{
    char text[WS_HTTP2_CODE_TEXT];
    static const uint8_t window_of_zero[] = {0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    (void)state;
    begin(0);
    assert_int_equal(feed_raw(window_of_zero, sizeof window_of_zero, 1), WS_E_HTTP2);
    assert_string_equal(ws_http2_ended_by(server.http2, text), "our GOAWAY PROTOCOL_ERROR");
}

/* After our GOAWAY open streams go on, and their peer may break a rule yet. */
static void broken_frames_after_goaway_do_too(void **state)
{
    static const uint8_t window_of_zero[] = {0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const enum ws_error reasons[] = {WS_OK, WS_E_NO_MEMORY};
    for (size_t i = 0; i < 2; i++) {
        struct user *here, *there;
        begin(0);
        open_one(&here, &there);
        ws_http2_go_away(server.http2, reasons[i]);
        exchange();
        assert_int_equal(server.error, WS_OK);
        assert_int_equal(feed_raw(window_of_zero, sizeof window_of_zero, 1), WS_E_HTTP2);
        stop(state);
        start(state);
    }
}

/* Before it has acknowledged our SETTINGS a client cannot know how many streams it may open: what
 * is too much is refused, and the others go on. Afterwards it breaks a rule. */
static void streams_above_the_limit(void **state)
{
    static const uint8_t ack[] = {0, 0, 0, 4, 1, 0, 0, 0, 0};
    /* HEADERS, END_HEADERS; of HPACK's table GET, http, "/" and :authority */
    uint8_t head[] = {0, 0, 6, 1, 4, 0, 0, 0, 1, 0x82, 0x86, 0x84, 1, 1, 'a'}, *id = &head[8];
    uint8_t preface[WS_HTTP2_MAGIC_LEN + 9] = {[WS_HTTP2_MAGIC_LEN + 3] = 4};
    (void)state;
    memcpy(preface, ws_http2_magic, WS_HTTP2_MAGIC_LEN);
    assert_int_equal(feed_raw(preface, sizeof preface, 1), WS_OK);
    for (; *id <= 2 * STREAMS + 1; *id += 2)
        assert_int_equal(feed_raw(head, sizeof head, 1), WS_OK);
    assert_int_equal(server.count, STREAMS);
    assert_int_equal(feed_raw(ack, sizeof ack, 1), WS_OK);
    assert_int_equal(feed_raw(head, sizeof head, 1), WS_E_HTTP2);
}

static void what_is_no_preface_is_refused(void **state)
{
    (void)state;
    assert_int_equal(feed_raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 28, 1), WS_E_HTTP2);
}

static void padding_is_not_held_against_the_window(void **state)
{
    enum { PADDED = 9 + 1 + 5 + 200 };
    uint8_t frame[PADDED] = {0, 0, PADDED - 9, 0, 8, 0, 0, 0, 1, 200, 'h', 'e', 'l', 'l', 'o'};
    struct user *here, *there;
    (void)state;
    begin(0);
    open_one(&here, &there);
    for (size_t i = 0; i < 4 * WINDOW / PADDED; i++)
        assert_int_equal(feed_raw(frame, sizeof frame, 1), WS_OK);
    assert_int_equal(there->came.len, 4 * WINDOW / PADDED * 5);
}

/* Literal fields without indexing, with names of their own (RFC 7541 6.2.2). */
static size_t put_field(uint8_t *to, const char *name, const char *value)
{
    return (size_t)sprintf((char *)to, "%c%c%s%c%s", 0x10, (int)strlen(name), name,
                           (int)strlen(value), value);
}

static void cookies_are_joined_and_a_body_is_announced(void **state)
{
    static const char *const fields[][2] = {
        {":method", "POST"}, {":scheme", "http"}, {":path", "/"},   {":authority", "a"},
        {"cookie", "a=1"},   {"host", "a"},       {"cookie", "b=2"}};
    static const char expected[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                   "Cookie: a=1; b=2\r\n\r\n";
    uint8_t frame[256] = {0, 0, 0, 1, 4, 0, 0, 0, 1};
    size_t len = 9;
    (void)state;
    begin(0);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        len += put_field(frame + len, fields[i][0], fields[i][1]);
    frame[2] = (uint8_t)(len - 9);
    assert_int_equal(feed_raw(frame, len, 1), WS_OK);
    assert_int_equal(server.count, 1);
    assert_int_equal(server.users[0].came.len, strlen(expected));
    assert_memory_equal(server.users[0].came.data, expected, strlen(expected));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(heads_and_data_at_every_cut),
        TEST(what_goes_over_the_wire),
        TEST(a_request_waits_for_the_settings),
        TEST(as_many_streams_as_the_server_permits),
        TEST(a_server_may_take_no_websockets),
        TEST(a_stream_that_is_not_read_stalls_no_other),
        TEST(streams_write_as_much_as_there_is_space),
        TEST(a_reset_comes_after_what_was_sent),
        TEST(goaway_lets_streams_finish),
        TEST(what_cuts_the_connection_cuts_its_streams),
        TEST(a_head_that_is_too_large_is_cut_beyond_the_limit),
        TEST(a_head_that_is_none_is_not_sent),
        TEST(floods_are_noticed_and_what_passes_slowly_is_not),
        TEST(broken_frames_end_the_connection),
        TEST(broken_frames_after_goaway_do_too),
        TEST(streams_above_the_limit),
        TEST(what_is_no_preface_is_refused),
        TEST(padding_is_not_held_against_the_window),
        TEST(cookies_are_joined_and_a_body_is_announced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
