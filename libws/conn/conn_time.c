#include "libws/conn/conn_private.h"

static int64_t due(int64_t since, uint32_t after_ms)
{
    return after_ms ? since + after_ms : INT64_MAX;
}

static bool closing(const struct ws_conn *conn)
{
    return conn->discard || ws_session_close_sent(&conn->session) ||
           ws_session_state(&conn->session) == WS_STATE_CLOSED;
}

int64_t ws_conn_last_moved(const struct ws_conn *conn)
{
    int64_t heard = conn->heartbeat.heard;
    return heard > conn->last_taken ? heard : conn->last_taken;
}

/* What the time to close runs from. */
static int64_t closing_since(const struct ws_conn *conn)
{
    int64_t on_state_change = ws_conn_last_moved(conn);
    bool patient = conn->env->config->session.role == WS_ROLE_CLIENT && !conn->discard;
    return patient && on_state_change > conn->phase_started_ms ? on_state_change
                                                               : conn->phase_started_ms;
}

/* What the nearest deadline is for, or WS_OK; `*when` gets the time. */
static enum ws_error nearest(const struct ws_conn *conn, int64_t *when)
{
    const struct ws_conn_config *c = conn->env->config;
    enum ws_error what = WS_OK;
    *when = INT64_MAX;
#define CONSIDER(time, error)                                                                      \
    do {                                                                                           \
        int64_t at = (time);                                                                       \
        if (at < *when) {                                                                          \
            *when = at;                                                                            \
            what = (error);                                                                        \
        }                                                                                          \
    } while (0)
    if (conn->cold->body)
        ; /* only that it is taken counts */
    else if (closing(conn))
        CONSIDER(due(closing_since(conn), c->close_ms), WS_E_CLOSE_TIMEOUT);
    else if (ws_session_close_received(&conn->session))
        ; /* the handler took it upon itself to answer */
    else if (!conn->opened)
        CONSIDER(due(conn->phase_started_ms, c->handshake_ms), WS_E_HANDSHAKE_TIMEOUT);
    else {
        /* Whoever is not being read cannot finish anything. */
        if (conn->phase_started_ms && ws_conn_reading(conn))
            CONSIDER(due(conn->phase_started_ms, c->fragment_ms), WS_E_FRAGMENT_TIMEOUT);
        CONSIDER(due(conn->last_message, c->idle_ms), WS_E_IDLE_TIMEOUT);
        CONSIDER(conn->heartbeat.due, WS_E_HEARTBEAT_TIMEOUT);
    }
    if (conn->throttled)
        CONSIDER(ws_conn_paid_us(conn) / 1000 - 999, WS_E_RATE);
    if (ws_conn_sendable(conn) || conn->cold->body)
        CONSIDER(due(conn->last_taken, c->write_ms), WS_E_WRITE_TIMEOUT);
#undef CONSIDER
    return what;
}

/* Deadlines that are far off may be met a little late, and then many with one wake-up: pings that
 * leave together bring pongs that arrive together. */
static int64_t coarse(int64_t when, int64_t now)
{
    enum { FAR_MS = 2000, GRAIN_MS = 128 };
    return when - now < FAR_MS ? when : (when + GRAIN_MS - 1) / GRAIN_MS * GRAIN_MS;
}

/* A deadline that moved later is left where it is armed: when it fires it is looked at again. So a
 * message costs no work here. */
void ws_conn_arm(struct ws_conn *conn)
{
    int64_t when;
    nearest(conn, &when);
    if (when == INT64_MAX)
        return;
    when = coarse(when, ws_loop_now(conn->env->loop));
    if (!ws_timer_armed(&conn->timer) || when < conn->timer.when)
        ws_loop_arm(conn->env->loop, &conn->timer, when);
}

void ws_conn_reconsider(struct ws_conn *conn)
{
    if (!conn->ended)
        ws_conn_arm(conn);
}

void ws_conn_begin_closing(struct ws_conn *conn)
{
    conn->phase_started_ms = ws_loop_now(conn->env->loop);
    if (conn->throttled)
        ws_conn_unthrottle(conn); /* its close frame is not to wait */
    ws_conn_arm(conn);
}

static void beat(struct ws_conn *conn)
{
    int64_t now = ws_loop_now(conn->env->loop);
    uint8_t payload[WS_HEARTBEAT_PAYLOAD];
    /* Whoever is not being read cannot be heard, and whoever does not read cannot answer; the write
     * deadline looks after those. The ping is sent all the same: from one who is gone for good it
     * brings a reset, which shows. */
    if (!ws_conn_reading(conn) || ws_conn_waiting(conn) > 0)
        ws_heartbeat_heard(&conn->heartbeat, now);
    switch (ws_heartbeat_check(&conn->heartbeat, &conn->env->config->heartbeat, now)) {
    case WS_HEARTBEAT_PING:
        ws_heartbeat_payload(&conn->heartbeat, ws_clock_us(), payload);
        ws_conn_ping(conn, payload, sizeof payload);
        break;
    case WS_HEARTBEAT_DEAD:
        ws_conn_abort(conn, WS_E_HEARTBEAT_TIMEOUT);
        break;
    case WS_HEARTBEAT_WAIT:
        break;
    }
}

void ws_conn_on_timer(struct ws_timer *timer)
{
    struct ws_conn *conn = ws_container_of(timer, struct ws_conn, timer);
    int64_t when;
    enum ws_error what = nearest(conn, &when);
    if (conn->ended || when > ws_loop_now(conn->env->loop)) {
        ws_conn_arm(conn);
        return;
    }
    switch (what) {
    case WS_E_HEARTBEAT_TIMEOUT:
        beat(conn);
        break;
    case WS_E_RATE:
        ws_conn_unthrottle(conn);
        break;
    case WS_E_CLOSE_TIMEOUT:
        /* Only a peer that owes us a close frame is at fault; one that merely keeps its end of the
         * connection open after the last byte is not worth a word. */
        if (!(ws_session_close_received(&conn->session) || conn->fin_sent))
            ws_conn_record_error(conn, what);
        ws_conn_flush(conn); /* after a long stall both deadlines may have passed at once */
        conn->failed = true;
        ws_loop_defer(conn->env->loop, &conn->task);
        break;
    case WS_E_WRITE_TIMEOUT:
        ws_conn_abort(conn, what);
        break;
    case WS_E_IDLE_TIMEOUT:
        ws_conn_record_error(conn, what);
        ws_conn_close(conn, ws_error_info(what)->close_code, ws_error_info(what)->explanation);
        break;
    default:
        ws_conn_fail(conn, what);
    }
    ws_conn_arm(conn);
}
