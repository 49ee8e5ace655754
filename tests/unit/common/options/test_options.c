#include "cmd/common/options/options.h"

#include "cmd/common/exit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum mode { MODE_TEXT, MODE_RAW, MODE_HEX };

struct settings {
    struct options_common common;
    bool insecure;
    const char *ca;
    const char *auth;
    const char *agent;
    struct option_list headers;
    int64_t wait;
    uint64_t size;
    uint64_t count;
    unsigned tries;
    uint16_t port;
    enum mode mode;
    int family;
    unsigned calls;
    const char *called;
};

static const char *called(struct options *options, const struct option_row *row, void *settings,
                          const char *value)
{
    struct settings *s = settings;
    assert_non_null(options);
    assert_string_equal(row->name, "call");
    s->calls++;
    s->called = value;
    return value && strcmp(value, "bad") == 0 ? "HOST:PORT" : NULL;
}

/* clang-format off */
static const struct option_row rows[] = {
    {OPTION_GROUP("Connection")},
    {.name = "insecure", .aliases = "no-check unsafe", .letters = "kn", OPTION_FLAG(struct settings, insecure), .help = "accept any certificate"},
    {.name = "ca", .aliases = "cacert", OPTION_STRING(struct settings, ca), .metavar = "FILE", .help = "trust these"},
    {.name = "auth", OPTION_STRING(struct settings, auth), .flags = OPTION_SECRET | OPTION_HEADER, .metavar = "U:P", .help = "basic authentication"},
    {.name = "agent", .letters = "A", OPTION_STRING(struct settings, agent), .flags = OPTION_HEADER, .help = "the user agent"},
    {.name = "header", .letters = "H", OPTION_LIST(struct settings, headers), .flags = OPTION_HEADER, .metavar = "NAME: VALUE", .help = "add a header"},
    {.name = "ipv4", .letters = "4", OPTION_SET(struct settings, family, 4), .help = "IPv4 alone"},
    {.name = "ipv6", .letters = "6", OPTION_SET(struct settings, family, 6), .help = "IPv6 alone"},
    {OPTION_GROUP("End")},
    {.name = "wait", .letters = "w", OPTION_DURATION(struct settings, wait), .flags = OPTION_NEVER | OPTION_RELOADABLE, .help = "wait for more"},
    {.name = "limit", OPTION_SIZE(struct settings, size), .min = 1024, .max = 1 << 20, .help = "the largest message"},
    {.name = "number", .letters = "N", OPTION_COUNT(struct settings, count), .help = "so many messages"},
    {.name = "reconnect", OPTION_NUMBER(struct settings, tries, 1, 100), .flags = OPTION_OPTIONAL, .implied = "5", .metavar = "MAX", .help = "connect again"},
    {.name = "port", .letters = "p", OPTION_PORT(struct settings, port), .help = "the port"},
    {.name = "format", OPTION_CHOICE(struct settings, mode, "text|raw|hex"), .help = "how messages are printed"},
    {.name = "call", .letters = "z", OPTION_CALL(called), .flags = OPTION_OPTIONAL | OPTION_REPEAT, .metavar = "WHAT", .help = "asks a function"},
    {.name = "mask", .letters = "m", OPTION_SET(struct settings, family, 1), .only = "encode", .help = "mask it"},
    {.name = "hex", OPTION_SET(struct settings, family, 2), .only = "encode", .help = "from hex"},
    {.name = "hex", OPTION_STRING(struct settings, ca), .only = "decode", .help = "this hex"},
};
/* clang-format on */

/* A run of the parser, and its output. */
struct run {
    struct settings settings;
    struct option_table tables[2];
    struct options options;
    char *out, *err;
    size_t out_len, err_len;
    char *argv[32];
    bool result;
};

static void begin(struct run *run)
{
    *run = (struct run){0};
    run->tables[0] = (struct option_table){OPTION_ROWS(rows), &run->settings, NULL};
    run->tables[1] =
        (struct option_table){OPTION_ROWS(options_common_rows), &run->settings.common, NULL};
    run->options.tool = "tool";
    run->options.usage = "tool [OPTION]... URL\ntool -l PORT";
    run->options.tables = run->tables;
    run->options.table_count = 2;
    run->options.out = open_memstream(&run->out, &run->out_len);
    run->options.err = open_memstream(&run->err, &run->err_len);
}

/* Arguments are separated by "|", as some contain blanks. */
static void parse(struct run *run, const char *line)
{
    static char words[512];
    int argc = 0;
    snprintf(words, sizeof words, "tool|%s", line);
    for (char *p = words; p && argc < 31;)
        run->argv[argc++] = strsep(&p, "|");
    if (!*line)
        argc = 1;
    run->argv[argc] = NULL;
    run->result = options_parse(&run->options, argc, run->argv);
    fflush(run->options.out);
    fflush(run->options.err);
}

static void end(struct run *run)
{
    fclose(run->options.out);
    fclose(run->options.err);
    free(run->out);
    free(run->err);
    options_free(&run->options);
}

static void expect_words(struct run *run, const char *line)
{
    char all[512] = "";
    assert_true(run->result);
    for (int i = 0; i < run->options.arg_count; i++) {
        strcat(all, i ? "|" : "");
        strcat(all, run->options.args[i]);
    }
    assert_null(run->options.args[run->options.arg_count]);
    assert_string_equal(all, line);
}

static void expect_error(const char *line, const char *message)
{
    struct run run;
    begin(&run);
    parse(&run, line);
    assert_false(run.result);
    assert_int_equal(run.options.status, WS_EXIT_USAGE);
    assert_string_equal(run.err, message);
    assert_string_equal(run.out, "");
    end(&run);
}

static void test_all_kinds(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    parse(&run, "--insecure|--ca=a=b|--agent|x|-HA: 1|-H|B: 2|--header=C: 3|-6|-w1.5|--limit=2K|"
                "-N10k|--port=0|--format=hex|url");
    expect_words(&run, "url");
    assert_true(run.settings.insecure);
    assert_string_equal(run.settings.ca, "a=b");
    assert_string_equal(run.settings.agent, "x");
    assert_int_equal(run.settings.headers.count, 3);
    assert_string_equal(run.settings.headers.items[0], "A: 1");
    assert_string_equal(run.settings.headers.items[2], "C: 3");
    assert_int_equal(run.settings.family, 6);
    assert_int_equal(run.settings.wait, 1500000);
    assert_int_equal(run.settings.size, 2048);
    assert_int_equal(run.settings.count, 10000);
    assert_int_equal(run.settings.mode, MODE_HEX);
    assert_true(options_given(&run.options, "ca"));
    assert_true(options_given(&run.options, "port"));
    assert_false(options_given(&run.options, "call"));
    assert_false(options_given(&run.options, "nothing"));
    end(&run);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const ways[] = {"--insecure", "--no-check", "--unsafe", "-k", "-n", "-qn"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct run run;
        begin(&run);
        parse(&run, ways[i]);
        expect_words(&run, "");
        assert_true(run.settings.insecure);
        assert_true(options_given(&run.options, "insecure"));
        end(&run);
    }
}

static void test_bundles(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    parse(&run, "-vkvp80|-vw|-1|-4|-6");
    expect_words(&run, "");
    assert_int_equal(run.settings.common.verbose, 3);
    assert_int_equal(run.settings.port, 80);
    assert_int_equal(run.settings.wait, -1);
    assert_int_equal(run.settings.family, 6);
    end(&run);
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *words;
        bool stop;
    } cases[] = {
        {"", "", false},
        {"a|-k|b|-p|1|c", "a|b|c", false},
        {"a|-|b", "a|-|b", false},
        {"a|--|-k|--|b", "a|-k|--|b", false},
        {"-k|cmd|-n|--help|x", "cmd|-n|--help|x", true},
        {"-k|--|-cmd|-x", "-cmd|-x", true},
        {"-p|80|cmd|--", "cmd|--", true},
        {"-p80|--|a", "a", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        begin(&run);
        run.options.stop_at_word = cases[i].stop;
        parse(&run, cases[i].line);
        expect_words(&run, cases[i].words);
        end(&run);
    }
}

static void test_optional(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    parse(&run, "--reconnect|7|-z7|-z");
    assert_false(run.result); /* -7: an unknown letter, not the argument of -z */
    assert_int_equal(run.settings.tries, 5);
    assert_int_equal(run.settings.calls, 1);
    assert_null(run.settings.called);
    end(&run);
    begin(&run);
    parse(&run, "--reconnect=9|--call=x|word");
    expect_words(&run, "word");
    assert_int_equal(run.settings.tries, 9);
    assert_string_equal(run.settings.called, "x");
    end(&run);
}

static void test_last_wins(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    parse(&run, "--port=1|-p2|--color=always|--no-color");
    expect_words(&run, "");
    assert_int_equal(run.settings.port, 2);
    assert_int_equal(run.settings.common.color, COLOR_NEVER);
    end(&run);
}

#define TRY "Try 'tool --help' for more.\n"

static void test_unknown(void **state)
{
    (void)state;
    expect_error("--wiat", "tool: unknown option '--wiat' (did you mean '--wait'?)\n" TRY);
    expect_error("--wiat=3", "tool: unknown option '--wiat' (did you mean '--wait'?)\n" TRY);
    expect_error("--cacrt=3", "tool: unknown option '--cacrt' (did you mean '--cacert'?)\n" TRY);
    /* Abbreviations are unknown names. */
    expect_error("--inse", "tool: unknown option '--inse' (did you mean '--insecure'?)\n" TRY);
    expect_error("--xyzzyplugh", "tool: unknown option '--xyzzyplugh'\n" TRY);
    expect_error("--print-option", "tool: unknown option '--print-option'\n" TRY);
    expect_error("--=x", "tool: unknown option '--'\n" TRY);
    expect_error("-P", "tool: unknown option '-P' (did you mean '-p'?)\n" TRY);
    expect_error("-kfX", "tool: unknown option '-f'\n" TRY);
    expect_error("-format",
                 "tool: option '-format': a long name takes two dashes, as in '--format'\n" TRY);
    expect_error("-wait=3",
                 "tool: option '-wait=3': a long name takes two dashes, as in '--wait=3'\n" TRY);
    expect_error("--a\033[2J\nb", "tool: unknown option '--a\\x1b[2J\\nb'\n" TRY);
}

static void test_bad_values(void **state)
{
    (void)state;
    expect_error("--port=99999", "tool: option '--port': '99999' is not a port, 0 to 65535\n");
    expect_error("-px", "tool: option '-p': 'x' is not a port, 0 to 65535\n");
    expect_error("--wait=1x", "tool: option '--wait': '1x' is not a duration such as 500ms, 1.5s, "
                              "2m or 1h (a bare number is seconds)\n");
    expect_error("--wait=999999999999999999999",
                 "tool: option '--wait': '999999999999999999999' is too large\n");
    expect_error("--limit=1", "tool: option '--limit': '1' is too small: at least 1.00 KiB is "
                              "allowed\n");
    expect_error("--limit=2M",
                 "tool: option '--limit': '2M' is too large: at most 1.00 MiB is allowed\n");
    expect_error("--number=1.5", "tool: option '--number': '1.5' is not a count such as 100, 10k "
                                 "or 1.5m (k and m are powers of 1000)\n");
    expect_error("--reconnect=1k",
                 "tool: option '--reconnect': '1k' is not a whole number from 1 to 100\n");
    expect_error("--reconnect=0",
                 "tool: option '--reconnect': '0' is not a whole number from 1 to 100\n");
    expect_error("--format=x", "tool: option '--format': 'x' is not one of text, raw, hex\n");
    expect_error("--format=", "tool: option '--format': '' is not one of text, raw, hex\n");
    expect_error("--call=bad", "tool: option '--call': 'bad' is not HOST:PORT\n");
    expect_error("--port", "tool: option '--port' needs a value: N\n");
    expect_error("-kp", "tool: option '-p' needs a value: N\n");
    expect_error("--insecure=1", "tool: option '--insecure' takes no value\n");
    expect_error("-HA: 1\r\nB: 2",
                 "tool: option '-H': a line break cannot go into an HTTP header\n");
    expect_error("--agent=a\nb",
                 "tool: option '--agent': a line break cannot go into an HTTP header\n");
}

/* The last one counts; false is given, too. */
static void test_switches(void **state)
{
    static const struct {
        const char *line;
        bool on;
    } lines[] = {{"--insecure=true", true},
                 {"--unsafe=yes", true},
                 {"--insecure|--insecure=false", false},
                 {"--insecure=no|-k", true},
                 {"--insecure=no", false}};
    struct run run;
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        begin(&run);
        parse(&run, lines[i].line);
        assert_true(run.result);
        assert_int_equal(run.settings.insecure, lines[i].on);
        assert_true(options_given(&run.options, "insecure"));
        end(&run);
    }
    begin(&run);
    parse(&run, "--ipv4=false");
    assert_true(run.result);
    assert_int_equal(run.settings.family, 0);
    end(&run);
}

/* Where a secret can be read again. */
static void test_secret_files(void **state)
{
    char path[] = "/tmp/test_options.XXXXXX", line[64];
    struct run run;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "me:secret\n", 10), 10);
    close(fd);
    begin(&run);
    snprintf(line, sizeof line, "--auth=@%s", path);
    parse(&run, line);
    assert_string_equal(run.settings.auth, "me:secret");
    assert_string_equal(options_secret_file(&run.options, "auth") + 1, path);
    end(&run);
    begin(&run);
    parse(&run, "--auth=a:b");
    assert_null(options_secret_file(&run.options, "auth"));
    assert_null(options_secret_file(&run.options, "none"));
    end(&run);
    unlink(path);
}

static void test_secrets(void **state)
{
    (void)state;
    struct run run;
    setenv("LIBWS_TEST_AUTH", "me:secret", 1);
    begin(&run);
    parse(&run, "--auth=env:LIBWS_TEST_AUTH");
    expect_words(&run, "");
    assert_string_equal(run.settings.auth, "me:secret");
    end(&run);
    setenv("LIBWS_TEST_AUTH", "me:sec\nret", 1);
    expect_error("--auth=env:LIBWS_TEST_AUTH",
                 "tool: option '--auth': a line break cannot go into an HTTP header\n");
    unsetenv("LIBWS_TEST_AUTH");
    expect_error("--auth=env:LIBWS_TEST_AUTH",
                 "tool: option '--auth': the environment has no variable 'LIBWS_TEST_AUTH'\n");
}

static void test_subcommands(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    run.options.subcommand = "encode";
    parse(&run, "-m|--hex|--mask");
    expect_words(&run, "");
    assert_int_equal(run.settings.family, 1);
    end(&run);

    begin(&run);
    run.options.subcommand = "decode";
    parse(&run, "--hex=81");
    expect_words(&run, "");
    assert_string_equal(run.settings.ca, "81");
    end(&run);

    begin(&run);
    run.options.subcommand = "decode";
    parse(&run, "--mask");
    assert_false(run.result);
    assert_string_equal(run.err, "tool: option '--mask' belongs to 'encode', not to 'decode'\n");
    end(&run);

    begin(&run);
    run.options.subcommand = "decode";
    parse(&run, "-m");
    assert_false(run.result);
    assert_string_equal(run.err, "tool: option '-m' belongs to 'encode', not to 'decode'\n");
    end(&run);
}

/* Shared rows keep only the letters that their table enables. */
static void test_table_letters(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    run.tables[0].letters = "k46";
    parse(&run, "-k|-p80");
    assert_false(run.result);
    assert_string_equal(run.err, "tool: unknown option '-p'\n" TRY);
    assert_true(run.settings.insecure);
    end(&run);
}

static void test_set(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    assert_true(options_set(&run.options, "f:1", "cacert", "x.pem"));
    assert_string_equal(run.settings.ca, "x.pem");
    assert_true(options_set(&run.options, "f:2", "insecure", "no"));
    assert_false(run.settings.insecure);
    assert_true(options_set(&run.options, "f:2", "insecure", "yes"));
    assert_true(run.settings.insecure);
    assert_true(options_set(&run.options, "f:3", "ipv4", NULL));
    assert_true(options_set(&run.options, "f:3", "reconnect", NULL));
    assert_int_equal(run.settings.tries, 5);
    assert_true(options_set(&run.options, "f:3", "header", "A: 1"));
    assert_false(options_set(&run.options, "f:4", "port", NULL));
    assert_false(options_set(&run.options, "f:5", "port", "x"));
    assert_false(options_set(&run.options, "f:6", "prot", "1"));
    assert_false(options_set(&run.options, "f:7", "insecure", "maybe"));
    assert_false(options_set(&run.options, "f:8", "help", NULL));
    fflush(run.options.err);
    assert_string_equal(run.err, "tool: f:4: option 'port' needs a value: N\n"
                                 "tool: f:5: option 'port': 'x' is not a port, 0 to 65535\n"
                                 "tool: f:6: unknown option 'prot' (did you mean 'port'?)\n"
                                 "tool: f:7: option 'insecure' takes no value\n"
                                 "tool: f:8: unknown option 'help'\n");
    end(&run);
}

static void test_equal(void **state)
{
    (void)state;
    struct run one, two;
    begin(&one);
    begin(&two);
    const struct option_row *wait = options_find(&one.options, "wait");
    const struct option_row *headers = options_find(&one.options, "header");
    const struct option_row *ca = options_find(&one.options, "cacert");
    assert_non_null(wait);
    assert_true(wait->flags & OPTION_RELOADABLE);
    assert_null(options_find(&one.options, "nothing"));
    for (size_t i = 1; i < sizeof rows / sizeof *rows; i++)
        assert_true(options_equal(&rows[i], &one.settings, &two.settings));
    assert_true(options_set(&one.options, "f", "wait", "1"));
    assert_false(options_equal(wait, &one.settings, &two.settings));
    assert_true(options_set(&one.options, "f", "header", "A: 1"));
    assert_false(options_equal(headers, &one.settings, &two.settings));
    assert_true(options_set(&two.options, "f", "header", "A: 1"));
    assert_true(options_equal(headers, &one.settings, &two.settings));
    assert_true(options_set(&one.options, "f", "ca", "x"));
    assert_false(options_equal(ca, &one.settings, &two.settings));
    end(&one);
    end(&two);
}

static void test_usage_error(void **state)
{
    (void)state;
    struct run run;
    begin(&run);
    assert_int_equal(options_usage_error(&run.options, "%s and %s", "a", "b"), WS_EXIT_USAGE);
    fflush(run.options.err);
    assert_string_equal(run.err, "tool: a and b\n" TRY);
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_bundles),       cmocka_unit_test(test_words),
        cmocka_unit_test(test_optional),      cmocka_unit_test(test_last_wins),
        cmocka_unit_test(test_unknown),       cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_switches),      cmocka_unit_test(test_secret_files),
        cmocka_unit_test(test_secrets),       cmocka_unit_test(test_subcommands),
        cmocka_unit_test(test_table_letters), cmocka_unit_test(test_set),
        cmocka_unit_test(test_equal),         cmocka_unit_test(test_usage_error),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
