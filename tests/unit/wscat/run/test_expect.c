#include "cmd/wscat/run/expect.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static bool found(const char *pattern, const char *data, size_t len)
{
    regex_t regex;
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool result = expect_matches(&regex, data, len);
    regfree(&regex);
    return result;
}

static void nul_is_a_byte(void **state)
{
    (void)state;
    assert_true(found("needle", "a\0needle", 8));
    assert_true(found("needle$", "a\0needle", 8));
    assert_false(found("a$", "a\0needle", 8));
    assert_true(found("^$", "", 0));
    assert_false(found("x", "abcx", 3)); /* what follows is not looked at */
}

static void everywhere_in_a_long_message(void **state)
{
    (void)state;
    size_t len = 5 * (size_t)EXPECT_MATCH_MAX + 17;
    char *data = malloc(len);
    memset(data, '.', len);
    for (size_t at = 0; at + 6 <= len; at += EXPECT_MATCH_MAX / 3) {
        memcpy(data + at, "needle", 6);
        assert_true(found("needle", data, len));
        assert_int_equal(found("^needle", data, len), at == 0);
        assert_false(found("needle$", data, len));
        memset(data + at, '.', 6);
    }
    memcpy(data + len - 6, "needle", 6);
    assert_true(found("needle$", data, len));
    assert_false(found("^needle", data, len));
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nul_is_a_byte),
        cmocka_unit_test(everywhere_in_a_long_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
