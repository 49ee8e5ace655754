#include "libws/conn/conn_private.h"

#include "libws/io/stream.h"
#include "libws/server/registry.h"
#include <ws/hub.h>
#include <ws/overload.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What ten thousand idle connections cost is ten thousand times this. */
static_assert(sizeof(void *) > 8 || sizeof(struct ws_conn) <= 360, "the connection has grown");

/* --- the side --- */

static struct ws_conn_cold empty_cold;

struct ws_conn_cold *ws_conn_cold(struct ws_conn *conn)
{
    if (conn->cold != &empty_cold)
        return conn->cold;
    struct ws_conn_cold *cold = calloc(1, sizeof *cold);
    if (cold)
        conn->cold = cold;
    return cold;
}

static void release_cold_if_empty(struct ws_conn *conn)
{
    struct ws_conn_cold *cold = conn->cold;
    if (cold == &empty_cold || cold->queue.bytes > 0 || cold->tls || cold->unread || cold->pong ||
        cold->member || cold->client_entry || cold->body || cold->charged > 0 ||
        ws_conn_paid_us(conn) > ws_loop_now(conn->env->loop) * 1000)
        return;
    conn->cold = &empty_cold;
    free(cold);
}

/* --- the beginning --- */

void ws_conn_config_init(struct ws_conn_config *config, enum ws_role role)
{
    *config = (struct ws_conn_config){
        .session = {.role = role, .max_message = 1 << 20},
        .heartbeat = {.interval_ms = 30000, .timeout_ms = 10000, .missed_limit = 2},
        .handshake_ms = 5000,
        .close_ms = 5000,
        .fragment_ms = 60000,
        .write_ms = 10000,
        .high_water = 256 * 1024,
    };
    if (role == WS_ROLE_CLIENT) {
        config->heartbeat.interval_ms = 0;
        config->session.max_message = 64 << 20;
        config->handshake_ms = 10000;
    }
}

struct ws_conn *ws_conn_new(const struct ws_conn_env *env, int fd, void *user)
{
    struct ws_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->env = env;
    conn->cold = &empty_cold;
    conn->user = user;
    conn->watch.fd = fd;
    conn->watch.ready = ws_conn_on_ready;
    conn->task.run = ws_conn_on_task;
    conn->timer.fire = ws_conn_on_timer;
    conn->accepted_s = (uint32_t)(ws_loop_now(env->loop) / 1000);
    conn->phase_started_ms = ws_loop_now(env->loop);
    env->config->session.deflate_pool = &env->loop->deflate; /* both are this loop's */
    ws_session_init(&conn->session, &env->config->session);
    if (ws_loop_watch(env->loop, &conn->watch, WS_READABLE) != WS_OK) {
        free(conn);
        return NULL;
    }
    ws_conn_arm(conn);
    return conn;
}

/* --- the end --- */

void ws_conn_destroy(struct ws_conn *conn)
{
    ws_session_free(&conn->session);
    if (conn->cold != &empty_cold) {
        ws_queue_free(&conn->cold->queue);
        ws_queue_free(&conn->cold->sealed);
        ws_tls_free(conn->cold->tls);
        free(conn->cold->unread);
        free(conn->cold->pong);
        free(conn->cold);
    }
    free(conn);
}

/* Tells whoever asks that the connection is in another state than it was. */
static void report_state(struct ws_conn *conn, enum ws_state to)
{
    enum ws_state from = conn->reported_state;
    if (from == to)
        return;
    conn->reported_state = (unsigned)to & 3;
    if (conn->env->config->on_state_change)
        conn->env->config->on_state_change(conn, from, to);
}

/* The last of it: the handler learns, the descriptor goes, and at the end of the batch the memory.
 */
static void finish(struct ws_conn *conn)
{
    if (conn->ended)
        return;
    conn->ended = true;
    if (conn->env->loop->writer == conn) {
        ws_out_clear(&conn->env->loop->out);
        conn->env->loop->writer = NULL;
    }
    ws_conn_shut_now(conn);
    ws_loop_disarm(conn->env->loop, &conn->timer);
    conn->end.opened = conn->opened;
    if (conn->end.code == 0)
        conn->end.code = WS_CLOSE_ABNORMAL;
    conn->end.clean =
        ws_session_close_sent(&conn->session) && ws_session_close_received(&conn->session);
    report_state(conn, WS_STATE_CLOSED);
    if (conn->env->handler->close)
        conn->env->handler->close(conn, &conn->end);
    if (conn->env->overload)
        ws_overload_release(conn);
    ws_conn_free_body(conn);
    close(ws_loop_unwatch(conn->env->loop, &conn->watch));
    if (conn->cold->member)
        ws_hub_leave(conn);
    if (conn->opened && conn->env->hub)
        ws_hub_ended(conn);
    if (conn->is_slow_receiver)
        ws_hub_caught_up(conn);
    if (conn->registered)
        ws_registry_remove(conn->env->registry, conn);
    ws_loop_defer(conn->env->loop, &conn->task);
}

/* Has this connection come to its end, and nothing is left to be sent? */
void ws_conn_settle(struct ws_conn *conn)
{
    if (conn->ended)
        return;
    if (conn->failed) {
        finish(conn);
        return;
    }
    report_state(conn, ws_session_state(&conn->session));
    bool closed = ws_session_state(&conn->session) == WS_STATE_CLOSED;
    if (closed && ws_conn_waiting(conn) == 0 && !conn->cold->body && !conn->output_deferred &&
        conn->env->loop->writer != conn) {
        if (conn->peer_eof) {
            finish(conn);
            return;
        }
        /* The server closes first (7.1.1): a FIN, then whatever is still on its way is read and
         * thrown away, for a reset would take our close frame from the peer. A client waits. */
        bool first = conn->env->config->session.role == WS_ROLE_SERVER || conn->end.error != WS_OK;
        if (first && !conn->fin_sent)
            conn->fin_sent = ws_conn_shut(conn);
    }
    if (closed && !conn->discard) {
        conn->discard = true;
        if (conn->cold->unread) {
            free(conn->cold->unread);
            conn->cold->unread = NULL;
        }
    }
    release_cold_if_empty(conn);
    if (conn->env->overload)
        ws_overload_charge(conn);
    ws_conn_update_interest(conn);
    ws_conn_arm(conn);
}
