#include "libws/conn/conn_private.h"

#include <ws/hub.h>
#include <ws/overload.h>
#include "libws/server/registry.h"
#include "libws/io/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What ten thousand idle connections cost is ten thousand times this. */
static_assert(sizeof(void *) > 8 || sizeof(struct ws_conn) <= 360, "the connection has grown");

/* --- the side --- */

static struct ws_side nothing;

struct ws_side *ws_conn_side(struct ws_conn *conn)
{
    if (conn->side != &nothing)
        return conn->side;
    struct ws_side *side = calloc(1, sizeof *side);
    if (side)
        conn->side = side;
    return side;
}

static void tidy_side(struct ws_conn *conn)
{
    struct ws_side *side = conn->side;
    if (side == &nothing || side->queue.bytes > 0 || side->tls || side->parked || side->pong ||
        side->member || side->visitor || side->body || side->charged > 0 ||
        ws_conn_paid_us(conn) > ws_loop_now(conn->home->loop) * 1000)
        return;
    conn->side = &nothing;
    free(side);
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
    if (role == WS_CLIENT) {
        config->heartbeat.interval_ms = 0;
        config->session.max_message = 64 << 20;
        config->handshake_ms = 10000;
    }
}

struct ws_conn *ws_conn_new(const struct ws_home *home, int fd, void *user)
{
    struct ws_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->home = home;
    conn->side = &nothing;
    conn->user = user;
    conn->watch.fd = fd;
    conn->watch.ready = ws_conn_on_ready;
    conn->task.run = ws_conn_on_task;
    conn->timer.fire = ws_conn_on_timer;
    conn->accepted_s = (uint32_t)(ws_loop_now(home->loop) / 1000);
    conn->begun = ws_loop_now(home->loop);
    home->config->session.deflate_pool = &home->loop->deflate; /* both are this loop's */
    ws_session_init(&conn->session, &home->config->session);
    if (ws_loop_watch(home->loop, &conn->watch, WS_READABLE) != WS_OK) {
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
    if (conn->side != &nothing) {
        ws_queue_free(&conn->side->queue);
        ws_queue_free(&conn->side->sealed);
        ws_tls_free(conn->side->tls);
        free(conn->side->parked);
        free(conn->side->pong);
        free(conn->side);
    }
    free(conn);
}

/* Tells whoever asks that the connection is in another state than it was. */
static void tell_state(struct ws_conn *conn, enum ws_state to)
{
    enum ws_state from = conn->moved_to;
    if (from == to)
        return;
    conn->moved_to = (unsigned)to & 3;
    if (conn->home->config->moved)
        conn->home->config->moved(conn, from, to);
}

/* The last of it: the handler learns, the descriptor goes, and at the end of the batch the memory.
 */
static void finish(struct ws_conn *conn)
{
    if (conn->ended)
        return;
    conn->ended = true;
    if (conn->home->loop->writer == conn) {
        ws_out_clear(&conn->home->loop->out);
        conn->home->loop->writer = NULL;
    }
    ws_conn_shut_now(conn);
    ws_loop_disarm(conn->home->loop, &conn->timer);
    conn->end.opened = conn->opened;
    if (conn->end.code == 0)
        conn->end.code = WS_CLOSE_ABNORMAL;
    conn->end.clean =
        ws_session_close_sent(&conn->session) && ws_session_close_received(&conn->session);
    tell_state(conn, WS_CLOSED);
    if (conn->home->handler->close)
        conn->home->handler->close(conn, &conn->end);
    if (conn->home->overload)
        ws_overload_release(conn);
    ws_conn_free_body(conn);
    close(ws_loop_unwatch(conn->home->loop, &conn->watch));
    if (conn->side->member)
        ws_hub_leave(conn);
    if (conn->opened && conn->home->hub)
        ws_hub_ended(conn);
    if (conn->waited_for)
        ws_hub_caught_up(conn);
    if (conn->registered)
        ws_registry_remove(conn->home->registry, conn);
    ws_loop_defer(conn->home->loop, &conn->task);
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
    tell_state(conn, ws_session_state(&conn->session));
    bool closed = ws_session_state(&conn->session) == WS_CLOSED;
    if (closed && ws_conn_waiting(conn) == 0 && !conn->side->body && !conn->held &&
        conn->home->loop->writer != conn) {
        if (conn->peer_eof) {
            finish(conn);
            return;
        }
        /* The server closes first (7.1.1): a FIN, then whatever is still on its way is read and
         * thrown away, for a reset would take our close frame from the peer. A client waits. */
        bool first = conn->home->config->session.role == WS_SERVER || conn->end.error != WS_OK;
        if (first && !conn->shut)
            conn->shut = ws_conn_shut(conn);
    }
    if (closed && !conn->discard) {
        conn->discard = true;
        if (conn->side->parked) {
            free(conn->side->parked);
            conn->side->parked = NULL;
        }
    }
    tidy_side(conn);
    if (conn->home->overload)
        ws_overload_charge(conn);
    ws_conn_update_interest(conn);
    ws_conn_arm(conn);
}
