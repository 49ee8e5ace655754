#include <ws/http.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct ws_str str(const char *text)
{
    return (struct ws_str){text, strlen(text)};
}

static void assert_str(struct ws_str got, const char *wanted)
{
    if (!ws_str_equal(got, wanted))
        fail_msg("\"%.*s\" is not \"%s\"", (int)got.len, got.p, wanted);
}

/* Parses `text` whole and then byte by byte from buffers of exactly the size that has come, and
 * wants the same result. */
static enum ws_error parse(struct ws_http_head *head, bool response, size_t max, const char *text,
                           size_t len)
{
    struct ws_http_head whole;
    ws_http_init(&whole, response, max);
    enum ws_error error = ws_http_parse(&whole, text, len);

    ws_http_init(head, response, max);
    enum ws_error piecewise = WS_MORE;
    for (size_t n = 0; n <= len && piecewise == WS_MORE; n++) {
        char *part = malloc(n ? n : 1);
        memcpy(part, text, n);
        uint32_t before = head->scanned;
        piecewise = ws_http_parse(head, part, n);
        /* never back, and never more than what is new */
        assert_true(head->scanned >= before && head->scanned <= n);
        if (piecewise == WS_MORE)
            assert_int_equal(head->scanned, n);
        free(part);
    }
    assert_int_equal(piecewise, error);
    assert_int_equal(head->scanned, whole.scanned);
    assert_memory_equal(head, &whole, sizeof whole);
    return error;
}

static enum ws_error request(const char *text, struct ws_http_head *head)
{
    return parse(head, false, WS_HTTP_REQUEST_MAX, text, strlen(text));
}

static void a_request(void **state)
{
    static const char text[] = "GET /chat?x=1 HTTP/1.1\r\nHost: a.example\r\nX-Empty:\r\n"
                               "Two:  words here \t\r\nhost: b\r\n\r\ntail";
    struct ws_http_head head;
    (void)state;
    assert_int_equal(request(text, &head), WS_OK);
    assert_true(head.done);
    assert_int_equal(head.length, strlen(text) - 4);
    assert_int_equal(head.scanned, head.length);
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.count, 4);
    assert_str(ws_http_method(&head, text), "GET");
    assert_str(ws_http_target(&head, text), "/chat?x=1");
    assert_str(ws_http_name(&head, text, 0), "Host");
    assert_str(ws_http_value(&head, text, 0), "a.example");
    assert_str(ws_http_value(&head, text, 1), "");
    assert_str(ws_http_value(&head, text, 2), "words here");
    assert_int_equal(ws_http_find(&head, text, "HOST", 0), 0);
    assert_int_equal(ws_http_find(&head, text, "HOST", 1), 3);
    assert_int_equal(ws_http_find(&head, text, "HOST", 4), -1);
    assert_int_equal(ws_http_find(&head, text, "Hos", 0), -1);
}

static void a_response(void **state)
{
    static const struct {
        const char *line, *reason;
        unsigned status;
    } rows[] = {{"HTTP/1.1 101 Switching Protocols", "Switching Protocols", 101},
                {"HTTP/1.1 200 ", "", 200},
                {"HTTP/1.1 204", "", 204},
                {"HTTP/1.0 999 x", "x", 999}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[100];
        struct ws_http_head head;
        snprintf(text, sizeof text, "%s\r\nA: b\r\n\r\n", rows[i].line);
        assert_int_equal(parse(&head, true, 1000, text, strlen(text)), WS_OK);
        assert_int_equal(head.status, rows[i].status);
        assert_str(ws_http_reason(&head, text), rows[i].reason);
    }
}

static void malformed_heads(void **state)
{
    static const struct {
        const char *text;
        enum ws_error error;
    } rows[] = {
        {"\r\n\r\n", WS_E_HTTP_SYNTAX},
        {"GET\r\n", WS_E_HTTP_SYNTAX},
        {"GET /\r\n", WS_E_HTTP_SYNTAX},
        {"GET  / HTTP/1.1\r\n", WS_E_HTTP_SYNTAX},
        {"GET / HTTP/1.1 \r\n", WS_E_HTTP_SYNTAX},
        {"GET / x HTTP/1.1\r\n", WS_E_HTTP_SYNTAX},
        {"G(T / HTTP/1.1\r\n", WS_E_HTTP_SYNTAX},
        {"GET /\x80 HTTP/1.1\r\n", WS_E_HTTP_SYNTAX},
        {"GET / HTTP/11\r\n", WS_E_HTTP_SYNTAX},
        {"GET / HTTP/1.10\r\n", WS_E_HTTP_SYNTAX},
        {"GET / HTTP/a.b\r\n", WS_E_HTTP_SYNTAX},
        {"GET / http/1.1\r\n", WS_E_HTTP_SYNTAX},
        {"GET / HTTP/2.0\r\n", WS_E_HTTP_VERSION},
        {"GET / HTTP/0.9\r\n", WS_E_HTTP_VERSION},
        {"GET / HTTP/1.1\n", WS_E_HTTP_LINE_END},
        {"GET / HTTP/1.1\r\nA: b\n", WS_E_HTTP_LINE_END},
        {"GET / HTTP/1.1\r\nA: b\rc", WS_E_HTTP_LINE_END},
        {"GET / HTTP/1.1\r\n\r\r", WS_E_HTTP_LINE_END},
        {"GET / HTTP/1.1\r\n A: b\r\n", WS_E_HTTP_FOLDED},
        {"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n", WS_E_HTTP_FOLDED},
        {"GET / HTTP/1.1\r\nA b\r\n", WS_E_HTTP_HEADER_NAME},
        {"GET / HTTP/1.1\r\n: b\r\n", WS_E_HTTP_HEADER_NAME},
        {"GET / HTTP/1.1\r\nA : b\r\n", WS_E_HTTP_HEADER_NAME},
        {"GET / HTTP/1.1\r\n\xc3\xa4: b\r\n", WS_E_HTTP_HEADER_NAME},
        {"GET / HTTP/1.1\r\nA: \x01\r\n", WS_E_HTTP_HEADER_VALUE},
        {"GET / HTTP/1.1\r\nA: \x7f\r\n", WS_E_HTTP_HEADER_VALUE},
        {"\x16\x03\x01", WS_E_HTTP_TLS},
        {"\x17\x03\x01", WS_E_HTTP_SYNTAX},
        {"GET / HTTP/1.1\r\nA: b\r\n", WS_MORE},
        {"", WS_MORE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_http_head head;
        enum ws_error error = request(rows[i].text, &head);
        if (error != rows[i].error)
            fail_msg("%s: %s instead of %s", rows[i].text, ws_error_info(error)->name,
                     ws_error_info(rows[i].error)->name);
    }
}

static void a_nul_is_no_end(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n";
    struct ws_http_head head;
    (void)state;
    assert_int_equal(parse(&head, false, 1000, text, sizeof text - 1), WS_E_HTTP_HEADER_VALUE);
    assert_int_equal(head.scanned, 20);
}

static void malformed_status_lines(void **state)
{
    static const char *const lines[] = {"HTTP/1.1 10",    "HTTP/1.1 1x1 y",  "HTTP/1.1 099 y",
                                        "HTTP/1.1 1010",  "HTTP/1.1  101 y", "HTTP/1.1",
                                        "GET / HTTP/1.1", "HTTP/1.1-101 y"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[64];
        struct ws_http_head head;
        snprintf(text, sizeof text, "%s\r\n", lines[i]);
        assert_int_equal(parse(&head, true, 1000, text, strlen(text)), WS_E_HTTP_SYNTAX);
    }
}

static void limit_of_size(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
    size_t len = strlen(text);
    (void)state;
    for (size_t max = 1; max < len + 3; max++) {
        struct ws_http_head head;
        enum ws_error error = parse(&head, false, max, text, len);
        assert_int_equal(error, max < len ? WS_E_HTTP_TOO_LARGE : WS_OK);
    }
}

static void limit_of_headers(void **state)
{
    (void)state;
    for (unsigned count = 98; count <= 102; count++) {
        char text[1000] = "GET / HTTP/1.1\r\n";
        struct ws_http_head head;
        for (unsigned i = 0; i < count; i++)
            strcat(text, "A: b\r\n");
        strcat(text, "\r\n");
        enum ws_error error = request(text, &head);
        assert_int_equal(error, count <= WS_HTTP_HEADERS_MAX ? WS_OK : WS_E_HTTP_TOO_MANY_HEADERS);
        assert_true(head.count <= WS_HTTP_HEADERS_MAX);
    }
}

static void time_is_linear(void **state)
{
    /* A byte at a time up to the cap: each call looks at the new byte alone, so that all of them
     * together look at as many bytes as came. */
    size_t len = WS_HTTP_RESPONSE_MAX, looked_at = 0;
    char *text = malloc(len);
    struct ws_http_head head;
    (void)state;
    memset(text, 'a', len);
    memcpy(text, "HTTP/1.1 101 x\r\nA: ", 19);
    ws_http_init(&head, true, len);
    for (size_t n = 1; n < len; n++) {
        uint32_t before = head.scanned;
        assert_int_equal(ws_http_parse(&head, text, n), WS_MORE);
        looked_at += head.scanned - before;
    }
    assert_int_equal(looked_at, len - 1);
    assert_int_equal(ws_http_parse(&head, text, len), WS_E_HTTP_TOO_LARGE);
    free(text);
}

static void lists(void **state)
{
    struct ws_str list = str(" a, ,,b\t, \"c,d\", \"e\\\",f\" ,g"), element;
    static const char *const wanted[] = {"a", "b", "\"c,d\"", "\"e\\\",f\"", "g"};
    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_true(ws_http_list_next(&list, &element));
        assert_str(element, wanted[i]);
    }
    assert_false(ws_http_list_next(&list, &element));
    list = str("");
    assert_false(ws_http_list_next(&list, &element));
    list = str(" , ,\t,");
    assert_false(ws_http_list_next(&list, &element));
    list = str("\"never closed, a");
    assert_true(ws_http_list_next(&list, &element));
    assert_false(ws_http_list_next(&list, &element));
}

static void tokens_in_lists(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\n"
                               "connection: Other\r\n\r\n";
    struct ws_http_head head;
    (void)state;
    assert_int_equal(request(text, &head), WS_OK);
    assert_true(ws_http_has_token(&head, text, "Connection", "upgrade"));
    assert_true(ws_http_has_token(&head, text, "CONNECTION", "Keep-Alive"));
    assert_true(ws_http_has_token(&head, text, "Connection", "other"));
    assert_false(ws_http_has_token(&head, text, "Connection", "keep"));
    assert_false(ws_http_has_token(&head, text, "Upgrade", "upgrade"));
}

static void tokens_and_values(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char byte = (char)c;
        bool token = c > 0x20 && c < 0x7F && !strchr("()<>@,;:\\\"/[]?={}", (int)c);
        assert_int_equal(ws_http_is_token((struct ws_str){&byte, 1}), token);
        bool value = c == '\t' || (c >= 0x20 && c != 0x7F);
        assert_int_equal(ws_http_is_value((struct ws_str){&byte, 1}), value);
    }
    assert_false(ws_http_is_token(str("")));
    assert_false(ws_http_is_token(str("a b")));
    assert_true(ws_http_is_value(str("")));
    assert_false(ws_http_is_value(str("a\r\nB: c")));
}

static void strings(void **state)
{
    (void)state;
    const struct ws_str absent = {NULL, 0};
    assert_true(ws_str_equal(absent, "") && ws_str_equal_case(absent, ""));
    assert_true(ws_str_equal(str("abc"), "abc"));
    assert_false(ws_str_equal(str("abc"), "abC"));
    assert_false(ws_str_equal(str("ab"), "abc"));
    assert_true(ws_str_equal_case(str("aBc"), "AbC"));
    assert_false(ws_str_equal_case(str("a[c"), "a{c"));
    assert_false(ws_str_equal_case(str("abc"), "abcd"));
    assert_str(ws_str_trim(str(" \t a b\t ")), "a b");
    assert_str(ws_str_trim(str(" \t ")), "");
    assert_str(ws_str_trim(str("")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request),
        cmocka_unit_test(a_response),
        cmocka_unit_test(malformed_heads),
        cmocka_unit_test(a_nul_is_no_end),
        cmocka_unit_test(malformed_status_lines),
        cmocka_unit_test(limit_of_size),
        cmocka_unit_test(limit_of_headers),
        cmocka_unit_test(time_is_linear),
        cmocka_unit_test(lists),
        cmocka_unit_test(tokens_in_lists),
        cmocka_unit_test(tokens_and_values),
        cmocka_unit_test(strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
