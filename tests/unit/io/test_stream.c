#include "libws/io/stream.h"

#include "tests/unit/support_net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

static void nothing_something_the_end(void **state)
{
    (void)state;
    int fds[2];
    char text[16];
    enum ws_error error;
    size_t n;
    socket_pair(fds);
    error = ws_stream_receive(fds[0], text, sizeof text, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_MORE);
    assert_int_equal(send(fds[1], "hello", 5, 0), 5);
    error = ws_stream_receive(fds[0], text, 3, &n);
    assert_int_equal(n, 3);
    assert_int_equal(error, WS_OK);
    error = ws_stream_receive(fds[0], text + 3, sizeof text - 3, &n);
    assert_int_equal(error, WS_OK);
    assert_int_equal(n, 2);
    assert_memory_equal(text, "hello", 5);
    ws_stream_shutdown(fds[1]);
    error = ws_stream_receive(fds[0], text, sizeof text, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_E_LOST);
    /* The other direction is as it was. */
    assert_int_equal(send(fds[0], "x", 1, 0), 1);
    error = ws_stream_receive(fds[1], text, sizeof text, &n);
    assert_int_equal(error, WS_OK);
    assert_int_equal(n, 1);
    close(fds[0]);
    close(fds[1]);
}

static void pipes(void **state)
{
    (void)state;
    int fds[2];
    char text[16];
    enum ws_error error;
    size_t n;
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    error = ws_stream_receive(fds[0], text, sizeof text, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_MORE);
    assert_int_equal(write(fds[1], "hello", 5), 5);
    error = ws_stream_receive(fds[0], text, sizeof text, &n);
    assert_int_equal(error, WS_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(text, "hello", 5);
    close(fds[1]);
    error = ws_stream_receive(fds[0], text, sizeof text, &n);
    assert_int_equal(error, WS_E_LOST);
    close(fds[0]);
}

static void a_descriptor_that_is_none(void **state)
{
    (void)state;
    char text[16];
    enum ws_error error;
    size_t n;
    struct ws_out out = {0};
    error = ws_stream_receive(-1, text, sizeof text, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_E_IO);
    ws_out_copy(&out, "x", 1);
    error = ws_stream_send(-1, &out, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_E_IO);
    ws_out_free(&out);
}

/* More pieces than go into one system call, of which the kernel takes a part. */
static void short_sends(void **state)
{
    (void)state;
    int fds[2];
    enum ws_error error;
    size_t n;
    struct ws_out out = {0};
    struct ws_queue queue = {0};
    struct grown sent = {0}, got = {0};
    static uint8_t bytes[2000][100];
    static uint8_t in[70000];
    socket_pair(fds);
    shrink_buffers(fds[0]);
    for (int i = 0; i < 2000; i++) {
        fill(bytes[i], 90, (uint32_t)i);
        ws_out_borrow(&out, bytes[i], 90); /* with gaps, so that they stay pieces */
        grown_add(&sent, bytes[i], 90);
    }
    assert_int_equal(out.count, 2000);
    error = ws_stream_send(fds[0], &out, &n);
    assert_int_equal(error, WS_OK);
    assert_true(n > 0 && n < out.bytes);
    assert_int_equal(out.count, 2000); /* left as it was */
    assert_int_equal(ws_queue_append(&queue, &out, n), WS_OK);
    error = ws_stream_send_queue(fds[0], &queue, &n); /* it is full */
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_OK);
    while (got.len < sent.len) {
        size_t len;
        error = ws_stream_receive(fds[1], in, sizeof in, &len);
        assert_int_equal(error, WS_OK);
        grown_add(&got, in, len);
        error = ws_stream_send_queue(fds[0], &queue, &n);
        assert_int_equal(error, WS_OK);
        ws_queue_consume(&queue, n);
    }
    assert_int_equal(got.len, sent.len);
    assert_memory_equal(got.data, sent.data, sent.len);
    error = ws_stream_send_queue(fds[0], &queue, &n); /* there is nothing */
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_OK);
    error = ws_stream_send(fds[0], &out, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_OK);
    grown_free(&sent);
    grown_free(&got);
    ws_out_free(&out);
    close(fds[0]);
    close(fds[1]);
}

/* All of it goes when there is room, whatever the number of pieces. */
static void many_pieces_at_once(void **state)
{
    (void)state;
    int fds[2];
    enum ws_error error;
    size_t n;
    struct ws_out out = {0};
    static uint8_t bytes[600][4], in[4096];
    socket_pair(fds);
    for (int i = 0; i < 600; i++)
        ws_out_borrow(&out, bytes[i], 3);
    error = ws_stream_send(fds[0], &out, &n);
    assert_int_equal(error, WS_OK);
    assert_int_equal(n, 1800);
    error = ws_stream_receive(fds[1], in, sizeof in, &n);
    assert_int_equal(error, WS_OK);
    assert_int_equal(n, 1800);
    ws_out_free(&out);
    close(fds[0]);
    close(fds[1]);
}

/* A TCP connection over loopback. */
static void tcp_pair(int fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&address, sizeof address), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    close(listener);
}

static void resets(void **state)
{
    (void)state;
    int fds[2];
    char text[16];
    enum ws_error error;
    size_t n;
    struct ws_out out = {0};
    struct linger at_once = {1, 0};
    tcp_pair(fds);
    setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fds[1]);
    error = ws_stream_receive(fds[0], text, sizeof text, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_E_RESET);
    /* EPIPE now, and no SIGPIPE, which would end us here. */
    signal(SIGPIPE, SIG_DFL);
    ws_out_copy(&out, "x", 1);
    error = ws_stream_send(fds[0], &out, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_E_RESET);
    assert_int_equal(out.bytes, 1);
    struct ws_queue queue = {0};
    assert_int_equal(ws_queue_append(&queue, &out, 0), WS_OK);
    error = ws_stream_send_queue(fds[0], &queue, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_E_RESET);
    assert_int_equal(queue.bytes, 1);
    ws_queue_free(&queue);
    ws_out_free(&out);
    close(fds[0]);
}

/* What the other end has not taken is in flight: of TCP what lies here beyond its window. */
static void in_flight(void **state)
{
    (void)state;
    static char data[64 * 1024];
    for (int variant = 0; variant < 2; variant++) {
        int fds[2];
        if (variant == 0)
            tcp_pair(fds);
        else
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_int_equal(ws_stream_in_flight(fds[0]), 0);
        while (send(fds[0], data, sizeof data, MSG_DONTWAIT) > 0)
            ;
        size_t most = ws_stream_in_flight(fds[0]), rest = most;
        assert_true(most > sizeof data);
        while (rest > 0) {
            assert_true(recv(fds[1], data, sizeof data, MSG_DONTWAIT) > 0 || variant == 0);
            assert_in_range(ws_stream_in_flight(fds[0]), 0, rest);
            rest = ws_stream_in_flight(fds[0]);
        }
        close(fds[0]);
        close(fds[1]);
    }
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(ws_stream_in_flight(pipes[1]), 0);
    close(pipes[0]);
    close(pipes[1]);
}

static void the_end_is_seen_without_reading(void **state)
{
    (void)state;
    int fds[2];
    char byte;
    tcp_pair(fds);
    assert_false(ws_stream_at_end(fds[0]));
    assert_int_equal(write(fds[1], "x", 1), 1);
    ws_stream_shutdown(fds[1]);
    assert_false(ws_stream_at_end(fds[0]));
    assert_int_equal(recv(fds[0], &byte, 1, 0), 1);
    assert_int_equal(recv(fds[0], &byte, 1, 0), 0);
    assert_true(ws_stream_at_end(fds[0]));
    close(fds[0]);
    close(fds[1]);
    tcp_pair(fds);
    struct linger reset = {.l_onoff = 1};
    setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fds[1]);
    assert_true(ws_stream_at_end(fds[0]));
    close(fds[0]);
    assert_int_equal(pipe(fds), 0);
    assert_false(ws_stream_at_end(fds[0])); /* of a socket only */
    close(fds[0]);
    close(fds[1]);
}

static void on_alarm(int number)
{
    (void)number;
}

/* Blocking on purpose: the signal arrives while the call waits. */
static void an_interrupted_receive_is_repeated(void **state)
{
    (void)state;
    int fds[2];
    char text[16];
    enum ws_error error;
    size_t n;
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    struct timeval limit = {.tv_usec = 100000};
    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ualarm(20000, 0);
    error = ws_stream_receive(fds[0], text, sizeof text, &n);
    assert_int_equal(n, 0);
    assert_int_equal(error, WS_MORE); /* what the time limit says, and not the signal */
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_something_the_end),
        cmocka_unit_test(pipes),
        cmocka_unit_test(a_descriptor_that_is_none),
        cmocka_unit_test(short_sends),
        cmocka_unit_test(many_pieces_at_once),
        cmocka_unit_test(resets),
        cmocka_unit_test(in_flight),
        cmocka_unit_test(the_end_is_seen_without_reading),
        cmocka_unit_test(an_interrupted_receive_is_repeated),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
