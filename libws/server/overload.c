#include <ws/overload.h>

#include "libws/server/registry.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { TICK_MS = 250, LAG_FULL_MS = 200 };

/* What looks after one loop. */
struct loop_monitor {
    struct ws_timer timer;
    struct ws_overload *overload;
    struct ws_conn_env *env;
    int64_t due;
    atomic_uint lag; /* percent */
};

struct ws_overload {
    struct ws_admission *admission;
    atomic_size_t max_memory, memory;
    atomic_uint shed_start, shed_stop, lag_full_ms;
    atomic_bool shedding;
    unsigned count;
    struct loop_monitor watchmen[];
};

/* --- memory --- */

struct largest {
    struct ws_conn *conn;
    size_t charged;
};

static void compare(struct ws_conn *conn, void *context)
{
    struct largest *largest = context;
    if (conn->cold->charged <= largest->charged || conn->failed || conn->evicted)
        return;
    largest->conn = conn;
    largest->charged = conn->cold->charged;
}

/* Its close frame lies behind what waits already; that is no longer counted, for its time is now
 * bounded by the closing handshake's. */
static void evict(struct ws_overload *overload, struct ws_conn *conn)
{
    atomic_fetch_sub(&overload->memory, conn->cold->charged);
    conn->cold->charged = 0;
    conn->evicted = true;
    ws_conn_drop_shared(conn);
    ws_conn_fail(conn, WS_E_MEMORY_LIMIT);
}

void ws_overload_charge(struct ws_conn *conn)
{
    struct ws_overload *overload = conn->env->overload;
    size_t max = atomic_load_explicit(&overload->max_memory, memory_order_relaxed);
    size_t holds = ws_conn_holds(conn), before = conn->cold->charged;
    if (max == 0 || conn->evicted || holds == before || !ws_conn_cold(conn))
        return;
    conn->cold->charged = holds;
    size_t memory = atomic_fetch_add(&overload->memory, holds - before) + holds - before;
    if (memory <= max || holds < before)
        return;
    struct largest largest = {0};
    ws_registry_each(conn->env->registry, compare, &largest);
    if (largest.conn)
        evict(overload, largest.conn);
}

void ws_overload_release(struct ws_conn *conn)
{
    if (conn->cold->charged == 0)
        return;
    atomic_fetch_sub(&conn->env->overload->memory, conn->cold->charged);
    conn->cold->charged = 0;
}

size_t ws_overload_memory(const struct ws_overload *overload)
{
    return atomic_load(&overload->memory);
}

/* --- shedding --- */

bool ws_overload_decide(bool shedding, unsigned percent, unsigned start, unsigned stop)
{
    if (start == 0)
        return false;
    return shedding ? percent >= stop : percent >= start;
}

bool ws_overload_shedding(const struct ws_overload *overload)
{
    return atomic_load_explicit(&overload->shedding, memory_order_relaxed);
}

static unsigned percent(const struct ws_overload *overload)
{
    unsigned most = ws_admission_percent(overload->admission);
    size_t max = atomic_load(&overload->max_memory);
    size_t memory = max ? atomic_load(&overload->memory) * 100 / max : 0;
    if (memory > most)
        most = (unsigned)memory;
    for (unsigned i = 0; i < overload->count; i++) {
        unsigned lag = atomic_load(&overload->watchmen[i].lag);
        if (lag > most)
            most = lag;
    }
    return most;
}

static void find_idlest(struct ws_conn *conn, void *context)
{
    struct ws_conn **idlest = context;
    if (!conn->opened || conn->failed || ws_session_close_sent(&conn->session))
        return;
    if (!*idlest || conn->last_message < (*idlest)->last_message)
        *idlest = conn;
}

static void on_tick(struct ws_timer *timer)
{
    struct loop_monitor *loop_monitor = ws_container_of(timer, struct loop_monitor, timer);
    struct ws_overload *overload = loop_monitor->overload;
    struct ws_loop *loop = loop_monitor->env->loop;
    int64_t late = ws_loop_now(loop) - loop_monitor->due;
    unsigned start = atomic_load(&overload->shed_start);
    atomic_store(&loop_monitor->lag,
                 (unsigned)((late > 0 ? late : 0) * 100 / atomic_load(&overload->lag_full_ms)));
    if (loop_monitor->env->lagged)
        loop_monitor->env->lagged(loop_monitor->env, late > 0 ? late : 0);
    loop_monitor->due = ws_loop_now(loop) + TICK_MS;
    ws_loop_arm(loop, timer, loop_monitor->due);
    if (loop_monitor == overload->watchmen)
        atomic_store(&overload->shedding,
                     ws_overload_decide(ws_overload_shedding(overload), percent(overload), start,
                                        atomic_load(&overload->shed_stop)));
    if (!ws_overload_shedding(overload))
        return;
    struct ws_conn *idlest = NULL;
    ws_registry_each(loop_monitor->env->registry, find_idlest, &idlest);
    if (idlest)
        ws_conn_fail(idlest, WS_E_SHED);
}

/* --- beginning and end --- */

void ws_overload_set(struct ws_overload *overload, const struct ws_overload_limits *limits)
{
    atomic_store(&overload->max_memory, limits->max_memory);
    atomic_store(&overload->shed_start, limits->shed_start);
    atomic_store(&overload->shed_stop, limits->shed_stop);
    atomic_store(&overload->lag_full_ms, limits->lag_full_ms ? limits->lag_full_ms : LAG_FULL_MS);
}

struct ws_overload *ws_overload_new(const struct ws_overload_limits *limits,
                                    struct ws_admission *admission,
                                    struct ws_conn_env *const *homes, unsigned count)
{
    struct ws_overload *overload =
        calloc(1, sizeof *overload + count * sizeof(struct loop_monitor));
    if (!overload)
        return NULL;
    overload->admission = admission;
    overload->count = count;
    ws_overload_set(overload, limits);
    for (unsigned i = 0; i < count; i++) {
        struct loop_monitor *loop_monitor = &overload->watchmen[i];
        struct ws_loop *loop = homes[i]->loop;
        loop_monitor->timer.fire = on_tick;
        loop_monitor->overload = overload;
        loop_monitor->env = homes[i];
        loop_monitor->due = ws_loop_now(loop) + TICK_MS;
        homes[i]->overload = overload;
        ws_loop_arm(loop, &loop_monitor->timer, loop_monitor->due);
    }
    return overload;
}

void ws_overload_free(struct ws_overload *overload)
{
    if (!overload)
        return;
    for (unsigned i = 0; i < overload->count; i++) {
        struct ws_conn_env *env = overload->watchmen[i].env;
        ws_loop_disarm(env->loop, &overload->watchmen[i].timer);
        env->overload = NULL;
    }
    free(overload);
}
