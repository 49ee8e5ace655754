#include <ws/server.h>

#include "tests/unit/support_server_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* --- limits --- */

static void max_connections(void **state)
{
    (void)state;
    ws_server_free(fx.server);
    make_server(2);
    must_listen("127.0.0.1:0");
    struct peer end[4];
    for (int i = 0; i < 2; i++) {
        dial(&end[i], 0);
        echo_over(&end[i]);
    }
    for (int i = 2; i < 4; i++) {
        dial(&end[i], 0);
        PUMP_UNTIL(fx.loop, &end[i], end[i].record.errors == 1 && end[i].eof);
        assert_int_equal(end[i].record.error, WS_E_STATUS);
        far_free(&end[i]);
        TURN_UNTIL(fx.loop, fx.ends == (unsigned)i - 1);
        assert_int_equal(fx.last_end, WS_E_TOO_MANY_CONNECTIONS);
    }
    echo_over(&end[0]); /* the others are as they were */
    far_free(&end[0]);
    TURN_UNTIL(fx.loop, ws_server_count(fx.server) == 1);
    dial(&end[2], 0);
    echo_over(&end[2]);
    far_free(&end[1]);
    far_free(&end[2]);
}

/* Those that got their answer and stay count for nothing, and are cut, the oldest first, when they
 * are too many. */
static void refused_that_stay(void **state)
{
    (void)state;
    enum { MANY = 1050, WAITING = 1000 };
    static int fds[MANY];
    struct rlimit before, limit;
    struct peer end;
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max < 3 * MANY)
        skip();
    setrlimit(RLIMIT_NOFILE, &limit);
    ws_server_free(fx.server);
    make_server(1);
    must_listen("127.0.0.1:0");
    for (unsigned i = 0; i < MANY; i++) {
        fds[i] = call(port(0));
        assert_int_equal(send(fds[i], "nonsense\r\n\r\n", 12, 0), 12);
        TURN_UNTIL(fx.loop, fx.accepted == i + 1);
    }
    TURN_UNTIL(fx.loop, ws_server_count(fx.server) <= WAITING);
    dial(&end, 0);
    echo_over(&end);
    TURN_UNTIL(fx.loop, ws_server_count(fx.server) == 1); /* after a second */
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    far_free(&end);
    setrlimit(RLIMIT_NOFILE, &before);
}

static void out_of_descriptors(void **state)
{
    (void)state;
    struct rlimit before, limit;
    struct peer end, late;
    char expected[100];
    must_listen("127.0.0.1:0");
    dial(&end, 0);
    echo_over(&end);
    dial(&late, 0); /* its connection waits to be accepted */
    int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &limit);
    TURN_UNTIL(fx.loop, fx.warnings == 1);
    snprintf(expected, sizeof expected, "accept: %s", strerror(EMFILE));
    assert_non_null(strstr(fx.warning, expected));
    echo_over(&end);
    int64_t begun = ws_loop_now(fx.loop);
    unsigned turns = 0;
    while (ws_loop_now(fx.loop) < begun + 50) {
        ws_loop_turn(fx.loop, 10); /* it sleeps meanwhile, and does not spin */
        turns++;
    }
    assert_true(turns < 50);
    assert_int_equal(fx.warnings, 1);
    begun = ws_loop_now(fx.loop);
    TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) > begun + 220); /* it tries again, and says no more */
    assert_int_equal(fx.warnings, 1);
    setrlimit(RLIMIT_NOFILE, &before);
    echo_over(&late);
    assert_int_equal(fx.warnings, 2);
    assert_string_equal(fx.warning, "accepting again");
    assert_int_equal(fx.accepted, 2);
    far_free(&end);
    far_free(&late);
}

static void stopped_while_it_waits_for_descriptors(void **state)
{
    (void)state;
    struct rlimit before, limit;
    must_listen("127.0.0.1:0");
    int fd = call(port(0));
    int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &limit);
    TURN_UNTIL(fx.loop, fx.warnings == 1);
    ws_server_stop_listening(fx.server);
    setrlimit(RLIMIT_NOFILE, &before);
    int64_t until = ws_loop_now(fx.loop) + 150;
    TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until);
    assert_int_equal(fx.accepted, 0);
    close(fd);
}

/* Nearly full, newcomers are let in a little later; they are let in all the same. */
static void nearly_full(void **state)
{
    (void)state;
    enum { MOST = 10 };
    int fds[MOST];
    struct peer open[MOST - 2];
    ws_server_free(fx.server);
    make_server(MOST);
    must_listen("127.0.0.1:0");
    for (int i = 0; i < MOST - 2; i++) {
        dial(&open[i], 0);
        echo_over(&open[i]);
    }
    for (int i = MOST - 2; i < MOST; i++) {
        int64_t begun = ws_loop_now(fx.loop);
        fds[i] = call(port(0));
        TURN_UNTIL(fx.loop, (int)fx.accepted == i + 1);
        if (i == MOST - 1) /* the one before it was above 80 percent */
            assert_true(ws_loop_now(fx.loop) >= begun + 8);
    }
    for (int i = MOST - 2; i < MOST; i++)
        close(fds[i]);
    for (int i = 0; i < MOST - 2; i++)
        far_free(&open[i]);
}

static void serve_with(const struct ws_admission_limits *limits)
{
    struct ws_server_options options = {.config = &fx.config,
                                        .handler = &server_fixture_handler,
                                        .user = &fx.accepted,
                                        .limits = *limits,
                                        .accepted = server_accepted};
    ws_server_free(fx.server);
    fx.server = ws_server_new(fx.loop, &options);
    must_listen("127.0.0.1:0");
}

/* How many of the first of `fds` were asked to go with that status; the others heard nothing. */
static int asked_to_go(const int *fds, int count, const char *status)
{
    char answer[200];
    int gone = 0;
    for (bool last = false; gone < count && !last; gone += !last) {
        last = recv(fds[gone], answer, sizeof answer, MSG_PEEK) <= 12;
        if (!last)
            assert_memory_equal(answer + 9, status, 3);
    }
    for (int i = gone; i < count; i++)
        assert_int_equal(recv(fds[i], answer, sizeof answer, MSG_PEEK), -1);
    return gone;
}

/* A connection without a request gives way to others, the oldest first, once it is a second old or
 * all places are used, of which there are 256 at least; one that was upgraded is left alone. */
static void unfinished_handshakes(void **state)
{
    (void)state;
    enum { MOST = 3, PLACES = 256, MANY = 259 };
    struct ws_admission_limits limits = {.max_connections = 6, .max_handshakes = MOST};
    struct peer old, fresh;
    int fds[MANY];
    serve_with(&limits);
    dial(&old, 0);
    echo_over(&old);
    for (int i = 0; i < MANY; i++) {
        fds[i] = call(port(0));
        TURN_UNTIL(fx.loop, (int)fx.accepted == i + 2);
    }
    dial(&fresh, 0);
    echo_over(&fresh);
    /* With the newcomer there was one more than the places that were left; its own is used now. */
    int gone = MANY - (PLACES - 1) + 1;
    assert_int_equal(asked_to_go(fds, MANY, "408"), gone);
    int64_t since_ms = ws_loop_now(fx.loop);
    TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) > since_ms + 1100);
    int extra = call(port(0));
    TURN_UNTIL(fx.loop, asked_to_go(fds, MANY, "408") == MANY - MOST + 1);
    echo_over(&old);
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    close(extra);
    far_free(&old);
    far_free(&fresh);
}

/* A request that came and was not read yet is read before its sender has to go. */
static void requests_in_the_kernel(void **state)
{
    (void)state;
    enum { MANY = 20 };
    struct ws_admission_limits limits = {.max_connections = MANY, .max_handshakes = 1};
    struct peer end[MANY];
    serve_with(&limits);
    for (int i = 0; i < MANY; i++)
        dial(&end[i], 0); /* all are accepted in one batch */
    for (int i = 0; i < MANY; i++)
        echo_over(&end[i]);
    for (int i = 0; i < MANY; i++)
        far_free(&end[i]);
}

/* --- shutting down --- */

static void closes_each_with_its_code(void **state)
{
    (void)state;
    must_listen("127.0.0.1:0");
    must_listen(in_directory("s"));
    struct peer end[4];
    for (int i = 0; i < 3; i++) {
        dial(&end[i], 0);
        echo_over(&end[i]);
    }
    /* One that has not finished its request. */
    int fd = call(port(0));
    far_init(&end[3], fd, WS_ROLE_CLIENT);
    TURN_UNTIL(fx.loop, ws_server_count(fx.server) == 4);
    unsigned number = port(0);
    ws_server_shutdown(fx.server, 1001, "away", 5000, server_done);
    assert_int_equal(call(number), -1); /* no listener any more */
    for (int i = 0; i < 3; i++) {
        PUMP_UNTIL(fx.loop, &end[i], end[i].record.closes == 1 && end[i].eof);
        assert_int_equal(end[i].record.code, 1001);
        far_free(&end[i]);
    }
    assert_int_equal(fx.dones, 0);
    char answer[1000] = "";
    size_t len = 0;
    while (!strstr(answer, "\r\n\r\n")) {
        ssize_t n = recv(fd, answer + len, sizeof answer - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
        ws_loop_turn(fx.loop, 1);
    }
    assert_memory_equal(answer, "HTTP/1.1 503 ", 13);
    far_free(&end[3]);
    TURN_UNTIL(fx.loop, fx.dones == 1);
    assert_int_equal(ws_server_count(fx.server), 0);
    assert_int_equal(fx.ends, 4);
    assert_int_equal(fx.last_end, WS_E_SHUTDOWN);
    for (int i = 0; i < 5; i++)
        ws_loop_turn(fx.loop, 1);
    assert_int_equal(fx.dones, 1);
}

static void does_not_wait_for_ever(void **state)
{
    (void)state;
    static const struct {
        uint32_t drain_ms, busy_ms; /* busy: when the loop next turns, the time may be over */
    } cases[] = {{0, 0}, {0, 5}, {40, 0}, {40, 60}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer end;
        must_listen("127.0.0.1:0");
        dial(&end, 0);
        echo_over(&end);
        int64_t begun = ws_loop_now(fx.loop);
        fx.dones = 0;
        ws_server_shutdown(fx.server, 1001, NULL, cases[i].drain_ms, server_done);
        usleep(cases[i].busy_ms * 1000);
        TURN_UNTIL(fx.loop, fx.dones == 1); /* the far end says nothing */
        assert_true(ws_loop_now(fx.loop) - begun >= cases[i].drain_ms);
        assert_true(ws_loop_now(fx.loop) - begun < 3000);
        assert_int_equal(fx.last_end, WS_E_SHUTDOWN);
        while (far_pump(&end))
            ;
        assert_int_equal(end.record.code, 1001); /* the close frame came all the same */
        far_free(&end);
        ws_server_free(fx.server);
        fx.accepted = 0;
        make_server(0);
    }
}

static void nobody_is_there(void **state)
{
    (void)state;
    must_listen("127.0.0.1:0");
    ws_server_shutdown(fx.server, 1001, NULL, 1000, server_done);
    assert_int_equal(fx.dones, 0); /* from the loop */
    ws_loop_turn(fx.loop, 0);
    assert_int_equal(fx.dones, 1);
}

/* What cannot be in a close frame: the reason is cut between two characters, and in place of a code
 * that may not be sent 1001 is. */
static void what_shutdown_says(void **state)
{
    (void)state;
    static const struct {
        unsigned code, sent;
    } cases[] = {{1012, 1012}, {1006, 1001}, {5000, 1001}, {0, WS_CLOSE_NO_CODE}};
    char reason[201] = "";
    for (int i = 0; i < 100; i++)
        strcat(reason, "\xc3\xa9");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer end;
        must_listen("127.0.0.1:0");
        dial(&end, 0);
        echo_over(&end);
        fx.dones = 0;
        ws_server_shutdown(fx.server, cases[i].code, reason, 5000, server_done);
        PUMP_UNTIL(fx.loop, &end, end.record.closes == 1 && end.eof);
        assert_int_equal(end.record.code, cases[i].sent);
        far_free(&end);
        TURN_UNTIL(fx.loop, fx.dones == 1);
        ws_server_free(fx.server);
        fx.accepted = 0;
        make_server(0);
    }
}

static void free_server(void *user)
{
    server_done(user);
    ws_server_free(fx.server);
    fx.server = NULL;
}

static void done_may_free_it(void **state)
{
    (void)state;
    struct peer end;
    must_listen("127.0.0.1:0");
    dial(&end, 0);
    echo_over(&end);
    ws_server_shutdown(fx.server, 1001, NULL, 0, free_server); /* the peer does not answer */
    TURN_UNTIL(fx.loop, fx.dones == 1);
    assert_null(fx.server);
    assert_int_equal(fx.ends, 1);
    far_free(&end);
}

/* Paused by a handler that waits for something else, with input unread. */
static struct ws_conn *the_one;

static void pause_it(void *user, struct ws_conn *conn)
{
    (void)user;
    the_one = conn;
}

static void the_paused_leave_too(void **state)
{
    (void)state;
    ws_server_free(fx.server);
    struct ws_server_options options = {.config = &fx.config,
                                        .handler = &server_fixture_handler,
                                        .user = &fx.accepted,
                                        .accepted = pause_it};
    fx.server = ws_server_new(fx.loop, &options);
    must_listen("127.0.0.1:0");
    struct peer end;
    dial(&end, 0);
    echo_over(&end);
    ws_conn_pause(the_one);
    far_send(&end, WS_OP_TEXT, 0, "unread", 6);
    ws_loop_turn(fx.loop, 1);
    ws_server_shutdown(fx.server, 1001, NULL, 5000, server_done);
    PUMP_UNTIL(fx.loop, &end, end.record.closes == 1 && end.eof);
    far_free(&end);
    TURN_UNTIL(fx.loop, fx.dones == 1);
}

/* --- everything at once --- */

/* For several reasons at once. */
static void throw_one_out(void)
{
    if (!fx.newest)
        return;
    struct ws_conn *conn = fx.newest;
    fx.newest = NULL;
    ws_conn_close(conn, 1001, NULL);
    if (rand() % 2)
        ws_conn_fail(conn, WS_E_RATE);
    ws_conn_pause(conn);
    if (rand() % 2)
        ws_conn_abort(conn, WS_E_SHUTDOWN);
    ws_conn_fail(conn, WS_E_INTERNAL);
    ws_conn_resume(conn);
}

/* Clients come, talk, close, reset, vanish and are thrown out for several causes in one turn. Every
 * time the registry, the descriptors and the timers agree, each connection's close is called once,
 * and in the end nothing is left. */
static void a_storm(void **state)
{
    (void)state;
    enum { ENDS = 40, STEPS = 3000 };
    static struct peer far[ENDS];
    bool there[ENDS] = {false};
    unsigned dialled = 0, held = 0;
    fx.config.heartbeat.interval_ms = 20;
    fx.config.close_ms = fx.config.handshake_ms = 50;
    ws_server_free(fx.server);
    make_server(0);
    must_listen("127.0.0.1:0");
    unsigned base = open_descriptors();
    srand(7);
    for (int step = 0; step < STEPS; step++) {
        int which = rand() % ENDS;
        struct peer *end = &far[which];
        if (!there[which]) {
            there[which] = true;
            held++;
            dialled++;
            if (rand() % 4) {
                dial(end, 0);
            } else {
                far_init(end, call(port(0)), WS_ROLE_CLIENT); /* and says nothing */
            }
        } else {
            switch (rand() % 8) {
            case 0:
                if (ws_session_state(&end->session) == WS_STATE_OPEN)
                    far_close(end, 1000);
                break;
            case 1: {
                struct linger linger = {1, 0};
                setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
                __attribute__((fallthrough));
            }
            case 2:
                far_free(end);
                there[which] = false;
                held--;
                break;
            case 3:
                throw_one_out();
                break;
            case 4:
                far_raw(end, "\xff\xff", 2);
                break;
            default:
                if (ws_session_state(&end->session) == WS_STATE_OPEN)
                    far_send(end, WS_OP_TEXT, 0, "hello", 5);
            }
        }
        if (there[which])
            far_pump(end);
        ws_loop_turn(fx.loop, 0);
        assert_int_equal(fx.accepted - fx.ends, ws_server_count(fx.server));
        assert_int_equal(open_descriptors() - base - held, ws_server_count(fx.server));
        assert_int_equal(ws_loop_timer_count(fx.loop), ws_server_count(fx.server));
    }
    for (int i = 0; i < ENDS; i++)
        if (there[i])
            far_free(&far[i]);
    TURN_UNTIL(fx.loop, ws_server_count(fx.server) == 0);
    assert_int_equal(fx.ends, fx.accepted);
    assert_true(fx.accepted > 500 && fx.accepted <= dialled);
    assert_int_equal(ws_loop_timer_count(fx.loop), 0);
    assert_int_equal(open_descriptors(), base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(max_connections),
        FIXTURE_TEST(refused_that_stay),
        FIXTURE_TEST(out_of_descriptors),
        FIXTURE_TEST(stopped_while_it_waits_for_descriptors),
        FIXTURE_TEST(closes_each_with_its_code),
        FIXTURE_TEST(does_not_wait_for_ever),
        FIXTURE_TEST(nobody_is_there),
        FIXTURE_TEST(what_shutdown_says),
        FIXTURE_TEST(done_may_free_it),
        FIXTURE_TEST(the_paused_leave_too),
        FIXTURE_TEST(nearly_full),
        FIXTURE_TEST(unfinished_handshakes),
        FIXTURE_TEST(requests_in_the_kernel),
        FIXTURE_TEST(a_storm),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
