#include "cmd/common/log.h"
#include "cmd/common/log_event.h"

#include <errno.h>
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
    log_line(&log, WS_LOG_INFO, 7, "OPEN", "from %s", "127.0.0.1");
    log_line(&log, WS_LOG_ERROR, 0, NULL, "no connection");
    assert_int_equal(errno, 77);
    assert_string_equal(written(&pipe), NOON " INFO    conn=7 OPEN from 127.0.0.1\n" NOON
                                             " ERROR   no connection\n");
}

static void test_json(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_JSON);
    log_line(&log, WS_LOG_WARNING, 7, "RATE", "a \"b\" \033 c\td");
    log_line(&log, WS_LOG_DEBUG, 0, NULL, "%s", "\xff\\");
    assert_string_equal(written(&pipe),
                        "{\"t\":\"" NOON "\",\"level\":\"warning\",\"conn\":7,"
                        "\"event\":\"RATE\",\"msg\":\"a \\\"b\\\" \\\\x1b c\\td\"}\n"
                        "{\"t\":\"" NOON "\",\"level\":\"debug\",\"msg\":"
                        "\"\\\\xff\\\\\\\\\"}\n");
}

/* Text from a peer cannot begin a new line or reach the terminal unescaped. */
static void test_injection(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    log_line(&log, WS_LOG_INFO, 1, NULL, "%s", "x\n" NOON " ERROR\r\033[2J");
    assert_string_equal(written(&pipe), NOON " INFO    conn=1 x\\n" NOON " ERROR\\r\\x1b[2J\n");
}

static void test_least(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    log.least = WS_LOG_WARNING;
    log_line(&log, WS_LOG_INFO, 0, NULL, "not this");
    assert_false(log_wants(&log, WS_LOG_INFO));
    assert_true(log_wants(&log, WS_LOG_WARNING));
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
            log_line(&log, WS_LOG_INFO, 1, "E", "%s", message);
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
    log_line(&log, WS_LOG_ERROR, 0, NULL, "x");
    assert_string_equal(written(&pipe), NOON " \033[31mERROR  \033[0m x\n");
}

static void test_levels(void **state)
{
    (void)state;
    enum ws_level level;
    for (int i = WS_LOG_DEBUG; i <= WS_LOG_ERROR; i++) {
        assert_true(log_level_parse(log_level_name((enum ws_level)i), &level));
        assert_int_equal(level, i);
    }
    assert_true(log_level_parse("fatal", &level));
    assert_int_equal(level, WS_LOG_ERROR);
    assert_true(log_level_parse("access", &level));
    assert_int_equal(level, WS_LOG_INFO);
    assert_false(log_level_parse("loud", &level));
}

static void test_fields(void **state)
{
    (void)state;
    const struct log_field fields[] = {log_word("from", "open"), log_number("n", 42),
                                       log_text("path", "/a b", 4), log_text("none", "", 0),
                                       log_text("evil", "x\" to=\"\n\\", 9)};
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    log_fields(&log, WS_LOG_INFO, 7, "state", fields, 5, "%s", "");
    log_fields(&log, WS_LOG_INFO, 7, "state", fields, 2, "a %s", "message");
    assert_string_equal(written(&pipe),
                        NOON " INFO    conn=7 state from=open n=42 path=\"/a b\" none=\"\" "
                             "evil=\"x\\\" to=\\\"\\\\n\\\\\\\\\"\n" NOON
                             " INFO    conn=7 state a message from=open n=42\n");
    log = begin(&pipe, LOG_JSON);
    log_fields(&log, WS_LOG_INFO, 0, "state", fields, 5, "%s", "m");
    assert_string_equal(written(&pipe),
                        "{\"t\":\"" NOON "\",\"level\":\"info\",\"event\":\"state\","
                        "\"msg\":\"m\",\"from\":\"open\",\"n\":42,\"path\":\"/a b\","
                        "\"none\":\"\",\"evil\":\"x\\\" to=\\\"\\\\n\\\\\\\\\"}\n");
}

/* Lines with any length of fields end properly, and JSON lines as objects. */
static void test_long_fields(void **state)
{
    (void)state;
    static char message[LOG_LINE_MAX + 100], text[3000];
    memset(text, '"', sizeof text);
    struct log_field fields[6];
    for (int i = 0; i < 6; i++)
        fields[i] = log_text("name", text, sizeof text);
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        for (size_t len = 0; len<sizeof message; len += len> 3900 ? 1 : 97) {
            memset(message, 'm', sizeof message);
            message[len] = '\0';
            struct pipe pipe;
            struct log log = begin(&pipe, (enum log_format)format);
            log_fields(&log, WS_LOG_INFO, 1, "state", fields, 6, "%s", message);
            const char *line = written(&pipe);
            size_t n = strlen(line);
            assert_true(n <= LOG_LINE_MAX);
            assert_int_equal(line[n - 1], '\n');
            assert_ptr_equal(strchr(line, '\n'), line + n - 1);
            if (format == LOG_JSON)
                assert_true(strcmp(line + n - 3, "\"}\n") == 0);
        }
    }
}

static bool trace_of(void *context, uint64_t conn, char *text, size_t size)
{
    assert_ptr_equal(context, trace_of);
    return conn == 7 && (size_t)snprintf(text, size, "req-1\n") < size;
}

static void test_trace(void **state)
{
    (void)state;
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_TEXT);
    log.trace = trace_of;
    log.trace_context = trace_of;
    log_line(&log, WS_LOG_INFO, 7, "open", "x");
    log_line(&log, WS_LOG_INFO, 8, "open", "x");
    log_line(&log, WS_LOG_INFO, 0, "open", "x");
    log_set(&log, WS_LOG_INFO, LOG_JSON);
    log_line(&log, WS_LOG_INFO, 7, "open", "x");
    assert_string_equal(written(&pipe),
                        NOON " INFO    conn=7 trace=req-1\\n open x\n" NOON
                             " INFO    conn=8 open x\n" NOON " INFO    open x\n"
                             "{\"t\":\"" NOON
                             "\",\"level\":\"info\",\"conn\":7,\"trace\":\"req-1\\\\n\","
                             "\"event\":\"open\",\"msg\":\"x\"}\n");
}

/* The number of lost lines, summed over all notices in the log. */
static uint64_t lost_count(const char *text)
{
    uint64_t sum = 0;
    while ((text = strstr(text, "\"lines\":"))) {
        text += strlen("\"lines\":");
        sum += strtoull(text, NULL, 10);
    }
    return sum;
}

/* A log that is not read blocks no caller; once it is read, it has a notice of the lost lines. */
static void test_full_pipe(void **state)
{
    (void)state;
    static char text[1 << 20];
    struct pipe pipe;
    struct log log = begin(&pipe, LOG_JSON);
    assert_true(log_start(&log, 32 * 1024));
    for (int i = 0; i < 10000; i++)
        log_line(&log, WS_LOG_INFO, 0, "open", "line %d", i);
    uint64_t dropped = log_dropped(&log);
    assert_true(dropped > 5000);
    size_t len = 0;
    while (lost_count(text) < dropped || text[len - 1] != '\n') {
        ssize_t n = read(pipe.ends[0], text + len, sizeof text - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    assert_int_equal(lost_count(text), dropped);
    log_line(&log, WS_LOG_INFO, 0, "open", "again");
    log_stop(&log, 10000);
    log_line(&log, WS_LOG_INFO, 0, "open", "and after the end");
    close(pipe.ends[1]);
    for (ssize_t n; (n = read(pipe.ends[0], text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)n;
    close(pipe.ends[0]);
    const char *again = strstr(text, "\"msg\":\"again\"");
    assert_non_null(again);
    assert_non_null(strstr(again, "\"msg\":\"and after the end\""));
}

/* The names are unique, and differ from the names of errors. */
static void test_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < log_event_count; i++) {
        assert_true(strlen(log_events[i].meaning) > 0);
        for (const char *p = log_events[i].name; *p; p++)
            assert_true((*p >= 'a' && *p <= 'z') || *p == '-');
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(log_events[i].name, log_events[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),       cmocka_unit_test(test_json),
        cmocka_unit_test(test_injection),  cmocka_unit_test(test_least),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_error_table),
        cmocka_unit_test(test_color),      cmocka_unit_test(test_levels),
        cmocka_unit_test(test_fields),     cmocka_unit_test(test_long_fields),
        cmocka_unit_test(test_trace),      cmocka_unit_test(test_full_pipe),
        cmocka_unit_test(test_events),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
