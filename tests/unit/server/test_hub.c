#include <ws/hub.h>

#include "libws/conn/conn_owner.h"
#include "libws/server/env_hooks.h"
#include "libws/server/registry_private.h"
#include "tests/unit/support_net.h"

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

enum { LOOPS = 2, CONNS = 6, MESSAGES = 400 };

/* Two loops, turned by one thread, and connections that are dealt out between them. */
static struct {
    struct ws_loop *loops[LOOPS];
    struct ws_conn_config config;
    struct ws_deflate_config deflate, theirs[CONNS];
    struct ws_handler handler;
    struct ws_server_env envs[LOOPS];
    struct ws_hub *hub;
    unsigned loop_count;
    struct {
        struct ws_conn *conn;
        struct peer far;
        struct grown expected;
        struct ws_end end;
        unsigned heard;
    } ends[CONNS];
} t;

static int index_of(const struct ws_conn *conn)
{
    return (int)ws_conn_id(conn) - 1;
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type != WS_EVENT_MESSAGE)
        return;
    size_t len = 0;
    const char *group = ws_hub_group(conn, &len);
    t.ends[index_of(conn)].heard++;
    assert_true(ws_hub_publish(ws_server_env(conn)->hub, group, len, ws_conn_id(conn),
                               event->opcode, event->data, event->len));
    ws_hub_wait(conn);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    t.ends[index_of(conn)].end = *end;
    t.ends[index_of(conn)].conn = NULL;
}

static void turn(void)
{
    for (unsigned i = 0; i < t.loop_count; i++)
        ws_loop_turn(t.loops[i], 0);
}

#define TURN_ALL_UNTIL(condition)                                                                  \
    do {                                                                                           \
        int64_t give_up_ = ws_clock_us() + 60 * 1000000;                                           \
        while (!(condition)) {                                                                     \
            if (ws_clock_us() > give_up_)                                                          \
                fail_msg("%s:%d: never came true: %s", __FILE__, __LINE__, #condition);            \
            turn();                                                                                \
            for (int i_ = 0; i_ < CONNS; i_++)                                                     \
                far_pump(&t.ends[i_].far);                                                         \
        }                                                                                          \
    } while (0)

/* Of every three clients one reads no compressed messages, and one only those of a small window. */
static void offer(int i)
{
    ws_deflate_config_init(&t.theirs[i]);
    if (i % 3 == 1)
        t.theirs[i].preference.server_bits = 9;
    if (i % 3 != 0)
        t.ends[i].far.config.deflate = &t.theirs[i];
}

static void start_with(unsigned loops, bool deflate)
{
    struct ws_server_env *envs[LOOPS];
    memset(&t, 0, sizeof t);
    t.loop_count = loops;
    for (int i = 0; i < CONNS; i++)
        t.ends[i].far.fd = -1;
    ws_conn_config_init(&t.config, WS_ROLE_SERVER);
    ws_deflate_config_init(&t.deflate);
    t.deflate.threshold = 100;
    t.config.session.deflate = deflate ? &t.deflate : NULL;
    t.handler = (struct ws_handler){.event = on_event, .close = on_close};
    for (unsigned i = 0; i < loops; i++) {
        assert_int_equal(ws_loop_new(&t.loops[i]), WS_OK);
        assert_int_equal(ws_server_env_init(&t.envs[i], t.loops[i], &t.config, &t.handler, NULL),
                         WS_OK);
        envs[i] = &t.envs[i];
    }
    t.hub = ws_hub_new(envs, loops);
    assert_non_null(t.hub);
    for (int i = 0; i < CONNS; i++) {
        int fds[2];
        struct ws_server_env *env = envs[(unsigned)i % loops];
        socket_pair(fds);
        far_init(&t.ends[i].far, fds[1], WS_ROLE_CLIENT);
        t.ends[i].conn = ws_conn_new(&env->conn, fds[0], NULL);
        ws_registry_add(env->registry, t.ends[i].conn, (uint64_t)i + 1);
        if (deflate)
            offer(i);
        far_connect(&t.ends[i].far);
        TURN_ALL_UNTIL(t.ends[i].far.record.opens == 1);
    }
}

static void start(unsigned loops)
{
    start_with(loops, false);
}

static struct ws_deliveries deliveries(void)
{
    struct ws_deliveries sum = {0};
    for (unsigned i = 0; i < t.loop_count; i++) {
        struct ws_deliveries one = ws_hub_deliveries(t.envs[i].hub);
        sum.sent += one.sent;
        sum.dropped += one.dropped;
        sum.failed += one.failed;
    }
    return sum;
}

static void stop(void)
{
    for (int i = 0; i < CONNS; i++) {
        if (t.ends[i].conn)
            ws_conn_abort(t.ends[i].conn, WS_E_SHUTDOWN);
        far_free(&t.ends[i].far);
        grown_free(&t.ends[i].expected);
    }
    for (int i = 0; i < 5; i++)
        turn();
    for (unsigned i = 0; i < t.loop_count; i++)
        assert_int_equal(ws_registry_count(t.envs[i].registry), 0);
    ws_hub_free(t.hub);
    for (unsigned i = 0; i < t.loop_count; i++) {
        ws_server_env_free(&t.envs[i]);
        ws_loop_free(t.loops[i]);
    }
}

/* What the naive way would have sent: every message to each of the others, one by one. */
static void expect(int from, bool (*hears)(int from, int to), const void *data, size_t len)
{
    for (int to = 0; to < CONNS; to++)
        if (to != from && hears(from, to))
            grown_add(&t.ends[to].expected, data, len);
}

static bool all_hear(int from, int to)
{
    (void)from;
    (void)to;
    return true;
}

static bool same_parity(int from, int to)
{
    return from % 2 == to % 2;
}

static bool all_came(void)
{
    for (int i = 0; i < CONNS; i++)
        if (t.ends[i].far.record.data.len < t.ends[i].expected.len)
            return false;
    return true;
}

static void check_all(void)
{
    for (int i = 0; i < CONNS; i++) {
        assert_int_equal(t.ends[i].far.record.data.len, t.ends[i].expected.len);
        if (t.ends[i].expected.len > 0)
            assert_memory_equal(t.ends[i].far.record.data.data, t.ends[i].expected.data,
                                t.ends[i].expected.len);
    }
}

/* One loop, random senders, sizes and moments of turning: the same bytes as the naive way. */
static void as_the_naive_way(void **state)
{
    (void)state;
    uint8_t *message = malloc(100000);
    uint64_t sent = 0;
    start(1);
    srand(4);
    for (int i = 0; i < MESSAGES; i++) {
        int from = rand() % CONNS;
        size_t len = (size_t)(rand() % 20 == 0 ? rand() % 100000 : rand() % 200);
        fill(message, len, (uint32_t)i);
        expect(from, all_hear, message, len);
        assert_true(ws_hub_publish(t.hub, NULL, 0, (uint64_t)from + 1, WS_OP_BINARY, message, len));
        sent += CONNS - 1;
        if (rand() % 7 == 0)
            TURN_ALL_UNTIL(all_came());
    }
    TURN_ALL_UNTIL(all_came());
    check_all();
    assert_int_equal(deliveries().sent, sent);
    assert_int_equal(deliveries().dropped + deliveries().failed, 0);
    free(message);
    stop();
}

/* Those who can inflate hear the same as those who cannot, also when messages to one alone, which
 * go by the context that was agreed on, come in between; and the next message's context is right.
 */
static void compressed_for_those_who_can(void **state)
{
    (void)state;
    uint8_t *message = malloc(30000);
    uint64_t plain[CONNS] = {0};
    start_with(2, true);
    srand(12);
    for (int i = 0; i < MESSAGES; i++) {
        int from = rand() % CONNS, to = rand() % CONNS;
        size_t len = (size_t)(rand() % 10 == 0 ? rand() % 30000 : rand() % 1000);
        for (size_t k = 0; k < len; k++)
            message[k] = (uint8_t) "abcd"[rand() % 4];
        if (rand() % 4 == 0) {
            grown_add(&t.ends[to].expected, message, len);
            ws_hub_send(t.ends[to].conn, WS_OP_BINARY, message, len);
            plain[to] += len >= 100 ? len : 0;
        } else {
            expect(from, all_hear, message, len);
            assert_true(ws_hub_publish(t.envs[0].hub, NULL, 0, (uint64_t)from + 1, WS_OP_BINARY,
                                       message, len));
            for (int k = 0; k < CONNS; k++)
                plain[k] += k != from && len >= 100 ? len : 0;
        }
        /* To keep the order over two loops nothing that is published waits. */
        TURN_ALL_UNTIL(all_came());
    }
    check_all();
    for (int i = 0; i < CONNS; i++) {
        const struct ws_deflate *deflate = ws_session_deflate(ws_conn_session(t.ends[i].conn));
        assert_true((i % 3 != 0) == (deflate != NULL));
        if (!deflate)
            continue;
        assert_int_equal(deflate->counts.plain_out, plain[i]);
        /* Four letters have two bits each; codes and the frames' blocks take some. */
        assert_true(deflate->counts.wire_out < plain[i] * 2 / 5);
        assert_int_equal(ws_session_deflate(&t.ends[i].far.session)->counts.plain_in, plain[i]);
    }
    free(message);
    stop();
}

/* What one client sends at once is framed once and arrives at each in one piece. */
static void a_turn_is_one_send(void **state)
{
    (void)state;
    start(1);
    unsigned before[CONNS];
    for (int i = 0; i < CONNS; i++)
        before[i] = t.ends[i].far.receives;
    for (int i = 0; i < 100; i++)
        assert_true(ws_hub_publish(t.hub, NULL, 0, 1, WS_OP_TEXT, "hello", 5));
    ws_loop_turn(t.loops[0], 0);
    for (int i = 0; i < CONNS; i++)
        far_pump(&t.ends[i].far);
    for (int i = 1; i < CONNS; i++) {
        assert_int_equal(t.ends[i].far.receives, before[i] + 1);
        assert_int_equal(t.ends[i].far.record.messages, 100);
        assert_int_equal(ws_conn_counters(t.ends[i].conn)->messages_out, 100);
    }
    assert_int_equal(t.ends[0].far.record.messages, 0);
    stop();
}

static void groups(void **state)
{
    (void)state;
    size_t len;
    start(1);
    for (int i = 0; i < CONNS; i++) {
        assert_null(ws_hub_group(t.ends[i].conn, &len));
        assert_true(ws_hub_join(t.ends[i].conn, i % 2 ? "odd" : "even", i % 2 ? 3 : 4));
    }
    assert_memory_equal(ws_hub_group(t.ends[3].conn, &len), "odd", 3);
    assert_int_equal(len, 3);
    for (int i = 0; i < CONNS; i++) {
        char text[20];
        int size = snprintf(text, sizeof text, "from %d;", i);
        expect(i, same_parity, text, (size_t)size);
        far_send(&t.ends[i].far, WS_OP_TEXT, 0, text, (size_t)size);
        TURN_ALL_UNTIL(all_came());
    }
    check_all();
    /* Into the other, into the same once more, out of all, and gone. */
    assert_true(ws_hub_join(t.ends[0].conn, "odd", 3));
    assert_true(ws_hub_join(t.ends[1].conn, "odd", 3));
    ws_hub_leave(t.ends[2].conn);
    ws_hub_leave(t.ends[2].conn);
    ws_conn_abort(t.ends[3].conn, WS_E_SHUTDOWN);
    turn();
    unsigned before = t.ends[0].far.record.messages;
    assert_true(ws_hub_publish(t.hub, "odd", 3, 2, WS_OP_TEXT, "x", 1));
    assert_true(ws_hub_publish(t.hub, "an empty group", 14, 0, WS_OP_TEXT, "x", 1));
    TURN_ALL_UNTIL(t.ends[0].far.record.messages == before + 1);
    assert_int_equal(t.ends[1].far.record.data.len, t.ends[1].expected.len);
    assert_int_equal(t.ends[2].far.record.data.len, t.ends[2].expected.len);
    stop();
}

/* From both loops at once: everybody hears everybody else, and each sender in its order. */
static void over_two_loops(void **state)
{
    (void)state;
    start(2);
    for (int i = 0; i < MESSAGES; i++)
        for (int from = 0; from < CONNS; from++) {
            char text[20];
            int len = snprintf(text, sizeof text, "%c%d;", 'a' + from, i);
            expect(from, all_hear, text, (size_t)len);
            far_send(&t.ends[from].far, WS_OP_TEXT, 0, text, (size_t)len);
        }
    TURN_ALL_UNTIL(all_came());
    for (int to = 0; to < CONNS; to++) {
        int next[CONNS] = {0};
        struct grown *data = &t.ends[to].far.record.data;
        assert_int_equal(data->len, t.ends[to].expected.len);
        grown_add(data, "", 1);
        for (const char *p = (const char *)data->data; *p; p = strchr(p, ';') + 1)
            assert_int_equal(atoi(p + 1), next[p[0] - 'a']++);
        for (int from = 0; from < CONNS; from++)
            assert_int_equal(next[from], from == to ? 0 : MESSAGES);
    }
    stop();
}

/* --- the slow --- */

enum { SLOW = CONNS - 1, PIECE = 1000 };

static void pump_the_others(void)
{
    turn();
    for (int i = 0; i < SLOW; i++)
        far_pump(&t.ends[i].far);
}

/* Sends to all, of which one does not read, until the policy acts. */
static unsigned flood(bool (*enough)(void))
{
    char piece[PIECE];
    unsigned count = 0;
    while (!enough()) {
        memset(piece, 0, sizeof piece);
        snprintf(piece, sizeof piece, "%u", count++);
        assert_true(ws_hub_publish(t.hub, NULL, 0, 0, WS_OP_BINARY, piece, sizeof piece));
        pump_the_others();
        assert_true(count < 100000);
    }
    for (int i = 0; i < 10; i++)
        pump_the_others();
    for (int i = 0; i < SLOW; i++)
        assert_int_equal(t.ends[i].far.record.messages, count); /* it is nothing to them */
    return count;
}

static bool it_was_closed(void)
{
    return ws_session_close_sent(ws_conn_session(t.ends[SLOW].conn));
}

static bool some_were_dropped(void)
{
    return deliveries().dropped > 100;
}

static bool some_wait(void)
{
    return ws_conn_flag(t.ends[SLOW].conn, WS_CONN_SLOW);
}

static void start_slow(enum ws_slow slow)
{
    start(1);
    t.envs[0].conn.config.high_water = 64 * 1024;
    ws_hub_set_slow(t.hub, slow);
    shrink_buffers(ws_conn_fd(t.ends[SLOW].conn));
}

static void slow_is_closed(void **state)
{
    (void)state;
    start_slow(WS_SLOW_CLOSE);
    flood(it_was_closed);
    TURN_ALL_UNTIL(!t.ends[SLOW].conn);
    assert_int_equal(t.ends[SLOW].end.error, WS_E_TOO_SLOW);
    assert_int_equal(t.ends[SLOW].far.record.code, 1008);
    stop();
}

static unsigned number_at(const struct grown *data, size_t index)
{
    return (unsigned)atoi((const char *)data->data + index * PIECE);
}

static void slow_misses_the_new(void **state)
{
    (void)state;
    start_slow(WS_SLOW_DROP_NEW);
    unsigned count = flood(some_were_dropped);
    struct ws_deliveries d = deliveries();
    assert_int_equal(d.sent + d.dropped, (uint64_t)count * CONNS);
    struct record *record = &t.ends[SLOW].far.record;
    TURN_ALL_UNTIL(record->messages == count - d.dropped);
    for (unsigned i = 0; i < record->messages; i++)
        assert_int_equal(number_at(&record->data, i), i);
    assert_int_equal(ws_conn_counters(t.ends[SLOW].conn)->messages_out, record->messages);
    stop();
}

static void slow_misses_the_old(void **state)
{
    (void)state;
    start_slow(WS_SLOW_DROP_OLD);
    unsigned count = flood(some_were_dropped);
    struct ws_deliveries d = deliveries();
    assert_int_equal(d.sent + d.dropped, (uint64_t)count * CONNS);
    struct record *record = &t.ends[SLOW].far.record;
    TURN_ALL_UNTIL(record->messages == count - d.dropped);
    unsigned gaps = 0, last = number_at(&record->data, 0);
    for (unsigned i = 1; i < record->messages; i++) {
        unsigned number = number_at(&record->data, i);
        assert_true(number > last);
        gaps += number != last + 1;
        last = number;
    }
    assert_true(gaps > 0);
    assert_int_equal(last, count - 1); /* the newest has come */
    stop();
}

/* A sender is not read while a receiver is full, and nothing is lost. */
static void slow_is_waited_for(void **state)
{
    (void)state;
    start_slow(WS_SLOW_BLOCK);
    flood(some_wait);
    unsigned heard = t.ends[0].heard;
    far_send(&t.ends[0].far, WS_OP_TEXT, 0, "one", 3);
    while (t.ends[0].heard == heard)
        pump_the_others();
    assert_true(ws_conn_blocked(t.ends[0].conn, WS_BLOCK_HUB));
    far_send(&t.ends[0].far, WS_OP_TEXT, 0, "two", 3);
    for (int i = 0; i < 20; i++)
        pump_the_others();
    assert_int_equal(t.ends[0].heard, heard + 1);
    TURN_ALL_UNTIL(t.ends[0].heard == heard + 2);
    assert_false(ws_conn_blocked(t.ends[0].conn, WS_BLOCK_HUB));
    TURN_ALL_UNTIL(t.ends[SLOW].far.record.messages == t.ends[1].far.record.messages);
    assert_int_equal(deliveries().dropped + deliveries().failed, 0);
    stop();
}

/* The one that is waited for goes away instead. */
static void waited_for_in_vain(void **state)
{
    (void)state;
    start_slow(WS_SLOW_BLOCK);
    flood(some_wait);
    far_send(&t.ends[0].far, WS_OP_TEXT, 0, "one", 3);
    while (!ws_conn_blocked(t.ends[0].conn, WS_BLOCK_HUB))
        pump_the_others();
    ws_conn_abort(t.ends[SLOW].conn, WS_E_WRITE_TIMEOUT);
    TURN_ALL_UNTIL(!ws_conn_blocked(t.ends[0].conn, WS_BLOCK_HUB));
    stop();
}

/* To all, to a group and to one, in turns: a receiver of several gets them in their order. */
static void the_order_of_publishing(void **state)
{
    (void)state;
    char text[] = "0";
    start(1);
    assert_true(ws_hub_join(t.ends[0].conn, "g", 1));
    for (int i = 0; i < 9; i++) {
        text[0] = (char)('0' + i);
        if (i % 3 == 2) {
            ws_hub_send(t.ends[0].conn, WS_OP_TEXT, text, 1);
        } else {
            ws_hub_flush(t.hub);
            assert_true(ws_hub_publish(t.hub, i % 3 ? "g" : NULL, 1, 0, WS_OP_TEXT, text, 1));
        }
    }
    TURN_ALL_UNTIL(t.ends[0].far.record.messages == 9 && t.ends[1].far.record.messages == 3);
    assert_memory_equal(t.ends[0].far.record.data.data, "012345678", 9);
    assert_memory_equal(t.ends[1].far.record.data.data, "036", 3);
    assert_int_equal(deliveries().sent, 3 * CONNS + 3 + 3);
    stop();
}

static unsigned reliefs;

static struct ws_hub_waiter patient, other_patient, leaver;

static void on_relief(struct ws_hub_waiter *waiter)
{
    assert_true(waiter == &patient || waiter == &other_patient);
    reliefs++;
}

/* A source that is no connection asks, and is notified. */
static void a_source_waits_too(void **state)
{
    (void)state;
    start_slow(WS_SLOW_BLOCK);
    reliefs = 0;
    patient.unblocked = other_patient.unblocked = on_relief;
    ws_hub_on_unblocked(t.hub, &patient);
    ws_hub_on_unblocked(t.hub, &leaver);
    ws_hub_on_unblocked(t.hub, &other_patient);
    ws_hub_no_waiter(t.hub, &leaver);
    ws_hub_no_waiter(t.hub, &leaver); /* it is not there any more, and may be removed */
    assert_false(ws_hub_blocked(t.hub));
    flood(some_wait);
    assert_true(ws_hub_blocked(t.hub));
    assert_int_equal(reliefs, 0);
    TURN_ALL_UNTIL(!ws_hub_blocked(t.hub) && reliefs == 2);
    ws_hub_no_waiter(t.hub, &patient);
    ws_hub_no_waiter(t.hub, &other_patient);
    stop();
}

static struct ws_hub_waiter *victim;

static void on_relief_of_victim(struct ws_hub_waiter *waiter)
{
    (void)waiter;
    fail_msg("a waiter is called that was removed");
}

static void remove_victim(struct ws_hub_waiter *waiter)
{
    (void)waiter;
    ws_hub_no_waiter(t.hub, victim);
    free(victim);
    reliefs++;
}

/* The next of the list goes, with its memory, while the one before it is called. */
static void a_waiter_removes_another(void **state)
{
    (void)state;
    start_slow(WS_SLOW_BLOCK);
    reliefs = 0;
    victim = calloc(1, sizeof *victim);
    assert_non_null(victim);
    victim->unblocked = on_relief_of_victim;
    patient.unblocked = on_relief;
    other_patient.unblocked = remove_victim;
    ws_hub_on_unblocked(t.hub, &patient);
    ws_hub_on_unblocked(t.hub, victim);
    ws_hub_on_unblocked(t.hub, &other_patient);
    flood(some_wait);
    TURN_ALL_UNTIL(!ws_hub_blocked(t.hub) && reliefs == 2);
    ws_hub_no_waiter(t.hub, &patient);
    ws_hub_no_waiter(t.hub, &other_patient);
    stop();
}

static char noticed[256];
static bool observer_fails;

static bool on_occupied(struct ws_hub_observer *observer, const char *name, size_t len)
{
    (void)observer;
    size_t used = strlen(noticed);
    snprintf(noticed + used, sizeof noticed - used, "+%.*s ", (int)len, name);
    return !observer_fails;
}

static void on_vacated(struct ws_hub_observer *observer, const char *name, size_t len)
{
    (void)observer;
    size_t used = strlen(noticed);
    snprintf(noticed + used, sizeof noticed - used, "-%.*s ", (int)len, name);
}

/* The first member and the last one of each group are noticed, and no others. */
static void groups_are_observed(void **state)
{
    (void)state;
    struct ws_hub_observer observer = {on_occupied, on_vacated};
    start_slow(WS_SLOW_CLOSE);
    noticed[0] = '\0';
    ws_hub_observe(t.hub, &observer);
    assert_true(ws_hub_join(t.ends[0].conn, "a", 1));
    assert_true(ws_hub_join(t.ends[1].conn, "a", 1));
    assert_true(ws_hub_join(t.ends[1].conn, "a", 1));     /* again */
    ws_hub_publish(t.hub, "c", 1, 0, WS_OP_TEXT, "x", 1); /* no member */
    ws_hub_flush(t.hub);
    assert_true(ws_hub_join(t.ends[0].conn, "b", 1));
    assert_string_equal(noticed, "+a +b ");
    ws_hub_leave(t.ends[1].conn);
    assert_string_equal(noticed, "+a +b -a ");
    observer_fails = true;
    assert_false(ws_hub_join(t.ends[1].conn, "d", 1));
    assert_null(ws_hub_group(t.ends[1].conn, &(size_t){0}));
    assert_true(ws_hub_join(t.ends[1].conn, "b", 1)); /* it has a member */
    observer_fails = false;
    ws_hub_observe(t.hub, NULL);
    ws_hub_leave(t.ends[0].conn);
    ws_hub_leave(t.ends[1].conn);
    assert_string_equal(noticed, "+a +b -a +d ");
    stop();
}

/* One who is written to alone is slow by the same policy. */
static void slow_by_itself(void **state)
{
    (void)state;
    static char data[10000];
    start_slow(WS_SLOW_BLOCK);
    for (int i = 0; i < 1000 && !ws_hub_blocked(t.hub); i++)
        ws_hub_send(t.ends[SLOW].conn, WS_OP_BINARY, data, sizeof data);
    assert_true(ws_hub_blocked(t.hub));
    TURN_ALL_UNTIL(!ws_hub_blocked(t.hub));
    ws_hub_set_slow(t.hub, WS_SLOW_CLOSE);
    for (int i = 0; i < 1000 && !it_was_closed(); i++)
        ws_hub_send(t.ends[SLOW].conn, WS_OP_BINARY, data, sizeof data);
    TURN_ALL_UNTIL(!t.ends[SLOW].conn);
    assert_int_equal(t.ends[SLOW].end.error, WS_E_TOO_SLOW);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_naive_way),         cmocka_unit_test(compressed_for_those_who_can),
        cmocka_unit_test(a_turn_is_one_send),       cmocka_unit_test(groups),
        cmocka_unit_test(over_two_loops),           cmocka_unit_test(slow_is_closed),
        cmocka_unit_test(slow_misses_the_new),      cmocka_unit_test(slow_misses_the_old),
        cmocka_unit_test(slow_is_waited_for),       cmocka_unit_test(waited_for_in_vain),
        cmocka_unit_test(the_order_of_publishing),  cmocka_unit_test(a_source_waits_too),
        cmocka_unit_test(a_waiter_removes_another), cmocka_unit_test(groups_are_observed),
        cmocka_unit_test(slow_by_itself),
    };
    return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
