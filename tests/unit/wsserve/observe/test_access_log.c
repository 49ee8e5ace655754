#include "cmd/wsserve/observe/access_log.h"

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

/* The line on a request with that head, or on none. */
static const char *line(enum log_format format, const char *head_text, const char *trace)
{
    static char text[LOG_LINE_MAX + 1];
    int ends[2];
    struct ws_http_head head;
    struct ws_request request;
    assert_int_equal(pipe(ends), 0);
    struct log log = {.fd = ends[1], .format = format, .now = noon};
    struct access_log *access_log = access_log_open(&log, NULL);
    assert_non_null(access_log);
    struct access_log_request *copy = NULL;
    struct access_log_entry entry = {
        .conn = 7, .peer = "192.0.2.1", .trace = trace, .status = 101, .bytes = 42};
    char target[4096] = "";
    if (head_text) {
        ws_http_init(&head, false, 8192);
        assert_int_equal(ws_http_parse(&head, head_text, strlen(head_text)), WS_OK);
        ws_handshake_read_request(&head, head_text, &request);
        snprintf(target, sizeof target, "%.*s", (int)request.target.len, request.target.p);
        entry.request = copy = access_log_request_new(&request, target);
        assert_non_null(copy);
    }
    access_log_line(access_log, &entry);
    free(copy);
    access_log_close(access_log, 0);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_true(n > 0);
    text[n] = '\0';
    return text;
}

#define BEGIN "192.0.2.1 - - [31/Jan/2026:12:00:00 +0000] "

static void test_combined(void **state)
{
    (void)state;
    assert_string_equal(line(LOG_TEXT, "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", NULL),
                        BEGIN "\"GET /a?b HTTP/1.1\" 101 42 \"-\" \"-\" conn=7 trace=-\n");
    assert_string_equal(
        line(LOG_TEXT, "GET / HTTP/1.0\r\nUser-Agent: me\r\nOrigin: http://o\r\n\r\n", "t-1"),
        BEGIN "\"GET / HTTP/1.0\" 101 42 \"http://o\" \"me\" conn=7 trace=t-1\n");
    assert_string_equal(line(LOG_TEXT, "GET / HTTP/1.1\r\nReferer: r\r\nOrigin: o\r\n\r\n", NULL),
                        BEGIN "\"GET / HTTP/1.1\" 101 42 \"r\" \"-\" conn=7 trace=-\n");
    assert_string_equal(line(LOG_TEXT, NULL, NULL),
                        BEGIN "\"-\" 101 42 \"-\" \"-\" conn=7 trace=-\n");
}

/* Nothing that a client sends ends a quoted part or the line. */
static void test_quoting(void **state)
{
    (void)state;
    assert_string_equal(
        line(LOG_TEXT, "GET /\" HTTP/1.1\r\nUser-Agent: a\" \\ \xff\tb\r\n\r\n", NULL),
        BEGIN "\"GET /\\\" HTTP/1.1\" 101 42 \"-\" \"a\\\" \\\\ \\xff\tb\" conn=7 trace=-\n");
    char head[8192], long_text[3001];
    memset(long_text, '"', 3000);
    long_text[3000] = '\0';
    snprintf(head, sizeof head, "GET /%s HTTP/1.1\r\nUser-Agent: %s\r\n\r\n", long_text, long_text);
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        const char *text = line((enum log_format)format, head, NULL);
        size_t len = strlen(text);
        assert_true(len <= LOG_LINE_MAX && text[len - 1] == '\n');
        assert_ptr_equal(strchr(text, '\n'), text + len - 1);
        assert_non_null(strstr(text, "...\""));
    }
}

static void test_json(void **state)
{
    (void)state;
    assert_string_equal(
        line(LOG_JSON, "GET /a\"b HTTP/1.1\r\nUser-Agent: me\r\nOrigin: o\r\n\r\n", "ignored"),
        "{\"t\":\"2026-01-31T12:00:00.123456Z\",\"level\":\"info\",\"conn\":7,\"event\":\"access\","
        "\"msg\":\"\",\"peer\":\"192.0.2.1\",\"status\":101,\"bytes\":42,\"method\":\"GET\","
        "\"target\":\"/a\\\"b\",\"origin\":\"o\",\"agent\":\"me\"}\n");
}

static void test_file(void **state)
{
    (void)state;
    char path[] = "/tmp/test_access.XXXXXX", text[200];
    struct log log = {.fd = -1, .now = noon};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct access_log *access_log = access_log_open(&log, path);
    assert_non_null(access_log);
    access_log_line(access_log, &(struct access_log_entry){.conn = 1, .peer = "p", .status = 400});
    access_log_reopen(access_log);
    access_log_close(access_log, 10000);
    ssize_t n = read(fd, text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_non_null(strstr(text, "\"-\" 400 0 "));
    close(fd);
    unlink(path);
    assert_null(access_log_open(&log, "/no/such/folder"));
    assert_int_equal(errno, ENOENT);
    access_log_reopen(NULL);
    access_log_close(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_combined),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests_name("wsserve_access_log", tests, NULL, NULL);
}
