#include "cmd/common/options/suggest.h"

#include <limits.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const char *const names[] = {"wait", "text", "max-message-size", "reconnect", "color"};

static const char *guess(const char *wanted)
{
    struct suggest search;
    suggest_begin(&search, wanted);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        suggest_offer(&search, names[i]);
    return search.best;
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("", ""), 0);
    assert_int_equal(suggest_distance("abc", ""), 3);
    assert_int_equal(suggest_distance("wait", "wiat"), 1);
    assert_int_equal(suggest_distance("wait", "waits"), 1);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
    char longer[100];
    for (unsigned i = 0; i < 99; i++)
        longer[i] = 'a';
    longer[99] = '\0';
    assert_int_equal(suggest_distance(longer, "a"), UINT_MAX);
}

static void test_guess(void **state)
{
    (void)state;
    assert_string_equal(guess("wiat"), "wait");
    assert_string_equal(guess("colour"), "color");
    assert_string_equal(guess("max-mesage-size"), "max-message-size");
    assert_string_equal(guess("max-m"), "max-message-size");
    assert_string_equal(guess("re"), "reconnect");
    assert_null(guess("frobnicate"));
    assert_null(guess(""));
}

static const char *meant(const char *url)
{
    static char text[SUGGEST_URL_MAX];
    return suggest_url(url, text);
}

static void urls(void **state)
{
    (void)state;
    assert_string_equal(meant("wss:127.0.0.1"), " (did you mean 'wss://127.0.0.1'?)");
    assert_string_equal(meant("WS:h/p"), " (did you mean 'WS://h/p'?)");
    assert_string_equal(meant("wss:///h/p"), " (did you mean 'wss://h/p'?)");
    assert_string_equal(meant("ws:\\\\h"), " (did you mean 'ws://h'?)");
    assert_string_equal(meant("ws://"), "");
    assert_string_equal(meant("ws:///"), "");
    assert_string_equal(meant("ws://h:x/"), "");
    assert_string_equal(meant("h:x"), "");
    assert_string_equal(meant(""), "");
    assert_non_null(strstr(meant("ws://::1:80"), "brackets"));
    assert_non_null(strstr(meant("::1"), "brackets"));
    assert_non_null(strstr(meant("ws://fe80::1%lo:80/p"), "brackets"));
    assert_string_equal(meant("ws://h/a:b:c"), "");
    assert_string_equal(meant("ws://beef:x:/"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_guess),
    };
    return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
