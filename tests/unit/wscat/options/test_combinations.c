#include "cmd/wscat/options/combinations.h"

#include "cmd/common/exit.h"
#include "tests/unit/support_capture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { WORDS_MAX = 16 };

/* What is wrong with a command line whose words are separated by blanks; "" where nothing is. */
static const char *problem(const char *text)
{
    struct settings settings;
    struct options options;
    char line[256], *words[WORDS_MAX + 1];
    int count = 0;
    snprintf(line, sizeof line, "wscat %s", text);
    for (char *word = strtok(line, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
        words[count++] = word;
    words[count] = NULL;
    capture_begin(STDERR_FILENO);
    bool read = wscat_settings_read(&settings, &options, count, words);
    bool good = read && combinations_check(&settings, &options);
    const char *message = capture_end();
    if (!read)
        fail_msg("%s: %s", text, message);
    assert_int_equal(good, message[0] == '\0');
    if (!good)
        assert_int_equal(options.status, WS_EXIT_USAGE);
    wscat_settings_free(&settings);
    options_free(&options);
    return message;
}

static void good(void **state)
{
    static const char *const lines[] = {
        "ws://h/",
        "-J --input=jsonl ws://h/",
        "-r -Z ws://h/",
        "-b --chunk=1K -z ws://h/",
        "-0 --keep-newline ws://h/",
        "--slash --history=none ws://h/",
        "-1 ws://h/ hello",
        "-N 3 --request-reply ws://h/ a b c",
        "-N 2 ws://h/ a b c",
        "--check -T 5 -s chat --check-idle=0 -k ws://h/",
        "-l 8080 -s chat -b --ping-interval=1 --ping-timeout=2 -N 2 hello",
        "-L --max-redirects=3 --reconnect --reconnect-delay=2 ws://h/",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_string_equal(problem(lines[i]), "");
}

/* tests/cli/wscat/combinations.bats has each rule; here is one of each kind. */
static void bad(void **state)
{
    static const struct {
        const char *line, *why;
    } cases[] = {
        {"-t -b ws://h/", "--text and --binary exclude each other"},
        {"-1 -N 1 ws://h/", "--one-message and --count exclude each other"},
        {"--check-idle=1 ws://h/", "--check-idle has no effect without --check"},
        {"-b --timestamps=iso ws://h/", "--timestamps would be mixed with the bytes"},
        {"--chunk=1 ws://h/", "--chunk has an effect with --binary only"},
        {"--slash ws://h/ hello", "--slash has no effect: standard input is not read"},
        {"--check -J ws://h/", "--jsonl has no effect with --check"},
        {"--check ws://h/ hello", "--check sends its own messages"},
        {"-l 1 --request-reply", "--request-reply has no effect with --listen"},
        {"-l 1 --one-message", "--count=1"},
        {"-1 -x a ws://h/ b", "--one-message sends one message, and there are 2"},
        {"-N 1 --request-reply ws://h/ a b", "--count=1 ends it before the last of 2 messages"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = problem(cases[i].line);
        if (!strstr(why, cases[i].why))
            fail_msg("%s: '%s'", cases[i].line, why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad)};
    exit_set_tool("wscat");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
