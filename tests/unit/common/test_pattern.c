#include "cmd/common/pattern.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

typedef bool search(const regex_t *regex, const char *text, size_t len, regmatch_t *groups,
                    size_t count, int flags);

/* Where the first group of `pattern`, or else all of it, begins; -1: no match. */
static long found(search *look, const char *pattern, const char *text, size_t len, int flags)
{
    regex_t regex;
    regmatch_t groups[2];
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED), 0);
    bool is = look(&regex, text, len, groups, 2, flags);
    regfree(&regex);
    if (!is)
        return -1;
    return groups[1].rm_so >= 0 ? groups[1].rm_so : groups[0].rm_so;
}

/* Both ways agree about all but matches across a NUL. */
static void nul_is_a_byte(void **state)
{
    static search *const ways[] = {pattern_search, pattern_search_strings};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found(ways[i], "needle", "a\0\0needle", 9, 0), 3);
        assert_int_equal(found(ways[i], "n(e+)dle$", "a\0needle", 8, 0), 3);
        assert_int_equal(found(ways[i], "needle$", "needle", 6, REG_NOTEOL), -1);
        assert_int_equal(found(ways[i], "^needle", "a\0needle", 8, 0), -1);
        assert_int_equal(found(ways[i], "^a", "a\0needle", 8, 0), 0);
        assert_int_equal(found(ways[i], "^a", "a\0needle", 8, REG_NOTBOL), -1);
        assert_int_equal(found(ways[i], "a$", "a\0needle", 8, 0), -1);
        assert_int_equal(found(ways[i], "^$", "", 0, 0), 0);
        assert_int_equal(found(ways[i], "x$", "a\0x\0", 3, 0), 2);
        assert_int_equal(found(ways[i], "x", "ab\0", 2, 0), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nul_is_a_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
