#include "libws/server/server_private.h"

#include "libws/conn/conn_owner.h"
#include <ws/conn.h>

enum {
    /* As long as there are places, no younger one is asked to go: of many that connect at
     * once the last may send its request after all have connected. */
    GRACE_MS = 1000,
    WAITING_MAX = 1000, /* that only wait to be closed, of all loops */
};

static struct ws_worker *worker_of(const struct ws_conn *conn)
{
    struct ws_server_env *env = (struct ws_server_env *)(uintptr_t)ws_server_env(conn);
    return ws_container_of(env, struct ws_worker, env);
}

/* --- what it counts as --- */

/* It gives up what it counted as, in all and by its address. */
static void leave_place(struct ws_worker *worker, struct ws_conn *conn)
{
    enum ws_place place = ws_conn_flag(conn, WS_CONN_UNFINISHED) ? WS_PLACE_UNFINISHED
                          : ws_conn_flag(conn, WS_CONN_ADMITTED) ? WS_PLACE_ADMITTED
                                                                 : WS_PLACE_NONE;
    struct ws_client_entry *entry = ws_conn_cold_slot(conn)->client_entry;
    ws_id_list_remove(&worker->unfinished, conn, WS_CONN_UNFINISHED);
    ws_conn_set_flag(conn, WS_CONN_ADMITTED, false);
    if (place == WS_PLACE_NONE && !entry)
        return;
    ws_admission_leave(worker->server->admission, place, entry);
    if (entry)
        ws_conn_make_cold_slot(conn)->client_entry = NULL; /* there is one: it cannot fail */
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
    leave_place(worker, conn);
    if (!ws_id_list_add(&worker->waiting, worker->env.registry, conn, WS_CONN_WAITING))
        return;
    size_t most = WAITING_MAX / worker->server->worker_count;
    while (worker->waiting.count > most &&
           (oldest = ws_id_list_oldest(&worker->waiting, worker->env.registry, WS_CONN_WAITING))) {
        ws_id_list_remove(&worker->waiting, oldest, WS_CONN_WAITING);
        ws_conn_abort(oldest, WS_OK);
    }
}

/* --- those that have not finished their request --- */

/* Must the oldest of this loop go? */
static bool crowded(struct ws_worker *worker, const struct ws_conn *oldest)
{
    const struct ws_server *server = worker->server;
    struct ws_admission_counts counts;
    struct ws_admission_limits limits;
    ws_admission_read(server->admission, &limits, &counts);
    size_t share = (limits.max_handshakes + server->worker_count - 1) / server->worker_count;
    if (limits.max_handshakes == 0 || worker->unfinished.count <= share)
        return false;
    return ws_conn_phase_ms(oldest) >= GRACE_MS ||
           (limits.max_connections && counts.admitted + counts.unfinished > limits.max_connections);
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
        ws_conn_abort(conn, WS_E_WRITE_TIMEOUT);
    else
        ws_conn_fail(conn, why);
    leave_place(worker, conn);
}

/* The answers that the peer took bytes of within the last second go to the end of the list, so that
 * the first is the one to give way; it is the oldest where all make progress. */
static void pass_over_progress(struct ws_worker *worker)
{
    struct ws_registry *registry = worker->env.registry;
    struct ws_conn *oldest;
    for (size_t i = worker->unfinished.count; i > 0; i--) {
        oldest = ws_id_list_oldest(&worker->unfinished, registry, WS_CONN_UNFINISHED);
        if (!oldest || !ws_conn_discarding(oldest) || ws_conn_stalled_ms(oldest) >= GRACE_MS)
            return;
        ws_id_list_remove(&worker->unfinished, oldest, WS_CONN_UNFINISHED);
        /* Looking for the next one skips its old entry. */
        (void)ws_id_list_oldest(&worker->unfinished, registry, WS_CONN_UNFINISHED);
        if (!ws_id_list_add(&worker->unfinished, registry, oldest, WS_CONN_UNFINISHED)) {
            ws_admission_leave(worker->server->admission, WS_PLACE_UNFINISHED, NULL);
            ws_conn_abort(oldest, WS_E_NO_MEMORY);
        }
    }
}

void ws_server_begin_unfinished(struct ws_worker *worker, struct ws_conn *conn)
{
    struct ws_registry *registry = worker->env.registry;
    struct ws_conn *oldest;
    if (!ws_id_list_add(&worker->unfinished, registry, conn, WS_CONN_UNFINISHED)) {
        ws_admission_leave(worker->server->admission, WS_PLACE_UNFINISHED, NULL);
        ws_conn_set_refusal(conn, WS_E_NO_MEMORY);
        return;
    }
    pass_over_progress(worker);
    while ((oldest = ws_id_list_oldest(&worker->unfinished, registry, WS_CONN_UNFINISHED)) &&
           oldest != conn && crowded(worker, oldest)) {
        /* Its request may lie in the kernel. */
        ws_conn_receive_now(oldest);
        if (!ws_conn_flag(oldest, WS_CONN_UNFINISHED))
            continue;
        give_way(worker, oldest, reason(worker->server));
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
        conn = ws_id_list_oldest(&worker->unfinished, env->registry, WS_CONN_UNFINISHED);
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
