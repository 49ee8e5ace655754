/* A client's upgrade: refusals and their bodies, the caller's own headers, leniency. */
#include "tests/unit/proto/session.h"

static struct ws_session_config lenient = {
    .role = WS_ROLE_CLIENT, .random = fill_random, .lenient = true};

/* A client that has sent its request, with a key of the caller's so that the accept is known. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void connect_with(struct ws_session *s, struct ws_out *out,
                         const struct ws_session_config *config, const struct ws_header *headers,
                         size_t count)
{
    struct ws_request_options options = {.host = "h", .headers = headers, .header_count = count};
    ws_session_init(s, config);
    assert_int_equal(ws_session_connect(s, out, &options), WS_OK);
}

static const struct ws_header key = {"Sec-WebSocket-Key", KEY};

/* Feeds `text` and pulls one event; the session keeps a copy of what it needs. */
static enum ws_event_type answer(struct ws_session *s, const char *text, struct ws_event *event)
{
    static char buffer[8192];
    assert_true(strlen(text) < sizeof buffer);
    strcpy(buffer, text);
    ws_session_feed(s, buffer, strlen(text), 0);
    return ws_session_next(s, event);
}

static void assert_body(const struct ws_event *event, unsigned status, const char *body)
{
    assert_int_equal(event->error, WS_E_STATUS);
    assert_int_equal(event->response->status, status);
    assert_int_equal(event->response->body.len, strlen(body));
    assert_memory_equal(event->response->body.p, body, strlen(body));
}

static void a_status_without_a_body_is_reported_at_once(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    };
    static const unsigned statuses[] = {204, 304, 404};
    for (size_t i = 0; i < 3; i++) {
        struct ws_session s;
        struct ws_out out = {0};
        struct ws_event event;
        connect_with(&s, &out, &client, NULL, 0);
        assert_int_equal(answer(&s, heads[i], &event), WS_EVENT_ERROR);
        assert_body(&event, statuses[i], "");
        ws_session_free(&s);
        ws_out_free(&out);
    }
}

static void the_body_of_a_refusal_can_be_cut(void **state)
{
    (void)state;
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    connect_with(&s, &out, &client, NULL, 0);
    assert_false(ws_session_refused(&s));
    assert_int_equal(answer(&s, "HTTP/1.1 401 No\r\n\r\nwhy", &event), WS_EVENT_NONE);
    assert_true(ws_session_refused(&s));
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    ws_session_cut_refusal(&s);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_ERROR);
    assert_body(&event, 401, "why");
    assert_false(ws_session_refused(&s));
    ws_session_free(&s);
    ws_out_free(&out);
}

static void a_chunked_body_is_decoded(void **state)
{
    (void)state;
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    connect_with(&s, &out, &client, NULL, 0);
    assert_int_equal(answer(&s, "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n", &event),
                     WS_EVENT_NONE);
    assert_int_equal(answer(&s, "4\r\nnot ", &event), WS_EVENT_NONE);
    assert_int_equal(answer(&s, "\r\n5;x=y\r\nhe", &event), WS_EVENT_NONE);
    assert_int_equal(answer(&s, "re.\r\n0\r\n\r\n", &event), WS_EVENT_ERROR);
    assert_body(&event, 403, "not here.");
    ws_session_free(&s);
    ws_out_free(&out);

    /* What is no chunk is shown as it came. */
    connect_with(&s, &out, &client, NULL, 0);
    assert_int_equal(
        answer(&s, "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\nplain\r\n", &event),
        WS_EVENT_NONE);
    ws_session_end(&s, WS_E_LOST);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_ERROR);
    assert_body(&event, 403, "plain\r\n");
    ws_session_free(&s);
    ws_out_free(&out);
}

static void what_is_no_head_is_shown(void **state)
{
    (void)state;
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    connect_with(&s, &out, &client, NULL, 0);
    assert_int_equal(answer(&s, "SSH-", &event), WS_EVENT_NONE);
    assert_int_equal(answer(&s, "2.0\r\nmore", &event), WS_EVENT_ERROR);
    assert_int_equal(event.error, WS_E_HTTP_SYNTAX);
    assert_int_equal(event.len, 9);
    assert_memory_equal(event.data, "SSH-2.0\r\n", 9);
    ws_session_free(&s);
    ws_out_free(&out);
}

static void the_callers_key_and_subprotocols_count(void **state)
{
    (void)state;
    static const struct ws_header headers[] = {{"sec-websocket-key", KEY},
                                               {"sec-websocket-protocol", "a, b"}};
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    connect_with(&s, &out, &client, headers, 2);
    assert_int_equal(answer(&s,
                            "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: b\r\n\r\n",
                            &event),
                     WS_EVENT_OPEN);
    ws_session_free(&s);
    ws_out_free(&out);

    /* A key that is none: its accept is still checked, and no mistake is looked for. */
    static const struct ws_header odd = {"Sec-WebSocket-Key", "not a key, and longer than one is"};
    connect_with(&s, &out, &client, &odd, 1);
    assert_int_equal(answer(&s,
                            "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
                            &event),
                     WS_EVENT_ERROR);
    assert_int_equal(event.error, WS_E_ACCEPT_WRONG);
    assert_null(event.response->cause);
    ws_session_free(&s);
    ws_out_free(&out);
}

static void leniency(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 101 S\nUpgrade: websocket\nConnection: Upgrade\n"
                               "Sec-WebSocket-Accept: " ACCEPT "\nSec-WebSocket-Protocol:\n\n";
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    uint8_t masked[] = {0x81, 0x82, 1, 2, 3, 4, 'h' ^ 1, 'i' ^ 2};
    connect_with(&s, &out, &lenient, &key, 1);
    assert_int_equal(answer(&s, text, &event), WS_EVENT_OPEN);
    ws_session_feed(&s, masked, sizeof masked, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_MESSAGE);
    assert_memory_equal(event.data, "hi", 2);
    ws_session_free(&s);
    ws_out_free(&out);

    /* Without it each of them is an error. */
    connect_with(&s, &out, &client, &key, 1);
    assert_int_equal(answer(&s, text, &event), WS_EVENT_ERROR);
    assert_int_equal(event.error, WS_E_HTTP_LINE_END);
    ws_session_free(&s);
    connect_with(&s, &out, &client, &key, 1);
    assert_int_equal(answer(&s,
                            "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol:\r\n\r\n",
                            &event),
                     WS_EVENT_ERROR);
    assert_int_equal(event.error, WS_E_SUBPROTOCOL_UNSOLICITED);
    ws_session_free(&s);
    ws_out_free(&out);
}

static void chunks(void **state)
{
    (void)state;
    char body[16];
    size_t len;
    static const struct {
        const char *data;
        enum ws_error error;
        const char *body;
    } cases[] = {
        {"", WS_MORE, ""},
        {"3", WS_MORE, ""},
        {"3\r\nab", WS_MORE, "ab"},
        {"3\r\nabc\r\n0\r\n\r\n", WS_OK, "abc"},
        {"a\nabcdefghij\n0\n\n", WS_OK, "abcdefghij"},
        {"fffffff\r\nab", WS_MORE, "ab"},
        {"ffffffffffffffff\r\nab", WS_E_HTTP_SYNTAX, ""},
        {"20\r\n0123456789abcdef", WS_OK, "0123456789abcdef"}, /* `out` is full */
        {"x\r\n", WS_E_HTTP_SYNTAX, ""},
        {"\r\n", WS_E_HTTP_SYNTAX, ""},
        {"-1\r\n", WS_E_HTTP_SYNTAX, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            ws_http_dechunk(cases[i].data, strlen(cases[i].data), body, sizeof body, &len),
            cases[i].error);
        assert_int_equal(len, strlen(cases[i].body));
        assert_memory_equal(body, cases[i].body, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_without_a_body_is_reported_at_once),
        cmocka_unit_test(the_body_of_a_refusal_can_be_cut),
        cmocka_unit_test(a_chunked_body_is_decoded),
        cmocka_unit_test(what_is_no_head_is_shown),
        cmocka_unit_test(the_callers_key_and_subprotocols_count),
        cmocka_unit_test(leniency),
        cmocka_unit_test(chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
