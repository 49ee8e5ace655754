#include "libws/conn/conn_private.h"

#include "libws/io/stream.h"
#include "libws/server/registry.h"
#include <ws/hub.h>
#include <ws/overload.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECOND_US = 1000000 };
enum rate { OF_MESSAGES, OF_BYTES };

struct ws_unread {
    size_t begin, len;
    uint8_t memory[]; /* WS_HEADROOM bytes before the first */
};

struct ws_pong {
    size_t len;
    uint8_t data[WS_CONTROL_PAYLOAD_MAX];
};

/* --- what the kernel is asked to report --- */

/* Its messages are what fills its queue, and the queue is full. */
static bool reads_blocked_by_queue(const struct ws_conn *conn)
{
    return conn->full && conn->env->config->pause_reads_when_full;
}

size_t ws_conn_unread(const struct ws_conn *conn)
{
    return conn->cold->unread ? conn->cold->unread->len : 0;
}

void ws_conn_unthrottle(struct ws_conn *conn)
{
    conn->throttled = false;
    conn->resumed = true;
    ws_heartbeat_heard(&conn->heartbeat, ws_loop_now(conn->env->loop));
    ws_loop_defer(conn->env->loop, &conn->task);
}

bool ws_conn_reading(const struct ws_conn *conn)
{
    return !conn->paused && !conn->throttled && !reads_blocked_by_queue(conn) &&
           !conn->cold->unread && !conn->peer_eof;
}

void ws_conn_update_interest(struct ws_conn *conn)
{
    if (conn->ended)
        return;
    unsigned interest =
        (conn->discard ? !conn->peer_eof : ws_conn_reading(conn)) && !ws_conn_tls_backlogged(conn)
            ? WS_READABLE
            : 0u;
    if (ws_conn_sendable(conn) || conn->cold->body)
        interest |= WS_WRITABLE;
    /* Even whom nobody listens to shall not go unnoticed. */
    if (interest == 0 && !conn->peer_eof && !conn->peer_hup)
        interest = WS_HANGUP;
    if (ws_loop_rewatch(conn->env->loop, &conn->watch, interest) != WS_OK)
        ws_conn_abort(conn, WS_E_NO_MEMORY);
}

/* --- the walk of a message --- */

/* While the kernel refuses output only the newest pong is kept (5.5.3). */
static enum ws_error answer_ping(struct ws_conn *conn, const struct ws_event *event)
{
    if (ws_conn_waiting(conn) == 0)
        return ws_session_answer(&conn->session, ws_conn_take_out(conn), event);
    if (!conn->cold->pong) /* there is a queue, so the side is its own */
        conn->cold->pong = malloc(sizeof *conn->cold->pong);
    if (!conn->cold->pong)
        return WS_E_NO_MEMORY;
    conn->cold->pong->len = event->len;
    if (event->len > 0)
        memcpy(conn->cold->pong->data, event->data, event->len);
    return WS_OK;
}

static void send_kept_pong(struct ws_conn *conn)
{
    struct ws_pong *pong = conn->cold->pong;
    if (!pong)
        return;
    conn->cold->pong = NULL;
    ws_session_pong(&conn->session, ws_conn_take_out(conn), pong->data, pong->len);
    free(pong);
}

static bool under_pressure(const struct ws_conn *conn)
{
    const struct ws_loop *loop = conn->env->loop;
    size_t gathered = loop->writer == conn ? loop->out.bytes - loop->out.in_place : 0;
    return gathered + ws_conn_waiting(conn) > conn->env->config->high_water;
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct ws_loop *loop = conn->env->loop;
    uint32_t interval = conn->env->config->heartbeat.interval_ms;
    conn->opened = true;
    conn->phase_started_ms = 0;
    if (conn->registered)
        ws_registry_opened(conn->env->registry);
    if (conn->env->hub)
        ws_hub_opened(conn);
    conn->last_message = ws_loop_now(loop);
    ws_heartbeat_start(&conn->heartbeat, &conn->env->config->heartbeat, ws_loop_now(loop),
                       interval ? ws_random_below(&loop->random, interval) : 0);
    ws_conn_arm(conn);
    if (conn->env->handler->open)
        conn->env->handler->open(conn, event);
}

static void on_request(struct ws_conn *conn, const struct ws_event *event)
{
    if (conn->refusal != WS_OK)
        ws_conn_refuse_error(conn, conn->refusal);
    else if (conn->env->handler->request)
        conn->env->handler->request(conn, event->request);
    else if (event->request->violation != WS_OK)
        ws_conn_refuse_error(conn, event->request->violation);
    else
        ws_conn_accept(conn, NULL);
}

/* What came costs time at the rate that is allowed. A second's worth may come at once; whoever has
 * used it up is not read until it has paid. */
static void charge_time(struct ws_conn *conn, enum rate rate, int64_t cost_us)
{
    int64_t now_us = ws_loop_now(conn->env->loop) * 1000;
    struct ws_conn_cold *cold = ws_conn_cold(conn);
    if (!cold)
        return;
    if (cold->paid_us[rate] < now_us)
        cold->paid_us[rate] = now_us;
    cold->paid_us[rate] += cost_us;
    conn->throttled =
        ws_conn_paid_us(conn) > now_us + SECOND_US && !ws_session_close_sent(&conn->session);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    enum ws_error error = WS_OK;
    bool whole = event->type == WS_EVENT_MESSAGE || (event->type == WS_EVENT_CHUNK && event->last);
    if (whole) {
        conn->counters.messages_in++;
        if (conn->env->config->max_rate)
            charge_time(conn, OF_MESSAGES, SECOND_US / conn->env->config->max_rate);
        conn->last_message = ws_loop_now(conn->env->loop);
        conn->phase_started_ms = 0;
    }
    if (event->type == WS_EVENT_CLOSE) {
        conn->end.code = event->code;
        conn->end.by_peer = event->clean && !ws_session_close_sent(&conn->session);
        if (!event->clean)
            ws_conn_record_error(conn, event->error);
    }
    if (event->type == WS_EVENT_ERROR)
        ws_conn_record_error(conn, event->error);
    if (event->type == WS_EVENT_PONG)
        conn->pong_matched =
            ws_heartbeat_pong(&conn->heartbeat, event->data, event->len, ws_clock_us()) >= 0;
    if (conn->env->handler->event)
        conn->env->handler->event(conn, event);

    if (event->type == WS_EVENT_PING)
        error = answer_ping(conn, event);
    else if (event->type == WS_EVENT_CLOSE || event->type == WS_EVENT_ERROR) {
        /* A chunk's message that we were passing on ends unfinished; the close may go in between.
         */
        if (event->type == WS_EVENT_ERROR && !conn->opened &&
            conn->env->config->session.role == WS_ROLE_SERVER)
            conn->end.http_status = ws_error_info(event->error)->http_status;
        error = ws_session_answer(&conn->session, ws_conn_take_out(conn), event);
        ws_conn_begin_closing(conn);
    }
    if (error != WS_OK)
        ws_conn_abort(conn, error);
}

static bool may_pull(const struct ws_conn *conn)
{
    return !conn->paused && !conn->throttled && !conn->failed && !reads_blocked_by_queue(conn);
}

/* Pulls events until the session wants more, or somebody wants a pause, or has had his share. */
static void deliver_events(struct ws_conn *conn)
{
    struct ws_event event;
    size_t delivered = 0;
    while (may_pull(conn) && ws_session_next(&conn->session, &event) != WS_EVENT_NONE) {
        delivered += event.len;
        switch (event.type) {
        case WS_EVENT_REQUEST:
            on_request(conn, &event);
            break;
        case WS_EVENT_OPEN:
            on_open(conn, &event);
            break;
        default:
            on_event(conn, &event);
        }
        if (under_pressure(conn))
            ws_conn_flush(conn);
        conn->throttled |= delivered > WS_TURN_MOST; /* it goes on with the loop's next turn */
    }
    if (ws_session_state(&conn->session) != WS_STATE_OPEN)
        return;
    if (!ws_session_in_message(&conn->session))
        conn->phase_started_ms = 0;
    else if (!conn->phase_started_ms)
        conn->phase_started_ms = ws_loop_now(conn->env->loop);
}

/* The loop's buffer goes to the next connection: what is unread of it moves to memory of our own.
 */
static void stash_unread(struct ws_conn *conn)
{
    const uint8_t *data;
    size_t len = ws_session_unread(&conn->session, &data);
    struct ws_unread *unread = conn->cold->unread;
    if (unread) {
        unread->begin = (size_t)(data - unread->memory);
        unread->len = len;
        if (len == 0) {
            free(unread);
            conn->cold->unread = NULL;
        }
        return;
    }
    if (len == 0)
        return;
    unread = ws_conn_cold(conn) ? malloc(sizeof *unread + WS_HEADROOM + len) : NULL;
    if (!unread) {
        ws_conn_abort(conn, WS_E_NO_MEMORY);
        return;
    }
    unread->begin = WS_HEADROOM;
    unread->len = len;
    memcpy(unread->memory + WS_HEADROOM, data, len);
    conn->cold->unread = unread;
}

/* A turn: pull what was fed, send what was answered. */
static void process_input(struct ws_conn *conn)
{
    conn->in_read_cycle = true;
    deliver_events(conn);
    ws_conn_flush(conn);
    ws_conn_send_records(conn);
    stash_unread(conn);
    conn->in_read_cycle = false;
    ws_conn_settle(conn);
}

static void on_end_of_stream(struct ws_conn *conn, enum ws_error why)
{
    conn->peer_eof = true;
    if (conn->discard) {
        /* All was said before: how the stream ends does not matter any more. But one that only will
         * not say more may want to hear the rest of our answer. */
        conn->failed = why != WS_E_LOST || (ws_conn_waiting(conn) == 0 && !conn->cold->body);
        ws_conn_settle(conn);
        return;
    }
    if (why != WS_E_LOST) {
        /* Nothing can be sent either. */
        ws_conn_forget_waiting(conn);
        conn->fin_sent = true;
    }
    ws_session_end(&conn->session, why);
    process_input(conn);
    if (why != WS_E_LOST && !conn->ended) {
        ws_conn_record_error(conn, why);
        conn->failed = true;
        ws_conn_settle(conn);
    }
}

/* TLS has failed; the alert that says so to the peer is on its way. A client is done. A server
 * reads on and throws away, for a reset would take the alert from the peer. */
static void on_tls_failure(struct ws_conn *conn)
{
    ws_conn_send_records(conn);
    ws_conn_forget_waiting(conn);
    if (conn->discard) {
        conn->failed = conn->failed || conn->env->config->session.role == WS_ROLE_CLIENT;
        ws_conn_settle(conn);
        return;
    }
    ws_session_end(&conn->session, WS_E_TLS);
    process_input(conn);
    if (conn->ended)
        return;
    ws_conn_record_error(conn, WS_E_TLS);
    conn->failed = conn->env->config->session.role == WS_ROLE_CLIENT;
    ws_conn_settle(conn);
}

/* What TLS said behind the last plaintext: to be looked at once that has been read. */
static void handle_tls_end(struct ws_conn *conn)
{
    enum ws_error ended = ws_conn_tls_ended(conn);
    if (ended == WS_OK || conn->ended || conn->peer_eof ||
        !(conn->discard || ws_conn_reading(conn)))
        return;
    if (ended == WS_E_TLS && conn->fin_sent)
        return; /* that was all, and only the end of the stream is waited for */
    if (ended == WS_E_TLS)
        on_tls_failure(conn);
    else
        on_end_of_stream(conn, ended);
}

/* Who has sent little for a while must not be kept waiting by those who send much. A little now and
 * then is only how a large message begins and ends. */
static void update_read_fairness(struct ws_conn *conn, size_t len, int64_t now)
{
    enum { A_WHILE = 7 };
    if (len >= WS_RECEIVE_FAIR / 4)
        conn->bulk_score = A_WHILE;
    else if (conn->bulk_score > 0 || !conn->opened)
        conn->bulk_score -= conn->bulk_score > 0;
    else
        conn->env->loop->fair_until = now + WS_FAIR_MS;
}

static void on_readable(struct ws_conn *conn)
{
    struct ws_loop *loop = conn->env->loop;
    enum ws_error error;
    /* Replies may still lie in the loop's buffer, of another connection's turn. */
    if (loop->writer != conn)
        ws_conn_free_out(loop);
    uint8_t *buffer = loop->receive + WS_HEADROOM;
    int64_t now = ws_loop_now(loop);
    size_t size = now < loop->fair_until ? WS_RECEIVE_FAIR : WS_RECEIVE_SIZE;
    size_t wire, len = ws_conn_receive(conn, buffer, size, &wire, &error);
    if (wire == 0 && error == WS_MORE)
        return;
    conn->counters.bytes_in += wire;
    if (wire > 0)
        ws_heartbeat_heard(&conn->heartbeat, now);
    if (error == WS_MORE) { /* a piece of a record, or of the handshake */
        ws_conn_send_records(conn);
        ws_conn_settle(conn);
        return;
    }
    if (error == WS_E_TLS) {
        on_tls_failure(conn);
        return;
    }
    if (error != WS_OK) {
        on_end_of_stream(conn, error);
        return;
    }
    update_read_fairness(conn, wire, now);
    if (conn->env->config->max_bandwidth && conn->opened)
        charge_time(conn, OF_BYTES,
                    (int64_t)((double)wire * SECOND_US / (double)conn->env->config->max_bandwidth));
    if (!conn->discard) {
        ws_session_feed(&conn->session, buffer, len, WS_HEADROOM);
        process_input(conn);
    }
    if (conn->cold->tls)
        handle_tls_end(conn);
}

void ws_conn_drained(struct ws_conn *conn)
{
    conn->full = false;
    if (conn->is_slow_receiver)
        ws_hub_caught_up(conn);
    conn->resumed = true;
    conn->drained_due = true;
    ws_heartbeat_heard(&conn->heartbeat, ws_loop_now(conn->env->loop));
    ws_loop_defer(conn->env->loop, &conn->task);
}

static void after_sending(struct ws_conn *conn)
{
    if (ws_conn_waiting(conn) == 0)
        send_kept_pong(conn);
    if (conn->full && !conn->output_deferred &&
        ws_conn_waiting(conn) <= conn->env->config->high_water / 4)
        ws_conn_drained(conn);
}

static void on_writable(struct ws_conn *conn)
{
    enum ws_error error;
    if (ws_conn_sendable(conn)) {
        size_t sent = ws_conn_send_waiting(conn, &error);
        if (error != WS_OK) {
            ws_conn_abort(conn, error);
            ws_conn_settle(conn);
            return;
        }
        if (sent > 0)
            conn->last_taken = ws_loop_now(conn->env->loop);
        after_sending(conn);
    }
    if (ws_conn_waiting(conn) == 0 && conn->cold->body)
        ws_conn_send_body(conn);
    ws_conn_settle(conn);
}

/* While nothing is read: what was said before a close of the other end is still worth reading, what
 * came before a reset is not. */
static void on_hangup(struct ws_conn *conn)
{
    int failed = 0, left = 0;
    socklen_t size = sizeof failed;
    getsockopt(conn->watch.fd, SOL_SOCKET, SO_ERROR, &failed, &size);
    if (failed == 0 && ioctl(conn->watch.fd, FIONREAD, &left) == 0 && left > 0) {
        conn->peer_hup = true;
        ws_conn_update_interest(conn);
    } else {
        ws_conn_abort(conn, WS_E_RESET);
    }
}

void ws_conn_on_ready(struct ws_watch *watch, unsigned ready)
{
    struct ws_conn *conn = ws_container_of(watch, struct ws_conn, watch);
    if (ready & WS_HANGUP) {
        on_hangup(conn);
        return;
    }
    if (ready & WS_WRITABLE)
        on_writable(conn);
    if ((ready & WS_READABLE) && !conn->ended && (conn->watch.interest & WS_READABLE))
        on_readable(conn);
}

/* Whatever was put off to the end of the batch: sending, resuming, ending. */
void ws_conn_on_task(struct ws_deferred *task)
{
    struct ws_conn *conn = ws_container_of(task, struct ws_conn, task);
    if (conn->ended) {
        ws_conn_destroy(conn);
        return;
    }
    if (conn->drained_due) {
        conn->drained_due = false;
        if (conn->env->handler->drained && !conn->failed &&
            ws_session_state(&conn->session) != WS_STATE_CLOSED)
            conn->env->handler->drained(conn);
    }
    if (conn->resumed && may_pull(conn)) {
        struct ws_unread *unread = conn->cold->unread;
        conn->resumed = false;
        if (conn->opened && conn->phase_started_ms && !ws_session_close_sent(&conn->session))
            conn->phase_started_ms = ws_loop_now(conn->env->loop);
        if (unread)
            ws_session_feed(&conn->session, unread->memory + unread->begin, unread->len,
                            unread->begin);
        process_input(conn);
        if (conn->cold->tls)
            handle_tls_end(conn);
    }
    if (conn->ended)
        return;
    ws_conn_flush(conn);
    ws_conn_settle(conn);
}
