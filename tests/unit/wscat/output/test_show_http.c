#include "cmd/wscat/output/show_http.h"

#include "cmd/common/exit.h"
#include "tests/unit/support_capture.h"

#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void heads(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic c2VjcmV0\r\n"
                               "Cookie: id=secret\r\nX-Empty:\r\n\r\n";
    (void)state;
    capture_begin(STDERR_FILENO);
    show_http_head('>', head, sizeof head - 1);
    assert_string_equal(capture_end(), "wscat: > GET / HTTP/1.1\n"
                                       "wscat: > Host: h\n"
                                       "wscat: > Authorization: [not shown]\n"
                                       "wscat: > Cookie: [not shown]\n"
                                       "wscat: > X-Empty:\n");
}

/* A head that ends in the middle of a line, or has a line that is none. */
static void odd_heads(void **state)
{
    (void)state;
    capture_begin(STDERR_FILENO);
    show_http_head('<', "a\x1b\n\r\nno end", 12);
    show_http_head('<', "", 0);
    assert_string_equal(capture_end(), "wscat: < a\\x1b\nwscat: < no end\n");
}

static void proxies(void **state)
{
    (void)state;
    capture_begin(STDERR_FILENO);
    show_http_proxy(&(struct ws_proxy){.host = (char *)(uintptr_t) "p", .port = 80});
    show_http_proxy(&(struct ws_proxy){.host = (char *)(uintptr_t) "::1", .port = 81});
    assert_string_equal(capture_end(),
                        "wscat: through the proxy p:80\nwscat: through the proxy [::1]:81\n");
}

static void refusals(void **state)
{
    const struct target target = {0};
    struct ws_response response = {.cause = "the header Upgrade is missing"};
    struct ws_event event = {
        .type = WS_EVENT_ERROR, .error = WS_E_HTTP_SYNTAX, .response = NULL, .offset = 0};
    (void)state;
    capture_begin(STDERR_FILENO);
    show_http_refusal(&target, &event);
    assert_non_null(strstr(capture_end(), "the server does not speak HTTP ("));
    event.error = WS_E_ACCEPT_WRONG;
    event.response = &response;
    capture_begin(STDERR_FILENO);
    show_http_refusal(&target, &event);
    const char *text = capture_end();
    assert_non_null(strstr(text, "): the header Upgrade is missing\n"));
    assert_non_null(strstr(text, ws_error_info(WS_E_ACCEPT_WRONG)->explanation));
}

static void declined(void **state)
{
    static const char *const one[] = {"chat", NULL}, *const two[] = {"chat", "more", NULL};
    struct ws_response response = {0};
    (void)state;
    capture_begin(STDERR_FILENO);
    show_http_declined(&response, one, true);
    show_http_declined(&response, two, false);
    show_http_declined(&response, NULL, false);
    response.subprotocol = (struct ws_str){"chat", 4};
    response.extensions = (struct ws_str){"permessage-deflate", 18};
    show_http_declined(&response, two, true);
    assert_string_equal(
        capture_end(),
        "wscat: the server chose no subprotocol, though chat was offered\n"
        "wscat: the server declined compression\n"
        "wscat: the server chose no subprotocol, though chat and others were offered\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),    cmocka_unit_test(odd_heads), cmocka_unit_test(proxies),
        cmocka_unit_test(refusals), cmocka_unit_test(declined),
    };
    exit_set_tool("wscat");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
