#include "tests/unit/support_net.h"
#include <ws/conn.h>
#include <ws/loop.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { LENGTH = 3 * 1024 * 1024 + 7 };

static struct ws_loop *loop;
static struct ws_conn_config config;
static struct ws_conn_env env;
static struct ws_conn *conn;
static int peer;
static struct ws_end ended;
static bool gone;

/* Byte number n is n modulo 251, so none can be missing or twice. */
struct source {
    struct ws_body body; /* first */
    uint64_t at, fails_at;
    unsigned reads, frees;
    size_t most; /* that a read may give; 0: all that is asked for */
};
static struct source source;

static size_t read_source(struct ws_body *body, void *buffer, size_t size)
{
    struct source *s = (struct source *)(void *)body;
    uint8_t *bytes = buffer;
    s->reads++;
    if (s->at >= s->fails_at)
        return 0;
    if (s->most && size > s->most)
        size = s->most;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)((s->at + i) % 251);
    s->at += size;
    return size;
}

static void free_source(struct ws_body *body)
{
    ((struct source *)(void *)body)->frees++;
}

static void on_request(struct ws_conn *c, const struct ws_request *request)
{
    struct ws_http_answer answer = {.status = 200, .content_type = "x/y"};
    (void)request;
    assert_int_equal(ws_conn_refuse_body(c, &answer, &source.body), WS_OK);
}

static void on_close(struct ws_conn *c, const struct ws_end *end)
{
    assert_ptr_equal(c, conn);
    ended = *end;
    gone = true;
}

static const struct ws_handler handler = {.request = on_request, .close = on_close};

static int start(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    int pair[2];
    (void)state;
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    source = (struct source){
        .body = {LENGTH, read_source, free_source}, .fails_at = UINT64_MAX, .most = 0};
    gone = false;
    if (ws_loop_new(&loop) != WS_OK ||
        ws_conn_env_init(&env, loop, &config, &handler, NULL) != WS_OK ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
        return 1;
    peer = pair[1];
    conn = ws_conn_new(&env, pair[0], NULL);
    return !conn || write(peer, request, strlen(request)) < 0;
}

static int stop(void **state)
{
    (void)state;
    if (peer >= 0)
        close(peer);
    TURN_UNTIL(loop, gone);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
    return source.frees != 1; /* however it ended */
}

/* Reads what there is; false at the end of the stream. */
static bool receive(struct grown *got)
{
    static uint8_t buffer[1 << 16];
    for (;;) {
        ssize_t len = read(peer, buffer, sizeof buffer);
        if (len <= 0)
            return len < 0 && errno == EAGAIN;
        grown_add(got, buffer, (size_t)len);
    }
}

static void check_whole(struct grown *got)
{
    static const char empty_line[] = "\r\n\r\n";
    uint8_t *end = memmem(got->data, got->len, empty_line, 4);
    assert_non_null(end);
    assert_non_null(memmem(got->data, got->len, "Content-Length: 3145735\r\n", 25));
    assert_non_null(memmem(got->data, got->len, "Content-Type: x/y\r\n", 19));
    uint8_t *body = end + 4;
    assert_int_equal(got->len - (size_t)(body - got->data), LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        if (body[i] != i % 251)
            fail_msg("byte %zu is wrong", i);
}

static void all_of_it_and_then_the_end(void **state)
{
    struct grown got = {0};
    (void)state;
    TURN_UNTIL(loop, !receive(&got));
    check_whole(&got);
    assert_int_equal(source.frees, 1);
    grown_free(&got);
}

static void in_the_pieces_that_the_source_has(void **state)
{
    struct grown got = {0};
    (void)state;
    source.most = 1000;
    TURN_UNTIL(loop, !receive(&got));
    check_whole(&got);
    assert_int_equal(source.reads, (LENGTH + 999) / 1000);
    grown_free(&got);
}

static void little_waits_in_memory_while_nobody_reads(void **state)
{
    struct grown got = {0};
    (void)state;
    for (int i = 0; i < 200; i++)
        ws_loop_turn(loop, 1);
    assert_false(gone);
    assert_true(ws_conn_queued(conn) <= 128 * 1024);
    assert_true(source.at < LENGTH);
    unsigned reads = source.reads;
    for (int i = 0; i < 20; i++)
        ws_loop_turn(loop, 1);
    assert_int_equal(source.reads, reads);
    TURN_UNTIL(loop, !receive(&got));
    check_whole(&got);
    grown_free(&got);
}

static void whoever_only_reads_gets_all(void **state)
{
    struct grown got = {0};
    (void)state;
    ws_loop_turn(loop, 1);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    TURN_UNTIL(loop, !receive(&got));
    check_whole(&got);
    grown_free(&got);
}

static void what_cannot_be_read_ends_it(void **state)
{
    struct grown got = {0};
    (void)state;
    source.fails_at = 200000;
    TURN_UNTIL(loop, !receive(&got));
    assert_true(got.len < LENGTH);
    TURN_UNTIL(loop, gone);
    assert_int_equal(ended.error, WS_E_IO);
    grown_free(&got);
}

static void a_peer_that_leaves_ends_it(void **state)
{
    (void)state;
    ws_loop_turn(loop, 1);
    close(peer);
    peer = -1;
    TURN_UNTIL(loop, gone);
    assert_true(source.at < LENGTH);
}

/* The time to close begins behind the body, the time to write runs all along. */
static void the_deadline_is_that_of_writing(void **state)
{
    struct grown got = {0};
    (void)state;
    config.close_ms = 20;
    config.write_ms = 300;
    int64_t until = ws_clock_us() + 150000;
    while (ws_clock_us() < until)
        ws_loop_turn(loop, 5);
    assert_false(gone);
    TURN_UNTIL(loop, gone);
    assert_int_equal(ended.error, WS_E_WRITE_TIMEOUT);
    receive(&got);
    grown_free(&got);
}

static void nothing_at_all(void **state)
{
    struct grown got = {0};
    (void)state;
    source.body.left = 0;
    TURN_UNTIL(loop, !receive(&got));
    assert_non_null(memmem(got.data, got.len, "Content-Length: 0\r\n", 19));
    assert_int_equal(source.reads, 0);
    grown_free(&got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_of_it_and_then_the_end),
        TEST(in_the_pieces_that_the_source_has),
        TEST(little_waits_in_memory_while_nobody_reads),
        TEST(whoever_only_reads_gets_all),
        TEST(what_cannot_be_read_ends_it),
        TEST(a_peer_that_leaves_ends_it),
        TEST(the_deadline_is_that_of_writing),
        TEST(nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
