#include "cmd/wsserve/options/settings_process.h"

#include "cmd/wsserve/access/access_rules.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/options/settings_config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { WORDS_MAX = 16 };

static struct settings settings;
static struct options options;
static char line[400];

/* Reads a command line, words with blanks between them. */
static bool takes(const char *words)
{
    static char *argv[WORDS_MAX];
    int argc = 0;
    serve_settings_free(&settings, &options);
    snprintf(line, sizeof line, "wsserve %s", words);
    for (char *word = strtok(line, " "); word && argc < WORDS_MAX - 1; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return serve_settings_read(&settings, &options, argc, argv, access_rules_check);
}

static const struct settings_process *after(const char *words)
{
    if (!takes(words))
        fail_msg("%s: refused", words);
    return &settings.process;
}

static const char *mode_name(const char *words)
{
    return takes(words) ? serve_settings_mode_name(settings.mode) : "refused";
}

static void test_modes(void **state)
{
    (void)state;
    assert_string_equal(mode_name("cat"), "process");
    assert_string_equal(mode_name("-b cat -n"), "process");
    assert_string_equal(mode_name("--dir=/bin"), "process");
    assert_string_equal(mode_name("--shared cat"), "shared");
    assert_string_equal(mode_name("--pipe"), "pipe");
    assert_string_equal(mode_name("--proxy=tcp:h:1"), "proxy");
    assert_string_equal(mode_name(""), "echo");
}

static void test_every_one_of_them_reaches_something_local(void **state)
{
    static const struct mode *const local[] = {&mode_process, &mode_shared, &mode_pipe,
                                               &mode_proxy};
    (void)state;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        assert_true(local[i]->reaches_local);
    assert_true(mode_shared.one_loop && mode_pipe.one_loop);
}

static void test_the_words_of_command_are_its_own(void **state)
{
    (void)state;
    const struct settings_process *process = after("--pty prog --binary -p 1");
    assert_true(process->pty);
    assert_false(process->binary);
    assert_string_equal(process->command[0], "prog");
    assert_string_equal(process->command[1], "--binary");
    assert_string_equal(process->command[3], "1");
    assert_null(process->command[4]);
}

static void test_framing(void **state)
{
    (void)state;
    assert_int_equal(after("cat")->framing, FRAMING_LINES);
    assert_int_equal(after("--text cat")->framing, FRAMING_LINES);
    assert_int_equal(after("-b cat")->framing, FRAMING_CHUNKS);
    assert_int_equal(after("-b --framing=lines cat")->framing, FRAMING_LINES);
    assert_int_equal(after("--framing=nul cat")->framing, FRAMING_NUL);
    assert_int_equal(after("--framing=len32 cat")->framing, FRAMING_LEN32);
    assert_int_equal(after("--framing=jsonl cat")->framing, FRAMING_JSONL);
    assert_int_equal(after("--proxy=tcp:h:1")->framing, FRAMING_CHUNKS);
}

static void test_a_source_waits_unless_told_otherwise(void **state)
{
    (void)state;
    after("--pipe");
    assert_int_equal(settings.slow, WS_SLOW_BLOCK);
    after("--shared cat");
    assert_int_equal(settings.slow, WS_SLOW_BLOCK);
    after("--slow=drop-new --pipe");
    assert_int_equal(settings.slow, WS_SLOW_DROP_NEW);
    after("cat");
    assert_int_equal(settings.slow, WS_SLOW_CLOSE);
}

static void test_times(void **state)
{
    (void)state;
    const struct settings_process *process = after("cat");
    assert_int_equal(settings_close_grace_ms(process, true), 1000);
    assert_int_equal(settings_close_grace_ms(process, false), 0);
    assert_int_equal(process->kill.count, 2);
    process = after("--closems=250 --kill=INT:10ms cat");
    assert_int_equal(settings_close_grace_ms(process, true), 250);
    assert_int_equal(settings_close_grace_ms(process, false), 250);
    assert_int_equal(process->kill.step[0].signal, SIGINT);
    process = after("--closems=0 cat");
    assert_int_equal(settings_close_grace_ms(process, true), 0);
}

static void test_faults(void **state)
{
    static const char *const lines[] = {
        "--shared",
        "--text -b cat",
        "--echo cat",
        "--pipe cat",
        "--dir=/bin cat",
        "--pipe --dir=/bin",
        "--proxy=tcp:h:1 cat",
        "--proxy=tcp:h",
        "--proxy=tcp::1",
        "--proxy=tcp:h:0",
        "--proxy=unix:",
        "--proxy=h:1",
        "--framing=x cat",
        "--kill=TERM:1d cat",
        "--closems=1s cat",
        "--maxforks=x cat",
        "--broadcast --pipe",
        "--proxy=tcp:h:1 -b --framing=nul",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (takes(lines[i]))
            fail_msg("%s: taken", lines[i]);
        assert_int_equal(options.status, 2);
    }
}

static int end(void **state)
{
    (void)state;
    serve_settings_free(&settings, &options);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_every_one_of_them_reaches_something_local),
        cmocka_unit_test(test_the_words_of_command_are_its_own),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_a_source_waits_unless_told_otherwise),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
