#include "cmd/wscat/output/output.h"

#include "tests/unit/support_net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { MEGABYTE = 1 << 20 };

static struct {
    struct ws_loop *loop;
    struct output output;
    int reader; /* the other end of the pipe that is standard output */
    unsigned unblocked, written;
    int failure;
} fx;

static void on_unblocked(void *context)
{
    (void)context;
    fx.unblocked++;
}

static void on_written(void *context)
{
    (void)context;
    fx.written++;
}

static void on_failed(void *context, int number)
{
    (void)context;
    assert_int_equal(fx.failure, 0); /* once */
    fx.failure = number;
}

static const struct output_receiver receiver = {on_unblocked, on_written, on_failed};

/* `fd`, which is closed, is standard output while `output` looks at it. */
static void begin_with(int fd)
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_true(saved >= 0);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    output_init(&fx.output, fx.loop, &receiver, NULL);
    assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    close(saved);
    close(fd);
}

static int start(void **state)
{
    int ends[2];
    (void)state;
    memset(&fx, 0, sizeof fx);
    signal(SIGPIPE, SIG_IGN);
    if (ws_loop_new(&fx.loop) != WS_OK || pipe(ends) != 0)
        return -1;
    fx.reader = ends[0];
    begin_with(ends[1]);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    output_free(&fx.output);
    ws_loop_free(fx.loop);
    if (fx.reader >= 0)
        close(fx.reader);
    return 0;
}

/* Reads exactly `len` bytes, while the loop turns. */
static void read_all(uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ws_loop_turn(fx.loop, 0);
        ssize_t n = read(fx.reader, data + at, len - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
}

static void in_order_whatever_the_sizes(void **state)
{
    static uint8_t data[300000], back[sizeof data + 1];
    (void)state;
    fill(data, sizeof data, 1);
    output_write(&fx.output, data, 10);
    output_write(&fx.output, data + 10, 100000);
    output_line(&fx.output, data + 100010, sizeof data - 100010, '\n');
    output_write(&fx.output, NULL, 0);
    assert_true(output_pending(&fx.output));
    read_all(back, sizeof back);
    assert_memory_equal(back, data, sizeof data);
    assert_int_equal(back[sizeof data], '\n');
    TURN_UNTIL(fx.loop, fx.written > 0);
    assert_false(output_pending(&fx.output));
}

static void many_lines_at_once(void **state)
{
    static const char expected[] = "first\none\ntwo\nsix\n\0"; /* and its own NUL */
    uint8_t back[sizeof expected];
    (void)state;
    output_line(&fx.output, "first", 5, '\n');
    output_lines(&fx.output, (const uint8_t *)"one..two..six", 3, 5, 3, '\n');
    output_lines(&fx.output, (const uint8_t *)"..", 0, 2, 2, '\0');
    read_all(back, sizeof back);
    assert_memory_equal(back, expected, sizeof back);
    TURN_UNTIL(fx.loop, fx.written > 0);
}

static void full_until_it_is_read(void **state)
{
    static uint8_t data[MEGABYTE], back[MEGABYTE];
    (void)state;
    output_write(&fx.output, data, sizeof data);
    assert_true(output_full(&fx.output));
    ws_loop_turn(fx.loop, 0);
    assert_int_equal(fx.unblocked, 0);
    read_all(back, sizeof back);
    TURN_UNTIL(fx.loop, fx.unblocked == 1);
    assert_false(output_full(&fx.output));
}

static void a_reader_that_leaves(void **state)
{
    static uint8_t data[MEGABYTE];
    (void)state;
    output_write(&fx.output, data, sizeof data);
    assert_true(output_full(&fx.output));
    close(fx.reader);
    fx.reader = -1;
    TURN_UNTIL(fx.loop, fx.failure == EPIPE);
    assert_false(output_full(&fx.output)); /* there is nothing to wait for */
    assert_false(output_pending(&fx.output));
    output_write(&fx.output, data, sizeof data);
    assert_false(output_full(&fx.output));
}

static void from_a_socket_without_a_copy(void **state)
{
    static uint8_t data[50000], back[sizeof data];
    int fds[2];
    (void)state;
    socket_pair(fds);
    fill(data, sizeof data, 2);
    assert_int_equal(output_splice(&fx.output, fds[0], sizeof data), 0); /* nothing is there */
    assert_false(output_full(&fx.output));
    assert_int_equal(send(fds[1], data, sizeof data, 0), sizeof data);
    /* what was written first, is first */
    output_write(&fx.output, data, 10);
    assert_int_equal(output_splice(&fx.output, fds[0], sizeof data), 0);
    assert_false(output_full(&fx.output));
    TURN_UNTIL(fx.loop, !output_pending(&fx.output));
    for (size_t at = 0; at < sizeof data;) {
        size_t n = output_splice(&fx.output, fds[0], sizeof data - at);
        assert_true(n > 0 && n <= sizeof data - at);
        at += n;
    }
    read_all(back, 10);
    read_all(back, sizeof back);
    assert_memory_equal(back, data, sizeof data);
    /* the end of the stream is left to be received */
    close(fds[1]);
    assert_int_equal(output_splice(&fx.output, fds[0], 1), 0);
    assert_false(output_full(&fx.output));
    close(fds[0]);
}

static void a_full_pipe_takes_nothing_until_it_is_read(void **state)
{
    static uint8_t data[65536], back[4 * MEGABYTE];
    int fds[2];
    size_t moved = 0;
    (void)state;
    socket_pair(fds);
    do {
        while (send(fds[1], data, sizeof data, MSG_DONTWAIT) > 0)
            ;
        size_t n = output_splice(&fx.output, fds[0], sizeof data);
        moved += n;
        ws_loop_turn(fx.loop, 0); /* a pipe that is made larger has space again */
        assert_true(moved < sizeof back);
        if (n == 0)
            assert_true(fx.unblocked > 0 || output_full(&fx.output));
    } while (!output_full(&fx.output));
    unsigned before = fx.unblocked;
    ws_loop_turn(fx.loop, 0);
    assert_int_equal(fx.unblocked, before);
    read_all(back, moved);
    TURN_UNTIL(fx.loop, fx.unblocked == before + 1);
    assert_true(output_splice(&fx.output, fds[0], sizeof data) > 0);
    close(fds[0]);
    close(fds[1]);
}

static void only_a_pipe_is_spliced_to(void **state)
{
    char name[] = "/tmp/libws-test-output-XXXXXX";
    int fds[2], file = mkstemp(name);
    (void)state;
    assert_true(file >= 0);
    unlink(name);
    output_free(&fx.output);
    begin_with(dup(file));
    socket_pair(fds);
    assert_int_equal(send(fds[1], "hello", 5, 0), 5);
    assert_int_equal(output_splice(&fx.output, fds[0], 5), 0);
    assert_false(output_full(&fx.output));
    assert_int_equal(lseek(file, 0, SEEK_END), 0);
    close(file);
    close(fds[0]);
    close(fds[1]);
}

#define OUTPUT_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        OUTPUT_TEST(in_order_whatever_the_sizes),
        OUTPUT_TEST(many_lines_at_once),
        OUTPUT_TEST(full_until_it_is_read),
        OUTPUT_TEST(a_reader_that_leaves),
        OUTPUT_TEST(from_a_socket_without_a_copy),
        OUTPUT_TEST(a_full_pipe_takes_nothing_until_it_is_read),
        OUTPUT_TEST(only_a_pipe_is_spliced_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
