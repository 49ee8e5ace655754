#include <ws/server.h>

#include "tests/unit/support_net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

static struct ws_loop *loop;
static struct ws_server *server;
static struct ws_conn_config config;
static unsigned descriptors, accepted, warnings, dones, ends;
static enum ws_error last_end;
static char warning[300], directory[64], error_text[256];

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type == WS_EVENT_MESSAGE)
        ws_conn_reply(conn, event);
}

static struct ws_conn *newest;

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    if (conn == newest)
        newest = NULL;
    ends++; /* with several loops nobody looks at it */
    last_end = end->error;
}

static const struct ws_handler handler = {.event = on_event, .close = on_close};

static void on_accepted(void *user, struct ws_conn *conn)
{
    assert_ptr_equal(user, &accepted);
    accepted++;
    newest = conn;
    assert_int_equal(ws_conn_id(conn), accepted);
}

static void on_warning(void *user, const char *message)
{
    (void)user;
    warnings++;
    snprintf(warning, sizeof warning, "%s", message);
}

static void on_done(void *user)
{
    assert_ptr_equal(user, &accepted);
    dones++;
}

static void make_server(size_t max_connections)
{
    struct ws_server_options options = {
        .config = &config,
        .handler = &handler,
        .user = &accepted,
        .limits = {.max_connections = max_connections},
        .accepted = on_accepted,
        .warn = on_warning,
    };
    server = ws_server_new(loop, &options);
    assert_non_null(server);
}

static int set_up(void **state)
{
    (void)state;
    descriptors = open_descriptors();
    strcpy(directory, "/tmp/test_server.XXXXXX");
    accepted = warnings = dones = ends = 0;
    last_end = WS_OK;
    if (!mkdtemp(directory) || ws_loop_new(&loop) != WS_OK)
        return -1;
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    make_server(0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ws_server_free(server);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
    assert_int_equal(rmdir(directory), 0); /* no socket is left in it */
    assert_int_equal(open_descriptors(), descriptors);
    return 0;
}

static bool listen_on(const char *where)
{
    error_text[0] = '\0';
    return ws_server_listen(server, where, error_text, sizeof error_text);
}

static void must_listen(const char *where)
{
    if (!listen_on(where))
        fail_msg("%s", error_text);
}

static void must_not_listen(const char *where, const char *text)
{
    if (listen_on(where))
        fail_msg("%s: that should not work", where);
    size_t len = strlen(where);
    if (len >= sizeof error_text)
        len = sizeof error_text - 1; /* it is cut */
    if (strncmp(error_text, where, len) != 0 || !strstr(error_text, text))
        fail_msg("'%s' says not '%s'", error_text, text);
}

static const char *in_directory(const char *name)
{
    static char where[200];
    snprintf(where, sizeof where, "unix:%s/%s", directory, name);
    return where;
}

static unsigned port(size_t index)
{
    const char *url = ws_server_url(server, index);
    assert_non_null(url);
    return (unsigned)atoi(strrchr(url, ':') + 1);
}

static int call(unsigned number)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)},
                                  .sin_port = htons((uint16_t)number)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int call_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)(void *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void dial(struct peer *end, size_t index)
{
    int fd = call(port(index));
    assert_true(fd >= 0);
    far_init(end, fd, WS_ROLE_CLIENT);
    far_connect(end);
}

static void echo_over(struct peer *end)
{
    PUMP_UNTIL(loop, end, end->record.opens == 1);
    unsigned before = end->record.messages;
    far_send(end, WS_OP_TEXT, 0, "hello", 5);
    PUMP_UNTIL(loop, end, end->record.messages == before + 1);
}

/* --- listening --- */

static void what_cannot_be_listened_on(void **state)
{
    (void)state;
    char where[300];
    must_not_listen("127.0.0.1", "ADDRESS:PORT");
    must_not_listen("", "ADDRESS:PORT");
    must_not_listen("256.0.0.1.invalid:1", "");
    must_not_listen("no.such.host.invalid:0", "");
    must_not_listen("127.0.0.1:http!", "not a number from 0 to 65535");
    must_not_listen("127.0.0.1:", "not a number from 0 to 65535");
    must_not_listen("127.0.0.1:65536", "not a number from 0 to 65535");
    must_not_listen("127.0.0.1:70000", "not a number from 0 to 65535");
    must_not_listen("127.0.0.1:-1", "not a number from 0 to 65535");
    must_not_listen("198.51.100.1:0", "Cannot assign requested address");
    snprintf(where, sizeof where, "%0*d:1", 256, 0);
    must_not_listen(where, "");
    must_not_listen("fd:", "not a listening socket");
    must_not_listen("fd:x", "not a listening socket");
    must_not_listen("fd:-1", "not a listening socket");
    must_not_listen("fd:1x", "not a listening socket");
    must_not_listen("fd:99999999999", "not a listening socket");
    must_not_listen("fd:987", "not a listening socket");
    must_not_listen("fd:0", "not a listening socket");
    int fds[2];
    socket_pair(fds);
    snprintf(where, sizeof where, "fd:%d", fds[0]);
    must_not_listen(where, "not a listening socket");
    close(fds[0]);
    close(fds[1]);
    must_not_listen("unix:", "missing or too long");
    snprintf(where, sizeof where, "unix:/%0*d", 107, 0);
    must_not_listen(where, "missing or too long");
    must_not_listen("unix:/tmp/there/is/no/such/directory", "No such file or directory");
    assert_null(ws_server_url(server, 0));
    /* However small the room for the message. */
    char small[5];
    assert_false(ws_server_listen(server, "127.0.0.1", small, sizeof small));
    assert_string_equal(small, "127.");
}

static void a_port_in_use(void **state)
{
    (void)state;
    char where[40];
    must_listen("127.0.0.1:0");
    snprintf(where, sizeof where, "127.0.0.1:%u", port(0));
    must_not_listen(where, "Address already in use");
    /* By a connection of the past it is not in use. */
    struct peer end;
    dial(&end, 0);
    echo_over(&end);
    ws_server_free(server);
    far_free(&end);
    ws_loop_turn(loop, 0);
    make_server(0);
    must_listen(where);
}

static void urls(void **state)
{
    (void)state;
    char expected[300];
    must_listen("127.0.0.1:0");
    assert_true(strncmp(ws_server_url(server, 0), "ws://127.0.0.1:", 15) == 0);
    assert_true(port(0) > 0);
    must_listen(in_directory("s"));
    snprintf(expected, sizeof expected, "ws+unix:%s/s", directory);
    assert_string_equal(ws_server_url(server, 1), expected);
    assert_null(ws_server_url(server, 2));
    if (!listen_on("[::1]:0")) {
        print_message("this machine has no IPv6: %s\n", error_text);
        return;
    }
    assert_true(strncmp(ws_server_url(server, 2), "ws://[::1]:", 11) == 0);
    assert_null(ws_server_url(server, 3));
}

static void several_listeners_and_one_handed_over(void **state)
{
    (void)state;
    char where[40];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    snprintf(where, sizeof where, "fd:%d", fd);
    must_listen("127.0.0.1:0");
    must_listen(where);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    struct peer ends_of[2];
    for (size_t i = 0; i < 2; i++) {
        dial(&ends_of[i], i);
        echo_over(&ends_of[i]);
    }
    assert_int_equal(ws_server_count(server), 2);
    assert_int_equal(accepted, 2);
    for (size_t i = 0; i < 2; i++)
        far_free(&ends_of[i]);
    TURN_UNTIL(loop, ws_server_count(server) == 0);
    assert_int_equal(last_end, WS_E_LOST);
}

/* --- unix sockets --- */

static void a_stale_socket_is_replaced(void **state)
{
    (void)state;
    const char *where = in_directory("s");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    strcpy(address.sun_path, where + 5);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&address, sizeof address), 0);
    close(fd); /* its file stays, and nobody listens */
    assert_int_equal(stat(where + 5, &status), 0);
    must_listen(where);
    /* One that is listened on is not. */
    must_not_listen(where, "Address already in use");
    fd = call_unix(where + 5);
    assert_true(fd >= 0);
    TURN_UNTIL(loop, accepted > 0);
    close(fd);
    ws_server_stop_listening(server);
    assert_true(stat(where + 5, &status) < 0); /* it goes with the server */
    assert_int_equal(call_unix(where + 5), -1);
}

static void no_file_but_a_socket_is_removed(void **state)
{
    (void)state;
    const char *where = in_directory("f");
    struct stat status;
    int fd = open(where + 5, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    must_not_listen(where, "Address already in use");
    assert_int_equal(stat(where + 5, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    unlink(where + 5);
}

/* Somebody else took the path in the meantime: it is theirs. */
static void the_socket_of_another_is_left_alone(void **state)
{
    (void)state;
    const char *where = in_directory("s");
    struct stat status;
    must_listen(where);
    unlink(where + 5);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, where + 5);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&address, sizeof address), 0);
    ws_server_stop_listening(server);
    assert_int_equal(stat(where + 5, &status), 0);
    unlink(where + 5);
    close(fd);
}

/* --- limits --- */

static void max_connections(void **state)
{
    (void)state;
    ws_server_free(server);
    make_server(2);
    must_listen("127.0.0.1:0");
    struct peer end[4];
    for (int i = 0; i < 2; i++) {
        dial(&end[i], 0);
        echo_over(&end[i]);
    }
    for (int i = 2; i < 4; i++) {
        dial(&end[i], 0);
        PUMP_UNTIL(loop, &end[i], end[i].record.errors == 1 && end[i].eof);
        assert_int_equal(end[i].record.error, WS_E_STATUS);
        far_free(&end[i]);
        TURN_UNTIL(loop, ends == (unsigned)i - 1);
        assert_int_equal(last_end, WS_E_TOO_MANY_CONNECTIONS);
    }
    echo_over(&end[0]); /* the others are as they were */
    far_free(&end[0]);
    TURN_UNTIL(loop, ws_server_count(server) == 1);
    dial(&end[2], 0);
    echo_over(&end[2]);
    far_free(&end[1]);
    far_free(&end[2]);
}

/* Beyond those that can be refused politely they are dropped. */
static void far_too_many(void **state)
{
    (void)state;
    enum { MANY = 100 };
    ws_server_free(server);
    make_server(1);
    must_listen("127.0.0.1:0");
    int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = call(port(0));
        assert_true(fds[i] >= 0);
    }
    for (int i = 0; i < 20; i++)
        ws_loop_turn(loop, 1);
    assert_int_equal(ws_server_count(server), 65);
    unsigned dropped = 0;
    for (int i = 0; i < MANY; i++) {
        char byte;
        dropped += recv(fds[i], &byte, 1, 0) == 0;
        close(fds[i]);
    }
    assert_int_equal(dropped, MANY - 65);
}

static void out_of_descriptors(void **state)
{
    (void)state;
    struct rlimit before, limit;
    struct peer end, late;
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
    TURN_UNTIL(loop, warnings == 1);
    assert_non_null(strstr(warning, "accept: Too many open files"));
    echo_over(&end);
    int64_t begun = ws_loop_now(loop);
    unsigned turns = 0;
    while (ws_loop_now(loop) < begun + 50) {
        ws_loop_turn(loop, 10); /* it sleeps meanwhile, and does not spin */
        turns++;
    }
    assert_true(turns < 50);
    assert_int_equal(warnings, 1);
    begun = ws_loop_now(loop);
    TURN_UNTIL(loop, ws_loop_now(loop) > begun + 220); /* it tries again, and says no more */
    assert_int_equal(warnings, 1);
    setrlimit(RLIMIT_NOFILE, &before);
    echo_over(&late);
    assert_int_equal(warnings, 2);
    assert_string_equal(warning, "accepting again");
    assert_int_equal(accepted, 2);
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
    TURN_UNTIL(loop, warnings == 1);
    ws_server_stop_listening(server);
    setrlimit(RLIMIT_NOFILE, &before);
    int64_t until = ws_loop_now(loop) + 150;
    TURN_UNTIL(loop, ws_loop_now(loop) >= until);
    assert_int_equal(accepted, 0);
    close(fd);
}

/* Nearly full, newcomers are let in a little later; they are let in all the same. */
static void nearly_full(void **state)
{
    (void)state;
    enum { MOST = 10 };
    int fds[MOST];
    ws_server_free(server);
    make_server(MOST);
    must_listen("127.0.0.1:0");
    for (int i = 0; i < MOST - 2; i++) {
        fds[i] = call(port(0));
        TURN_UNTIL(loop, (int)accepted == i + 1);
    }
    for (int i = MOST - 2; i < MOST; i++) {
        int64_t begun = ws_loop_now(loop);
        fds[i] = call(port(0));
        TURN_UNTIL(loop, (int)accepted == i + 1);
        if (i == MOST - 1) /* the one before it was above 80 percent */
            assert_true(ws_loop_now(loop) >= begun + 8);
    }
    for (int i = 0; i < MOST; i++)
        close(fds[i]);
}

/* Who has not finished its handshake makes room for the others, the oldest first; who has is left
 * alone. */
static void unfinished_handshakes(void **state)
{
    (void)state;
    enum { MOST = 3, MANY = 8 };
    struct ws_server_options options = {.config = &config,
                                        .handler = &handler,
                                        .user = &accepted,
                                        .max_handshakes = MOST,
                                        .accepted = on_accepted};
    struct peer old, fresh;
    char answer[200];
    int fds[MANY];
    ws_server_free(server);
    server = ws_server_new(loop, &options);
    must_listen("127.0.0.1:0");
    dial(&old, 0);
    echo_over(&old);
    for (int i = 0; i < MANY; i++) {
        fds[i] = call(port(0));
        TURN_UNTIL(loop, (int)accepted == i + 2);
    }
    dial(&fresh, 0);
    echo_over(&fresh);
    for (int i = 0; i < MANY; i++) {
        bool gone = i < MANY - MOST + 1;
        TURN_UNTIL(loop, !gone || recv(fds[i], answer, sizeof answer, MSG_PEEK) > 0);
        ssize_t n = recv(fds[i], answer, sizeof answer, 0);
        assert_true((n > 12) == gone);
        if (gone)
            assert_memory_equal(answer + 9, "408", 3);
        close(fds[i]);
    }
    echo_over(&old);
    far_free(&old);
    far_free(&fresh);
}

/* --- shutting down --- */

static void says_goodbye(void **state)
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
    TURN_UNTIL(loop, ws_server_count(server) == 4);
    unsigned number = port(0);
    ws_server_shutdown(server, 1001, "away", 5000, on_done);
    assert_int_equal(call(number), -1); /* nobody listens any more */
    for (int i = 0; i < 3; i++) {
        PUMP_UNTIL(loop, &end[i], end[i].record.closes == 1 && end[i].eof);
        assert_int_equal(end[i].record.code, 1001);
        far_free(&end[i]);
    }
    assert_int_equal(dones, 0);
    char answer[1000] = "";
    size_t len = 0;
    while (!strstr(answer, "\r\n\r\n")) {
        ssize_t n = recv(fd, answer + len, sizeof answer - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
        ws_loop_turn(loop, 1);
    }
    assert_memory_equal(answer, "HTTP/1.1 503 ", 13);
    far_free(&end[3]);
    TURN_UNTIL(loop, dones == 1);
    assert_int_equal(ws_server_count(server), 0);
    assert_int_equal(ends, 4);
    assert_int_equal(last_end, WS_E_SHUTDOWN);
    for (int i = 0; i < 5; i++)
        ws_loop_turn(loop, 1);
    assert_int_equal(dones, 1);
}

static void does_not_wait_for_ever(void **state)
{
    (void)state;
    static const uint32_t drains[] = {0, 40};
    for (int i = 0; i < 2; i++) {
        struct peer end;
        must_listen("127.0.0.1:0");
        dial(&end, 0);
        echo_over(&end);
        int64_t begun = ws_loop_now(loop);
        dones = 0;
        ws_server_shutdown(server, 1001, NULL, drains[i], on_done);
        TURN_UNTIL(loop, dones == 1); /* the far end says nothing */
        assert_true(ws_loop_now(loop) - begun >= drains[i]);
        assert_true(ws_loop_now(loop) - begun < 3000);
        assert_int_equal(last_end, WS_E_SHUTDOWN);
        while (far_pump(&end))
            ;
        assert_int_equal(end.record.code, 1001); /* it was told all the same */
        far_free(&end);
        ws_server_free(server);
        accepted = 0;
        make_server(0);
    }
}

static void nobody_is_there(void **state)
{
    (void)state;
    must_listen("127.0.0.1:0");
    ws_server_shutdown(server, 1001, NULL, 1000, on_done);
    assert_int_equal(dones, 0); /* from the loop */
    ws_loop_turn(loop, 0);
    assert_int_equal(dones, 1);
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
    ws_server_free(server);
    struct ws_server_options options = {
        .config = &config, .handler = &handler, .user = &accepted, .accepted = pause_it};
    server = ws_server_new(loop, &options);
    must_listen("127.0.0.1:0");
    struct peer end;
    dial(&end, 0);
    echo_over(&end);
    ws_conn_pause(the_one);
    far_send(&end, WS_OP_TEXT, 0, "unread", 6);
    ws_loop_turn(loop, 1);
    ws_server_shutdown(server, 1001, NULL, 5000, on_done);
    PUMP_UNTIL(loop, &end, end.record.closes == 1 && end.eof);
    far_free(&end);
    TURN_UNTIL(loop, dones == 1);
}

/* --- everything at once --- */

/* For several reasons at once. */
static void throw_one_out(void)
{
    if (!newest)
        return;
    struct ws_conn *conn = newest;
    newest = NULL;
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
 * time the registry, the descriptors and the timers tell of the same connections, each is told of
 * its end once, and in the end nothing is there. */
static void a_storm(void **state)
{
    (void)state;
    enum { ENDS = 40, STEPS = 3000 };
    static struct peer far[ENDS];
    bool there[ENDS] = {false};
    unsigned dialled = 0, held = 0;
    config.heartbeat.interval_ms = 20;
    config.close_ms = config.handshake_ms = 50;
    ws_server_free(server);
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
            } /* fall through */
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
        ws_loop_turn(loop, 0);
        assert_int_equal(accepted - ends, ws_server_count(server));
        assert_int_equal(open_descriptors() - base - held, ws_server_count(server));
        assert_int_equal(ws_loop_timer_count(loop), ws_server_count(server));
    }
    for (int i = 0; i < ENDS; i++)
        if (there[i])
            far_free(&far[i]);
    TURN_UNTIL(loop, ws_server_count(server) == 0);
    assert_int_equal(ends, accepted);
    assert_true(accepted > 500 && accepted <= dialled);
    assert_int_equal(ws_loop_timer_count(loop), 0);
    assert_int_equal(open_descriptors(), base);
}

/* --- several loops --- */

enum { LOOPS = 3, CLIENTS = 12 };

static atomic_uint opened_on[LOOPS], visited;

static void *index_of(void *user, unsigned index, struct ws_server_env *env)
{
    assert_ptr_equal(user, &accepted);
    assert_non_null(env->conn.loop);
    return &opened_on[index];
}

static void count_open(struct ws_conn *conn, const struct ws_event *event)
{
    (void)event;
    atomic_fetch_add((atomic_uint *)ws_conn_env(conn)->user, 1);
}

static void visit(struct ws_server_env *env, void *context)
{
    size_t *total = context;
    assert_int_equal((atomic_uint *)env->conn.user - opened_on, atomic_fetch_add(&visited, 1));
    *total += ws_registry_count(env->registry);
}

static void visit_silently(struct ws_server_env *env, void *context)
{
    *(size_t *)context += ws_registry_count(env->registry);
}

static unsigned answers;

static void on_answer(void *context)
{
    (void)context;
    answers++;
}

/* Dealt out in turn; asked one loop after the other; all are told goodbye, and all is given back.
 */
static void several_loops(void **state)
{
    (void)state;
    static const struct ws_handler threaded = {.open = count_open, .event = on_event};
    struct ws_server_options options = {.config = &config,
                                        .handler = &threaded,
                                        .user = &accepted,
                                        .loops = LOOPS,
                                        .env_user = index_of};
    struct peer far[CLIENTS];
    size_t total = 0;
    ws_server_free(server);
    for (int i = 0; i < LOOPS; i++)
        opened_on[i] = 0;
    visited = answers = 0;
    server = ws_server_new(loop, &options);
    assert_non_null(server);
    must_listen("127.0.0.1:0");
    for (int i = 0; i < CLIENTS; i++) {
        dial(&far[i], 0);
        echo_over(&far[i]);
    }
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(opened_on[i], CLIENTS / LOOPS);
    assert_int_equal(ws_server_count(server), CLIENTS);
    struct ws_server_env asker = {.conn = {.loop = loop}};
    assert_true(ws_server_ask(server, &asker, visit, on_answer, &total));
    TURN_UNTIL(loop, answers == 1);
    assert_int_equal(total, CLIENTS);
    assert_int_equal(visited, LOOPS);

    ws_server_shutdown(server, 1001, "bye", 5000, on_done);
    for (int i = 0; i < CLIENTS; i++) {
        PUMP_UNTIL(loop, &far[i], far[i].record.closes == 1 && far[i].eof);
        assert_int_equal(far[i].record.code, 1001);
        far_free(&far[i]);
    }
    TURN_UNTIL(loop, dones == 1);
    assert_int_equal(ws_server_count(server), 0);
}

static unsigned homes_left;

static void on_env_left(void *user, struct ws_server_env *env)
{
    assert_ptr_equal(user, &accepted);
    assert_int_equal(ws_registry_count(env->registry), 0);
    ws_loop_turn(env->conn.loop, 0);
    homes_left++;
}

/* Each home is left once, without connections, its loop still there. */
static void homes_are_left(void **state)
{
    (void)state;
    struct peer far[LOOPS];
    struct ws_server_options options = {.config = &config,
                                        .handler = &handler,
                                        .user = &accepted,
                                        .loops = LOOPS,
                                        .env_left = on_env_left};
    ws_server_free(server);
    homes_left = 0;
    server = ws_server_new(loop, &options);
    must_listen("127.0.0.1:0");
    for (int i = 0; i < LOOPS; i++) {
        dial(&far[i], 0);
        echo_over(&far[i]);
    }
    ws_server_free(server);
    server = NULL;
    assert_int_equal(homes_left, LOOPS);
    for (int i = 0; i < LOOPS; i++)
        far_free(&far[i]);
}

/* Connections on every loop, questions on their way: freeing far and answers them all. */
static void freed_in_the_middle(void **state)
{
    (void)state;
    struct ws_server_options options = {
        .config = &config, .handler = &handler, .user = &accepted, .loops = LOOPS};
    struct peer far[LOOPS];
    size_t totals[20] = {0};
    ws_server_free(server);
    server = ws_server_new(loop, &options);
    must_listen("127.0.0.1:0");
    for (int i = 0; i < LOOPS; i++) {
        dial(&far[i], 0);
        echo_over(&far[i]);
    }
    struct ws_server_env asker = {.conn = {.loop = loop}};
    answers = 0;
    for (int i = 0; i < 20; i++)
        ws_server_ask(server, &asker, visit_silently, on_answer, &totals[i]);
    ws_server_free(server);
    server = NULL;
    assert_int_equal(answers, 20);
    for (int i = 0; i < LOOPS; i++)
        far_free(&far[i]);
}

static void freed_with_connections(void **state)
{
    (void)state;
    struct peer end;
    must_listen("127.0.0.1:0");
    must_listen(in_directory("s"));
    dial(&end, 0);
    echo_over(&end);
    ws_server_free(server);
    assert_int_equal(ends, 1);
    ws_server_free(NULL);
    make_server(0);
    far_free(&end);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_listened_on),
        TEST(a_port_in_use),
        TEST(urls),
        TEST(several_listeners_and_one_handed_over),
        TEST(a_stale_socket_is_replaced),
        TEST(no_file_but_a_socket_is_removed),
        TEST(the_socket_of_another_is_left_alone),
        TEST(max_connections),
        TEST(far_too_many),
        TEST(out_of_descriptors),
        TEST(stopped_while_it_waits_for_descriptors),
        TEST(says_goodbye),
        TEST(does_not_wait_for_ever),
        TEST(nobody_is_there),
        TEST(the_paused_leave_too),
        TEST(freed_with_connections),
        TEST(nearly_full),
        TEST(unfinished_handshakes),
        TEST(a_storm),
        TEST(several_loops),
        TEST(homes_are_left),
        TEST(freed_in_the_middle),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
