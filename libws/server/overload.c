#include "libws/server/overload_private.h"

#include "libws/conn/conn_owner.h"
#include <ws/server_env.h>

#include <stdatomic.h>
#include <stdlib.h>

enum { TICK_MS = 250, LAG_FULL_MS = 200 };

/* Measures the lag of one loop, and closes its idlest connection while shedding. */
struct loop_monitor {
    struct ws_timer timer;
    struct ws_overload *overload;
    struct ws_server_env *env;
    int64_t due_ms;
    unsigned last_lag; /* percent, of the last tick */
    atomic_uint lag;   /* of the last two, the lesser: one stall is no overload */
};

/* A look for the largest holder of all loops, which goes from one to the next and then to the one
 * that has it. One at a time. */
struct search {
    struct ws_async async;
    unsigned next; /* index of the loop to look at; then of the one to go to */
    size_t most;
    uint64_t id;    /* of the connection that holds it */
    unsigned owner; /* index of its loop */
};

struct ws_overload {
    struct ws_admission *admission;
    struct ws_overload_limits limits;
    atomic_size_t memory;
    atomic_bool shedding, searching;
    struct search search;
    unsigned count;
    struct loop_monitor monitors[];
};

/* --- memory --- */

struct largest {
    struct ws_conn *conn;
    size_t charged;
};

static void compare(struct ws_conn *conn, void *context)
{
    struct largest *largest = context;
    size_t charged = ws_conn_cold_slot(conn)->charged_bytes;
    if (charged <= largest->charged || ws_conn_failed(conn) || ws_conn_flag(conn, WS_CONN_EVICTED))
        return;
    largest->conn = conn;
    largest->charged = charged;
}

static void discharge(struct ws_overload *overload, struct ws_conn *conn)
{
    size_t charged = ws_conn_cold_slot(conn)->charged_bytes;
    if (charged == 0)
        return;
    atomic_fetch_sub(&overload->memory, charged);
    ws_conn_make_cold_slot(conn)->charged_bytes = 0; /* there is one: it cannot fail */
}

/* It counts as gone, whether it answers or not. */
static void dismiss(struct ws_conn *conn, enum ws_error why)
{
    ws_conn_fail(conn, why);
    if (ws_server_env(conn)->dismissed)
        ws_server_env(conn)->dismissed(conn);
}

static void close_carried(struct ws_conn *conn, void *carrier)
{
    if (ws_conn_carrier(conn) == carrier)
        dismiss(conn, WS_E_MEMORY_LIMIT);
}

/* Its close frame waits after what is queued already; that is no longer counted, for its time is
 * now bounded by the closing handshake's. One that carries others has no such time of its own. */
static void evict(struct ws_overload *overload, struct ws_conn *conn)
{
    discharge(overload, conn);
    ws_conn_set_flag(conn, WS_CONN_EVICTED, true);
    ws_conn_drop_shared(conn);
    dismiss(conn, WS_E_MEMORY_LIMIT);
    if (ws_conn_is_carrier(conn)) {
        ws_registry_each(ws_server_env(conn)->registry, close_carried, conn);
        ws_conn_dismiss(conn);
    }
}

static struct largest largest_of(const struct ws_server_env *env)
{
    struct largest largest = {0};
    ws_registry_each(env->registry, compare, &largest);
    return largest;
}

static bool above_limit(const struct ws_overload *overload)
{
    size_t max = overload->limits.max_memory;
    return max && atomic_load(&overload->memory) > max;
}

static void post_search(struct ws_overload *overload, unsigned index,
                        void (*run)(struct ws_async *async))
{
    overload->search.async.run = run;
    ws_loop_post(overload->monitors[index].env->conn.loop, &overload->search.async);
}

static void on_search(struct ws_async *async);

static void search_again(struct ws_overload *overload)
{
    overload->search.next = 0;
    overload->search.most = 0;
    post_search(overload, 0, on_search);
}

/* On the loop of the largest holder. */
static void on_found(struct ws_async *async)
{
    struct ws_overload *overload = ws_container_of(async, struct ws_overload, search.async);
    const struct search *search = &overload->search;
    struct ws_conn *conn =
        ws_registry_find(overload->monitors[search->owner].env->registry, search->id);
    bool goes = conn && above_limit(overload) && !ws_conn_failed(conn) &&
                !ws_conn_flag(conn, WS_CONN_EVICTED);
    if (goes)
        evict(overload, conn);
    if (goes && above_limit(overload))
        search_again(overload);
    else
        atomic_store(&overload->searching, false);
}

/* On each loop in turn. */
static void on_search(struct ws_async *async)
{
    struct ws_overload *overload = ws_container_of(async, struct ws_overload, search.async);
    struct search *search = &overload->search;
    struct largest largest = largest_of(overload->monitors[search->next].env);
    if (largest.charged > search->most) {
        search->most = largest.charged;
        search->id = ws_conn_id(largest.conn);
        search->owner = search->next;
    }
    if (++search->next < overload->count)
        post_search(overload, search->next, on_search);
    else if (search->most > 0)
        post_search(overload, search->owner, on_found);
    else
        atomic_store(&overload->searching, false);
}

/* Above the limit. With several loops the largest holder is found a little later; until then only
 * one that holds most of what is allowed goes at once. */
static void relieve(struct ws_overload *overload, const struct ws_server_env *env)
{
    if (overload->count > 1 && !atomic_exchange(&overload->searching, true)) {
        search_again(overload);
        return;
    }
    struct largest largest = largest_of(env);
    if (largest.conn && (overload->count == 1 || largest.charged > overload->limits.max_memory / 2))
        evict(overload, largest.conn);
}

void ws_overload_charge(struct ws_conn *conn)
{
    const struct ws_server_env *env = ws_server_env(conn);
    struct ws_overload *overload = env->overload;
    size_t max = overload->limits.max_memory;
    if (max == 0 || ws_conn_flag(conn, WS_CONN_EVICTED))
        return;
    size_t holds = ws_conn_holds(conn), before = ws_conn_cold_slot(conn)->charged_bytes;
    struct ws_conn_cold_slot *slot = holds == before ? NULL : ws_conn_make_cold_slot(conn);
    if (!slot)
        return;
    slot->charged_bytes = holds;
    size_t memory = atomic_fetch_add(&overload->memory, holds - before) + holds - before;
    if (memory <= max || holds < before)
        return;
    relieve(overload, env);
}

void ws_overload_release(struct ws_conn *conn)
{
    discharge(ws_server_env(conn)->overload, conn);
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
    size_t max = overload->limits.max_memory;
    size_t memory = max ? atomic_load(&overload->memory) * 100 / max : 0;
    if (memory > most)
        most = (unsigned)memory;
    for (unsigned i = 0; i < overload->count; i++) {
        unsigned lag = atomic_load(&overload->monitors[i].lag);
        if (lag > most)
            most = lag;
    }
    return most;
}

static void find_idlest(struct ws_conn *conn, void *context)
{
    struct ws_conn **idlest = context;
    if (!ws_conn_upgraded(conn) || ws_conn_failed(conn) ||
        ws_session_close_sent(ws_conn_session(conn)))
        return;
    if (!*idlest || ws_conn_last_message_ms(conn) < ws_conn_last_message_ms(*idlest))
        *idlest = conn;
}

static void note_lag(struct loop_monitor *monitor, int64_t late_ms)
{
    unsigned last = monitor->last_lag;
    unsigned lag = (unsigned)(late_ms * 100 / monitor->overload->limits.lag_full_ms);
    monitor->last_lag = lag;
    atomic_store(&monitor->lag, lag < last ? lag : last);
    if (monitor->env->lagged)
        monitor->env->lagged(monitor->env, late_ms);
}

static void on_tick(struct ws_timer *timer)
{
    struct loop_monitor *monitor = ws_container_of(timer, struct loop_monitor, timer);
    struct ws_overload *overload = monitor->overload;
    struct ws_loop *loop = monitor->env->conn.loop;
    int64_t late_ms = ws_loop_now(loop) - monitor->due_ms;
    unsigned start = overload->limits.shed_start;
    note_lag(monitor, late_ms > 0 ? late_ms : 0);
    monitor->due_ms = ws_loop_now(loop) + TICK_MS;
    ws_loop_arm(loop, timer, monitor->due_ms);
    if (monitor == overload->monitors)
        atomic_store(&overload->shedding,
                     ws_overload_decide(ws_overload_shedding(overload), percent(overload), start,
                                        overload->limits.shed_stop));
    if (!ws_overload_shedding(overload))
        return;
    struct ws_conn *idlest = NULL;
    ws_registry_each(monitor->env->registry, find_idlest, &idlest);
    if (idlest)
        dismiss(idlest, WS_E_SHED);
}

/* --- beginning and end --- */

struct ws_overload *ws_overload_new(const struct ws_overload_limits *limits,
                                    struct ws_admission *admission,
                                    struct ws_server_env *const *envs, unsigned count)
{
    struct ws_overload *overload =
        calloc(1, sizeof *overload + count * sizeof(struct loop_monitor));
    if (!overload)
        return NULL;
    overload->admission = admission;
    overload->count = count;
    overload->limits = *limits;
    if (limits->lag_full_ms == 0)
        overload->limits.lag_full_ms = LAG_FULL_MS;
    for (unsigned i = 0; i < count; i++) {
        struct loop_monitor *monitor = &overload->monitors[i];
        struct ws_loop *loop = envs[i]->conn.loop;
        monitor->timer.fire = on_tick;
        monitor->overload = overload;
        monitor->env = envs[i];
        monitor->due_ms = ws_loop_now(loop) + TICK_MS;
        envs[i]->overload = overload;
        envs[i]->conn.hooks.memory_changed = ws_overload_charge;
        ws_loop_arm(loop, &monitor->timer, monitor->due_ms);
    }
    return overload;
}

void ws_overload_free(struct ws_overload *overload)
{
    if (!overload)
        return;
    for (unsigned i = 0; i < overload->count; i++) {
        struct ws_server_env *env = overload->monitors[i].env;
        ws_loop_disarm(env->conn.loop, &overload->monitors[i].timer);
        env->overload = NULL;
        env->conn.hooks.memory_changed = NULL;
    }
    free(overload);
}
