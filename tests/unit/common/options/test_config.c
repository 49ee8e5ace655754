#include "cmd/common/options/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

struct settings {
    uint16_t port;
    const char *name;
    struct option_list list;
    bool flag;
    int64_t wait;
    char called[64];
};

static const char *set_called(struct options *options, const struct option_row *row, void *settings,
                              const char *value)
{
    struct settings *s = settings;
    (void)options;
    (void)row;
    if (strcmp(value, "bad") == 0)
        return "anything better";
    snprintf(s->called, sizeof s->called, "%s", value);
    return NULL;
}

#define S struct settings
static const struct option_row rows[] = {
    {.name = "port", OPTION_PORT(S, port), .help = "h"},
    {.name = "name", OPTION_STRING(S, name), .flags = OPTION_RELOADABLE, .help = "h"},
    {.name = "list", OPTION_LIST(S, list), .flags = OPTION_RELOADABLE, .help = "h"},
    {.name = "flag", OPTION_FLAG(S, flag), .help = "h"},
    {.name = "wait", OPTION_DURATION(S, wait), .flags = OPTION_RELOADABLE, .help = "h"},
    {.name = "called", OPTION_CALL(set_called), .metavar = "X", .help = "h"},
    {.name = "config", OPTION_STRING(S, name), .flags = OPTION_TYPED, .help = "h"},
};
#undef S

struct run {
    struct settings settings;
    struct option_table tables[1];
    struct options options;
    char said[1024];
};

static void begin(struct run *run)
{
    *run = (struct run){.settings = {.port = 1, .wait = 5}};
    run->tables[0] = (struct option_table){OPTION_ROWS(rows), &run->settings, NULL};
    run->options = (struct options){.tool = "t", .tables = run->tables, .table_count = 1};
    run->options.err = fmemopen(run->said, sizeof run->said, "w");
}

static void end(struct run *run)
{
    fclose(run->options.err);
    options_free(&run->options);
}

static bool apply(struct run *run, const char *text, enum config_part part, const uint8_t *over)
{
    static char path[] = "f.conf";
    struct config config = {.path = path, .text = strdup(text)};
    bool fine = config_apply(&run->options, &config, part, over, NULL, NULL);
    fflush(run->options.err);
    free(config.text);
    return fine;
}

static void test_lines(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    assert_true(apply(&run,
                      "# a comment\n"
                      "\n"
                      "  \t \r\n"
                      "port = 80\n"
                      "name=  a = b  # no comment \t\r\n"
                      "\tlist one two\n"
                      "list\t=\tthree\n"
                      "   # another\n"
                      "flag\n"
                      "wait 2s",
                      CONFIG_WHOLE, NULL));
    assert_int_equal(run.settings.port, 80);
    assert_string_equal(run.settings.name, "a = b  # no comment");
    assert_int_equal(run.settings.list.count, 2);
    assert_string_equal(run.settings.list.items[0], "one two");
    assert_string_equal(run.settings.list.items[1], "three");
    assert_true(run.settings.flag);
    assert_int_equal(run.settings.wait, 2000000);
    assert_string_equal(run.said, "");
    end(&run);
}

static void test_empty_values(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    assert_true(apply(&run, "name =\nflag = no\n", CONFIG_WHOLE, NULL));
    assert_string_equal(run.settings.name, "");
    assert_false(run.settings.flag);
    end(&run);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"\n\nprot = 80\n", "t: f.conf:3: unknown option 'prot' (did you mean 'port'?)\n"},
        {"--port = 80\n", "t: f.conf:1: unknown option '--port' (did you mean 'port'?)\n"},
        {"port\n", "t: f.conf:1: option 'port' needs a value: N\n"},
        {"port = x\nport = y\n", "t: f.conf:1: option 'port': 'x' is not a port, 0 to 65535\n"},
        {"flag = maybe\n", "t: f.conf:1: option 'flag' takes no value\n"},
        {"called = bad\n", "t: f.conf:1: option 'called': 'bad' is not anything better\n"},
        {"config = other\n", "t: f.conf:1: option 'config' belongs on the command line\n"},
        {"= 7\n", "t: f.conf:1: unknown option ''\n"},
        {"\033[2J = 7\n", "t: f.conf:1: unknown option '\\x1b[2J'\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        begin(&run);
        assert_false(apply(&run, cases[i].text, CONFIG_WHOLE, NULL));
        assert_string_equal(run.said, cases[i].said);
        assert_int_equal(run.options.status, 2);
        end(&run);
    }
}

static void test_command_line_wins(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    static char tool[] = "t", list[] = "--list=typed", port[] = "--port=7";
    char *argv[] = {tool, list, port, NULL};
    assert_true(options_parse(&run.options, 3, argv));
    uint8_t typed[OPTIONS_MAX];
    memcpy(typed, run.options.given, sizeof typed);
    assert_true(apply(&run, "port = 80\nlist = filed\nname = n\n", CONFIG_WHOLE, typed));
    assert_int_equal(run.settings.port, 7);
    assert_int_equal(run.settings.list.count, 1);
    assert_string_equal(run.settings.list.items[0], "typed");
    assert_string_equal(run.settings.name, "n");
    end(&run);
}

static void test_parts(void **state)
{
    (void)state;
    static const char text[] = "port = 80\nname = n\nwait = 1\n";
    struct run run;
    begin(&run);
    assert_true(apply(&run, text, CONFIG_RELOADABLE, NULL));
    assert_int_equal(run.settings.port, 1);
    assert_string_equal(run.settings.name, "n");
    end(&run);
    begin(&run);
    assert_true(apply(&run, text, CONFIG_FIXED, NULL));
    assert_int_equal(run.settings.port, 80);
    assert_null(run.settings.name);
    end(&run);
}

static size_t index_of(const struct options *options, const char *name)
{
    struct option_found found;
    const struct option_row *other;
    assert_true(options_find_name(options, name, strlen(name), &found, &other));
    return found.index;
}

/* The differences between two parse results, also for options of kind CALL. */
static void test_same(void **state)
{
    (void)state;
    struct run a, b;
    begin(&a);
    begin(&b);
    assert_true(apply(&a, "port = 80\nwait = 1\ncalled = x\nname = n\n", CONFIG_WHOLE, NULL));
    assert_true(apply(&b, "port = 80\nwait = 1000ms\ncalled = y\nname = m\n", CONFIG_WHOLE, NULL));
    assert_true(options_same(&a.options, &b.options, index_of(&a.options, "port")));
    assert_true(options_same(&a.options, &b.options, index_of(&a.options, "wait")));
    assert_true(options_same(&a.options, &b.options, index_of(&a.options, "flag")));
    assert_false(options_same(&a.options, &b.options, index_of(&a.options, "called")));
    assert_false(options_same(&a.options, &b.options, index_of(&a.options, "name")));
    end(&a);
    end(&b);
}

static void write_file(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static void test_reading(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_config.XXXXXX", path[64], why[160], expected[160];
    struct config config;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/c", folder);

    assert_false(config_read(&config, path, false, why, sizeof why));
    snprintf(expected, sizeof expected, "%s: No such file or directory", path);
    assert_string_equal(why, expected);

    write_file(path, "a\nb", 3);
    assert_true(config_read(&config, path, false, why, sizeof why));
    assert_string_equal(config.text, "a\nb");
    assert_string_equal(config.path, path);
    config_free(&config);

    write_file(path, "a\0b", 3);
    assert_false(config_read(&config, path, false, why, sizeof why));
    assert_non_null(strstr(why, "NUL"));

    char *large = malloc(CONFIG_MAX + 1);
    memset(large, '\n', CONFIG_MAX + 1);
    write_file(path, large, CONFIG_MAX);
    assert_true(config_read(&config, path, false, why, sizeof why));
    config_free(&config);
    write_file(path, large, CONFIG_MAX + 1);
    assert_false(config_read(&config, path, false, why, sizeof why));
    assert_non_null(strstr(why, "1 MiB"));
    free(large);

    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(config_read(&config, path, true, why, sizeof why)); /* and does not block */
    assert_non_null(strstr(why, "not a regular file"));
    int ends[2];
    char pipe_path[32];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "a = b", 5), 5);
    close(ends[1]);
    snprintf(pipe_path, sizeof pipe_path, "/dev/fd/%d", ends[0]);
    assert_true(config_read(&config, pipe_path, false, why, sizeof why));
    assert_string_equal(config.text, "a = b");
    config_free(&config);
    close(ends[0]);

    assert_false(config_read(&config, folder, false, why, sizeof why));
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_empty_values),
        cmocka_unit_test(test_errors),  cmocka_unit_test(test_command_line_wins),
        cmocka_unit_test(test_parts),   cmocka_unit_test(test_same),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
