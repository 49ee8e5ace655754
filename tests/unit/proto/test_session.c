#include <ws/mask.h>
#include "libws/proto/bytes.h"
#include <ws/session.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static uint32_t random_state = 1;

static bool fill_random(void *context, void *bytes, size_t size)
{
    uint8_t *p = bytes;
    (void)context;
    for (size_t i = 0; i < size; i++) {
        random_state = random_state * 1664525u + 1013904223u;
        p[i] = (uint8_t)(random_state >> 24);
    }
    return true;
}

static bool no_random(void *context, void *bytes, size_t size)
{
    (void)context, (void)bytes, (void)size;
    return false;
}

static const struct ws_session_config server = {.role = WS_ROLE_SERVER};
static const struct ws_session_config client = {.role = WS_ROLE_CLIENT, .random = fill_random};

/* A frame as the peer of `role` sends it, masked with zeros where it is masked; its length. */
static size_t make(uint8_t *out, enum ws_role role, unsigned opcode, bool fin, uint64_t claim,
                   const void *data, size_t len)
{
    struct ws_frame frame = {.fin = fin,
                             .opcode = (uint8_t)opcode,
                             .length = claim,
                             .masked = role == WS_ROLE_SERVER,
                             .length_bytes = (uint8_t)ws_frame_length_bytes(claim)};
    size_t n = ws_frame_encode(out, &frame);
    if (len)
        memcpy(out + n, data, len);
    return n + len;
}

/* Feeds one frame and pulls one event. */
static enum ws_event_type give(struct ws_session *s, unsigned opcode, bool fin, const void *data,
                               size_t len, struct ws_event *event)
{
    static uint8_t bytes[70000];
    size_t n = make(bytes, s->config->role, opcode, fin, len, data, len);
    ws_session_feed(s, bytes, n, 0);
    return ws_session_next(s, event);
}

static size_t flat(const struct ws_out *out, uint8_t *to, size_t room)
{
    size_t at = 0;
    assert_true(out->bytes <= room);
    for (size_t i = 0; i < out->count; i++) {
        memcpy(to + at, ws_out_span_data(out, i), out->spans[i].len);
        at += out->spans[i].len;
    }
    return at;
}

static void which_state_may_follow(void **state)
{
    /* rows: from; columns: to CONNECTING, OPEN, CLOSING, CLOSED */
    static const bool allowed[4][4] = {{false, true, false, true},
                                       {false, false, true, true},
                                       {false, false, false, true},
                                       {false, false, false, true}};
    (void)state;
    for (int from = 0; from < 4; from++)
        for (int to = 0; to < 4; to++)
            assert_int_equal(ws_state_may_follow((enum ws_state)from, (enum ws_state)to),
                             allowed[from][to]);
}

static void states_when_driven(void **state)
{
    static char request[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct ws_session s;
    struct ws_event event;
    struct ws_out out = {0};
    (void)state;

    /* CONNECTING to OPEN to CLOSING to CLOSED */
    ws_session_init(&s, &server);
    assert_int_equal(ws_session_state(&s), WS_STATE_CONNECTING);
    ws_session_feed(&s, request, strlen(request), 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_REQUEST);
    assert_int_equal(ws_session_state(&s), WS_STATE_CONNECTING);
    assert_int_equal(ws_session_accept(&s, &out, NULL), WS_OK);
    assert_int_equal(ws_session_accept(&s, &out, NULL), WS_E_STATE);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_OPEN);
    assert_non_null(event.request);
    assert_int_equal(ws_session_state(&s), WS_STATE_OPEN);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    assert_int_equal(ws_session_close(&s, &out, 1000, NULL, 0), WS_OK);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSING);
    assert_true(ws_session_close_sent(&s));
    assert_false(ws_session_close_received(&s));
    assert_int_equal(give(&s, WS_OP_CLOSE, true, "\x03\xe8", 2, &event), WS_EVENT_CLOSE);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
    assert_true(ws_session_close_received(&s));
    /* CLOSED to CLOSED */
    assert_int_equal(ws_session_fail(&s, &out, WS_E_SHUTDOWN), WS_OK);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
    ws_session_free(&s);

    /* CONNECTING to CLOSED: a refusal, and a failure */
    ws_session_init(&s, &server);
    ws_session_feed(&s, request, strlen(request), 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_REQUEST);
    struct ws_http_answer answer = {.status = 403};
    assert_int_equal(ws_session_refuse(&s, &out, &answer), WS_OK);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
    assert_int_equal(ws_session_refuse(&s, &out, &answer), WS_E_STATE);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    ws_session_free(&s);
    ws_session_init(&s, &client);
    assert_int_equal(ws_session_fail(&s, &out, WS_E_HANDSHAKE_TIMEOUT), WS_OK);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
    ws_session_free(&s);

    /* OPEN to CLOSED: the end of the stream, and a failure */
    ws_session_init_open(&s, &server);
    ws_session_end(&s, WS_E_RESET);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CLOSE);
    assert_int_equal(event.code, WS_CLOSE_ABNORMAL);
    assert_int_equal(event.error, WS_E_RESET);
    assert_false(event.clean);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    ws_session_free(&s);
    ws_session_init_open(&s, &server);
    assert_int_equal(ws_session_fail(&s, &out, WS_E_IDLE_TIMEOUT), WS_OK);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
    ws_session_free(&s);

    /* OPEN to CLOSING by the peer; CLOSING to CLOSED without its answer */
    ws_session_init_open(&s, &server);
    assert_int_equal(give(&s, WS_OP_CLOSE, true, NULL, 0, &event), WS_EVENT_CLOSE);
    assert_int_equal(event.code, WS_CLOSE_NO_CODE);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSING);
    assert_int_equal(ws_session_answer(&s, &out, &event), WS_OK);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
    ws_session_free(&s);
    ws_session_init_open(&s, &server);
    assert_int_equal(ws_session_close(&s, &out, 1001, NULL, 0), WS_OK);
    assert_int_equal(ws_session_fail(&s, &out, WS_E_CLOSE_TIMEOUT), WS_OK);
    assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
    ws_session_free(&s);
    ws_out_free(&out);
}

static void sending_in_every_state(void **state)
{
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    (void)state;

    ws_session_init(&s, &server);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_STATE);
    assert_int_equal(ws_session_ping(&s, &out, NULL, 0), WS_E_STATE);
    assert_int_equal(ws_session_pong(&s, &out, NULL, 0), WS_E_STATE);
    assert_int_equal(ws_session_close(&s, &out, 1000, NULL, 0), WS_E_STATE);
    assert_int_equal(ws_session_accept(&s, &out, NULL), WS_E_STATE);
    assert_int_equal(ws_session_refuse_error(&s, &out, WS_E_REFUSED), WS_E_STATE);
    struct ws_request_options options = {.host = "a"};
    assert_int_equal(ws_session_connect(&s, &out, &options), WS_E_STATE);
    ws_session_free(&s);

    ws_session_init_open(&s, &server);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_PING, 0, (char[]){"x"}, 1), WS_E_ARGUMENT);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_CONTINUATION, 0, (char[]){"x"}, 1),
                     WS_E_ARGUMENT);
    assert_int_equal(ws_session_ping(&s, &out, "x", 126), WS_E_CONTROL_TOO_LONG);
    assert_int_equal(ws_session_pong(&s, &out, "x", 126), WS_E_CONTROL_TOO_LONG);
    assert_int_equal(ws_session_close(&s, &out, 1005 + 1, NULL, 0), WS_E_CLOSE_CODE);
    assert_int_equal(ws_session_close(&s, &out, 1000, "\xff", 1), WS_E_CLOSE_UTF8);
    assert_int_equal(out.bytes, 0);
    assert_int_equal(ws_session_state(&s), WS_STATE_OPEN);

    assert_int_equal(ws_session_close(&s, &out, 0, NULL, 0), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_CLOSING);
    assert_int_equal(ws_session_ping(&s, &out, NULL, 0), WS_E_CLOSING);
    assert_int_equal(ws_session_pong(&s, &out, NULL, 0), WS_OK);
    assert_int_equal(ws_session_close(&s, &out, 1000, NULL, 0), WS_E_CLOSING);
    assert_int_equal(give(&s, WS_OP_CLOSE, true, NULL, 0, &event), WS_EVENT_CLOSE);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_CLOSING);
    assert_int_equal(ws_session_pong(&s, &out, NULL, 0), WS_E_CLOSING);
    uint8_t bytes[10];
    assert_int_equal(flat(&out, bytes, sizeof bytes), 4);
    assert_memory_equal(bytes, "\x88\x00\x8a\x00", 4);
    ws_session_free(&s);
    ws_out_free(&out);
}

static void fragments_on_their_way_out(void **state)
{
    struct ws_session s;
    struct ws_out out = {0};
    uint8_t bytes[64];
    (void)state;
    ws_session_init_open(&s, &server);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, WS_SEND_MORE, (char[]){"ab"}, 2), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_BINARY, 0, (char[]){"x"}, 1), WS_E_STATE);
    assert_int_equal(ws_session_ping(&s, &out, "p", 1), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, WS_SEND_MORE, (char[]){""}, 0), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"c"}, 1), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_BINARY, 0, (char[]){"d"}, 1), WS_OK);
    size_t len = flat(&out, bytes, sizeof bytes);
    static const char wanted[] = "\x01\x02"
                                 "ab"
                                 "\x89\x01p"
                                 "\x00\x00"
                                 "\x80\x01"
                                 "c"
                                 "\x82\x01"
                                 "d";
    assert_int_equal(len, sizeof wanted - 1);
    assert_memory_equal(bytes, wanted, len);
    ws_session_free(&s);
    ws_out_free(&out);
}

static void ways_to_hand_over_a_payload(void **state)
{
    static const unsigned flags[] = {WS_SEND_COPY, WS_SEND_BORROW,
                                     WS_SEND_BORROW | WS_SEND_MUTABLE};
    (void)state;
    for (int role = WS_ROLE_SERVER; role <= WS_ROLE_CLIENT; role++) {
        for (size_t f = 0; f < 3; f++) {
            for (size_t len = 0; len < 70000; len = len * 3 + 1) {
                struct ws_session s;
                struct ws_out out = {0};
                struct ws_frame frame;
                char *data = malloc(len + 1), *before = malloc(len + 1);
                uint8_t *bytes = malloc(len + WS_HEADER_MAX);
                for (size_t i = 0; i < len; i++)
                    data[i] = before[i] = (char)(i * 7);
                ws_session_init_open(&s, role == WS_ROLE_SERVER ? &server : &client);
                assert_int_equal(ws_session_send(&s, &out, WS_OP_BINARY, flags[f], data, len),
                                 WS_OK);
                if (flags[f] == WS_SEND_COPY)
                    memset(data, 0, len);
                size_t got = flat(&out, bytes, len + WS_HEADER_MAX);
                assert_int_equal(
                    ws_frame_decode(bytes, got,
                                    role == WS_ROLE_SERVER ? WS_REFUSE_MASK : WS_REQUIRE_MASK,
                                    &frame),
                    WS_OK);
                assert_int_equal(frame.length, len);
                assert_int_equal(frame.header_len + len, got);
                if (frame.masked)
                    ws_mask_naive(bytes + frame.header_len, bytes + frame.header_len, len,
                                  frame.mask_key, 0);
                assert_memory_equal(bytes + frame.header_len, before, len);
                /* without the flag that allows it the caller's bytes stay as they were */
                if (flags[f] == WS_SEND_BORROW)
                    assert_memory_equal(data, before, len);
                ws_session_free(&s);
                ws_out_free(&out);
                free(data);
                free(before);
                free(bytes);
            }
        }
    }
}

static void replies_lie_in_a_row(void **state)
{
    /* Many small messages in one read: the echo is one span, made of the bytes that came. */
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    size_t len = 0, count = 0;
    uint8_t *memory = malloc(WS_HEADROOM + 6 * 1000 + 5 * 1000);
    (void)state;
    for (int i = 0; i < 1000; i++)
        len += make(memory + WS_HEADROOM + len, WS_ROLE_SERVER, WS_OP_TEXT, true, 5, "hello", 5);
    ws_session_init_open(&s, &server);
    ws_session_feed(&s, memory + WS_HEADROOM, len, WS_HEADROOM);
    while (ws_session_next(&s, &event) != WS_EVENT_NONE) {
        assert_int_equal(event.type, WS_EVENT_MESSAGE);
        assert_int_equal(ws_session_reply(&s, &out, &event), WS_OK);
        count++;
    }
    assert_int_equal(count, 1000);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.bytes, 7000);
    assert_int_equal(out.in_place, 7000);
    for (size_t i = 0; i < 1000; i++)
        assert_memory_equal(ws_out_span_data(&out, 0) + i * 7, "\x81\x05hello", 7);
    ws_session_free(&s);
    ws_out_free(&out);
    free(memory);
}

static void a_million_empty_fragments(void **state)
{
    struct ws_session s;
    struct ws_event event;
    uint8_t first[16], next[16];
    size_t n = make(next, WS_ROLE_SERVER, WS_OP_CONTINUATION, false, 0, NULL, 0);
    (void)state;
    for (int size = 0; size <= 1; size++) {
        size_t m =
            make(first, WS_ROLE_SERVER, WS_OP_BINARY, false, (uint64_t)size, "x", (size_t)size);
        ws_session_init_open(&s, &server);
        ws_session_feed(&s, first, m, 0);
        assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
        uint8_t *block = malloc(n * 1000);
        for (int i = 0; i < 1000; i++) {
            for (int j = 0; j < 1000; j++)
                memcpy(block + (size_t)j * n, next, n);
            ws_session_feed(&s, block, n * 1000, 0);
            assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
        }
        free(block);
        assert_true(ws_session_in_message(&s));
        if (s.held)
            assert_true(s.held->capacity < 1024);
        assert_null(s.held_control);
        ws_session_free(&s);
    }
}

static void a_million_fragments_of_a_byte(void **state)
{
    struct ws_session_config config = {.role = WS_ROLE_SERVER, .max_message = 1 << 20};
    struct ws_session s;
    struct ws_event event = {0};
    uint8_t bytes[16];
    size_t pieces = 0;
    (void)state;
    ws_session_init_open(&s, &config);
    do {
        size_t n = make(bytes, WS_ROLE_SERVER, pieces ? WS_OP_CONTINUATION : WS_OP_BINARY, false, 1,
                        "x", 1);
        ws_session_feed(&s, bytes, n, 0);
        if (ws_session_next(&s, &event) == WS_EVENT_NONE)
            assert_true(s.held->capacity <= 2 * (pieces + 1));
        pieces++;
    } while (event.type == WS_EVENT_NONE);
    assert_int_equal(event.type, WS_EVENT_ERROR);
    assert_int_equal(event.error, WS_E_MESSAGE_TOO_BIG);
    assert_int_equal(pieces, (1 << 20) + 1);
    ws_session_free(&s);
}

static void claims_cost_nothing(void **state)
{
    static const struct {
        uint64_t claim;
        enum ws_error error;
    } rows[] = {{INT64_MAX, WS_OK},
                {(uint64_t)INT64_MAX + 1, WS_E_LENGTH_TOP_BIT},
                {UINT64_MAX, WS_E_LENGTH_TOP_BIT}};
    (void)state;
    for (int role = WS_ROLE_SERVER; role <= WS_ROLE_CLIENT; role++) {
        for (size_t i = 0; i < 3; i++) {
            for (unsigned fragment = 0; fragment < 2; fragment++) {
                struct ws_session_config config = {.role = (enum ws_role)role,
                                                   .random = fill_random};
                struct ws_session s;
                struct ws_event event;
                uint8_t bytes[64];
                size_t n = 0;
                if (fragment)
                    n = make(bytes, config.role, WS_OP_BINARY, false, 1, "x", 1);
                n += make(bytes + n, config.role, fragment ? WS_OP_CONTINUATION : WS_OP_BINARY,
                          true, rows[i].claim, "0123456789", 10);
                ws_session_init_open(&s, &config);
                ws_session_feed(&s, bytes, n, 0);
                ws_session_next(&s, &event);
                enum ws_error wanted = rows[i].error;
                if (wanted == WS_OK && fragment)
                    wanted = WS_E_MESSAGE_TOO_BIG; /* one byte more than a message can have */
                assert_int_equal(event.error, wanted);
                if (s.held)
                    assert_true(s.held->capacity <= 64);
                ws_session_free(&s);

                /* with a cap the legal one is too big, before any of it is kept */
                config.max_message = 1 << 20;
                n = make(bytes, config.role, WS_OP_BINARY, true, rows[i].claim, "0123456789", 10);
                ws_session_init_open(&s, &config);
                ws_session_feed(&s, bytes, n, 0);
                assert_int_equal(ws_session_next(&s, &event), WS_EVENT_ERROR);
                assert_int_equal(event.error,
                                 rows[i].error == WS_OK ? WS_E_MESSAGE_TOO_BIG : rows[i].error);
                assert_null(s.held);
                ws_session_free(&s);
            }
        }
    }
}

static void masks_differ(void **state)
{
    struct ws_session s;
    struct ws_out out = {0};
    uint32_t *seen = calloc(1000, sizeof *seen);
    unsigned repeated = 0;
    (void)state;
    ws_session_init_open(&s, &client);
    for (int i = 0; i < 1000; i++) {
        uint8_t bytes[16];
        struct ws_frame frame;
        char text[] = "abc";
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, text, 3), WS_OK);
        size_t n = flat(&out, bytes, sizeof bytes);
        ws_out_clear(&out);
        assert_int_equal(ws_frame_decode(bytes, n, WS_REQUIRE_MASK, &frame), WS_OK);
        memcpy(&seen[i], frame.mask_key, 4);
        for (int j = 0; j < i; j++)
            repeated += seen[j] == seen[i];
    }
    assert_true(repeated <= 1);
    ws_session_free(&s);
    ws_out_free(&out);
    free(seen);
}

static void without_randomness_nothing_is_sent(void **state)
{
    static const struct ws_session_config configs[] = {
        {.role = WS_ROLE_CLIENT}, {.role = WS_ROLE_CLIENT, .random = no_random}};
    struct ws_request_options options = {.host = "a"};
    struct ws_out out = {0};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ws_session s;
        struct ws_event event;
        ws_session_init(&s, &configs[i]);
        assert_int_equal(ws_session_connect(&s, &out, &options), WS_E_RANDOM);
        ws_session_free(&s);
        ws_session_init_open(&s, &configs[i]);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_RANDOM);
        assert_int_equal(ws_session_ping(&s, &out, "x", 1), WS_E_RANDOM);
        assert_int_equal(ws_session_close(&s, &out, 1000, NULL, 0), WS_E_RANDOM);
        assert_int_equal(ws_session_state(&s), WS_STATE_OPEN);
        assert_int_equal(give(&s, WS_OP_PING, true, "p", 1, &event), WS_EVENT_PING);
        assert_int_equal(ws_session_answer(&s, &out, &event), WS_E_RANDOM);
        assert_int_equal(ws_session_fail(&s, &out, WS_E_SHUTDOWN), WS_E_RANDOM);
        assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
        ws_session_free(&s);
    }
    assert_int_equal(out.bytes, 0);
    ws_out_free(&out);
}

static void a_client_connects_once(void **state)
{
    static const char *const protocols[] = {"chat", NULL};
    struct ws_request_options options = {.target = "/x", .host = "a", .subprotocols = protocols};
    struct ws_request_options bad = {.target = "/a b", .host = "a"};
    struct ws_session s;
    struct ws_out out = {0};
    char text[1024];
    (void)state;
    ws_session_init(&s, &client);
    assert_int_equal(ws_session_connect(&s, &out, &bad), WS_E_ARGUMENT);
    assert_int_equal(ws_session_connect(&s, &out, &options), WS_OK);
    assert_int_equal(ws_session_connect(&s, &out, &options), WS_E_STATE);
    text[flat(&out, (uint8_t *)text, sizeof text - 1)] = '\0';
    assert_memory_equal(text, "GET /x HTTP/1.1\r\n", 17);
    assert_non_null(strstr(text, "Sec-WebSocket-Protocol: chat\r\n"));
    ws_session_free(&s);
    ws_out_free(&out);
}

static void the_reason_is_cut_between_code_points(void **state)
{
    struct ws_out out = {0};
    uint8_t bytes[200];
    (void)state;
    for (size_t pad = 0; pad < 4; pad++) {
        struct ws_session s;
        char reason[200];
        memset(reason, 'a', pad);
        for (size_t i = pad; i + 3 <= 150; i += 3)
            memcpy(reason + i, "\xe2\x82\xac", 3);
        size_t len = pad + (150 - pad) / 3 * 3;
        ws_session_init_open(&s, &server);
        assert_int_equal(ws_session_close(&s, &out, 4000, reason, len), WS_OK);
        size_t n = flat(&out, bytes, sizeof bytes);
        assert_true(n > 2 + 2 + 120 && n <= 2 + 125);
        assert_int_equal(bytes[1], n - 2);
        assert_true(ws_utf8_valid(bytes + 4, n - 4));
        ws_out_clear(&out);
        ws_session_free(&s);
    }
    ws_out_free(&out);
}

static void no_reserved_code_is_sent(void **state)
{
    (void)state;
    for (unsigned code = 1; code < 5100; code++) {
        struct ws_session s;
        struct ws_out out = {0};
        ws_session_init_open(&s, &server);
        enum ws_error wanted =
            code == WS_CLOSE_NO_CODE || ws_close_code_valid(code) ? WS_OK : WS_E_CLOSE_CODE;
        assert_int_equal(ws_session_close(&s, &out, code, NULL, 0), wanted);
        assert_int_equal(out.bytes, wanted != WS_OK ? 0 : code == WS_CLOSE_NO_CODE ? 2 : 4);
        ws_session_free(&s);
        ws_out_free(&out);
    }
}

static void failing_says_its_code(void **state)
{
    (void)state;
    for (int i = WS_MORE + 1; i < WS_ERROR_COUNT; i++) {
        const struct ws_error_info *info = ws_error_info((enum ws_error)i);
        struct ws_session s;
        struct ws_event event;
        struct ws_out out = {0};
        uint8_t bytes[200];

        ws_session_init_open(&s, &server);
        assert_int_equal(ws_session_fail(&s, &out, (enum ws_error)i), WS_OK);
        size_t n = flat(&out, bytes, sizeof bytes);
        assert_int_equal(n > 0, info->close_code != 0);
        if (n)
            assert_int_equal(bytes[2] << 8 | bytes[3], info->close_code);
        assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
        assert_int_equal(give(&s, WS_OP_TEXT, true, "x", 1, &event), WS_EVENT_NONE);
        ws_session_free(&s);
        ws_out_free(&out);

        ws_session_init(&s, &server);
        assert_int_equal(ws_session_fail(&s, &out, (enum ws_error)i), WS_OK);
        char line[20];
        snprintf(line, sizeof line, "HTTP/1.1 %u ", info->http_status);
        assert_int_equal(out.bytes > 0, info->http_status != 0);
        if (out.bytes)
            assert_memory_equal(ws_out_span_data(&out, 0), line, strlen(line));
        ws_session_free(&s);
        ws_out_free(&out);
    }
}

static void input_can_be_taken_back(void **state)
{
    struct ws_session s;
    struct ws_event event;
    uint8_t bytes[64], other[64];
    const uint8_t *rest;
    size_t n = make(bytes, WS_ROLE_SERVER, WS_OP_TEXT, true, 3, "one", 3);
    size_t first = n;
    (void)state;
    n += make(bytes + n, WS_ROLE_SERVER, WS_OP_TEXT, true, 3, "two", 3);
    size_t bad = n;
    bytes[n++] = 0x83;
    ws_session_init_open(&s, &server);
    ws_session_feed(&s, bytes, n, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_MESSAGE);
    size_t len = ws_session_unread(&s, &rest);
    assert_int_equal(len, n - first);
    memcpy(other, rest, len);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    ws_session_feed(&s, other, len, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_MESSAGE);
    assert_memory_equal(event.data, "two", 3);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_ERROR);
    assert_int_equal(event.offset, bad);
    ws_session_free(&s);
}

static void in_a_message(void **state)
{
    struct ws_session s;
    struct ws_event event;
    uint8_t half[7] = {0x81, 0x85, 0, 0, 0, 0, 'x'};
    (void)state;
    ws_session_init_open(&s, &server);
    assert_false(ws_session_in_message(&s));
    assert_int_equal(give(&s, WS_OP_TEXT, false, "x", 1, &event), WS_EVENT_NONE);
    assert_true(ws_session_in_message(&s));
    assert_int_equal(give(&s, WS_OP_PING, true, "x", 1, &event), WS_EVENT_PING);
    assert_true(ws_session_in_message(&s));
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    assert_int_equal(give(&s, WS_OP_CONTINUATION, true, "y", 1, &event), WS_EVENT_MESSAGE);
    assert_memory_equal(event.data, "xy", 2);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    assert_false(ws_session_in_message(&s));
    /* a single frame that is not whole yet is no fragmented message */
    ws_session_feed(&s, half, sizeof half, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    assert_false(ws_session_in_message(&s));
    ws_session_free(&s);
}

static void large_frames_come_as_chunks(void **state)
{
    struct ws_session_config config = {.role = WS_ROLE_SERVER, .chunks = true};
    struct ws_session s;
    struct ws_event event;
    size_t total = 0;
    uint8_t piece[1000], header[WS_HEADER_MAX];
    (void)state;
    ws_session_init_open(&s, &config);
    size_t n = make(header, WS_ROLE_SERVER, WS_OP_BINARY, true, 1000000, NULL, 0);
    ws_session_feed(&s, header, n, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    for (int i = 0; i < 1000; i++) {
        memset(piece, i, sizeof piece);
        ws_session_feed(&s, piece, sizeof piece, 0);
        assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CHUNK);
        assert_int_equal(event.opcode, WS_OP_BINARY);
        assert_int_equal(event.first, i == 0);
        assert_int_equal(event.last, i == 999);
        assert_int_equal(event.data[0], i & 255);
        total += event.len;
        assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
        assert_null(s.held); /* nothing is kept */
    }
    assert_int_equal(total, 1000000);
    ws_session_free(&s);
}

static void the_hot_part_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct ws_session) <= 256);
}

/* Sent, replied and framed beforehand: fragments of no more than the limit, the same message, and
 * as many bytes as were foretold. */
static void in_fragments(void **state)
{
    (void)state;
    static const size_t limits[] = {0, 1, 7, 125, 126, 1000, 65536};
    static const size_t lengths[] = {0, 1, 7, 8, 126, 999, 1000, 1001, 70000};
    static uint8_t data[70000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t l = 0; l < sizeof limits / sizeof *limits; l++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            struct ws_session_config config = {.role = WS_ROLE_SERVER, .max_frame = limits[l]};
            struct ws_session_config theirs = {.role = WS_ROLE_CLIENT, .frames = true};
            struct ws_session sender, receiver;
            struct ws_event event;
            struct ws_out out = {0};
            size_t len = lengths[k], size = ws_frame_message_size(len, limits[l]), at = 0;
            uint8_t *sent = malloc(size), *framed = malloc(size);
            ws_session_init_open(&sender, &config);
            ws_session_init_open(&receiver, &theirs);
            assert_int_equal(ws_session_send(&sender, &out, WS_OP_BINARY, 0, data, len), WS_OK);
            assert_int_equal(out.bytes, size);
            for (size_t i = 0; i < out.count; i++) {
                memcpy(sent + at, ws_out_span_data(&out, i), out.spans[i].len);
                at += out.spans[i].len;
            }
            ws_frame_message(framed, WS_OP_BINARY, data, len, limits[l], false);
            assert_memory_equal(framed, sent, size);
            ws_session_feed(&receiver, sent, size, 0);
            bool came = false;
            while (ws_session_next(&receiver, &event) != WS_EVENT_NONE) {
                if (event.type == WS_EVENT_FRAME) {
                    assert_true(limits[l] == 0 || event.frame->length <= limits[l]);
                    continue;
                }
                assert_int_equal(event.type, WS_EVENT_MESSAGE);
                assert_int_equal(event.len, len);
                if (len > 0)
                    assert_memory_equal(event.data, data, len);
                came = true;
            }
            assert_true(came);
            ws_session_free(&sender);
            ws_session_free(&receiver);
            ws_out_free(&out);
            free(sent);
            free(framed);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_fragments),
        cmocka_unit_test(which_state_may_follow),
        cmocka_unit_test(states_when_driven),
        cmocka_unit_test(sending_in_every_state),
        cmocka_unit_test(fragments_on_their_way_out),
        cmocka_unit_test(ways_to_hand_over_a_payload),
        cmocka_unit_test(replies_lie_in_a_row),
        cmocka_unit_test(a_million_empty_fragments),
        cmocka_unit_test(a_million_fragments_of_a_byte),
        cmocka_unit_test(claims_cost_nothing),
        cmocka_unit_test(masks_differ),
        cmocka_unit_test(without_randomness_nothing_is_sent),
        cmocka_unit_test(a_client_connects_once),
        cmocka_unit_test(the_reason_is_cut_between_code_points),
        cmocka_unit_test(no_reserved_code_is_sent),
        cmocka_unit_test(failing_says_its_code),
        cmocka_unit_test(input_can_be_taken_back),
        cmocka_unit_test(in_a_message),
        cmocka_unit_test(large_frames_come_as_chunks),
        cmocka_unit_test(the_hot_part_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
