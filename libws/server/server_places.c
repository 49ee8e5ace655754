#include "libws/server/server_private.h"

#include "libws/conn/conn_owner.h"
#include <ws/conn.h>

enum {
    /* As long as there are places, no younger one is asked to go: of many that connect at
     * once the last may send its request after all have connected. So many places there are always:
     * without any left, others are to read their 503, and with TLS that takes some time. */
    GRACE_MS = 1000,
    PLACES_LEAST = 256,
    COMPARED = 256,     /* of those that are unfinished, when one has to go */
    WAITING_MAX = 1000, /* that only wait to be closed, of all loops */
};

static struct ws_worker *worker_of(const struct ws_conn *conn)
{
    struct ws_server_env *env = (struct ws_server_env *)(uintptr_t)ws_server_env(conn);
    return ws_container_of(env, struct ws_worker, env);
}

/* --- what it counts as --- */

struct ws_client_entry *ws_server_take_entry(struct ws_conn *conn)
{
    struct ws_client_entry *entry = ws_conn_cold_slot(conn)->client_entry;
    if (entry)
        ws_conn_make_cold_slot(conn)->client_entry = NULL; /* there is one: it cannot fail */
    return entry;
}

void ws_server_count_for_carrier(struct ws_conn *stream)
{
    struct ws_conn_cold_slot *slot = ws_conn_make_cold_slot(ws_conn_carrier(stream));
    if (!slot)
        return;
    slot->counted++;
    ws_conn_set_flag(stream, WS_CONN_FOR_CARRIER, true);
}

struct ws_conn *ws_server_leave_carrier(struct ws_conn *conn)
{
    if (!ws_conn_flag(conn, WS_CONN_FOR_CARRIER))
        return NULL;
    struct ws_conn *carrier = ws_conn_carrier(conn);
    ws_conn_set_flag(conn, WS_CONN_FOR_CARRIER, false);
    bool last = --ws_conn_make_cold_slot(carrier)->counted == 0; /* there is one: as above */
    return last && !ws_conn_discarding(carrier) ? carrier : NULL;
}

/* It gives up what it counted as, in all and by its address. */
static void leave_place(struct ws_worker *worker, struct ws_conn *conn)
{
    enum ws_place place = ws_conn_flag(conn, WS_CONN_UNFINISHED) ? WS_PLACE_UNFINISHED
                          : ws_conn_flag(conn, WS_CONN_ADMITTED) ? WS_PLACE_ADMITTED
                                                                 : WS_PLACE_NONE;
    struct ws_client_entry *entry = ws_server_take_entry(conn);
    struct ws_conn *carrier = ws_server_leave_carrier(conn);
    ws_id_list_remove(&worker->unfinished, conn, WS_CONN_UNFINISHED);
    ws_conn_set_flag(conn, WS_CONN_ADMITTED, false);
    if (entry && carrier) { /* which counts by its address again */
        ws_conn_make_cold_slot(carrier)->client_entry = entry;
        entry = NULL;
    }
    if (place != WS_PLACE_NONE || entry)
        ws_admission_leave(worker->server->admission, place, entry);
}

void ws_server_give_up_place(struct ws_conn *conn)
{
    leave_place(worker_of(conn), conn);
}

void ws_server_on_requested(struct ws_conn *conn)
{
    struct ws_worker *worker = worker_of(conn);
    struct ws_server *server = worker->server;
    if (!ws_conn_flag(conn, WS_CONN_UNFINISHED) || ws_conn_refusal(conn) != WS_OK)
        return;
    if (atomic_load(&server->shutting_down))
        return; /* its handler refuses what it does not answer */
    if (server->options.always_answered &&
        server->options.always_answered(server->options.user, conn))
        return;
    enum ws_error refusal =
        server->overload && ws_overload_shedding(server->overload) ? WS_E_SHED : WS_OK;
    /* A plain request takes no place from WebSockets: it stays among the unfinished ones until all
     * is sent. */
    bool upgrade = ws_session_request(ws_conn_session(conn))->upgrade;
    if (refusal == WS_OK && upgrade)
        refusal = ws_admission_admit(server->admission);
    else if (refusal == WS_OK && ws_admission_percent(server->admission) >= 100)
        refusal = WS_E_TOO_MANY_CONNECTIONS;
    ws_conn_set_refusal(conn, refusal);
    if (refusal != WS_OK || !upgrade)
        return;
    ws_id_list_remove(&worker->unfinished, conn, WS_CONN_UNFINISHED);
    ws_conn_set_flag(conn, WS_CONN_ADMITTED, true);
}

void ws_server_on_ended(struct ws_conn *conn)
{
    struct ws_worker *worker = worker_of(conn);
    leave_place(worker, conn);
    ws_id_list_remove(&worker->waiting, conn, WS_CONN_WAITING);
}

/* --- those that only wait to be closed --- */

void ws_server_on_sent_all(struct ws_conn *conn)
{
    struct ws_worker *worker = worker_of(conn);
    struct ws_conn *oldest;
    if (!ws_conn_is_carrier(conn) || ws_conn_discarding(conn)) /* no other stream can come */
        leave_place(worker, conn);
    if (ws_conn_flag(conn, WS_CONN_WAITING) ||
        !ws_id_list_add(&worker->waiting, worker->env.registry, conn, WS_CONN_WAITING))
        return;
    size_t most = WAITING_MAX / worker->server->worker_count;
    while (worker->waiting.count > most &&
           (oldest = ws_id_list_oldest(&worker->waiting, worker->env.registry, WS_CONN_WAITING))) {
        ws_id_list_remove(&worker->waiting, oldest, WS_CONN_WAITING);
        ws_conn_abort(oldest, WS_OK);
    }
}

void ws_server_begin_carrying(struct ws_conn *carrier)
{
    struct ws_worker *worker = worker_of(carrier);
    leave_place(worker, carrier);
    ws_id_list_remove(&worker->waiting, carrier, WS_CONN_WAITING);
    if (ws_conn_refusal(carrier) != WS_OK)
        ws_conn_dismiss(carrier);
}

/* --- those that have not finished their request --- */

/* Are there too many of them, and on this loop more than its share? */
static bool crowded(const struct ws_worker *worker, size_t unfinished, size_t max_handshakes)
{
    unsigned workers = worker->server->worker_count;
    return max_handshakes > 0 && unfinished > max_handshakes &&
           worker->unfinished.count > (max_handshakes + workers - 1) / workers;
}

/* For how long its answer, or its request, has not gone on. */
static int64_t quiet_ms(const struct ws_conn *conn)
{
    if (ws_conn_discarding(conn))
        return ws_conn_stalled_ms(conn);
    int64_t heard_ms = ws_conn_heartbeat(conn)->heard_ms;
    return heard_ms ? ws_loop_now(ws_conn_env(conn)->loop) - heard_ms : ws_conn_phase_ms(conn);
}

/* One that has not said anything makes none. */
static bool progresses(const struct ws_conn *conn)
{
    return (ws_conn_discarding(conn) || ws_conn_heartbeat(conn)->heard_ms) &&
           quiet_ms(conn) < GRACE_MS;
}

/* Does `a` have to go before `b`? One without progress does, and then the one that has been quiet
 * for longer. Where all make progress it is the older. */
static bool goes_before(const struct ws_conn *a, const struct ws_conn *b)
{
    if (progresses(a) != progresses(b))
        return progresses(b);
    return progresses(a) ? ws_conn_phase_ms(a) > ws_conn_phase_ms(b) : quiet_ms(a) > quiet_ms(b);
}

/* The first that has to go, except `newcomer`, which may be NULL. Of many, those are compared whose
 * turn it is. */
static struct ws_conn *first_to_go(struct ws_worker *worker, const struct ws_conn *newcomer)
{
    struct ws_id_list *list = &worker->unfinished;
    struct ws_conn *first = NULL;
    for (size_t left = list->count < COMPARED ? list->count : COMPARED; left > 0; left--) {
        struct ws_conn *conn = ws_id_list_rotate(list, worker->env.registry, WS_CONN_UNFINISHED);
        if (conn && conn != newcomer && (!first || goes_before(conn, first)))
            first = conn;
    }
    return first;
}

/* The one that must go so that `newcomer` can stay; NULL: none. */
static struct ws_conn *one_too_many(struct ws_worker *worker, const struct ws_conn *newcomer)
{
    struct ws_admission_counts counts;
    struct ws_admission_limits limits;
    ws_admission_read(worker->server->admission, &limits, &counts);
    if (!crowded(worker, counts.unfinished, limits.max_handshakes))
        return NULL;
    struct ws_conn *first = first_to_go(worker, newcomer);
    size_t all = counts.admitted + counts.unfinished;
    bool full = limits.max_connections && all > limits.max_connections && all > PLACES_LEAST;
    return first && (full || ws_conn_phase_ms(first) >= GRACE_MS) ? first : NULL;
}

/* Why it has to go, as it will read it. */
static enum ws_error reason(const struct ws_server *server)
{
    struct ws_admission_counts counts;
    struct ws_admission_limits limits;
    ws_admission_read(server->admission, &limits, &counts);
    return limits.max_connections && counts.admitted >= limits.max_connections
               ? WS_E_TOO_MANY_CONNECTIONS
               : WS_E_HANDSHAKE_TIMEOUT;
}

/* It has to go. Where an answer is being sent, nothing can follow it. */
static void give_way(struct ws_worker *worker, struct ws_conn *conn, enum ws_error why)
{
    if (ws_conn_discarding(conn))
        ws_conn_abort(conn, progresses(conn) ? WS_E_TOO_MANY_CONNECTIONS : WS_E_WRITE_TIMEOUT);
    else
        ws_conn_fail(conn, why);
    leave_place(worker, conn);
}

void ws_server_begin_unfinished(struct ws_worker *worker, struct ws_conn *conn)
{
    struct ws_conn *first;
    if (!ws_id_list_add(&worker->unfinished, worker->env.registry, conn, WS_CONN_UNFINISHED)) {
        ws_admission_leave(worker->server->admission, WS_PLACE_UNFINISHED, NULL);
        ws_conn_set_refusal(conn, WS_E_NO_MEMORY);
        return;
    }
    while ((first = one_too_many(worker, conn))) {
        bool progressed = progresses(first);
        /* Its request may lie in the kernel, or a part of it. */
        ws_conn_receive_now(first);
        if (ws_conn_flag(first, WS_CONN_UNFINISHED) && progresses(first) == progressed)
            give_way(worker, first, reason(worker->server));
    }
}

/* --- when there are no descriptors --- */

void ws_server_free_descriptors(struct ws_server_env *env, void *context)
{
    enum { AT_ONCE = 16 };
    struct ws_worker *worker = ws_container_of(env, struct ws_worker, env);
    struct ws_conn *conn;
    (void)context;
    for (int i = 0; i < AT_ONCE; i++) {
        if ((conn = ws_id_list_oldest(&worker->waiting, env->registry, WS_CONN_WAITING))) {
            ws_id_list_remove(&worker->waiting, conn, WS_CONN_WAITING);
            ws_conn_abort(conn, WS_OK);
            continue;
        }
        conn = first_to_go(worker, NULL);
        if (!conn || ws_conn_phase_ms(conn) < GRACE_MS)
            break;
        ws_conn_receive_now(conn);
        if (!ws_conn_flag(conn, WS_CONN_UNFINISHED))
            continue;
        if (!ws_conn_discarding(conn)) { /* nothing can follow an answer */
            ws_conn_fail(conn, WS_E_NO_DESCRIPTORS);
            ws_conn_flush_now(conn);
        }
        ws_conn_abort(conn, WS_E_NO_DESCRIPTORS);
        leave_place(worker, conn);
    }
}
