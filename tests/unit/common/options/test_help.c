#include "cmd/common/options/help.h"

#include "cmd/common/options/options.h"

#include "cmd/common/exit.h"
#include <ws/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

struct settings {
    struct options_common common;
    bool flag;
    const char *text;
    int64_t wait;
    unsigned tries;
    int mode;
};

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_GROUP("First")},
    {.name = "flag", .aliases = "other-name", .letters = "fg", OPTION_FLAG(struct settings, flag), .help = "set the flag"},
    {.name = "text", OPTION_STRING(struct settings, text), .flags = OPTION_SECRET | OPTION_RELOADABLE, .metavar = "A-VERY-LONG-METAVAR", .help = "one two three four five six seven eight nine ten eleven twelve"},
    {OPTION_GROUP("Second")},
    {.name = "wait", .letters = "w", OPTION_DURATION(struct settings, wait), .only = "decode", .help = "wait"},
    {.name = "tries", OPTION_NUMBER(struct settings, tries, 0, 9), .flags = OPTION_OPTIONAL, .implied = "1", .help = "try"},
    {OPTION_GROUP("First")},
    {.name = "mode", OPTION_CHOICE(struct settings, mode, "a|b"), .metavar = "MODE", .help = "a mode"},
};
/* clang-format on */

static char *printed(const char *option, const char *subcommand, bool common)
{
    struct settings settings = {0};
    struct option_table tables[] = {{OPTION_ROWS(rows), &settings, NULL},
                                    {OPTION_ROWS(options_common_rows), &settings.common, NULL}};
    char *text = NULL, *argv[] = {strdup("tool"), strdup(option), NULL};
    size_t len = 0;
    struct options options = {.tool = "tool",
                              .usage = "tool [OPTION]... URL\ntool -l PORT",
                              .about = "Does this and that.",
                              .tail = "Example:\n  tool x",
                              .tables = tables,
                              .table_count = common ? 2 : 1,
                              .subcommand = subcommand,
                              .out = open_memstream(&text, &len)};
    if (common) {
        assert_false(options_parse(&options, 2, argv));
        assert_int_equal(options.status, WS_EXIT_OK);
    } else {
        assert_int_equal(strcmp(option, "--help") == 0 ? help_print(&options, true)
                                                       : help_print_options(&options),
                         WS_EXIT_OK);
    }
    fclose(options.out);
    free(argv[0]);
    free(argv[1]);
    return text;
}

static void expect(const char *option, const char *subcommand, const char *expected)
{
    char *text = printed(option, subcommand, false);
    assert_string_equal(text, expected);
    free(text);
}

#define TOP                                                                                        \
    "Usage: tool [OPTION]... URL\n       tool -l PORT\nDoes this and that.\n\n"                    \
    "First:\n"                                                                                     \
    "  -f, --flag                    set the flag (also -g, --other-name)\n"                       \
    "      --text=A-VERY-LONG-METAVAR\n"                                                           \
    "                                one two three four five six seven eight nine ten\n"           \
    "                                eleven twelve\n"                                              \
    "      --mode=MODE               a mode: a, b\n\nSecond:\n"
#define TAIL "      --tries[=N]               try\n\nExample:\n  tool x\n"

static void test_help(void **state)
{
    (void)state;
    expect("--help", NULL, TOP "  -w, --wait=T                  wait\n" TAIL);
    expect("--help", "encode", TOP TAIL);
}

static void test_common(void **state)
{
    (void)state;
    char *text = printed("--help=all", NULL, true);
    assert_non_null(strstr(text, "\nGeneral:\n  -q, --quiet "));
    assert_non_null(strstr(text, "\n      --color=auto|always|never\n"));
    assert_non_null(strstr(text, "\n  -h, --help[=all]"));
    assert_null(strstr(text, "print-options"));
    for (char *line = text, *next; *line; line = next) {
        next = strchr(line, '\n') + 1;
        assert_true(next - line <= 81);
    }
    free(text);
    text = printed("-V", NULL, true);
    assert_string_equal(text, "tool (libws) " WS_VERSION "\n");
    free(text);
}

static void test_first(void **state)
{
    (void)state;
    struct settings settings = {0};
    struct option_table tables[] = {{OPTION_ROWS(rows), &settings, NULL},
                                    {OPTION_ROWS(options_common_rows), &settings.common, NULL}};
    char *text = NULL;
    size_t len = 0;
    struct options options = {.tool = "tool",
                              .first = "mode flag wait",
                              .tables = tables,
                              .table_count = 2,
                              .subcommand = "encode",
                              .out = open_memstream(&text, &len)};
    assert_int_equal(help_print(&options, false), WS_EXIT_OK);
    fclose(options.out);
    char *end = strstr(text, "\nGeneral:\n  -q, --quiet ");
    assert_non_null(end);
    *end = '\0';
    assert_string_equal(text, /* in the list's order, and none of another subcommand */
                        "\nUsed most:\n"
                        "      --mode=MODE               a mode: a, b\n"
                        "  -f, --flag                    set the flag (also -g, --other-name)\n");
    assert_non_null(strstr(end + 1, "\nAll 10 options: tool encode --help=all, "));
    assert_null(strstr(end + 1, "--color"));
    free(text);
}

static void test_print_header(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    struct options options = {
        .tool = "tool", .stop_at_word = true, .out = open_memstream(&text, &len)};
    assert_int_equal(help_print_options(&options), WS_EXIT_OK);
    fflush(options.out);
    assert_string_equal(text, "\t\t\t\t\t\t\t\tcommand\t\n");
    fseek(options.out, 0, SEEK_SET);
    options.subcommands = "one two";
    options.stop_at_word = false;
    assert_int_equal(help_print_options(&options), WS_EXIT_OK);
    fclose(options.out);
    assert_string_equal(text, "\t\t\t\t\t\tone two\t\t\t\n");
    free(text);
}

static void test_print_options(void **state)
{
    (void)state;
    expect("--print-options", NULL,
           "flag\tfg\tother-name\tnone\t\tFirst\t\t\t\tset the flag\n"
           "text\t\t\tneeded\tA-VERY-LONG-METAVAR\tFirst\t\t\treloadable secret\t"
           "one two three four five six seven eight nine ten eleven twelve\n"
           "wait\tw\t\tneeded\tT\tSecond\tdecode\t\t\twait\n"
           "tries\t\t\toptional\tN\tSecond\t\t\t\ttry\n"
           "mode\t\t\tneeded\tMODE\tFirst\t\ta|b\t\ta mode\n");
    char *text = printed("--print-options", NULL, true);
    assert_non_null(strstr(text, "\nverbose\tv\t\tnone\t\tGeneral\t\t\trepeatable\t"));
    assert_non_null(strstr(text, "\nprint-options\t\t\tnone\t\tGeneral\t\t\thidden\t"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help),          cmocka_unit_test(test_common),
        cmocka_unit_test(test_first),         cmocka_unit_test(test_print_header),
        cmocka_unit_test(test_print_options),
    };
    return cmocka_run_group_tests_name("help", tests, NULL, NULL);
}
