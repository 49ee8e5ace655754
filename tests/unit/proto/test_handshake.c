#include <ws/handshake.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* A head with its text, so that a line gives a request. */
struct parsed {
    struct ws_http_head head;
    struct ws_request request;
    struct ws_response response;
    char text[9000];
};

static enum ws_error read_request(struct parsed *p, const char *text)
{
    snprintf(p->text, sizeof p->text, "%s", text);
    ws_http_init(&p->head, false, sizeof p->text);
    assert_int_equal(ws_http_parse(&p->head, p->text, strlen(p->text)), WS_OK);
    return ws_handshake_read_request(&p->head, p->text, &p->request);
}

static enum ws_error read_response(struct parsed *p, const char *text, const char *offered)
{
    snprintf(p->text, sizeof p->text, "%s", text);
    ws_http_init(&p->head, true, sizeof p->text);
    assert_int_equal(ws_http_parse(&p->head, p->text, strlen(p->text)), WS_OK);
    return ws_handshake_read_response(&p->head, p->text, "dGhlIHNhbXBsZSBub25jZQ==", offered,
                                      &p->response);
}

static char *flatten(const struct ws_out *out)
{
    char *all = malloc(out->bytes + 1);
    size_t at = 0;
    for (size_t i = 0; i < out->count; i++) {
        memcpy(all + at, ws_out_span_data(out, i), out->spans[i].len);
        at += out->spans[i].len;
    }
    all[at] = '\0';
    return all;
}

static void assert_str(struct ws_str got, const char *wanted)
{
    if (!ws_str_equal(got, wanted))
        fail_msg("\"%.*s\" is not \"%s\"", (int)got.len, got.p, wanted);
}

#define AFTER_TARGET                                                                               \
    " HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"                              \
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                       \
    "Sec-WebSocket-Version: 13\r\n"
#define REQUEST "GET /chat" AFTER_TARGET
#define RESPONSE                                                                                   \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void the_rfc_key(void **state)
{
    char accept[WS_ACCEPT_LEN + 1], key[WS_KEY_LEN + 1];
    (void)state;
    assert_true(ws_handshake_accept("dGhlIHNhbXBsZSBub25jZQ==", 24, accept));
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    ws_handshake_key((const uint8_t *)"the sample nonce", key);
    assert_string_equal(key, "dGhlIHNhbXBsZSBub25jZQ==");
    /* computed with another implementation of SHA-1 */
    assert_true(ws_handshake_accept("", 0, accept));
    assert_string_equal(accept, "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
}

static void keys(void **state)
{
    static const char *const bad[] = {"",
                                      "dGhlIHNhbXBsZSBub25jZQ=",
                                      "dGhlIHNhbXBsZSBub25jZQ===",
                                      "dGhlIHNhbXBsZSBub25jZQ= ",
                                      "dGhlIHNhbXBsZSBub25jZR==",
                                      "dGhlIHNhbXBsZSBub25jZ===",
                                      "d-hlIHNhbXBsZSBub25jZQ==",
                                      "d_hlIHNhbXBsZSBub25jZQ==",
                                      "=Ghl====================",
                                      "AAAAAAAAAAAAAAAAAAAAAAAA"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ws_handshake_key_valid((struct ws_str){bad[i], strlen(bad[i])}));
    /* every last character: the four that carry two bits are good */
    for (unsigned c = 1; c < 128; c++) {
        char key[25] = "AAAAAAAAAAAAAAAAAAAAAA==";
        key[21] = (char)c;
        assert_int_equal(ws_handshake_key_valid((struct ws_str){key, 24}),
                         strchr("AQgw", (int)c) != NULL);
    }
    for (unsigned seed = 0; seed < 256; seed++) {
        uint8_t nonce[16];
        char key[WS_KEY_LEN + 1];
        for (unsigned i = 0; i < 16; i++)
            nonce[i] = (uint8_t)(seed * 31 + i * 17);
        ws_handshake_key(nonce, key);
        assert_int_equal(strlen(key), WS_KEY_LEN);
        assert_true(ws_handshake_key_valid((struct ws_str){key, WS_KEY_LEN}));
    }
}

static void a_good_request(void **state)
{
    struct parsed *p = calloc(1, sizeof *p);
    (void)state;
    assert_int_equal(read_request(p, REQUEST "Origin: http://a\r\n\r\n"), WS_OK);
    assert_true(p->request.upgrade);
    assert_str(p->request.method, "GET");
    assert_str(p->request.target, "/chat");
    assert_str(p->request.host, "server.example.com");
    assert_str(p->request.origin, "http://a");
    assert_str(p->request.key, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_int_equal(p->request.violation, WS_OK);
    free(p);
}

static void strings_are_set_in_spite_of_faults(void **state)
{
    struct parsed *p = calloc(1, sizeof *p);
    (void)state;
    assert_int_equal(read_request(p, "POST /x HTTP/1.1\r\nHost: a\r\nOrigin: b\r\n\r\n"),
                     WS_E_NOT_AN_UPGRADE);
    assert_false(p->request.upgrade);
    assert_str(p->request.method, "POST");
    assert_str(p->request.target, "/x");
    assert_str(p->request.host, "a");
    assert_str(p->request.origin, "b");
    assert_int_equal(p->request.key.len, 0);
    free(p);
}

static void faults_of_requests(void **state)
{
    static const struct {
        enum ws_error error;
        const char *text;
    } rows[] = {
        {WS_E_KEY_DUPLICATE, REQUEST "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"},
        {WS_E_VERSION_DUPLICATE, REQUEST "Sec-WebSocket-Version: 8\r\n\r\n"},
        {WS_E_HOST_DUPLICATE, REQUEST "host: b\r\n\r\n"},
        {WS_E_ORIGIN_DUPLICATE, REQUEST "Origin: a\r\nOrigin: a\r\n\r\n"},
        {WS_E_HTTP_BODY, REQUEST "Content-Length: 1\r\n\r\n"},
        {WS_E_HTTP_BODY, REQUEST "Transfer-Encoding: chunked\r\n\r\n"},
        {WS_OK, REQUEST "Content-Length: 0\r\n\r\n"},
        {WS_OK, REQUEST "Content-Length: 0\r\nContent-Length: 0, 0\r\n\r\n"},
        {WS_E_HTTP_LENGTH, REQUEST "Content-Length: 0\r\nContent-Length: 5\r\n\r\n"},
        {WS_E_HTTP_LENGTH, REQUEST "Content-Length: 0, 5\r\n\r\n"},
        {WS_E_HTTP_LENGTH, REQUEST "Content-Length: -1\r\n\r\n"},
        {WS_E_HTTP_LENGTH, REQUEST "Content-Length:\r\n\r\n"},
        {WS_E_HOST_MISSING, "GET / HTTP/1.1\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: [localhost]\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: a]\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"},
        {WS_E_HOST_INVALID, "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"},
        {WS_E_NOT_AN_UPGRADE, "GET / HTTP/1.1\r\nHost: a:65535\r\n\r\n"},
        {WS_E_NOT_AN_UPGRADE, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"},
        {WS_E_NOT_AN_UPGRADE, "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n"},
        {WS_E_NOT_AN_UPGRADE, "GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]:80\r\n\r\n"},
        {WS_E_NOT_AN_UPGRADE, "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
        {WS_E_NOT_AN_UPGRADE, "GET / HTTP/1.0\r\n\r\n"},
        {WS_E_NOT_AN_UPGRADE, "GET http://b:80/x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {WS_E_NOT_AN_UPGRADE, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
        {WS_E_TARGET, "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {WS_E_TARGET, "GET ws:// HTTP/1.1\r\nHost: a\r\n\r\n"},
        {WS_E_TARGET, "GET http://?x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {WS_E_TARGET, "GET http://b:99999/x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {WS_E_TARGET, "GET HTTPS://u:p@b/x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {WS_E_TARGET, "GET /x#y" AFTER_TARGET "\r\n"},
        {WS_OK, "GET wss://b:80?x" AFTER_TARGET "\r\n"},
        {WS_E_SUBPROTOCOL_SYNTAX, REQUEST "Sec-WebSocket-Protocol: a b\r\n\r\n"},
        {WS_E_SUBPROTOCOL_SYNTAX, REQUEST "Sec-WebSocket-Protocol: a, b, a\r\n\r\n"},
        {WS_E_EXTENSION_SYNTAX, REQUEST "Sec-WebSocket-Extensions: a;b=c d\r\n\r\n"},
        {WS_E_EXTENSION_SYNTAX, REQUEST "Sec-WebSocket-Extensions: a;;b\r\n\r\n"},
        {WS_OK, REQUEST "Sec-WebSocket-Extensions: a; b=\"c\", d\r\n\r\n"},
    };
    struct parsed *p = calloc(1, sizeof *p);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum ws_error got = read_request(p, rows[i].text);
        if (got != rows[i].error)
            fail_msg("row %zu: %s", i, ws_error_info(got)->name);
        assert_int_equal(p->request.violation, rows[i].error);
    }
    free(p);
}

/* An extended CONNECT, as a gateway writes it. */
static void another_protocol_over_http2(void **state)
{
    static const char text[] = "CONNECT / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                               "Upgrade: connect-udp\r\n\r\n";
    struct parsed *p = calloc(1, sizeof *p);
    (void)state;
    assert_int_equal(read_request(p, text), WS_E_NOT_AN_UPGRADE);
    p->head.http2 = true;
    assert_int_equal(ws_handshake_read_request(&p->head, p->text, &p->request), WS_E_PROTOCOL);
    free(p);
}

static void subprotocols_over_headers(void **state)
{
    static const char *const wanted[] = {"a", "b", "c", "d"};
    static const char *const offered[] = {"x", "d", "b", NULL};
    static const char *const none[] = {NULL};
    struct parsed *p = calloc(1, sizeof *p);
    struct ws_str rest, one;
    int cursor = 0;
    (void)state;
    assert_int_equal(read_request(p, REQUEST "Sec-WebSocket-Protocol: a, b\r\nX: y\r\n"
                                             "sec-websocket-protocol: ,c ,d\r\n\r\n"),
                     WS_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_true(ws_request_subprotocol(&p->request, &cursor, &rest, &one));
        assert_str(one, wanted[i]);
    }
    assert_false(ws_request_subprotocol(&p->request, &cursor, &rest, &one));
    /* the client's order counts, not ours */
    assert_string_equal(ws_request_choose_subprotocol(&p->request, offered), "b");
    assert_null(ws_request_choose_subprotocol(&p->request, none));
    assert_null(ws_request_choose_subprotocol(&p->request, NULL));
    free(p);
}

static void extensions_one_by_one(void **state)
{
    const char *text = "a, b; c; d=\"e\" ,f;g=1";
    struct ws_str list = {text, strlen(text)}, name, params;
    (void)state;
    assert_int_equal(ws_extension_next(&list, &name, &params), WS_EXTENSION_FOUND);
    assert_str(name, "a");
    assert_int_equal(params.len, 0);
    assert_int_equal(ws_extension_next(&list, &name, &params), WS_EXTENSION_FOUND);
    assert_str(name, "b");
    assert_str(params, "; c; d=\"e\"");
    assert_int_equal(ws_extension_next(&list, &name, &params), WS_EXTENSION_FOUND);
    assert_str(name, "f");
    assert_int_equal(ws_extension_next(&list, &name, &params), WS_EXTENSION_END);

    static const char *const bad[] = {"a b",     ";",       "a;=",   "a;b=",        "a;b=\"\"",
                                      "a;b=\"c", "a;b=c=d", "\"a\"", "a;b=\"c d\"", "a=b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        list = (struct ws_str){bad[i], strlen(bad[i])};
        if (ws_extension_next(&list, &name, &params) != WS_EXTENSION_MALFORMED)
            fail_msg("%s", bad[i]);
    }
}

static void long_lists_take_linear_time(void **state)
{
    /* Work is bounded by the bytes: this would not come back if it were their square. */
    struct parsed *p = calloc(1, sizeof *p);
    char *text = malloc(9000);
    (void)state;
    strcpy(text, REQUEST "Sec-WebSocket-Extensions: ");
    size_t len = strlen(text);
    memset(text + len, ' ', 7000);
    strcpy(text + len + 7000, "\r\n\r\n");
    assert_int_equal(read_request(p, text), WS_OK);
    memset(text + len, ',', 7000);
    assert_int_equal(read_request(p, text), WS_OK);
    for (size_t i = 0; i < 7000; i += 2)
        memcpy(text + len + i, "\\\"", 2);
    assert_int_equal(read_request(p, text), WS_E_EXTENSION_SYNTAX);
    free(text);
    free(p);
}

static void the_answer_of_a_server(void **state)
{
    static const struct ws_header headers[] = {{"X-One", "1"}, {"X-Two", ""}};
    struct ws_acceptance acceptance = {
        .subprotocol = "chat", .headers = headers, .header_count = 2};
    struct ws_str key = {"dGhlIHNhbXBsZSBub25jZQ==", 24};
    struct ws_out out = {0};
    struct parsed *p = calloc(1, sizeof *p);
    (void)state;
    assert_int_equal(ws_handshake_write_accept(&out, key, &acceptance), WS_OK);
    char *text = flatten(&out);
    assert_int_equal(read_response(p, text, "chat"), WS_OK);
    assert_str(p->response.subprotocol, "chat");
    assert_int_equal(ws_http_find(&p->head, p->text, "x-one", 0) >= 0, 1);
    free(text);
    ws_out_clear(&out);
    assert_int_equal(ws_handshake_write_accept(&out, key, NULL), WS_OK);
    text = flatten(&out);
    assert_int_equal(read_response(p, text, NULL), WS_OK);
    assert_int_equal(p->response.subprotocol.len, 0);
    free(text);
    ws_out_free(&out);
    free(p);
}

static void nothing_can_be_injected(void **state)
{
    static const struct ws_header bad[] = {{"A\r\nB", "c"}, {"A", "b\r\nC: d"}, {"A", "b\nc"},
                                           {"", "b"},       {"A:", "b"},        {"A", "b\x7f"}};
    static const char *const protocols[] = {"a\r\nB: c", "a b", "", NULL};
    struct ws_str key = {"dGhlIHNhbXBsZSBub25jZQ==", 24};
    struct ws_out out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ws_acceptance acceptance = {.headers = &bad[i], .header_count = 1};
        struct ws_request_options options = {.host = "a", .headers = &bad[i], .header_count = 1};
        struct ws_http_answer answer = {.status = 200, .headers = &bad[i], .header_count = 1};
        assert_false(ws_header_valid(bad[i].name, bad[i].value));
        assert_int_equal(ws_handshake_write_accept(&out, key, &acceptance), WS_E_ARGUMENT);
        assert_int_equal(ws_handshake_write_request(&out, "k", &options), WS_E_ARGUMENT);
        assert_int_equal(ws_handshake_write_answer(&out, &answer), WS_E_ARGUMENT);
    }
    struct ws_acceptance acceptance = {.subprotocol = "a\r\nSet-Cookie: b"};
    assert_int_equal(ws_handshake_write_accept(&out, key, &acceptance), WS_E_ARGUMENT);
    for (size_t i = 0; protocols[i]; i++) {
        const char *one[] = {protocols[i], NULL};
        struct ws_request_options options = {.host = "a", .subprotocols = one};
        assert_int_equal(ws_handshake_write_request(&out, "k", &options), WS_E_ARGUMENT);
    }
    static const char *const targets[] = {"/a b", "/\r\n", "/\x80", "", "/a\tb"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct ws_request_options options = {.host = "a", .target = targets[i]};
        assert_int_equal(ws_handshake_write_request(&out, "k", &options), WS_E_ARGUMENT);
    }
    struct ws_request_options no_host = {0}, bad_host = {.host = "a\r\nb: c"};
    assert_int_equal(ws_handshake_write_request(&out, "k", &no_host), WS_E_ARGUMENT);
    assert_int_equal(ws_handshake_write_request(&out, "k", &bad_host), WS_E_ARGUMENT);
    struct ws_http_answer type = {
        .status = 200, .body = "x", .body_len = 1, .content_type = "a\nb"};
    assert_int_equal(ws_handshake_write_answer(&out, &type), WS_E_ARGUMENT);
    struct ws_http_answer status = {.status = 99};
    assert_int_equal(ws_handshake_write_answer(&out, &status), WS_E_ARGUMENT);
    status.status = 101; /* it would be an upgrade */
    assert_int_equal(ws_handshake_write_answer(&out, &status), WS_E_ARGUMENT);
    status.status = 1000;
    assert_int_equal(ws_handshake_write_answer(&out, &status), WS_E_ARGUMENT);
    assert_int_equal(out.bytes, 0);
    ws_out_free(&out);
}

static void answers_in_http(void **state)
{
    static const unsigned statuses[] = {200, 400, 404, 405, 413, 426, 431, 500, 503, 505, 599};
    struct ws_out out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct ws_http_answer answer = {.status = statuses[i], .body = "why\n", .body_len = 4};
        struct ws_http_head head;
        assert_int_equal(ws_handshake_write_answer(&out, &answer), WS_OK);
        char *text = flatten(&out);
        ws_http_init(&head, true, 8192);
        assert_int_equal(ws_http_parse(&head, text, strlen(text)), WS_OK);
        assert_int_equal(head.status, statuses[i]);
        assert_true(ws_http_has_token(&head, text, "Connection", "close"));
        assert_str(
            ws_http_value(&head, text, (size_t)ws_http_find(&head, text, "Content-Length", 0)),
            "4");
        assert_string_equal(text + head.length, "why\n");
        assert_int_equal(ws_http_has_token(&head, text, "Upgrade", "websocket"),
                         statuses[i] == 426);
        assert_int_equal(ws_http_has_token(&head, text, "Sec-WebSocket-Version", "13"),
                         statuses[i] == 426);
        assert_int_equal(ws_http_has_token(&head, text, "Allow", "GET"), statuses[i] == 405);
        assert_true(strlen(ws_http_status_name(statuses[i])) > 1);
        free(text);
        ws_out_clear(&out);
    }
    struct ws_http_answer head_only = {
        .status = 200, .body = "12345", .body_len = 5, .head_only = true};
    assert_int_equal(ws_handshake_write_answer(&out, &head_only), WS_OK);
    char *text = flatten(&out);
    assert_non_null(strstr(text, "Content-Length: 5\r\n"));
    assert_string_equal(text + strlen(text) - 4, "\r\n\r\n");
    free(text);
    for (unsigned i = 0; i < 2; i++) { /* these have none (RFC 9110 8.6) */
        struct ws_http_answer none = {.status = i ? 204 : 304, .body = "hello", .body_len = 5};
        ws_out_clear(&out);
        assert_int_equal(ws_handshake_write_answer(&out, &none), WS_OK);
        text = flatten(&out);
        assert_null(strstr(text, "Content-Length"));
        assert_string_equal(text + strlen(text) - 4, "\r\n\r\n");
        free(text);
    }
    ws_out_free(&out);
}

static void the_request_of_a_client(void **state)
{
    static const char *const protocols[] = {"chat", "superchat", NULL};
    static const struct ws_header headers[] = {
        {"Origin", "http://a"}, {"host", "other"}, {"Upgrade", NULL}};
    struct ws_request_options options = {
        .target = "/x?y=1", .host = "a.example:81", .subprotocols = protocols};
    struct ws_out out = {0};
    struct parsed *p = calloc(1, sizeof *p);
    (void)state;
    assert_int_equal(ws_handshake_write_request(&out, "dGhlIHNhbXBsZSBub25jZQ==", &options), WS_OK);
    char *text = flatten(&out);
    assert_int_equal(read_request(p, text), WS_OK);
    assert_str(p->request.target, "/x?y=1");
    assert_str(p->request.host, "a.example:81");
    assert_string_equal(ws_request_choose_subprotocol(&p->request, protocols), "chat");
    free(text);
    ws_out_clear(&out);

    options = (struct ws_request_options){.host = "a", .headers = headers, .header_count = 3};
    assert_int_equal(ws_handshake_write_request(&out, "dGhlIHNhbXBsZSBub25jZQ==", &options), WS_OK);
    text = flatten(&out);
    assert_int_equal(read_request(p, text), WS_E_UPGRADE_MISSING);
    assert_str(p->request.target, "/");
    assert_str(p->request.host, "other");
    assert_str(p->request.origin, "http://a");
    free(text);
    ws_out_free(&out);
    free(p);
}

static void faults_of_responses(void **state)
{
    static const struct {
        enum ws_error error;
        const char *text;
        const char *offered;
    } rows[] = {
        {WS_OK, RESPONSE "\r\n", NULL},
        {WS_OK, RESPONSE "Sec-WebSocket-Protocol: b\r\n\r\n", "a, b"},
        {WS_E_STATUS, "HTTP/1.1 403 Forbidden\r\n\r\n", NULL},
        {WS_E_ACCEPT_DUPLICATE, RESPONSE "Sec-WebSocket-Accept: x\r\n\r\n", NULL},
        {WS_E_SUBPROTOCOL_UNSOLICITED, RESPONSE "Sec-WebSocket-Protocol: a\r\n\r\n", NULL},
        {WS_E_SUBPROTOCOL_UNSOLICITED, RESPONSE "Sec-WebSocket-Protocol: c\r\n\r\n", "a, b"},
        {WS_E_SUBPROTOCOL_DUPLICATE,
         RESPONSE "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n", "a, b"},
        {WS_E_EXTENSION_UNSOLICITED, RESPONSE "Sec-WebSocket-Extensions: x\r\n\r\n", NULL},
        {WS_E_EXTENSION_UNSOLICITED,
         RESPONSE "Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions: x\r\n\r\n", NULL},
        {WS_E_RESPONSE_EXTENSION, RESPONSE "Sec-WebSocket-Extensions: x y\r\n\r\n", NULL},
    };
    struct parsed *p = calloc(1, sizeof *p);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum ws_error got = read_response(p, rows[i].text, rows[i].offered);
        if (got != rows[i].error)
            fail_msg("row %zu: %s", i, ws_error_info(got)->name);
        assert_int_equal(p->response.status, p->head.status);
        assert_null(p->response.cause);
    }
    free(p);
}

static void status_names(void **state)
{
    (void)state;
    assert_string_equal(ws_http_status_name(101), "Switching Protocols");
    assert_string_equal(ws_http_status_name(404), "Not Found");
    for (unsigned i = 0; i < 1200; i++)
        assert_non_null(ws_http_status_name(i));
    for (int i = 0; i < WS_ERROR_COUNT; i++)
        if (ws_error_info((enum ws_error)i)->http_status)
            assert_string_not_equal(
                ws_http_status_name(ws_error_info((enum ws_error)i)->http_status),
                ws_http_status_name(999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_key),
        cmocka_unit_test(keys),
        cmocka_unit_test(a_good_request),
        cmocka_unit_test(strings_are_set_in_spite_of_faults),
        cmocka_unit_test(faults_of_requests),
        cmocka_unit_test(another_protocol_over_http2),
        cmocka_unit_test(subprotocols_over_headers),
        cmocka_unit_test(extensions_one_by_one),
        cmocka_unit_test(long_lists_take_linear_time),
        cmocka_unit_test(the_answer_of_a_server),
        cmocka_unit_test(nothing_can_be_injected),
        cmocka_unit_test(answers_in_http),
        cmocka_unit_test(the_request_of_a_client),
        cmocka_unit_test(faults_of_responses),
        cmocka_unit_test(status_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
