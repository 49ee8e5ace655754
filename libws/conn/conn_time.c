#include "libws/conn/conn_private.h"

#include "libws/io/stream.h"

enum deadline {
    DEADLINE_NONE,
    DEADLINE_CLOSE,
    DEADLINE_HANDSHAKE,
    DEADLINE_DISMISSED, /* a carrier that was refused */
    DEADLINE_REFUSAL,   /* the body of the refusal of our upgrade */
    DEADLINE_FRAGMENT,
    DEADLINE_IDLE,
    DEADLINE_HEARTBEAT, /* a ping is due, or its pong */
    DEADLINE_RATE,      /* what it sent is paid for: it may be read again */
    DEADLINE_WRITE,
    DEADLINE_LOOK, /* at what the peer has taken of our output */
};

/* How long a client waits for the body of a refusal: the status is what counts. */
enum { REFUSAL_BODY_MS = 1000 };

/* How long the streams of a carrier that was refused have for their answers. */
enum { DISMISSED_MS = 1000 };

/* What the peer has taken is looked at this often at least, while it counts, and so many times
 * within the limit that depends on it. */
enum { LOOK_MS = 500, LOOKS = 8 };

struct nearest {
    enum deadline what;
    int64_t when_ms;
};

static int64_t due(int64_t since_ms, uint32_t after_ms)
{
    return after_ms ? since_ms + after_ms : INT64_MAX;
}

static void consider(struct nearest *nearest, int64_t when_ms, enum deadline what)
{
    if (when_ms >= nearest->when_ms)
        return;
    nearest->when_ms = when_ms;
    nearest->what = what;
}

static bool closing(const struct ws_conn *conn)
{
    return conn->life >= WS_LIFE_LINGERING || ws_session_close_sent(&conn->session) ||
           ws_conn_closed(conn);
}

int64_t ws_conn_last_moved_ms(const struct ws_conn *conn)
{
    int64_t heard_ms = conn->heartbeat.heard_ms;
    return heard_ms > conn->last_taken_ms ? heard_ms : conn->last_taken_ms;
}

/* Nothing more is sent, and what is received is discarded: only the end of the peer's stream is
 * waited for, so that no reset takes our last bytes from it. */
static bool awaits_end_of_stream(const struct ws_conn *conn)
{
    return conn->life >= WS_LIFE_LINGERING &&
           (conn->fin_sent || (ws_conn_is_client(conn) && ws_conn_waiting(conn) == 0));
}

/* When the closing handshake must be over. It is absolute: what the peer goes on sending does not
 * prolong it (but see on_close_timeout()). Until the last output is out, of which our close frame
 * is the end, the time runs from when some was last taken. */
static int64_t closing_due_ms(const struct ws_conn *conn)
{
    bool client = ws_conn_is_client(conn);
    int64_t since_ms = conn->phase_started_ms;
    uint32_t limit_ms = conn_env(conn)->config.close_ms;
    if (client && conn->life < WS_LIFE_LINGERING && ws_conn_paused(conn))
        return INT64_MAX; /* it does not count: see ws_conn_unblock() */
    if (limit_ms == 0 || limit_ms > WS_LINGER_MS) {
        bool last = awaits_end_of_stream(conn) && (client || !conn->end.opened);
        /* A server that sent nothing for too long has had its time. */
        if (last || (client && conn->end.error == WS_E_IDLE_TIMEOUT))
            limit_ms = WS_LINGER_MS;
    }
    if (!awaits_end_of_stream(conn) && !conn->close_out && conn->last_taken_ms > since_ms)
        since_ms = conn->last_taken_ms;
    return due(since_ms, limit_ms);
}

/* --- what the peer takes --- */

/* Has the peer taken output since the last look? Where the kernel refused nothing yet, there was no
 * look, and it is not known. */
static bool peer_took(struct ws_conn *conn)
{
    size_t in_flight = ws_stream_in_flight(conn->watch.fd), before = conn->cold->in_flight;
    struct ws_conn_cold *cold = in_flight || before ? ws_conn_cold(conn) : NULL;
    if (!cold)
        return false;
    cold->in_flight = in_flight;
    cold->looked_ms = ws_loop_now(conn_env(conn)->loop);
    return in_flight < before;
}

/* That the kernel takes output shows that the peer has read only once its buffer, of some
 * megabytes, has been filled and a third of it has become free again: for a slow peer that is
 * seldom. */
static void look(struct ws_conn *conn)
{
    if (!peer_took(conn))
        return;
    conn->last_taken_ms = ws_loop_now(conn_env(conn)->loop);
    ws_heartbeat_heard(&conn->heartbeat, conn->last_taken_ms);
}

static bool output_waits(const struct ws_conn *conn)
{
    return ws_conn_sendable(conn) || conn->cold->body;
}

int64_t ws_conn_stalled_ms(const struct ws_conn *conn)
{
    return output_waits(conn) ? ws_loop_now(conn_env(conn)->loop) - conn->last_taken_ms : 0;
}

static uint32_t shorter(uint32_t step_ms, uint32_t limit_ms)
{
    return limit_ms > 0 && limit_ms / LOOKS < step_ms ? limit_ms / LOOKS + 1 : step_ms;
}

/* While output waits, and until the peer has taken what the kernel has of it. */
static int64_t look_due_ms(const struct ws_conn *conn)
{
    const struct ws_conn_config *c = &conn_env(conn)->config;
    int64_t since_ms = conn->last_taken_ms;
    if (conn->cold->stream) /* what it has taken was within the peer's window */
        return INT64_MAX;
    if (!output_waits(conn) && (conn->cold->in_flight == 0 || closing(conn)))
        return INT64_MAX;
    if (conn->cold->looked_ms > since_ms)
        since_ms = conn->cold->looked_ms;
    return since_ms + shorter(shorter(LOOK_MS, c->write_ms), c->close_ms);
}

static struct nearest nearest_deadline(const struct ws_conn *conn)
{
    const struct ws_conn_config *c = &conn_env(conn)->config;
    struct nearest nearest = {DEADLINE_NONE, INT64_MAX};
    if (conn->cold->body)
        ; /* only the peer's reading counts */
    else if (closing(conn))
        consider(&nearest, closing_due_ms(conn), DEADLINE_CLOSE);
    else if (ws_session_close_received(&conn->session))
        ; /* the handler answers it: ws_conn_defer_close_reply() */
    else if (ws_conn_carries(conn)) {
        /* One without streams has to open one. */
        if (conn->dismissed)
            consider(&nearest, due(conn->phase_started_ms, DISMISSED_MS), DEADLINE_DISMISSED);
        else if (ws_http2_stream_count(conn->cold->http2) == 0)
            consider(&nearest, due(conn->phase_started_ms, c->handshake_ms), DEADLINE_HANDSHAKE);
    } else if (conn->refused)
        consider(&nearest, due(conn->phase_started_ms, REFUSAL_BODY_MS), DEADLINE_REFUSAL);
    else if (!conn->end.opened)
        consider(&nearest, due(conn->phase_started_ms, c->handshake_ms), DEADLINE_HANDSHAKE);
    else {
        /* A peer that is not being read cannot finish anything. */
        if (conn->phase_started_ms && ws_conn_reading(conn))
            consider(&nearest, due(conn->phase_started_ms, c->fragment_ms), DEADLINE_FRAGMENT);
        consider(&nearest, due(conn->last_message_ms, c->idle_ms), DEADLINE_IDLE);
        consider(&nearest, conn->heartbeat.due_ms, DEADLINE_HEARTBEAT);
    }
    if (conn->blocked & WS_BLOCK_RATE)
        consider(&nearest, ws_conn_paid_us(conn) / 1000 - 999, DEADLINE_RATE);
    consider(&nearest, look_due_ms(conn), DEADLINE_LOOK);
    if (output_waits(conn))
        consider(&nearest, due(conn->last_taken_ms, c->write_ms), DEADLINE_WRITE);
    return nearest;
}

/* Distant deadlines may be met a little late, so that many share one wake-up: pings that leave
 * together bring pongs that arrive together. */
static int64_t coarse(int64_t when_ms, int64_t now_ms)
{
    enum { FAR_MS = 2000, GRAIN_MS = 128 };
    return when_ms - now_ms < FAR_MS ? when_ms : (when_ms + GRAIN_MS - 1) / GRAIN_MS * GRAIN_MS;
}

/* A deadline that moved later is left where it is armed: when it fires it is computed again. So a
 * message costs no work here. */
void ws_conn_arm(struct ws_conn *conn)
{
    int64_t when_ms = nearest_deadline(conn).when_ms;
    if (when_ms == INT64_MAX)
        return;
    when_ms = coarse(when_ms, ws_loop_now(conn_env(conn)->loop));
    if (!ws_timer_armed(&conn->timer) || when_ms < conn->timer.when_ms)
        ws_loop_arm(conn_env(conn)->loop, &conn->timer, when_ms);
}

void ws_conn_reconsider(struct ws_conn *conn)
{
    if (conn->life != WS_LIFE_ENDED)
        ws_conn_arm(conn);
}

void ws_conn_limit_handshake(struct ws_conn *conn, int64_t deadline_ms)
{
    uint32_t handshake_ms = conn_env(conn)->config.handshake_ms;
    if (handshake_ms && deadline_ms < conn->phase_started_ms + handshake_ms)
        conn->phase_started_ms = deadline_ms - handshake_ms;
    ws_conn_arm(conn);
}

void ws_conn_note_close_out(struct ws_conn *conn)
{
    if (conn->close_out || !ws_session_close_sent(&conn->session))
        return;
    conn->close_out = true;
    conn->phase_started_ms = ws_loop_now(conn_env(conn)->loop);
    if (conn->cold->in_flight > 0) /* for on_close_timeout(): the kernel has just taken more */
        peer_took(conn);
}

void ws_conn_begin_closing(struct ws_conn *conn)
{
    conn->phase_started_ms = ws_loop_now(conn_env(conn)->loop);
    ws_conn_unblock(conn, WS_BLOCK_RATE); /* its close frame is not to wait */
    ws_conn_arm(conn);
}

void ws_conn_dismiss(struct ws_conn *carrier)
{
    if (carrier->dismissed)
        return;
    ws_conn_fail(carrier, WS_OK); /* its stream has the reason */
    carrier->dismissed = true;
    carrier->phase_started_ms = ws_loop_now(conn_env(carrier)->loop);
    ws_conn_arm(carrier);
}

void ws_conn_note_refusal(struct ws_conn *conn)
{
    if (conn->refused || !ws_session_refused(&conn->session))
        return;
    int64_t begun_ms = ws_loop_now(conn_env(conn)->loop),
            last_ms = due(conn->phase_started_ms, conn_env(conn)->config.handshake_ms);
    conn->refused = true;
    /* Not beyond the deadline of the handshake. */
    if (begun_ms > last_ms - REFUSAL_BODY_MS)
        begun_ms = last_ms - REFUSAL_BODY_MS;
    conn->phase_started_ms = begun_ms;
    ws_conn_arm(conn);
}

static void check_heartbeat(struct ws_conn *conn)
{
    int64_t now_ms = ws_loop_now(conn_env(conn)->loop);
    uint8_t payload[WS_HEARTBEAT_PAYLOAD];
    /* Do not count silence while we are not reading; a peer that does not read is the write
     * timeout's business. The ping is sent all the same: from a peer that has gone it brings a
     * reset, which shows. */
    if (!ws_conn_reading(conn) || ws_conn_waiting(conn) > 0)
        ws_heartbeat_heard(&conn->heartbeat, now_ms);
    /* The ping may lie in the kernel, after much that a slow peer is still taking. */
    if (conn->heartbeat.pinged_ms > conn->heartbeat.heard_ms)
        look(conn);
    switch (ws_heartbeat_check(&conn->heartbeat, &conn_env(conn)->config.heartbeat, now_ms)) {
    case WS_HEARTBEAT_PING:
        ws_heartbeat_payload(&conn->heartbeat, ws_clock_us(), payload);
        ws_conn_ping(conn, payload, sizeof payload);
        break;
    case WS_HEARTBEAT_DEAD:
        /* It may still read, and then learns why; nothing is waited for. */
        ws_conn_fail(conn, WS_E_HEARTBEAT_TIMEOUT);
        ws_conn_flush(conn);
        ws_conn_abort(conn, WS_E_HEARTBEAT_TIMEOUT);
        break;
    case WS_HEARTBEAT_WAIT:
        break;
    }
}

static void on_close_timeout(struct ws_conn *conn)
{
    /* A client that is in the middle of a message waits once more as long for the rest of it. */
    if (ws_conn_is_client(conn) && conn->life < WS_LIFE_LINGERING && !conn->close_prolonged &&
        ws_session_in_data(&conn->session) && conn->heartbeat.heard_ms > conn->phase_started_ms) {
        conn->close_prolonged = true;
        conn->phase_started_ms = ws_loop_now(conn_env(conn)->loop);
        return;
    }
    /* The peer was slow, and much lies in the kernel before our close frame: while it takes of that
     * the time begins again. It ends, since what is left becomes less each time. */
    if (conn->end.opened && conn->close_out && peer_took(conn)) {
        conn->phase_started_ms = ws_loop_now(conn_env(conn)->loop);
        return;
    }
    /* Only a peer that owes us a close frame is at fault; one that merely keeps its end of the
     * connection open after the last byte is not reported. */
    if (!(ws_session_close_received(&conn->session) || conn->fin_sent))
        ws_conn_record_error(conn, WS_E_CLOSE_TIMEOUT);
    ws_conn_flush(conn); /* after a long stall both deadlines may have passed at once */
    ws_conn_set_failed(conn);
    ws_loop_defer(conn_env(conn)->loop, &conn->task);
}

static void on_deadline(struct ws_conn *conn, enum deadline what)
{
    const struct ws_error_info *idle;
    switch (what) {
    case DEADLINE_NONE:
        break;
    case DEADLINE_CLOSE:
        on_close_timeout(conn);
        break;
    case DEADLINE_HANDSHAKE:
        if (ws_conn_carries(conn) && ws_http2_used(conn->cold->http2))
            ws_conn_fail(conn, WS_OK);
        else
            ws_conn_fail(conn, WS_E_HANDSHAKE_TIMEOUT);
        break;
    case DEADLINE_DISMISSED:
        ws_conn_abort(conn, WS_OK);
        break;
    case DEADLINE_REFUSAL:
        ws_session_cut_refusal(&conn->session);
        conn->refused = false;
        conn->resumed = true; /* the session has an event to deliver */
        ws_loop_defer(conn_env(conn)->loop, &conn->task);
        break;
    case DEADLINE_FRAGMENT:
        ws_conn_fail(conn, WS_E_FRAGMENT_TIMEOUT);
        break;
    case DEADLINE_IDLE:
        idle = ws_error_info(WS_E_IDLE_TIMEOUT);
        ws_conn_record_error(conn, WS_E_IDLE_TIMEOUT);
        ws_conn_close(conn, idle->close_code, idle->explanation);
        break;
    case DEADLINE_HEARTBEAT:
        check_heartbeat(conn);
        break;
    case DEADLINE_RATE:
        ws_conn_unblock(conn, WS_BLOCK_RATE);
        break;
    case DEADLINE_WRITE:
        ws_conn_abort(conn, WS_E_WRITE_TIMEOUT);
        break;
    case DEADLINE_LOOK:
        look(conn);
        break;
    }
}

void ws_conn_on_timer(struct ws_timer *timer)
{
    struct ws_conn *conn = ws_container_of(timer, struct ws_conn, timer);
    if (!ws_conn_usable(conn))
        return; /* its end is deferred already */
    struct nearest nearest = nearest_deadline(conn);
    if (nearest.when_ms <= ws_loop_now(conn_env(conn)->loop))
        on_deadline(conn, nearest.what);
    ws_conn_arm(conn);
}
