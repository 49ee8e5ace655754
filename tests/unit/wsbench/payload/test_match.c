#include "cmd/wsbench/payload/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What the rule says about two texts: -1 if either has no key, else whether the keys are equal. */
static int compare(const char *rule, const char *a, const char *b)
{
    struct match match;
    char problem[200];
    uint64_t x, y;
    assert_true(match_init(&match, rule, problem, sizeof problem));
    enum match_result first = match_key(&match, a, strlen(a), &x);
    enum match_result second = match_key(&match, b, strlen(b), &y);
    match_free(&match);
    return first != MATCH_KEY || second != MATCH_KEY ? -1 : x == y;
}

static void keys(void **state)
{
    (void)state;
    assert_int_equal(compare("echo", "abc", "abc"), 1);
    assert_int_equal(compare("echo", "abc", "abd"), 0);
    assert_int_equal(compare("seq", "{\"id\":17,\"x\":3}", "answer 17!"), 1);
    assert_int_equal(compare("seq", "17", "18"), 0);
    assert_int_equal(compare("seq", "17", "none"), -1);
    assert_int_equal(compare("json:id", "{\"id\":5}", "{\"x\":1, \"id\": 5}"), 1);
    assert_int_equal(compare("json:id", "{\"id\":5}", "{\"id\":\"5\"}"), 0);
    assert_int_equal(compare("json:a.b", "{\"a\":{\"b\":[1,2]}}", "{\"a\":{\"b\":[1,2],\"c\":0}}"),
                     1);
    assert_int_equal(compare("json:a.b", "{\"a\":{\"b\":1}}", "{\"a\":1}"), -1);
    assert_int_equal(compare("json:id", "{\"id\":5}", "no JSON"), -1);
    assert_int_equal(compare("regex:id=([a-z]+)", "id=abc;1", "x id=abc;2"), 1);
    assert_int_equal(compare("regex:id=([a-z]+)", "id=abc", "id=abd"), 0);
    assert_int_equal(compare("any", "a", "a"), -1);
}

static void a_pattern_without_a_group_is_a_filter(void **state)
{
    struct match match;
    char problem[200];
    uint64_t key;
    (void)state;
    assert_true(match_init(&match, "regex:^ok", problem, sizeof problem));
    assert_int_equal(match_key(&match, "ok 1", 4, &key), MATCH_ORDER);
    assert_int_equal(match_key(&match, "no", 2, &key), MATCH_NONE);
    match_free(&match);
}

static void what_is_no_rule(void **state)
{
    static const char *const bad[] = {"", "echoes", "json:", "json", "regex:(", "regex"};
    struct match match;
    char problem[200];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        *problem = '\0';
        assert_false(match_init(&match, bad[i], problem, sizeof problem));
        assert_true(*problem);
        match_free(&match);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(a_pattern_without_a_group_is_a_filter),
        cmocka_unit_test(what_is_no_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
