/* What a session reads: states, events, memory. */
#include "tests/unit/proto/session.h"

#include "libws/proto/bytes.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_state_may_follow),
        cmocka_unit_test(states_when_driven),
        cmocka_unit_test(a_million_empty_fragments),
        cmocka_unit_test(a_million_fragments_of_a_byte),
        cmocka_unit_test(claims_cost_nothing),
        cmocka_unit_test(a_client_connects_once),
        cmocka_unit_test(input_can_be_taken_back),
        cmocka_unit_test(in_a_message),
        cmocka_unit_test(large_frames_come_as_chunks),
        cmocka_unit_test(the_hot_part_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
