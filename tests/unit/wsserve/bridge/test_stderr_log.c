#include "cmd/wsserve/bridge/stderr_log.h"

#include "tests/unit/support_net.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct ws_loop *loop;
static int written[2]; /* the log's lines */
static struct log out;

/* All lines so far, without their times and levels. */
static const char *lines(void)
{
    static char text[8192];
    char raw[8192];
    ssize_t n = read(written[0], raw, sizeof raw - 1);
    raw[n > 0 ? n : 0] = '\0';
    text[0] = '\0';
    for (char *line = strtok(raw, "\n"); line; line = strtok(NULL, "\n")) {
        const char *message = strstr(line, "process ");
        assert_non_null(message);
        strcat(strcat(text, message + strlen("process ")), "|");
    }
    return text;
}

static int begin(struct stderr_log *log)
{
    const struct stderr_target target = {.log = &out, .conn = 0, .file = "/usr/bin/prog"};
    int reader = -1, writer = stderr_log_pipe(&target, &reader);
    assert_true(writer >= 0 && reader >= 0);
    *log = (struct stderr_log){.len = 0};
    assert_true(stderr_log_open(log, loop, reader, &target));
    return writer;
}

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    ws_loop_turn(loop, 0);
}

static void line_by_line(void **state)
{
    struct stderr_log log;
    (void)state;
    int fd = begin(&log);
    say(fd, "one\ntwo\r\n\nthr");
    assert_string_equal(lines(), "prog: one|prog: two|");
    say(fd, "ee\nrest");
    assert_string_equal(lines(), "prog: three|");
    stderr_log_close(&log);
    assert_string_equal(lines(), "prog: rest|");
    stderr_log_close(&log); /* again: nothing */
    close(fd);
}

static void ends_with_the_pipe(void **state)
{
    struct stderr_log log;
    (void)state;
    int fd = begin(&log);
    say(fd, "last");
    close(fd);
    TURN_UNTIL(loop, !log.loop);
    assert_string_equal(lines(), "prog: last|");
}

static void long_lines_come_in_pieces(void **state)
{
    struct stderr_log log;
    char text[STDERR_LINE_MAX + 3];
    (void)state;
    int fd = begin(&log);
    memset(text, 'x', sizeof text);
    memcpy(text + STDERR_LINE_MAX, "yz", 3);
    say(fd, text);
    stderr_log_close(&log);
    const char *all = lines();
    assert_int_equal(strlen(all), 2 * strlen("prog: |") + STDERR_LINE_MAX + 2);
    assert_string_equal(all + strlen(all) - 3, "yz|");
    close(fd);
}

static void without_a_log_it_is_thrown_away(void **state)
{
    int reader = -1, fd = stderr_log_pipe(&(struct stderr_target){.log = NULL}, &reader);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(reader, -1);
    close(fd);
}

static int make(void **state)
{
    (void)state;
    if (pipe2(written, O_CLOEXEC | O_NONBLOCK) < 0)
        return 1;
    out = (struct log){.fd = written[1]};
    return ws_loop_new(&loop) == WS_OK ? 0 : 1;
}

static int unmake(void **state)
{
    (void)state;
    ws_loop_free(loop);
    close(written[0]);
    return close(written[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_by_line),
        cmocka_unit_test(ends_with_the_pipe),
        cmocka_unit_test(long_lines_come_in_pieces),
        cmocka_unit_test(without_a_log_it_is_thrown_away),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
