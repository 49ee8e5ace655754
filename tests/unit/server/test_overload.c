#include <ws/overload.h>

#include "libws/conn/conn_owner.h"
#include "libws/server/env_hooks.h"
#include "libws/server/registry_private.h"
#include "tests/unit/support_net.h"

#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { CONNS = 4 };

static struct {
    struct ws_loop *loop;
    struct ws_conn_config config;
    struct ws_handler handler;
    struct ws_server_env env;
    struct ws_admission *admission;
    struct ws_overload *overload;
    struct ws_conn *conns[CONNS];
    struct ws_end ends[CONNS];
    struct peer far[CONNS];
} t;

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type == WS_EVENT_MESSAGE)
        ws_conn_reply(conn, event);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    t.ends[ws_conn_id(conn) - 1] = *end;
    t.conns[ws_conn_id(conn) - 1] = NULL;
}

static void start(const struct ws_overload_limits *limits, size_t max_connections)
{
    struct ws_admission_limits admission = {.max_connections = max_connections};
    struct ws_server_env *envs[] = {&t.env};
    memset(&t, 0, sizeof t);
    assert_int_equal(ws_loop_new(&t.loop), WS_OK);
    ws_conn_config_init(&t.config, WS_ROLE_SERVER);
    t.config.high_water = 64 << 20;
    t.config.close_ms = 100; /* those who are let go do not answer */
    t.handler = (struct ws_handler){.event = on_event, .close = on_close};
    assert_int_equal(ws_server_env_init(&t.env, t.loop, &t.config, &t.handler, NULL), WS_OK);
    t.admission = ws_admission_new(&admission);
    t.overload = ws_overload_new(limits, t.admission, envs, 1);
    assert_non_null(t.overload);
    for (int i = 0; i < CONNS; i++) {
        int fds[2];
        socket_pair(fds);
        far_init(&t.far[i], fds[1], WS_ROLE_CLIENT);
        t.conns[i] = ws_conn_new(&t.env.conn, fds[0], NULL);
        ws_registry_add(t.env.registry, t.conns[i], (uint64_t)i + 1);
        far_connect(&t.far[i]);
        PUMP_UNTIL(t.loop, &t.far[i], t.far[i].record.opens == 1);
    }
}

static void stop(void)
{
    for (int i = 0; i < CONNS; i++) {
        if (t.conns[i])
            ws_conn_abort(t.conns[i], WS_E_SHUTDOWN);
        far_free(&t.far[i]);
    }
    ws_loop_turn(t.loop, 0);
    ws_loop_turn(t.loop, 0);
    assert_int_equal(ws_registry_count(t.env.registry), 0);
    assert_int_equal(ws_overload_memory(t.overload), 0); /* whatever the way they went */
    ws_overload_free(t.overload);
    ws_admission_free(t.admission);
    ws_server_env_free(&t.env);
    ws_loop_free(t.loop);
}

static void two_thresholds(void **state)
{
    (void)state;
    bool shedding = false;
    static const struct {
        unsigned percent;
        bool shedding;
    } steps[] = {{0, false},  {89, false}, {90, true},  {89, true},  {70, true},
                 {69, false}, {75, false}, {89, false}, {200, true}, {70, true}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        shedding = ws_overload_decide(shedding, steps[i].percent, 90, 70);
        assert_int_equal(shedding, steps[i].shedding);
    }
    assert_false(ws_overload_decide(true, 100, 0, 0)); /* never */
}

/* Replies that no client reads: the last holds most, and is evicted. */
static void the_largest_holder_goes(void **state)
{
    (void)state;
    struct ws_overload_limits limits = {.max_memory = 3000000};
    static uint8_t data[400000];
    start(&limits, 0);
    for (int i = 0; i < CONNS; i++)
        shrink_buffers(ws_conn_fd(t.conns[i]));
    for (int round = 0; !ws_conn_flag(t.conns[3], WS_CONN_EVICTED); round++) {
        assert_true(round < 10);
        for (int i = CONNS; i-- > 0 && !ws_conn_flag(t.conns[3], WS_CONN_EVICTED);)
            for (int k = 0; k <= i; k++) {
                ws_conn_send(t.conns[i], WS_OP_BINARY, 0, data, sizeof data);
                ws_loop_turn(t.loop, 0);
            }
        assert_true(ws_overload_memory(t.overload) <= limits.max_memory);
    }
    assert_true(ws_overload_memory(t.overload) > 0);
    /* Its close frame arrives, once it reads on. */
    PUMP_UNTIL(t.loop, &t.far[3], !t.conns[3]);
    assert_int_equal(t.far[3].record.code, 1013);
    assert_int_equal(t.ends[3].error, WS_E_MEMORY_LIMIT);
    for (int i = 0; i < 3; i++)
        assert_non_null(t.conns[i]);
    stop();
}

/* Half a message in hand is memory too. */
static void unfinished_messages_count(void **state)
{
    (void)state;
    struct ws_overload_limits limits = {.max_memory = 300000};
    static uint8_t data[100000];
    start(&limits, 0);
    for (int i = 0; i < 3; i++) {
        far_send(&t.far[i], WS_OP_BINARY, WS_SEND_MORE, data, sizeof data);
        TURN_UNTIL(t.loop, ws_conn_cold_slot(t.conns[i])->charged_bytes >= sizeof data);
    }
    far_send(&t.far[0], WS_OP_BINARY, WS_SEND_MORE, data, sizeof data);
    PUMP_UNTIL(t.loop, &t.far[0], !t.conns[0]);
    assert_int_equal(t.far[0].record.code, 1013);
    far_send(&t.far[1], WS_OP_BINARY, 0, data, sizeof data); /* it ends: all is given back */
    PUMP_UNTIL(t.loop, &t.far[1], t.far[1].record.messages == 1);
    ws_loop_turn(t.loop, 0);
    assert_true(ws_overload_memory(t.overload) < 200000);
    stop();
}

/* More than half of the connections: one after the other goes, those who were silent longest first,
 * until there are fewer. */
static void the_idle_are_shed(void **state)
{
    (void)state;
    struct ws_overload_limits limits = {.shed_start = 80, .shed_stop = 50};
    struct ws_client_entry *client_entry;
    start(&limits, CONNS);
    for (int i = 0; i < CONNS; i++)
        assert_int_equal(ws_admission_acquire(t.admission, NULL, 0, &client_entry), WS_OK);
    assert_int_equal(ws_admission_percent(t.admission), 0); /* silent connections shed no other */
    for (int i = 0; i < CONNS; i++)
        assert_int_equal(ws_admission_admit(t.admission), WS_OK);
    int64_t later = ws_loop_now(t.loop) + 5;
    TURN_UNTIL(t.loop, ws_loop_now(t.loop) >= later);
    far_send(&t.far[0], WS_OP_TEXT, 0, "alive", 5);
    PUMP_UNTIL(t.loop, &t.far[0], t.far[0].record.messages == 1);
    int gone = 0;
    int64_t give_up = ws_clock_us() + 10000000;
    while (gone < 3 && ws_clock_us() < give_up) {
        for (int i = 0; i < CONNS; i++)
            far_pump(&t.far[i]);
        ws_loop_turn(t.loop, 5);
        int now = 0;
        for (int i = 0; i < CONNS; i++)
            now += !t.conns[i];
        for (; gone < now; gone++)
            ws_admission_leave(t.admission, WS_PLACE_ADMITTED, NULL);
        if (gone > 0 && gone < 3)
            assert_true(ws_overload_shedding(t.overload));
    }
    assert_int_equal(gone, 3);
    assert_non_null(t.conns[0]);
    assert_int_equal(t.far[1].record.code, 1013);
    TURN_UNTIL(t.loop, !ws_overload_shedding(t.overload));
    ws_admission_leave(t.admission, WS_PLACE_ADMITTED, NULL);
    stop();
}

static int connections(void)
{
    int count = 0;
    for (int i = 0; i < CONNS; i++)
        count += t.conns[i] != NULL;
    return count;
}

static int64_t last_late_ms;
static int ticks;

static void on_lag(struct ws_server_env *env, int64_t late_ms)
{
    (void)env;
    last_late_ms = late_ms;
    ticks++;
}

/* Until the next tick; each turn takes `turn_ms`. */
static void tick(int turn_ms)
{
    int before = ticks;
    int64_t give_up = ws_clock_us() + 10000000;
    while (ticks == before && ws_clock_us() < give_up) {
        usleep((useconds_t)turn_ms * 1000);
        ws_loop_turn(t.loop, turn_ms ? 0 : 5);
    }
}

/* A loop that comes late to its timers sheds; one that was held up once does not. */
static void a_loop_that_lags_sheds(void **state)
{
    (void)state;
    struct ws_overload_limits limits = {.shed_start = 90, .shed_stop = 50, .lag_full_ms = 800};
    start(&limits, CONNS);
    t.env.lagged = on_lag;
    tick(0);
    tick(1200); /* a tick comes every 250 ms: it is 950 late */
    assert_in_range(last_late_ms, 900, 9000);
    assert_false(ws_overload_shedding(t.overload));
    tick(0);
    tick(1200);
    assert_false(ws_overload_shedding(t.overload));
    assert_int_equal(connections(), CONNS);
    tick(1200);
    assert_true(ws_overload_shedding(t.overload));
    TURN_UNTIL(t.loop, connections() < CONNS);
    TURN_UNTIL(t.loop, !ws_overload_shedding(t.overload));
    assert_int_equal(connections(), CONNS - 1);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_thresholds),
        cmocka_unit_test(the_largest_holder_goes),
        cmocka_unit_test(unfinished_messages_count),
        cmocka_unit_test(the_idle_are_shed),
        cmocka_unit_test(a_loop_that_lags_sheds),
    };
    return cmocka_run_group_tests_name("overload", tests, NULL, NULL);
}
