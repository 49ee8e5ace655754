#include "cmd/wsserve/http/devconsole.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void the_page_is_whole(void **state)
{
    size_t len;
    (void)state;
    struct devconsole *console = devconsole_new("/a\"<b>&'");
    assert_non_null(console);
    const char *page = devconsole_page(console, &len);
    assert_int_equal(strlen(page), len);
    assert_non_null(strstr(page, "<!DOCTYPE html>"));
    assert_non_null(strstr(page, "</script>\n</body>"));
    assert_non_null(strstr(page, "new WebSocket("));
    assert_non_null(strstr(page, "prefers-color-scheme: dark"));
    assert_non_null(strstr(page, "data-path=\"/a&#34;&#60;b&#62;&#38;&#39;\""));
    assert_null(strstr(page, "{{"));
    devconsole_free(console);
    console = devconsole_new(NULL);
    assert_non_null(strstr(devconsole_page(console, &len), "data-path=\"\""));
    devconsole_free(console);
    devconsole_free(NULL);
}

static void only_sound_hosts_stand_in_the_policy(void **state)
{
    static const char *const bad[] = {"x; script-src *", "x'", "", "a b", "x:", "x,y"};
    char policy[1024];
    (void)state;
    struct devconsole *console = devconsole_new(NULL);
    assert_non_null(console);
    devconsole_policy(console, (struct ws_str){"chat.example:80", 15}, policy, sizeof policy);
    assert_non_null(
        strstr(policy, "connect-src 'self' ws://chat.example:80 wss://chat.example:80;"));
    assert_non_null(strstr(policy, "default-src 'none'"));
    assert_null(strstr(policy, "unsafe"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        devconsole_policy(console, (struct ws_str){bad[i], strlen(bad[i])}, policy, sizeof policy);
        assert_non_null(strstr(policy, "connect-src 'self'; base-uri"));
    }
    devconsole_free(console);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_whole),
        cmocka_unit_test(only_sound_hosts_stand_in_the_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
