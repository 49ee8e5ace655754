#include "cmd/wsframe/text/list_word.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* Expects the words of a list, with a bar after each. */
static void expect(const char *list, const char *expected)
{
    struct line rest = {list, strlen(list)}, word;
    char words[128] = "";
    while (list_word_next(&rest, &word, true)) {
        strncat(words, word.p, word.len);
        strcat(words, "|");
    }
    assert_string_equal(words, expected);
}

static void indices(void **state)
{
    (void)state;
    expect("\"0\":129,\"1\": 5", "129|5|");
    expect("[0] => 129\n    [1] => 5\n", "129|5|");
    expect("[0] = 129, [1] = 0x05", "129|0x05|");
    expect("[0]=>\n  int(129)\n  [1]=>\n  int(5)\n", "int(129)|int(5)|");
    expect("0 => 129,\n  1 => 5,\n", "129|5|");
    expect("0=>129,1=>5", "129|5|");
    assert_true(list_word_is_index((struct line){"[12] => 1", 9}));
    assert_true(list_word_is_index((struct line){"[12] = 1", 8}));
    assert_false(list_word_is_index((struct line){"[x] => 1", 8}));
    assert_false(list_word_is_index((struct line){"[1]", 3}));
    assert_false(list_word_is_index((struct line){"", 0}));
}

static void expect_literal(const char *word, const char *expected)
{
    struct line literal = list_word_literal((struct line){word, strlen(word)});
    assert_int_equal(literal.len, strlen(expected));
    assert_memory_equal(literal.p, expected, literal.len);
}

static void characters(void **state)
{
    (void)state;
    expect("129, 'H', b'e', \"l, l\", b\"o\"", "129|'H'|b'e'|\"l, l\"|b\"o\"|");
    expect("72 'H', 10 '\\n', 129 '\\201'", "72|10|129|");
    expect("129, \"\", 5", "129|5|");
    expect("129, \"x\ny\", 5", "129|x|y|5|");
    expect("1, 'a\\'b', 2, \"c", "1|'a\\'b'|2|c|");
    expect_literal("'H'", "H");
    expect_literal("b\"hi\\\"there\"", "hi\\\"there");
    expect_literal("\"Hello", "");
    expect_literal("\"Hello\"x", "");
    expect_literal("''", "");
    expect_literal("129", "");
    expect_literal("", "");
}

static void expect_repeats(const char *list, size_t expected)
{
    struct line rest = {list, strlen(list)}, word;
    size_t times = 0;
    assert_true(list_word_next(&rest, &word, false));
    assert_int_equal(list_word_repeats(&rest, word, &times), expected > 0);
    if (expected > 0)
        assert_int_equal(times, expected);
}

static void repeats(void **state)
{
    (void)state;
    expect_repeats("<repeats 20 times>, 0x1", 20);
    expect_repeats("<repeats 199 times>...", 199);
    expect_repeats("<repeats 0 times>", 0);
    expect_repeats("<repeats 1x times>", 0);
    expect_repeats("<repeats 12345678 times>", 0);
    expect_repeats("<repeats 20", 0);
    expect_repeats("0x20", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indices),
        cmocka_unit_test(characters),
        cmocka_unit_test(repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
