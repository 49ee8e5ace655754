/* WebSockets in the streams of HTTP/2: of made connections, cut anywhere, and of hostile ones. What
 * the decoder emits is compared as text, a line an event. */
#include "cmd/wsframe/decode/decode.h"
#include "cmd/wsframe/http2/http2_frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { CLIENT, SERVER, WIRE_MAX = 4 << 20, FLIGHTS_MAX = 8192 };

/* What the sides send, in the order of time. */
static struct {
    uint8_t bytes[WIRE_MAX];
    size_t len, count;
    struct {
        int side;
        size_t end;
    } flights[FLIGHTS_MAX];
} wire;

static char seen[1 << 20];
static size_t seen_len, held_most;

/* --- making a connection --- */

static void put(int side, const void *data, size_t len)
{
    assert_true(wire.len + len <= WIRE_MAX);
    if (len > 0)
        memcpy(wire.bytes + wire.len, data, len);
    wire.len += len;
    if (wire.count == 0 || wire.flights[wire.count - 1].side != side) {
        assert_true(wire.count < FLIGHTS_MAX);
        wire.flights[wire.count++].side = side;
    }
    wire.flights[wire.count - 1].end = wire.len;
}

static void put_frame(int side, enum http2_type type, unsigned flags, uint32_t stream,
                      const void *data, size_t len)
{
    uint8_t header[HTTP2_HEADER] = {
        (uint8_t)(len >> 16),    (uint8_t)(len >> 8),    (uint8_t)len,
        (uint8_t)type,           (uint8_t)flags,         (uint8_t)(stream >> 24),
        (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
    put(side, header, sizeof header);
    put(side, data, len);
}

static void put_beginning(void)
{
    put(CLIENT, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP2_PREFACE);
    put_frame(CLIENT, HTTP2_SETTINGS, 0, 0, NULL, 0);
    put_frame(SERVER, HTTP2_SETTINGS, 0, 0, "\0\x08\0\0\0\1", 6);
    put_frame(CLIENT, HTTP2_SETTINGS, HTTP2_ACK, 0, NULL, 0);
}

static void begin(void)
{
    wire.len = wire.count = 0;
    put_beginning();
}

/* A block of HPACK: fields that are literal, and not indexed (RFC 7541 6.2.2), of short strings. */
static size_t write_block(uint8_t *to, const char *const *fields)
{
    size_t len = 0;
    for (; *fields; fields += 2) {
        to[len++] = 0;
        for (int i = 0; i < 2; i++) {
            size_t n = strlen(fields[i]);
            assert_true(n < 127);
            to[len++] = (uint8_t)n;
            memcpy(to + len, fields[i], n);
            len += n;
        }
    }
    return len;
}

static void put_head(int side, unsigned flags, uint32_t stream, const char *const *fields)
{
    uint8_t block[1024];
    size_t len = write_block(block, fields);
    put_frame(side, HTTP2_HEADERS, HTTP2_END_HEADERS | flags, stream, block, len);
}

#define REQUEST(path)                                                                              \
    (const char *const[])                                                                          \
    {                                                                                              \
        ":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":path", path,         \
            ":authority", "a.example", "sec-websocket-version", "13", NULL                         \
    }

static void open_stream(uint32_t stream, const char *path)
{
    put_head(CLIENT, 0, stream, REQUEST(path));
    put_head(SERVER, 0, stream, (const char *const[]){":status", "200", NULL});
}

static void put_text(int side, uint32_t stream, const char *text)
{
    uint8_t frame[160] = {0x81, (uint8_t)strlen(text)};
    size_t at = 2;
    if (side == CLIENT) {
        frame[1] |= 0x80; /* with a key of zeros */
        at += 4;
    }
    memcpy(frame + at, text, strlen(text));
    put_frame(side, HTTP2_DATA, 0, stream, frame, at + strlen(text));
}

/* --- decoding it --- */

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(seen + seen_len, sizeof seen - seen_len, format, arguments);
    va_end(arguments);
    assert_true(len >= 0 && (size_t)len < sizeof seen - seen_len);
    seen_len += (size_t)len;
}

static void see(void *context, const struct decode_event *event)
{
    static const char *const notices[] = {"reset", "goaway", "others", "beyond"};
    const struct decode *decode = context;
    held_most = decode->held > held_most ? decode->held : held_most;
    say("%" PRIu32 "%c ", event->conversation->stream, event->sender == SENDER_SERVER ? '<' : '>');
    if (event->type == DECODE_HEAD && event->request)
        say("%.*s", (int)event->request->target.len, event->request->target.p);
    else if (event->type == DECODE_HEAD && event->response)
        say("%u", event->response->status);
    else if (event->type == DECODE_HEAD)
        say("bad head");
    else if (event->type == DECODE_FRAME)
        say("%s %.*s", ws_opcode_name(event->opcode), (int)event->len, event->payload);
    else if (event->type == DECODE_HTTP2)
        say("%s %" PRIu64 " %s", notices[event->notice], event->number,
            event->why ? event->why : "");
    else if (event->type == DECODE_CLOSED)
        say("ended");
    else if (event->type == DECODE_LOST)
        say("lost %" PRIu64 ": %s", event->lost, event->why);
    else
        say("end");
    for (size_t i = 0; i < event->finding_count; i++)
        say(" !%s", ws_error_info(event->findings[i].error)->name);
    say("\n");
}

/* In pieces of `piece` bytes, as if captured. */
static const char *decode(size_t piece)
{
    struct decode decode = {.sink = see, .payloads = 0xFFFF};
    struct conversation conversation;
    decode.context = &decode;
    seen_len = held_most = 0;
    seen[0] = '\0';
    conversation_init(&conversation, &decode);
    conversation.info.captured = true;
    conversation.side[CLIENT].sender = SENDER_CLIENT;
    conversation.side[SERVER].sender = SENDER_SERVER;
    conversation.side[CLIENT].from_start = conversation.side[SERVER].from_start = true;
    size_t at = 0;
    for (size_t i = 0; i < wire.count; i++) {
        while (at < wire.flights[i].end) {
            size_t left = wire.flights[i].end - at, n = left < piece ? left : piece;
            /* A copy of its own, so that a byte beyond it is noticed. */
            uint8_t *copy = malloc(n);
            assert_non_null(copy);
            memcpy(copy, wire.bytes + at, n);
            decode_feed(&conversation.side[wire.flights[i].side], copy, n);
            free(copy);
            at += n;
        }
    }
    conversation_end(&conversation);
    assert_int_equal(decode.held, 0);
    decode_free(&decode);
    return seen;
}

static void shows(const char *expected)
{
    for (size_t piece = 1; piece < 40; piece++)
        assert_string_equal(decode(piece), expected);
    assert_string_equal(decode(WIRE_MAX), expected);
}

/* --- honest connections --- */

static void streams_are_told_apart(void **state)
{
    (void)state;
    begin();
    open_stream(1, "/a");
    put_text(CLIENT, 1, "one");
    put_head(CLIENT, HTTP2_END_STREAM, 3,
             (const char *const[]){":method", "GET", ":path", "/", NULL});
    put_head(SERVER, 0, 3, (const char *const[]){":status", "200", NULL});
    put_frame(SERVER, HTTP2_DATA, HTTP2_END_STREAM, 3, "\x81\1x", 3);
    open_stream(5, "/b");
    put_text(SERVER, 5, "two");
    put_text(SERVER, 1, "three");
    put_frame(CLIENT, HTTP2_PING, 0, 0, "12345678", 8);
    put_frame(CLIENT, 0xEE, 0x7F, 1, "an extension's", 14);
    shows("1> /a\n1< 200\n1> text one\n5> /b\n5< 200\n5< text two\n1< text three\n"
          "1> end\n5> end\n0> others 1 \n");
}

static void a_frame_may_be_cut_into_data_of_any_size(void **state)
{
    (void)state;
    begin();
    open_stream(1, "/");
    put_frame(SERVER, HTTP2_DATA, HTTP2_PADDED, 1, "\3\x81\0\0\0", 5);
    put_frame(SERVER, HTTP2_DATA, 0, 1, "", 0);
    put_frame(SERVER, HTTP2_DATA, HTTP2_PADDED, 1, "\0\5he", 4);
    put_frame(SERVER, HTTP2_WINDOW_UPDATE, 0, 1, "\0\0\0\1", 4);
    put_frame(SERVER, HTTP2_DATA, HTTP2_PADDED, 1, "\1llo\0", 5);
    shows("1> /\n1< 200\n1< text hello\n1> end\n");
}

static void a_head_may_go_on_in_continuations(void **state)
{
    (void)state;
    uint8_t block[1024];
    size_t len = write_block(block, REQUEST("/long"));
    begin();
    put_frame(CLIENT, HTTP2_HEADERS, 0, 1, block, 1);
    for (size_t i = 1; i < len; i++)
        put_frame(CLIENT, HTTP2_CONTINUATION, i == len - 1 ? HTTP2_END_HEADERS : 0, 1, block + i,
                  1);
    put_head(SERVER, 0, 1, (const char *const[]){":status", "103", NULL});
    put_head(SERVER, 0, 1, (const char *const[]){":status", "200", NULL});
    shows("1> /long\n1< 200\n1> end\n");
}

static void ends_have_their_names(void **state)
{
    (void)state;
    begin();
    open_stream(1, "/reset");
    open_stream(3, "/ended");
    put_frame(SERVER, HTTP2_RST_STREAM, 0, 1, "\0\0\0\x08", 4);
    put_frame(CLIENT, HTTP2_DATA, HTTP2_END_STREAM, 3, "\x88\x80\0\0\0\0", 6);
    put_frame(SERVER, HTTP2_DATA, HTTP2_END_STREAM, 3, "\x88\0", 2);
    put_frame(SERVER, HTTP2_GOAWAY, 0, 0, "\0\0\0\3\0\0\0\x0B", 8);
    shows("1> /reset\n1< 200\n3> /ended\n3< 200\n1< reset 8 CANCEL\n1< ended\n1> end\n"
          "3> close \n3< close \n3> end\n0< goaway 11 ENHANCE_YOUR_CALM\n");
}

/* The capture lacks bytes: inside of a message's payload the next frame is found again, elsewhere
 * nothing of the direction can be read. */
static void a_gap_inside_data_is_passed_over(void **state)
{
    (void)state;
    struct decode decode = {.sink = see, .payloads = 0xFFFF};
    struct conversation conversation;
    decode.context = &decode;
    seen_len = 0;
    begin();
    open_stream(1, "/");
    conversation_init(&conversation, &decode);
    conversation.info.captured = true;
    conversation.side[CLIENT].sender = SENDER_CLIENT;
    conversation.side[SERVER].sender = SENDER_SERVER;
    conversation.side[CLIENT].from_start = conversation.side[SERVER].from_start = true;
    for (size_t i = 0, at = 0; i < wire.count; at = wire.flights[i++].end)
        decode_feed(&conversation.side[wire.flights[i].side], wire.bytes + at,
                    wire.flights[i].end - at);
    struct decoder *server = &conversation.side[SERVER];
    decode_feed(server, (const uint8_t *)"\0\0\x07\0\0\0\0\0\1\x81\5yo", HTTP2_HEADER + 4);
    decode_gap(server, 3);
    decode_feed(server, (const uint8_t *)"\0\0\4\0\0\0\0\0\1\x81\2no", HTTP2_HEADER + 4);
    decode_gap(server, 100);
    decode_feed(server, (const uint8_t *)"\0\0\4\0\0\0\0\0\1\x81\2no", HTTP2_HEADER + 4);
    conversation_end(&conversation);
    assert_int_equal(decode.held, 0);
    decode_free(&decode);
    assert_string_equal(seen,
                        "1> /\n1< 200\n1< text yo\n1< lost 3: not in the capture\n1< text no\n"
                        "0< lost 100: not in the capture\n1> end\n"
                        "0< lost 13: HTTP/2 after bytes that are not in the capture\n");
}

static void an_upgrade_to_h2c_comes_before(void **state)
{
    (void)state;
    static const char request[] = "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\n"
                                  "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: \r\n\r\n",
                      response[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                   "Upgrade: h2c\r\n\r\n";
    wire.len = wire.count = 0;
    put(CLIENT, request, strlen(request));
    put(SERVER, response, strlen(response));
    put_beginning();
    put_head(SERVER, HTTP2_END_STREAM, 1, (const char *const[]){":status", "404", NULL});
    open_stream(3, "/b");
    put_text(SERVER, 3, "two");
    shows("3> /b\n3< 200\n3< text two\n3> end\n"
          "0> lost 104: an HTTP exchange before the upgrade\n"
          "0< lost 71: an HTTP exchange before the upgrade\n");
}

static void a_refusal_has_a_body(void **state)
{
    (void)state;
    begin();
    put_head(CLIENT, 0, 1, REQUEST("/no"));
    put_head(SERVER, 0, 1, (const char *const[]){":status", "403", NULL});
    put_frame(SERVER, HTTP2_DATA, HTTP2_END_STREAM, 1, "\x81\3no.", 5);
    shows("1> /no\n1< 403 !STATUS\n1< lost 5: the body of an HTTP message\n1> end\n");
}

/* --- hostile ones, with an honest stream beside them --- */

/* One field of 4000 bytes in the table, and then references to it of a byte each. */
static void a_bomb_of_fields_stays_small(void **state)
{
    (void)state;
    static uint8_t block[60000];
    size_t len = 0;
    begin();
    open_stream(1, "/honest");
    block[len++] = 0x40;
    block[len++] = 1;
    block[len++] = 'x';
    block[len++] = 0x7F; /* 4000: 127 + 33 + 30 * 128 */
    block[len++] = 0x80 | 33;
    block[len++] = 30;
    memset(block + len, 'y', 4000);
    len += 4000;
    memset(block + len, 0x80 | 62, sizeof block - len);
    put_frame(CLIENT, HTTP2_HEADERS, HTTP2_END_HEADERS, 3, block, sizeof block);
    put_text(CLIENT, 1, "still here");
    assert_string_equal(decode(1400),
                        "1> /honest\n1< 200\n1> text still here\n1> end\n0> others 1 \n");
    assert_true(held_most < 200000);
}

static void continuations_without_end_are_left(void **state)
{
    (void)state;
    static const uint8_t nothing[16384];
    begin();
    open_stream(1, "/honest");
    put_frame(CLIENT, HTTP2_HEADERS, 0, 3, nothing, 1);
    for (int i = 0; i < 100; i++)
        put_frame(CLIENT, HTTP2_CONTINUATION, 0, 3, nothing, sizeof nothing);
    put_text(SERVER, 1, "still here");
    const char *shown = decode(1400);
    assert_non_null(strstr(shown, "1< text still here\n"));
    assert_non_null(strstr(shown, "a head that HPACK cannot read"));
    assert_true(held_most < 200000);
}

static void streams_without_number_are_counted(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 1500; i++)
        put_head(CLIENT, 0, 2 * i + 1, REQUEST("/"));
    put_text(CLIENT, 1, "first");
    const char *shown = decode(1400);
    assert_non_null(strstr(shown, "1> text first\n"));
    assert_non_null(strstr(shown, "0> beyond 500 \n"));
}

static void what_is_malformed_is_left_in_its_direction(void **state)
{
    (void)state;
    static const struct {
        enum http2_type type;
        unsigned flags;
        const char *payload;
        size_t len;
    } cases[] = {
        {HTTP2_DATA, HTTP2_PADDED, "\5ab", 3},
        {HTTP2_DATA, HTTP2_PADDED, "", 0},
        {HTTP2_HEADERS, HTTP2_END_HEADERS | HTTP2_PADDED, "\5ab", 3},
        {HTTP2_CONTINUATION, HTTP2_END_HEADERS, "ab", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        open_stream(1, "/");
        put_frame(CLIENT, cases[i].type, cases[i].flags, 3, cases[i].payload, cases[i].len);
        put_text(CLIENT, 1, "nothing of this");
        put_text(SERVER, 1, "still here");
        const char *shown = decode(7);
        assert_non_null(strstr(shown, "1< text still here\n"));
        assert_null(strstr(shown, "nothing of this"));
        assert_non_null(strstr(shown, "after a frame of HTTP/2 that is malformed"));
    }
}

static void a_field_cannot_add_a_line(void **state)
{
    (void)state;
    begin();
    put_head(CLIENT, 0, 1,
             (const char *const[]){":method", "CONNECT", ":protocol", "websocket", ":path",
                                   "/x HTTP/1.1\r\nSec-WebSocket-Extensions: permessage-deflate",
                                   NULL});
    shows("1> bad head !HTTP_SYNTAX\n1> end\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_told_apart),
        cmocka_unit_test(a_frame_may_be_cut_into_data_of_any_size),
        cmocka_unit_test(a_head_may_go_on_in_continuations),
        cmocka_unit_test(ends_have_their_names),
        cmocka_unit_test(an_upgrade_to_h2c_comes_before),
        cmocka_unit_test(a_gap_inside_data_is_passed_over),
        cmocka_unit_test(a_refusal_has_a_body),
        cmocka_unit_test(a_bomb_of_fields_stays_small),
        cmocka_unit_test(continuations_without_end_are_left),
        cmocka_unit_test(streams_without_number_are_counted),
        cmocka_unit_test(what_is_malformed_is_left_in_its_direction),
        cmocka_unit_test(a_field_cannot_add_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
