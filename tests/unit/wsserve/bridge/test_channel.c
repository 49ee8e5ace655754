#include "cmd/wsserve/bridge/channel.h"

#include "tests/unit/support_net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

static struct ws_loop *loop;
static uint8_t memory[CHANNEL_READ_SIZE];

struct heard {
    struct channel channel;
    struct grown data;
    unsigned inputs, ends, drained, broken;
    enum ws_error why;
    bool refuse;
};

static struct heard *heard_of(struct channel *channel)
{
    return ws_container_of(channel, struct heard, channel);
}

static bool is_ready(struct channel *channel)
{
    return !heard_of(channel)->refuse;
}

static void on_input(struct channel *channel, uint8_t *data, size_t len)
{
    heard_of(channel)->inputs++;
    grown_add(&heard_of(channel)->data, data, len);
}

static void on_end(struct channel *channel, enum ws_error why)
{
    heard_of(channel)->ends++;
    heard_of(channel)->why = why;
}

static void on_drained(struct channel *channel)
{
    heard_of(channel)->drained++;
}

static void on_broken(struct channel *channel, enum ws_error why)
{
    heard_of(channel)->broken++;
    heard_of(channel)->why = why;
}

static const struct channel_user user = {is_ready, on_input, on_end, on_drained, on_broken};

static void open_pipes(struct heard *heard, int *far_in, int *far_out, size_t high_water)
{
    int to[2], from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC | O_NONBLOCK), 0);
    *far_in = to[0];
    *far_out = from[1];
    *heard = (struct heard){.channel = {.user = &user}};
    assert_int_equal(channel_open(&heard->channel, loop, from[0], to[1], memory, high_water),
                     WS_OK);
    channel_resume(&heard->channel);
}

static size_t drain(int fd, struct grown *to)
{
    char some[4096];
    ssize_t n = read(fd, some, sizeof some);
    if (n > 0)
        grown_add(to, some, (size_t)n);
    return n > 0 ? (size_t)n : 0;
}

static void test_both_ways_and_the_end(void **state)
{
    (void)state;
    unsigned before = open_descriptors();
    struct heard heard;
    int in, out;
    open_pipes(&heard, &in, &out, 1000);
    assert_int_equal(channel_write(&heard.channel, "ab", 2), WS_OK);
    assert_int_equal(channel_write(&heard.channel, "cd", 2), WS_OK);
    channel_finish(&heard.channel);
    assert_int_equal(channel_write(&heard.channel, "e", 1), WS_E_CLOSING);
    ws_loop_turn(loop, 0);
    char some[8];
    assert_int_equal(read(in, some, sizeof some), 4);
    assert_memory_equal(some, "abcd", 4);
    assert_int_equal(read(in, some, sizeof some), 0);

    assert_int_equal(write(out, "xyz", 3), 3);
    close(out);
    TURN_UNTIL(loop, heard.ends == 1);
    assert_int_equal(heard.data.len, 3);
    assert_int_equal(heard.why, WS_E_LOST);
    assert_false(channel_reading(&heard.channel));
    channel_close(&heard.channel);
    channel_close(&heard.channel);
    close(in);
    grown_free(&heard.data);
    ws_loop_turn(loop, 0);
    assert_int_equal(open_descriptors(), before);
}

static void test_a_slow_reader(void **state)
{
    (void)state;
    enum { TOTAL = 400 * 1000 };
    struct heard heard;
    int in, out;
    static uint8_t data[TOTAL];
    struct grown got = {0};
    fill(data, sizeof data, 7);
    open_pipes(&heard, &in, &out, 50000);
    for (size_t at = 0; at < TOTAL; at += 1000)
        assert_int_equal(channel_write(&heard.channel, data + at, 1000), WS_OK);
    ws_loop_turn(loop, 0);
    assert_true(channel_full(&heard.channel));
    assert_int_equal(heard.drained, 0);
    TURN_UNTIL(loop, (drain(in, &got), got.len == TOTAL));
    assert_int_equal(heard.drained, 1);
    assert_false(channel_full(&heard.channel));
    assert_memory_equal(got.data, data, TOTAL);
    assert_null(heard.channel.queue);
    channel_close(&heard.channel);
    close(in);
    close(out);
    grown_free(&got);
    ws_loop_turn(loop, 0);
}

static void test_large_ones_are_written_at_once(void **state)
{
    (void)state;
    enum { TOTAL = 300 * 1000 };
    struct heard heard;
    int in, out;
    static uint8_t data[TOTAL];
    struct grown got = {0};
    fill(data, sizeof data, 8);
    open_pipes(&heard, &in, &out, 1000);
    channel_write(&heard.channel, "first", 5);
    channel_write(&heard.channel, data, TOTAL);
    TURN_UNTIL(loop, (drain(in, &got), got.len == TOTAL + 5));
    assert_memory_equal(got.data, "first", 5);
    assert_memory_equal(got.data + 5, data, TOTAL);
    channel_close(&heard.channel);
    close(in);
    close(out);
    grown_free(&got);
    ws_loop_turn(loop, 0);
}

static void test_its_user_may_have_enough(void **state)
{
    (void)state;
    struct heard heard;
    int in, out;
    open_pipes(&heard, &in, &out, 1000);
    heard.refuse = true;
    assert_int_equal(write(out, "xyz", 3), 3);
    for (int i = 0; i < 5; i++)
        ws_loop_turn(loop, 0);
    assert_int_equal(heard.inputs, 0);
    heard.refuse = false;
    channel_resume(&heard.channel);
    TURN_UNTIL(loop, heard.inputs == 1);
    channel_close(&heard.channel);
    close(in);
    close(out);
    grown_free(&heard.data);
    ws_loop_turn(loop, 0);
}

static void test_nobody_reads_any_more(void **state)
{
    (void)state;
    struct heard heard;
    int in, out;
    open_pipes(&heard, &in, &out, 1000);
    close(in);
    assert_int_equal(channel_write(&heard.channel, "x", 1), WS_OK);
    TURN_UNTIL(loop, heard.broken == 1);
    assert_int_equal(heard.why, WS_E_RESET);
    assert_int_equal(channel_write(&heard.channel, "x", 1), WS_E_CLOSING);
    /* It can still say something. */
    assert_int_equal(write(out, "xyz", 3), 3);
    TURN_UNTIL(loop, heard.inputs == 1);
    channel_close(&heard.channel);
    close(out);
    grown_free(&heard.data);
    ws_loop_turn(loop, 0);
}

static void test_one_socket_for_both(void **state)
{
    (void)state;
    int fds[2];
    char some[8];
    struct heard heard = {.channel = {.user = &user}};
    socket_pair(fds);
    assert_int_equal(channel_open(&heard.channel, loop, fds[0], fds[0], memory, 1000), WS_OK);
    channel_resume(&heard.channel);
    channel_write(&heard.channel, "ab", 2);
    channel_finish(&heard.channel);
    ws_loop_turn(loop, 0);
    assert_int_equal(read(fds[1], some, sizeof some), 2);
    assert_int_equal(read(fds[1], some, sizeof some), 0);
    /* The other half is still open. */
    assert_int_equal(write(fds[1], "xyz", 3), 3);
    TURN_UNTIL(loop, heard.inputs == 1);
    assert_int_equal(heard.ends, 0);
    close(fds[1]);
    TURN_UNTIL(loop, heard.ends == 1);
    channel_close(&heard.channel);
    grown_free(&heard.data);
    ws_loop_turn(loop, 0);
}

static void test_a_full_socket(void **state)
{
    (void)state;
    enum { TOTAL = 500 * 1000 };
    int fds[2];
    static uint8_t data[TOTAL];
    struct grown got = {0};
    struct heard heard = {.channel = {.user = &user}};
    socket_pair(fds);
    shrink_buffers(fds[0]);
    fill(data, sizeof data, 9);
    assert_int_equal(channel_open(&heard.channel, loop, fds[0], fds[0], memory, 1000), WS_OK);
    channel_resume(&heard.channel);
    channel_write(&heard.channel, data, TOTAL);
    assert_true(channel_full(&heard.channel));
    TURN_UNTIL(loop, (drain(fds[1], &got), got.len == TOTAL));
    assert_memory_equal(got.data, data, TOTAL);
    assert_int_equal(heard.drained, 1);
    channel_close(&heard.channel);
    close(fds[1]);
    grown_free(&got);
    ws_loop_turn(loop, 0);
}

static int begin(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return ws_loop_new(&loop) == WS_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    ws_loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways_and_the_end),
        cmocka_unit_test(test_a_slow_reader),
        cmocka_unit_test(test_large_ones_are_written_at_once),
        cmocka_unit_test(test_its_user_may_have_enough),
        cmocka_unit_test(test_nobody_reads_any_more),
        cmocka_unit_test(test_one_socket_for_both),
        cmocka_unit_test(test_a_full_socket),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
