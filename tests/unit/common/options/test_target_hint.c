#include "cmd/common/options/target_hint.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* The hint where `url` could not be connected to. */
static const char *hint(const char *url, enum ws_error error, char *proxy)
{
    static char text[TARGET_HINT_MAX];
    struct target t = {.proxy = {.host = proxy}};
    assert_int_equal(ws_url_parse(url, &t.url), WS_URL_OK);
    target_hint_connect(&t, error, text);
    ws_url_free(&t.url);
    return text;
}

static void default_ports(void **state)
{
    (void)state;
    char proxy[] = "proxy";
    assert_string_equal(hint("ws://h", WS_E_CONNECT, NULL),
                        " (port 80 is the default; the URL names none)");
    assert_string_equal(hint("wss://h/p", WS_E_CONNECT, NULL),
                        " (port 443 is the default; the URL names none)");
    assert_string_equal(hint("ws://h:80", WS_E_CONNECT, NULL), "");
    assert_string_equal(hint("ws://h", WS_E_RESOLVE, NULL), "");
    assert_string_equal(hint("ws+unix:/s", WS_E_CONNECT, NULL), "");
    assert_string_equal(hint("ws://h", WS_E_CONNECT, proxy), "");
}

static void certificates(void **state)
{
    (void)state;
    assert_non_null(strstr(target_hint_tls(WS_TLS_REJECTED_ISSUER), "--ca=FILE"));
    assert_non_null(strstr(target_hint_tls(WS_TLS_REJECTED_NAME), "--tls-domain=NAME"));
    assert_non_null(strstr(target_hint_tls(WS_TLS_REJECTED_OURS), "--cert=FILE"));
    assert_string_equal(target_hint_tls(WS_TLS_REJECTED_NOT), "");
}

static void credentials(void **state)
{
    struct ws_header header = {"authorization", "Basic bWU6"};
    struct target t = {0};
    (void)state;
    assert_non_null(strstr(target_hint_status(&t, 401), "--auth"));
    assert_string_equal(target_hint_status(&t, 403), "");
    t.request_headers = &header;
    t.request_header_count = 1;
    assert_non_null(strstr(target_hint_status(&t, 401), "does not accept"));
    header = (struct ws_header){"Origin", "http://x/"};
    assert_non_null(strstr(target_hint_status(&t, 403), "final slash"));
    assert_non_null(strstr(target_hint_status(&t, 401), "--auth"));
    header.value = "http://x";
    assert_string_equal(target_hint_status(&t, 403), "");
    header.value = "null";
    assert_string_equal(target_hint_status(&t, 403), "");
    header.value = NULL;
    assert_string_equal(target_hint_status(&t, 403), "");
}

/* What is said of an answer that begins with `data`. */
static const char *answer(enum ws_error error, const char *data, size_t len)
{
    static char text[TARGET_ANSWER_MAX];
    const struct ws_event event = {
        .type = WS_EVENT_ERROR, .error = error, .data = (uint8_t *)(uintptr_t)data, .len = len};
    return target_hint_answer(&event, text);
}

static void other_protocols(void **state)
{
    char line[300];
    (void)state;
    assert_string_equal(answer(WS_E_HTTP_SYNTAX, "SSH-2.0-x\r", 10),
                        "the server does not speak HTTP, but SSH");
    assert_string_equal(answer(WS_E_HTTP_LINE_END, "RFB 003.008\n", 12),
                        "the server does not speak HTTP, but VNC (RFB)");
    assert_non_null(strstr(answer(WS_E_HTTP_SYNTAX, "\x15", 1), "write wss://"));
    assert_non_null(strstr(answer(WS_E_HTTP_TLS, "\x16", 1), "write wss://"));
    assert_string_equal(answer(WS_E_HTTP_SYNTAX, "\0", 1), "the server does not speak HTTP");
    assert_string_equal(answer(WS_E_HTTP_SYNTAX, "SSH", 3),
                        "the server does not speak HTTP: it sent 'SSH'");
    /* A line of control characters grows, and is cut. */
    memset(line, 0x80, sizeof line);
    assert_int_equal(strlen(answer(WS_E_HTTP_SYNTAX, line, sizeof line)),
                     strlen("the server does not speak HTTP: it sent ''") + 4 * 40);
    /* HTTP that is malformed is called that; and so is what is no answer. */
    assert_string_equal(answer(WS_E_HTTP_FOLDED, "HTTP/1.1 101", 12),
                        ws_error_info(WS_E_HTTP_FOLDED)->explanation);
    assert_string_equal(answer(WS_E_RSV, "SSH-2.0", 7), ws_error_info(WS_E_RSV)->explanation);
    assert_string_equal(answer(WS_E_HTTP_TOO_LARGE, NULL, 0),
                        ws_error_info(WS_E_HTTP_TOO_LARGE)->explanation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_ports),
        cmocka_unit_test(certificates),
        cmocka_unit_test(credentials),
        cmocka_unit_test(other_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
