#include "libws/conn/conn_private.h"

#include <stdlib.h>

/* What ten thousand idle connections cost is ten thousand times this. */
static_assert(sizeof(void *) > 8 || sizeof(struct ws_conn) <= 344, "the connection has grown");

/* --- the cold part --- */

struct ws_conn_cold ws_conn_no_cold;

struct ws_conn_cold *ws_conn_cold(struct ws_conn *conn)
{
    if (!ws_conn_plain(conn))
        return conn->cold;
    struct ws_conn_cold *cold = calloc(1, sizeof *cold);
    if (cold)
        conn->cold = cold;
    return cold;
}

static void release_cold_if_empty(struct ws_conn *conn)
{
    struct ws_conn_cold *cold = conn->cold;
    if (ws_conn_plain(conn) || cold->queue.bytes > 0 || cold->in_flight > 0 || cold->tls ||
        cold->http2 || cold->carrier || cold->unread || cold->pong || cold->body ||
        cold->slot.group_member || cold->slot.client_entry || cold->slot.charged_bytes > 0 ||
        cold->slot.counted > 0 || ws_conn_paid_us(conn) > ws_loop_now(conn_env(conn)->loop) * 1000)
        return;
    conn->cold = &ws_conn_no_cold;
    free(cold);
}

/* --- the beginning --- */

struct ws_conn *ws_conn_make(const struct ws_conn_env *env, void *user)
{
    struct ws_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->cold = &ws_conn_no_cold;
    conn->user = user;
    conn->watch.fd = -1;
    conn->watch.ready = ws_conn_on_ready;
    conn->task.run = ws_conn_on_task;
    conn->timer.fire = ws_conn_on_timer;
    conn->accepted_s = (uint32_t)(ws_loop_now(env->loop) / 1000);
    conn->phase_started_ms = ws_loop_now(env->loop);
    conn->accepted_us = ws_clock_us();
    ws_session_init(&conn->session, &env->config.session);
    return conn;
}

struct ws_conn *ws_conn_new(const struct ws_conn_env *env, int fd, void *user)
{
    struct ws_conn *conn = ws_conn_make(env, user);
    if (!conn)
        return NULL;
    conn->watch.fd = fd;
    conn->may_be_http2 = env->config.http2_prior && env->config.session.role == WS_ROLE_SERVER;
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
    if (!ws_conn_plain(conn)) {
        ws_queue_free(&conn->cold->queue);
        ws_queue_free(&conn->cold->sealed);
        ws_tls_free(conn->cold->tls);
        ws_http2_free(conn->cold->http2);
        free(conn->cold->own_env);
        free(conn->cold->unread);
        free(conn->cold->pong);
        free(conn->cold);
    }
    free(conn);
}

/* Calls config.on_state_change when the session is in another state than at the last call. */
static void report_state(struct ws_conn *conn, enum ws_state to)
{
    enum ws_state from = conn->reported_state;
    const struct ws_session *session = &conn->session;
    if (from == to)
        return;
    /* Closing began with the first close frame (7.1.3), also where the second is sent at once. */
    if (from == WS_STATE_OPEN && to == WS_STATE_CLOSED &&
        (ws_session_close_sent(session) || ws_session_close_received(session))) {
        report_state(conn, WS_STATE_CLOSING);
        from = WS_STATE_CLOSING;
    }
    conn->reported_state = (unsigned)to & 3;
    if (conn_env(conn)->config.on_state_change)
        conn_env(conn)->config.on_state_change(conn, from, to);
}

/* The handler is called for the last time, the descriptor closed, and at the end of the batch the
 * memory freed. */
static void finish(struct ws_conn *conn)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    if (scratch->writer == conn) {
        ws_out_clear(&scratch->out);
        scratch->writer = NULL;
    }
    if (ws_conn_carries(conn))
        ws_conn_end_streams(conn);
    ws_conn_shut_now(conn);
    ws_conn_enter(conn, WS_LIFE_ENDED);
    ws_loop_disarm(conn_env(conn)->loop, &conn->timer);
    if (conn->end.code == 0)
        conn->end.code = WS_CLOSE_ABNORMAL;
    conn->end.sent_code = (uint16_t)ws_session_sent_code(&conn->session);
    conn->end.clean =
        ws_session_close_sent(&conn->session) && ws_session_close_received(&conn->session);
    report_state(conn, WS_STATE_CLOSED);
    if (conn_env(conn)->handler->close)
        conn_env(conn)->handler->close(conn, &conn->end);
    ws_conn_free_body(conn);
    if (conn_env(conn)->hooks.ended) /* while a stream still has its carrier */
        conn_env(conn)->hooks.ended(conn);
    ws_conn_close_wire(conn);
    ws_loop_defer(conn_env(conn)->loop, &conn->task);
}

static void begin_lingering(struct ws_conn *conn)
{
    ws_conn_enter(conn, WS_LIFE_LINGERING);
    free(conn->cold->unread); /* NULL in the shared empty part */
    if (conn->cold->unread)
        conn->cold->unread = NULL;
    conn->blocked &= ~(unsigned)WS_BLOCK_UNREAD;
}

/* The session is closed, and all output sent. The server closes first (7.1.1): a FIN, then what is
 * still on its way is read and discarded, for a reset would take our close frame from the peer. A
 * client waits; one whose upgrade failed has nothing under way that a reset could take. */
static void end_stream(struct ws_conn *conn)
{
    bool client = ws_conn_is_client(conn), first = !client || conn->end.error != WS_OK;
    if (conn->peer_eof || (client && !conn->end.opened)) {
        finish(conn);
    } else if (first && !conn->fin_sent && ws_conn_shut(conn)) {
        conn->fin_sent = true;
        if (!conn->end.opened)
            conn->phase_started_ms = ws_loop_now(conn_env(conn)->loop);
        if (conn_env(conn)->hooks.sent_all)
            conn_env(conn)->hooks.sent_all(conn);
    }
}

void ws_conn_settle(struct ws_conn *conn)
{
    if (conn->life == WS_LIFE_ENDED)
        return;
    if (conn->life == WS_LIFE_FAILED) {
        finish(conn);
        return;
    }
    report_state(conn, ws_session_state(&conn->session));
    bool closed = ws_conn_closed(conn);
    if (ws_conn_waiting(conn) == 0 && conn_env(conn)->scratch->writer != conn)
        ws_conn_note_close_out(conn);
    if (closed && conn->life < WS_LIFE_LINGERING)
        begin_lingering(conn);
    if (closed && ws_conn_waiting(conn) == 0 && !conn->cold->body && !conn->output_deferred &&
        conn_env(conn)->scratch->writer != conn)
        end_stream(conn);
    if (conn->life == WS_LIFE_ENDED)
        return;
    release_cold_if_empty(conn);
    if (conn_env(conn)->hooks.memory_changed)
        conn_env(conn)->hooks.memory_changed(conn);
    ws_conn_update_interest(conn);
    ws_conn_note_refusal(conn);
    ws_conn_arm(conn);
}
