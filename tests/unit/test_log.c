#include "cmd/common/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static int64_t noon(void)
{
    return 1769860800123456;
}

#define NOON "2026-01-31T12:00:00.123456Z"

struct pipe {
    int ends[2];
    char text[2 * LOG_LINE_MAX];
};

static struct log begin(struct pipe *pipe_, enum log_format format)
{
    assert_int_equal(pipe(pipe_->ends), 0);
    return (struct log){.fd = pipe_->ends[1], .format = format, .now = noon};
}

static const char *written(struct pipe *pipe)
{
    close(pipe->ends[1]);
    ssize_t n = read(pipe->ends[0], pipe->text, sizeof pipe->text - 1);
    assert_true(n >= 0);
    pipe->text[n] = '\0';
    close(pipe->ends[0]);
    return pipe->text;
}

static void test_text(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    errno = 77;
    log_line(&log, WS_INFO, 7, "OPEN", "from %s", "127.0.0.1");
    log_line(&log, WS_ERROR, 0, NULL, "no connection");
    assert_int_equal(errno, 77);
    assert_string_equal(written(&pipe), NOON " INFO    conn=7 OPEN from 127.0.0.1\n" NOON
                                             " ERROR   no connection\n");
}

static void test_json(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_JSON);
    log_line(&log, WS_WARNING, 7, "RATE", "a \"b\" \033 c\td");
    log_line(&log, WS_DEBUG, 0, NULL, "%s", "\xff\\");
    assert_string_equal(written(&pipe),
                        "{\"t\":\"" NOON "\",\"level\":\"warning\",\"conn\":7,"
                        "\"event\":\"RATE\",\"msg\":\"a \\\"b\\\" \\\\x1b c\\td\"}\n"
                        "{\"t\":\"" NOON "\",\"level\":\"debug\",\"msg\":"
                        "\"\\\\xff\\\\\\\\\"}\n");
}

/* A peer cannot begin a line of its own, nor reach the terminal. */
static void test_injection(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    log_line(&log, WS_INFO, 1, NULL, "%s", "x\n" NOON " ERROR\r\033[2J");
    assert_string_equal(written(&pipe), NOON " INFO    conn=1 x\\n" NOON " ERROR\\r\\x1b[2J\n");
}

static void test_least(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    log.least = WS_WARNING;
    log_line(&log, WS_INFO, 0, NULL, "not this");
    assert_false(log_wants(&log, WS_INFO));
    assert_true(log_wants(&log, WS_WARNING));
    assert_string_equal(written(&pipe), "");
}

static void test_long_lines(void **state)
{
    (void)state;
    char message[LOG_LINE_MAX];
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        /* One byte more each time, so that the cut falls everywhere in an escape. */
        for (int shift = 0; shift < 8; shift++) {
            memset(message, '\033', sizeof message - 1);
            memset(message, 'a', (size_t)shift);
            message[sizeof message - 1] = '\0';
            struct pipe pipe;
            struct log log = begin(&pipe, (enum log_format)format);
            log_line(&log, WS_INFO, 1, "E", "%s", message);
            const char *line = written(&pipe);
            size_t len = strlen(line);
            assert_true(len <= LOG_LINE_MAX && len > LOG_LINE_MAX - 24);
            const char *end = format == LOG_JSON ? "\\\\x1b...\"}\n" : "\\x1b...\n";
            assert_string_equal(line + len - strlen(end), end);
        }
    }
}

static void test_error_table(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    log_error(&log, 3, WS_E_UTF8, NULL);
    log_error(&log, 3, WS_E_UTF8, "byte 5");
    assert_string_equal(written(&pipe),
                        NOON " INFO    conn=3 UTF8 a text message is not valid UTF-8\n" NOON
                             " INFO    conn=3 UTF8 a text message is not valid UTF-8: byte 5\n");
}

static void test_color(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    log.color = true;
    log_line(&log, WS_ERROR, 0, NULL, "x");
    assert_string_equal(written(&pipe), NOON " \033[31mERROR  \033[0m x\n");
}

static void test_levels(void **state)
{
    (void)state;
    enum ws_level level;
    for (int i = WS_DEBUG; i <= WS_ERROR; i++) {
        assert_true(log_level_parse(log_level_name((enum ws_level)i), &level));
        assert_int_equal(level, i);
    }
    assert_true(log_level_parse("fatal", &level));
    assert_int_equal(level, WS_ERROR);
    assert_true(log_level_parse("access", &level));
    assert_int_equal(level, WS_INFO);
    assert_false(log_level_parse("loud", &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),       cmocka_unit_test(test_json),
        cmocka_unit_test(test_injection),  cmocka_unit_test(test_least),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_error_table),
        cmocka_unit_test(test_color),      cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
