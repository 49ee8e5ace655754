#include "cmd/wsbench/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_and_addresses(void **state)
{
    (void)state;
    assert_true(resolve_is_address("127.0.0.1") && resolve_is_address("::1"));
    assert_false(resolve_is_address("localhost") || resolve_is_address("127.1.x"));
}

static void an_address_stays_and_a_name_that_does_not_exist_is_said(void **state)
{
    static char address[] = "192.0.2.7", name[] = "nowhere.invalid", proxy_name[] = "::1";
    struct target target = {.url.host = address};
    struct ws_url url;
    struct ws_proxy proxy;
    char problem[200];
    (void)state;
    assert_true(resolve_target(&target, &url, &proxy, problem, sizeof problem));
    assert_string_equal(url.host, address);
    assert_null(proxy.host);
    resolve_free(&url, &proxy);

    target.url.host = name;
    assert_false(resolve_target(&target, &url, &proxy, problem, sizeof problem));
    assert_non_null(strstr(problem, "resolve nowhere.invalid: "));

    /* The proxy resolves the server's name. */
    target.proxy.host = proxy_name;
    assert_true(resolve_target(&target, &url, &proxy, problem, sizeof problem));
    assert_string_equal(url.host, name);
    assert_string_equal(proxy.host, proxy_name);
    resolve_free(&url, &proxy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_addresses),
        cmocka_unit_test(an_address_stays_and_a_name_that_does_not_exist_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
