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
    assert_string_equal(target_hint_tls(WS_TLS_REJECTED_NOT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_ports),
        cmocka_unit_test(certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
