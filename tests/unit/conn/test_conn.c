#include "libws/conn/conn_private.h"

#include "tests/unit/support_conn_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

static void echo_of_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,     1,     2,     125,   126,   127,    4096,
                                   16384, 16385, 65535, 65536, 70000, 200000, 1000000};
    static uint8_t data[1000000];
    fill(data, sizeof data, 1);
    for (int variant = 0; variant < 4; variant++) {
        ws_conn_config_init(&fx.config, variant & 1 ? WS_ROLE_CLIENT : WS_ROLE_SERVER);
        fx.config.session.chunks = (variant & 2) != 0;
        connect_and_open();
        size_t total = 0;
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            far_send(&fx.far, WS_OP_BINARY, 0, data, sizes[i]);
            total += sizes[i];
            PUMP_UNTIL(fx.loop, &fx.far,
                       fx.far.record.messages == i + 1 && fx.far.record.data.len == total);
            assert_memory_equal(fx.far.record.data.data + total - sizes[i], data, sizes[i]);
        }
        assert_int_equal(fx.conn->counters.messages_in, sizeof sizes / sizeof sizes[0]);
        assert_int_equal(fx.conn->counters.messages_out, sizeof sizes / sizeof sizes[0]);
        /* An idle connection owns nothing. */
        assert_null(fx.conn->cold->queue.head);
        assert_null(fx.conn->cold->unread);
        assert_null(fx.conn->cold->pong);
        assert_null(fx.conn->session.held);
        if (variant & 1)
            disconnect_pair();
        else
            close_and_disconnect();
    }
}

/* On sockets that keep the borders of what was sent: a receive is a send of the other end's. */
static void one_send_however_many_frames(void **state)
{
    (void)state;
    int fds[2];
    uint8_t data[40];
    fill(data, sizeof data, 2);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    connect_pair(fds);
    open_it();
    unsigned before = fx.far.receives;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ws_session_send(&fx.far.session, &fx.far.out, WS_OP_BINARY, 0, data,
                                         (size_t)i % sizeof data),
                         WS_OK);
    assert_int_equal(ws_session_ping(&fx.far.session, &fx.far.out, "x", 1), WS_OK);
    far_flush(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 1000 && fx.far.record.pongs == 1);
    assert_int_equal(fx.far.receives, before + 1);
    /* And those that a handler sends outside of its own turn leave together too. */
    for (int i = 0; i < 100; i++)
        assert_int_equal(ws_conn_send(fx.conn, WS_OP_TEXT, WS_SEND_COPY, data, 0), WS_OK);
    assert_true(ws_conn_queued(fx.conn) > 0);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 1100);
    assert_int_equal(fx.far.receives, before + 2);
    close_and_disconnect();
}

static unsigned deliveries, delivered_messages;

static void on_delivered(struct ws_conn *conn)
{
    size_t sent;
    deliveries++;
    delivered_messages = fx.record.messages;
    struct iovec two[] = {{(char[]){"ab"}, 2}, {(char[]){"cd"}, 2}};
    assert_int_equal(ws_conn_send_many(conn, WS_OP_BINARY, two, 2, &sent), WS_OK);
    assert_int_equal(sent, 2);
}

/* What the handler sends once all of a read is delivered leaves with what it sent for each event.
 */
static void once_a_read_all_is_delivered(void **state)
{
    (void)state;
    int fds[2];
    uint8_t data[40];
    fill(data, sizeof data, 2);
    deliveries = delivered_messages = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    connect_pair(fds);
    open_it();
    fx.handler.delivered = on_delivered;
    unsigned before = fx.far.receives;
    uint64_t out_before = ws_conn_counters(fx.conn)->messages_out;
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            ws_session_send(&fx.far.session, &fx.far.out, WS_OP_BINARY, 0, data, sizeof data),
            WS_OK);
    far_flush(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 102);
    assert_int_equal(deliveries, 1);
    assert_int_equal(delivered_messages, 100);
    assert_int_equal(fx.far.receives, before + 1);
    assert_int_equal(ws_conn_counters(fx.conn)->messages_out, out_before + 102);
    assert_memory_equal(fx.far.record.data.data + fx.far.record.data.len - 4, "abcd", 4);
    fx.handler.delivered = NULL;
    close_and_disconnect();
}

static unsigned runs, messages_in_runs;

static void echo_runs(struct ws_conn *conn, const struct ws_event *event)
{
    runs += event->type == WS_EVENT_RUN;
    messages_in_runs += event->type == WS_EVENT_RUN ? event->count : 0;
    if (ws_event_messages(event) > 0)
        assert_int_equal(ws_conn_reply(conn, event), WS_OK);
}

/* Messages that come together are counted, and answered, as each by itself; with a limit of their
 * rate they do not come together. */
static void messages_in_a_run(void **state)
{
    (void)state;
    void (*usual)(struct ws_conn *, const struct ws_event *) = fx.handler.event;
    for (int limited = 0; limited < 2; limited++) {
        fx.config.session.runs = true;
        fx.config.max_rate = limited ? 10000 : 0;
        fx.handler.event = echo_runs;
        runs = messages_in_runs = 0;
        connect_ends();
        open_it();
        char data[] = "0123456789";
        uint64_t in = ws_conn_counters(fx.conn)->messages_in;
        uint64_t out = ws_conn_counters(fx.conn)->messages_out;
        fx.far.record.data.len = 0;
        for (int i = 0; i < 100; i++, data[0] = (char)('0' + i % 10))
            assert_int_equal(ws_session_send(&fx.far.session, &fx.far.out, WS_OP_TEXT, 0, data, 10),
                             WS_OK);
        far_flush(&fx.far);
        unsigned before = fx.far.record.messages;
        PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == before + 100);
        assert_int_equal(ws_conn_counters(fx.conn)->messages_in, in + 100);
        assert_int_equal(ws_conn_counters(fx.conn)->messages_out, out + 100);
        assert_memory_equal(fx.far.record.data.data + 990, "9123456789", 10);
        if (limited)
            assert_int_equal(runs, 0);
        else
            assert_in_range(messages_in_runs, 2, 100);
        close_and_disconnect();
    }
    fx.handler.event = usual;
}

/* Cut into every two pieces, and byte by byte. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct peer scratch;
    struct grown bytes = {0};
    far_init(&scratch, -1, WS_ROLE_CLIENT);
    far_connect(&scratch);
    ws_session_free(&scratch.session);
    ws_session_init_open(&scratch.session, &scratch.config);
    far_send(&scratch, WS_OP_TEXT, 0, "hello", 5);
    far_send(&scratch, WS_OP_TEXT, WS_SEND_MORE, "wor", 3);
    ws_session_ping(&scratch.session, &scratch.out, "p", 1);
    far_send(&scratch, WS_OP_TEXT, 0, "ld", 2);
    far_close(&scratch, 1000);
    grown_add(&bytes, scratch.pending.data, scratch.pending.len);
    far_free(&scratch);

    for (size_t cut = 0; cut <= bytes.len; cut++) {
        connect_ends();
        size_t step = cut == 0 ? 1 : cut;
        for (size_t at = 0; at < bytes.len; at += step, step = cut == 0 ? 1 : bytes.len) {
            size_t len = bytes.len - at < step ? bytes.len - at : step;
            assert_int_equal(send(fx.far.fd, bytes.data + at, len, 0), len);
            fixture_turn(2);
        }
        TURN_UNTIL(fx.loop, fx.record.closes == 1);
        assert_int_equal(fx.record.messages, 2);
        assert_int_equal(fx.record.pings, 1);
        assert_int_equal(fx.record.data.len, 10);
        assert_memory_equal(fx.record.data.data, "helloworld", 10);
        close(fx.far.fd);
        fx.far.fd = -1;
        TURN_UNTIL(fx.loop, fx.record.ends == 1);
        assert_true(fx.record.end.clean);
        disconnect_pair();
    }
    grown_free(&bytes);
}

static void without_a_handler(void **state)
{
    (void)state;
    int fds[2];
    static const struct ws_handler none;
    struct ws_conn_env env;
    assert_int_equal(ws_conn_env_init(&env, fx.loop, &fx.config, &none, NULL), WS_OK);
    socket_pair(fds);
    far_init(&fx.far, fds[1], WS_ROLE_CLIENT);
    unsigned before = open_descriptors();
    assert_non_null(ws_conn_new(&env, fds[0], NULL));
    far_connect(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.opens == 1);
    far_send(&fx.far, WS_OP_TEXT, 0, "x", 1);
    far_close(&fx.far, 3000);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1 && fx.far.eof);
    assert_int_equal(fx.far.record.code, 3000);
    far_free(&fx.far);
    TURN_UNTIL(fx.loop, open_descriptors() == before - 2);
}

static void pings_are_answered(void **state)
{
    (void)state;
    char payload[126];
    memset(payload, 'p', sizeof payload);
    connect_and_open();
    for (size_t len = 0; len <= 125; len++) {
        assert_int_equal(ws_session_ping(&fx.far.session, &fx.far.out, payload, len), WS_OK);
        far_flush(&fx.far);
        PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.pongs == len + 1);
        assert_int_equal(fx.far.record.pong_len, len);
        assert_memory_equal(fx.far.record.pong, payload, len);
    }
    assert_int_equal(ws_conn_ping(fx.conn, "ours", 4), WS_OK);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.pongs == 1);
    assert_memory_equal(fx.record.pong, "ours", 4);
    assert_int_equal(ws_conn_ping(fx.conn, payload, 126), WS_E_CONTROL_TOO_LONG);
    close_and_disconnect();
}

/* A peer that pings and never reads: one pong is kept, the newest, and memory stays as it is. */
static void a_hundred_thousand_pings_unread(void **state)
{
    (void)state;
    int fds[2];
    char payload[20];
    enum { PINGS = 100000 };
    socket_pair(fds);
    shrink_buffers(fds[0]);
    connect_pair(fds);
    open_it();
    size_t most = 0;
    for (int i = 0; i < PINGS;) {
        for (int k = 0; k < 500 && i < PINGS; k++, i++) {
            int len = snprintf(payload, sizeof payload, "%d", i);
            assert_int_equal(ws_session_ping(&fx.far.session, &fx.far.out, payload, (size_t)len),
                             WS_OK);
        }
        do {
            far_flush(&fx.far);
            fixture_turn(1);
        } while (fx.far.pending.len > 0);
        if (ws_conn_queued(fx.conn) > most)
            most = ws_conn_queued(fx.conn);
    }
    TURN_UNTIL(fx.loop, fx.record.pings == PINGS);
    assert_true(most > 0);
    assert_true(most < 64 * 1024);
    assert_non_null(fx.conn->cold->pong);
    PUMP_UNTIL(fx.loop, &fx.far,
               fx.far.record.pong_len == 5 && memcmp(fx.far.record.pong, "99999", 5) == 0);
    assert_true(fx.far.record.pongs < PINGS);
    assert_null(fx.conn->cold->pong);
    far_send(&fx.far, WS_OP_TEXT, 0, "and on", 6);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 1);
    close_and_disconnect();
}

/* --- two connections on one loop --- */

struct relay {
    struct relay *partner;
    struct ws_conn *conn, *other;
    unsigned messages;
};

static void relay_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct relay *relay = ws_conn_user(conn);
    char text[40];
    if (event->type != WS_EVENT_MESSAGE)
        return;
    relay->messages++;
    /* To the other, to itself, to the other again: each keeps its order. */
    if (relay->other)
        ws_conn_send(relay->other, WS_OP_TEXT, WS_SEND_COPY, event->data, event->len);
    int len = snprintf(text, sizeof text, "echo %.*s", (int)event->len, (char *)event->data);
    if (relay->messages % 2)
        ws_conn_reply(conn, event);
    else
        ws_conn_send(conn, WS_OP_TEXT, WS_SEND_COPY, text, (size_t)len);
    if (relay->other)
        ws_conn_send(relay->other, WS_OP_TEXT, WS_SEND_COPY, text, (size_t)len);
}

static void relay_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct relay *relay = ws_conn_user(conn);
    (void)end;
    relay->conn = relay->partner->other = NULL;
    fx.record.ends++;
}

/* Takes the messages that begin with `prefix` out of what an end got, in order from 0. */
static void in_order(struct grown *got, char who, unsigned count)
{
    unsigned plain = 0, echoed = 0;
    grown_add(got, "", 1);
    for (char *at = (char *)got->data; *at;) {
        char from;
        unsigned number;
        int used = 0;
        if (sscanf(at, "echo %c%u;%n", &from, &number, &used) == 2 && used > 0) {
            if (from == who)
                assert_int_equal(number, echoed++);
        } else if (sscanf(at, "%c%u;%n", &from, &number, &used) == 2 && used > 0) {
            if (from == who)
                assert_int_equal(number, plain++);
        } else {
            fail_msg("'%.20s' is no message", at);
        }
        at += used;
    }
    got->len--;
    assert_int_equal(plain, count);
    assert_int_equal(echoed, count);
}

static void two_connections_keep_their_order(void **state)
{
    (void)state;
    static const struct ws_handler handler = {.event = relay_event, .close = relay_close};
    struct ws_conn_env env;
    assert_int_equal(ws_conn_env_init(&env, fx.loop, &fx.config, &handler, NULL), WS_OK);
    struct relay relays[2] = {{0}, {0}};
    struct peer ends[2];
    enum { MANY = 3000 };
    for (int i = 0; i < 2; i++) {
        int fds[2];
        socket_pair(fds);
        far_init(&ends[i], fds[1], WS_ROLE_CLIENT);
        relays[i].conn = ws_conn_new(&env, fds[0], &relays[i]);
        assert_non_null(relays[i].conn);
        far_connect(&ends[i]);
        PUMP_UNTIL(fx.loop, &ends[i], ends[i].record.opens == 1);
    }
    relays[0].partner = &relays[1];
    relays[1].partner = &relays[0];
    relays[0].other = relays[1].conn;
    relays[1].other = relays[0].conn;
    for (int i = 0; i < MANY; i++)
        for (int e = 0; e < 2; e++) {
            char text[20];
            int len = snprintf(text, sizeof text, "%c%d;", 'a' + e, i);
            far_send(&ends[e], WS_OP_TEXT, 0, text, (size_t)len);
            if (i % 50 == 0)
                fixture_turn(1);
        }
    for (int e = 0; e < 2; e++)
        PUMP_UNTIL(fx.loop, &ends[e],
                   (far_pump(&ends[1 - e]), ends[e].record.messages == 3 * MANY));
    /* Of its own messages each end got the reply, of the other's both forms. */
    in_order(&ends[0].record.data, 'b', MANY);
    in_order(&ends[1].record.data, 'a', MANY);

    /* One ends while the other goes on sending to it within the same batch. */
    ws_conn_abort(relays[1].conn, WS_E_SHED);
    far_send(&ends[0], WS_OP_TEXT, 0, "a0;", 3);
    relays[0].messages = 0;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    ws_conn_abort(relays[0].conn, WS_E_SHED);
    TURN_UNTIL(fx.loop, fx.record.ends == 2);
    for (int e = 0; e < 2; e++)
        far_free(&ends[e]);
}

static void who_is_there(void **state)
{
    (void)state;
    char text[64];
    connect_ends();
    assert_string_equal(ws_conn_peer(fx.conn, text, sizeof text), "unix");
    assert_string_equal(ws_conn_peer(fx.conn, text, 3), "un");
    disconnect_pair();

    for (int family = 0; family < 2; family++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        struct sockaddr *address = family ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
        socklen_t len = family ? sizeof v6 : sizeof v4;
        int listener = socket(family ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
        if (bind(listener, address, len) < 0 || listen(listener, 1) < 0) {
            assert_true(family == 1); /* a machine without IPv6 */
            close(listener);
            continue;
        }
        getsockname(listener, address, &len);
        int fds[2] = {socket(family ? AF_INET6 : AF_INET, SOCK_STREAM, 0), -1};
        assert_int_equal(connect(fds[0], address, len), 0);
        fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        close(listener);
        char expected[64];
        if (family)
            snprintf(expected, sizeof expected, "[::1]:%u", ntohs(v6.sin6_port));
        else
            snprintf(expected, sizeof expected, "127.0.0.1:%u", ntohs(v4.sin_port));
        fx.record.ends = 0;
        connect_pair(fds);
        assert_string_equal(ws_conn_peer(fx.conn, text, sizeof text), expected);
        disconnect_pair();
    }
}

static void fragments_out(void **state)
{
    (void)state;
    connect_and_open();
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_TEXT, WS_SEND_MORE, (char[]){"one "}, 4), WS_OK);
    assert_int_equal(ws_conn_ping(fx.conn, "in between", 10), WS_OK);
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_BINARY, 0, (char[]){"x"}, 1), WS_E_STATE);
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_TEXT, 0, (char[]){"two"}, 3), WS_OK);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 1 && fx.far.record.pings == 1);
    assert_memory_equal(fx.far.record.data.data, "one two", 7);
    assert_int_equal(fx.conn->counters.messages_out, 1);
    close_and_disconnect();
}

/* A client masks and needs a key: without a source of randomness in its config it draws from the
 * loop's, and the config stays as it was. */
static void a_client_draws_from_the_loop(void **state)
{
    (void)state;
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    assert_null(fx.config.session.random);
    const struct ws_conn_config before = fx.config;
    connect_and_open();
    assert_memory_equal(&fx.config, &before, sizeof before);
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_TEXT, 0, (char[]){"masked"}, 6), WS_OK);
    /* A server, which refuses what is not masked. */
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 1);
    assert_memory_equal(fx.far.record.data.data, "masked", 6);
    far_close(&fx.far, 1000);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.closes == 1);
    disconnect_pair();
}

/* Its own source is used where there is one; when that fails nothing is sent. */
static bool no_random(void *context, void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    ++*(unsigned *)context;
    return false;
}

static void a_source_of_its_own_may_fail(void **state)
{
    struct ws_request_options options = {.target = "/", .host = "test"};
    unsigned asked = 0;
    (void)state;
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    fx.config.session.random = no_random;
    fx.config.session.random_context = &asked;
    connect_ends();
    assert_int_equal(ws_conn_connect(fx.conn, &options), WS_E_RANDOM);
    assert_int_equal(asked, 1);
    disconnect_pair();
}

/* The loop has one scratch, however many environments there are on it. */
static void environments_share_the_scratch(void **state)
{
    struct ws_conn_env one, other;
    (void)state;
    assert_int_equal(ws_conn_env_init(&one, fx.loop, &fx.config, &fx.handler, NULL), WS_OK);
    assert_int_equal(ws_conn_env_init(&other, fx.loop, &fx.config, &fx.handler, NULL), WS_OK);
    assert_ptr_equal(one.scratch, other.scratch);
    assert_ptr_equal(one.config.session.deflate_pool, &one.scratch->deflate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(echo_of_every_size),
        FIXTURE_TEST(one_send_however_many_frames),
        FIXTURE_TEST(once_a_read_all_is_delivered),
        FIXTURE_TEST(messages_in_a_run),
        FIXTURE_TEST(cut_anywhere),
        FIXTURE_TEST(without_a_handler),
        FIXTURE_TEST(pings_are_answered),
        FIXTURE_TEST(a_hundred_thousand_pings_unread),
        FIXTURE_TEST(two_connections_keep_their_order),
        FIXTURE_TEST(who_is_there),
        FIXTURE_TEST(fragments_out),
        FIXTURE_TEST(a_client_draws_from_the_loop),
        FIXTURE_TEST(a_source_of_its_own_may_fail),
        FIXTURE_TEST(environments_share_the_scratch),
    };
    return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
