#include "cmd/common/options/option_getopt.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

struct settings {
    bool flag;
    const char *text, *maybe;
};

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_GROUP("Group")},
    {.name = "flag", .letters = "fF", OPTION_FLAG(struct settings, flag), .help = "a flag"},
    {.name = "text", .aliases = "words letters", .letters = "t", OPTION_STRING(struct settings, text), .help = "a text"},
    {.name = "maybe", .letters = "m", OPTION_STRING(struct settings, maybe), .flags = OPTION_OPTIONAL, .implied = "", .only = "one", .help = "a text, or none"},
};
/* clang-format on */

static const struct option *find(const struct option_getopt *getopt, const char *name)
{
    for (const struct option *row = getopt->longs; row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static void test_arrays(void **state)
{
    (void)state;
    struct settings settings = {0};
    struct option_table table = {OPTION_ROWS(rows), &settings, NULL};
    struct options options = {.tool = "t", .tables = &table, .table_count = 1};
    struct option_getopt getopt;
    assert_true(option_getopt_init(&getopt, &options));
    assert_string_equal(getopt.letters, "-:fFt:m");
    assert_int_equal(find(&getopt, "flag")->has_arg, no_argument);
    assert_int_equal(find(&getopt, "text")->has_arg, required_argument);
    assert_int_equal(find(&getopt, "words")->has_arg, required_argument);
    assert_int_equal(find(&getopt, "letters")->has_arg, required_argument);
    assert_int_equal(find(&getopt, "maybe")->has_arg, optional_argument);
    assert_null(find(&getopt, "Group"));
    for (const struct option *row = getopt.longs; row->name; row++)
        assert_int_equal(row->val, OPTION_GETOPT_LONG);
    option_getopt_free(&getopt);
}

static void test_subcommand(void **state)
{
    (void)state;
    struct settings settings = {0};
    struct option_table table = {OPTION_ROWS(rows), &settings, "f"};
    struct options options = {.tool = "t",
                              .tables = &table,
                              .table_count = 1,
                              .subcommands = "one two",
                              .subcommand = "two",
                              .stop_at_word = true};
    struct option_getopt getopt;
    assert_true(option_getopt_init(&getopt, &options));
    assert_string_equal(getopt.letters, "+:f");
    assert_null(find(&getopt, "maybe"));
    assert_non_null(find(&getopt, "words"));
    option_getopt_free(&getopt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_subcommand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
