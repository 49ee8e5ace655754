#include "cmd/common/pattern.h"

#include <stdlib.h>
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

static bool anywhere(const char *pattern, const char *data, size_t len)
{
    regex_t regex;
    char why[128];
    assert_true(pattern_compile_anywhere(&regex, pattern, why, sizeof why));
    bool result = pattern_anywhere(&regex, data, len);
    regfree(&regex);
    return result;
}

static void is_found_anywhere(void **state)
{
    (void)state;
    assert_true(anywhere("needle", "a\0needle", 8));
    assert_true(anywhere("needle$", "a\0needle", 8));
    assert_false(anywhere("a$", "a\0needle", 8));
    assert_false(anywhere("^needle", "a needle", 8));
    assert_true(anywhere("^a|^b", "a needle", 8));
    assert_true(anywhere("^$", NULL, 0));
    assert_false(anywhere("x", "abcx", 3)); /* what follows is not looked at */
    assert_true(anywhere("n[^x]e",
                         "\xFF\n\xFFnxn\xFE"
                         "e",
                         8));
    assert_true(anywhere("a|b|needle", "x needle", 8));
}

/* Each byte begins what may be a match up to the end: with regexec() alone this took hours. */
static void in_time_that_grows_with_the_length_alone(void **state)
{
    enum { LEN = 1 << 20 };
    (void)state;
    char *data = malloc(LEN);
    assert_non_null(data);
    memset(data, 'a', LEN);
    assert_false(anywhere("a+b", data, LEN));
    assert_false(anywhere("(a+)+(a+)+b", data, LEN));
    data[LEN - 1] = 'b';
    assert_true(anywhere("a+b", data, LEN));
    assert_true(anywhere("^a.*b$", data, LEN)); /* however long it is */
    free(data);
}

static void everywhere_in_a_long_message(void **state)
{
    enum { LEN = 5 * 32 * 1024 + 17, STEP = 32 * 1024 / 3 };
    (void)state;
    char *data = malloc(LEN);
    assert_non_null(data);
    memset(data, '.', LEN);
    for (size_t at = 0; at + 6 <= LEN; at += STEP) {
        memcpy(data + at, "needle", 6);
        assert_true(anywhere("needle", data, LEN));
        assert_int_equal(anywhere("^needle", data, LEN), at == 0);
        assert_false(anywhere("needle$", data, LEN));
        memset(data + at, '.', 6);
    }
    memcpy(data + LEN - 6, "needle", 6);
    assert_true(anywhere("needle$", data, LEN));
    assert_false(anywhere("^needle", data, LEN));
    free(data);
}

/* As regexec() finds it that is not told to hurry, in all texts of up to five of these bytes. */
static void as_slowly(void **state)
{
    static const char *const patterns[] = {
        "a+b", "^a|b$",     "^$",        "(a|ax)*b$",    "^x*$",          "a.*x",        "[^a]b",
        "()",  "(^a)|(x$)", "a{2}|b{2}", "[]^]|^[^]b]x", "[[:space:]^]a", "\\^|\\$|x\\*"};
    static const char bytes[] = {'a', 'b', 'x', '\0', '\n', '^'};
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        regex_t fast, slow;
        regmatch_t part;
        char why[128];
        assert_true(pattern_compile_anywhere(&fast, patterns[i], why, sizeof why));
        assert_true(pattern_compile(&slow, patterns[i], 0, why, sizeof why));
        for (unsigned number = 0; number < 7776; number++) {
            for (size_t len = 0; len <= 5; len++) {
                char text[6] = "";
                for (unsigned k = 0, rest = number; k < len; k++, rest /= 6)
                    text[k] = bytes[rest % 6];
                assert_int_equal(pattern_anywhere(&fast, text, len),
                                 pattern_search(&slow, text, len, &part, 1, 0));
            }
        }
        regfree(&fast);
        regfree(&slow);
    }
}

static void refused(const char *pattern, const char *reason)
{
    regex_t regex;
    char why[128];
    assert_false(pattern_compile_anywhere(&regex, pattern, why, sizeof why));
    if (reason)
        assert_string_equal(why, reason);
    assert_false(pattern_compile(&regex, pattern, 0, why, sizeof why));
}

static void what_is_no_pattern(void **state)
{
    (void)state;
    refused("a(", NULL);
    refused("a)(b", NULL); /* not even in parentheses */
    refused("[z-a]", NULL);
    refused("(a)\\1", "a back-reference may take for ever to look for");
    assert_true(anywhere("a\\\\1", "a\\1", 3)); /* a backslash and a digit */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nul_is_a_byte),
        cmocka_unit_test(is_found_anywhere),
        cmocka_unit_test(in_time_that_grows_with_the_length_alone),
        cmocka_unit_test(everywhere_in_a_long_message),
        cmocka_unit_test(as_slowly),
        cmocka_unit_test(what_is_no_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
