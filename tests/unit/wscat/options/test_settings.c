#include "cmd/wscat/options/settings.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
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

static struct settings settings;
static struct options options;
static char line[512], *words[WORDS_MAX + 1];

/* Reads a command line whose words are separated by blanks. */
static bool read_line(const char *text)
{
    int count = 0;
    snprintf(line, sizeof line, "wscat %s", text);
    for (char *word = strtok(line, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
        words[count++] = word;
    words[count] = NULL;
    return wscat_settings_read(&settings, &options, count, words);
}

static void done(void)
{
    wscat_settings_free(&settings);
    options_free(&options);
}

static void takes(const char *text)
{
    if (!read_line(text))
        fail_msg("refused: %s", text);
}

/* It is a usage error that says this. */
static void refuses(const char *text, const char *why)
{
    capture_begin(STDERR_FILENO);
    bool taken = read_line(text);
    const char *message = capture_end();
    if (taken || options.status != WS_EXIT_USAGE || !strstr(message, why))
        fail_msg("%s: taken %d, status %d, '%s'", text, taken, options.status, message);
    done();
}

static void defaults(void **state)
{
    (void)state;
    takes("ws://h/");
    assert_string_equal(settings.target.url.host, "h");
    assert_int_equal(settings.format, FORMAT_TEXT);
    assert_int_equal(settings.input, INPUT_LINES);
    assert_int_equal(settings.timestamps, TIMESTAMPS_NONE);
    assert_int_equal(settings.wait_us, SECONDS(2));
    assert_int_equal(settings.close_code, 1000);
    assert_null(settings.messages[0]);
    assert_false(settings.no_stdin || settings.jsonl || settings.reconnect);
    assert_int_equal(settings_opcode(&settings), WS_OP_TEXT);
    done();
}

static void words_are_messages(void **state)
{
    static const char *const expected[] = {"x", "one", "two", NULL};
    (void)state;
    takes("-x x ws://h/ one two");
    for (size_t i = 0; expected[i]; i++)
        assert_string_equal(settings.messages[i], expected[i]);
    assert_null(settings.messages[3]);
    assert_true(settings.no_stdin);
    done();
    takes("-c ws://h/ one"); /* the URL is elsewhere: all words are messages */
    assert_string_equal(settings.messages[0], "one");
    done();
    takes("-x x ws://h/"); /* standard input follows */
    assert_false(settings.no_stdin);
    done();
    refuses("", "no URL");
    refuses("ws://h/ ws://i/", "two URLs");
    refuses("hello ws://h/", "the URL comes first");
    refuses("ws://h/ @- @-", "given twice");
}

static void forms(void **state)
{
    static const struct {
        const char *text;
        enum output_format format;
        enum input_form input;
        unsigned opcode;
        bool unescaped;
    } cases[] = {
        {"-J ws://h/", FORMAT_JSONL, INPUT_LINES, WS_OP_TEXT, false},
        {"--format=jsonl ws://h/", FORMAT_JSONL, INPUT_LINES, WS_OP_TEXT, false},
        {"-r ws://h/", FORMAT_RAW, INPUT_LINES, WS_OP_TEXT, true},
        {"--format=raw ws://h/", FORMAT_RAW, INPUT_LINES, WS_OP_TEXT, true},
        {"-b ws://h/", FORMAT_RAW, INPUT_CHUNKS, WS_OP_BINARY, false},
        {"-b --format=hex ws://h/", FORMAT_HEX, INPUT_CHUNKS, WS_OP_BINARY, false},
        {"-b --input=lines ws://h/", FORMAT_RAW, INPUT_LINES, WS_OP_BINARY, false},
        {"-0 ws://h/", FORMAT_TEXT, INPUT_NUL, WS_OP_TEXT, false},
        {"--input=hex ws://h/", FORMAT_TEXT, INPUT_HEX, WS_OP_BINARY, false},
        {"--input=hex -t ws://h/", FORMAT_TEXT, INPUT_HEX, WS_OP_TEXT, false},
        {"--input=jsonl ws://h/", FORMAT_TEXT, INPUT_JSONL, WS_OP_TEXT, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        takes(cases[i].text);
        if (settings.format != cases[i].format || settings.input != cases[i].input ||
            settings_opcode(&settings) != cases[i].opcode ||
            settings.unescaped != cases[i].unescaped)
            fail_msg("%s: format %d, input %d", cases[i].text, settings.format, settings.input);
        assert_int_equal(settings.jsonl, settings.format == FORMAT_JSONL);
        done();
    }
}

static void values(void **state)
{
    (void)state;
    takes("-1 --reconnect=3 --close-code=4000 -w -1 ws://h/");
    assert_int_equal(settings.count, 1);
    assert_true(settings.reconnect);
    assert_int_equal(settings.reconnect_max, 3);
    assert_int_equal(settings.close_code, 4000);
    assert_int_equal(settings.wait_us, UNITS_NEVER);
    done();
    takes("--reconnect ws://h/");
    assert_int_equal(settings.reconnect_max, 0);
    done();
    refuses("--reconnect=0 ws://h/", "a number of attempts");
    refuses("--close-code=1005 ws://h/", "a close code that may be sent");
    refuses("-p 8 ws://h/", "13");
    refuses("--expect=( ws://h/", "'--expect'");
    refuses("--close-reason=\xff ws://h/", "not UTF-8");
    refuses("--count=0 ws://h/", "too small");
    char reason[160] = "--close-reason=";
    memset(reason + strlen(reason), 'x', 124);
    refuses(strcat(reason, " ws://h/"), "longer than 123 bytes");
}

static void where_to_listen(void **state)
{
    static const struct {
        const char *text, *where;
    } cases[] = {
        {"-l 8080", "127.0.0.1:8080"},
        {"-l :8080", "127.0.0.1:8080"},
        {"-l 0.0.0.0:1", "0.0.0.0:1"},
        {"-l [::]:1", "[::]:1"},
    };
    static const char *const wrong[] = {"-l x", "-l 99999", "-l a:b:c", "-l host:name"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        takes(cases[i].text);
        assert_string_equal(settings.where, cases[i].where);
        assert_int_equal(settings.wait_us, UNITS_NEVER);
        done();
    }
    takes("-l 1 -w 3 hello"); /* no URL: all words are messages */
    assert_int_equal(settings.wait_us, SECONDS(3));
    assert_string_equal(settings.messages[0], "hello");
    done();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refuses(wrong[i], "is not [ADDRESS:]PORT");
    refuses("-l 1 ws://h/", "takes no URL");
    refuses("-l 1 @-", "'@-' with --listen");
}

static void config(void **state)
{
    struct ws_conn_config c;
    (void)state;
    takes("-b --fragment=1K --max-message-size=5K --idle-timeout=3 --ping-interval=4 "
          "--close-timeout=250ms --connect-timeout=7 ws://h/");
    wscat_settings_conn_config(&settings, &c);
    assert_int_equal(c.session.max_frame, 1024);
    assert_int_equal(c.session.max_message, 5 * 1024);
    assert_true(c.session.chunks);
    assert_int_equal(c.idle_ms, 3000);
    assert_int_equal(c.close_ms, 250);
    assert_int_equal(c.handshake_ms, 7000);
    assert_int_equal(c.write_ms, 0); /* a slow server slows the input down */
    assert_int_equal(c.heartbeat.interval_ms, 4000);
    assert_int_equal(c.heartbeat.timeout_ms, 10000);
    assert_int_equal(settings_largest(&settings), 5 * 1024);
    done();
    takes("-b --expect=x --max-message-size=0 ws://h/"); /* whole messages are searched */
    wscat_settings_conn_config(&settings, &c);
    assert_false(c.session.chunks);
    assert_true(settings_largest(&settings) >= (1u << 30) - 1); /* with 32 bits too */
    done();
}

static void standard_input_as_a_message(void **state)
{
    (void)state;
    assert_true(settings_is_stdin("@-"));
    assert_false(settings_is_stdin("@@-"));
    assert_false(settings_is_stdin("-"));
    assert_false(settings_is_stdin("@-x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(words_are_messages),
        cmocka_unit_test(forms),
        cmocka_unit_test(values),
        cmocka_unit_test(where_to_listen),
        cmocka_unit_test(config),
        cmocka_unit_test(standard_input_as_a_message),
    };
    exit_set_tool("wscat");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
