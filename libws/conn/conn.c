#include "libws/conn/conn_private.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000 };
enum rate { OF_MESSAGES, OF_BYTES };

/* --- what it is read for --- */

/* Reasons that also keep input that was received from being delivered. */
enum { BLOCKS_EVENTS = WS_BLOCK_HANDLER | WS_BLOCK_HUB | WS_BLOCK_RATE | WS_BLOCK_QUEUE };

static bool may_deliver(const struct ws_conn *conn)
{
    return !(conn->blocked & BLOCKS_EVENTS) && ws_conn_usable(conn);
}

/* Silence is not counted while it was not read. */
static void resume_later(struct ws_conn *conn)
{
    conn->resumed = true;
    ws_heartbeat_heard(&conn->heartbeat, ws_loop_now(conn_env(conn)->loop));
    ws_loop_defer(conn_env(conn)->loop, &conn->task);
}

void ws_conn_block(struct ws_conn *conn, enum ws_read_block reason)
{
    conn->blocked |= reason;
    if (!conn->in_read_cycle)
        ws_conn_update_interest(conn);
}

void ws_conn_unblock(struct ws_conn *conn, enum ws_read_block reason)
{
    if (!(conn->blocked & reason) || conn->life == WS_LIFE_ENDED)
        return;
    /* The time to close of a client that was not reading: see closing_due_ms(). */
    if (reason == WS_BLOCK_HANDLER && ws_conn_is_client(conn) &&
        ws_session_close_sent(&conn->session))
        conn->phase_started_ms += ws_loop_now(conn_env(conn)->loop) - conn->heartbeat.heard_ms;
    conn->blocked &= ~(unsigned)reason;
    resume_later(conn);
}

/* What the kernel is asked to report. */
void ws_conn_update_interest(struct ws_conn *conn)
{
    if (conn->life == WS_LIFE_ENDED)
        return;
    if (ws_conn_tls_backlogged(conn))
        conn->blocked |= WS_BLOCK_TLS;
    else
        conn->blocked &= ~(unsigned)WS_BLOCK_TLS;
    bool lingers = conn->life == WS_LIFE_LINGERING;
    unsigned interest = 0;
    if ((lingers ? !conn->peer_eof : ws_conn_reading(conn)) && !(conn->blocked & WS_BLOCK_TLS))
        interest = WS_READABLE;
    if (ws_conn_sendable(conn) || conn->cold->body || ws_conn_streams_ready(conn))
        interest |= WS_WRITABLE;
    /* Even when not reading, watch for hang-up. */
    if (interest == 0 && !conn->peer_eof && !conn->peer_hup)
        interest = WS_HANGUP;
    if (ws_conn_watch(conn, interest) != WS_OK)
        ws_conn_abort(conn, WS_E_NO_MEMORY);
}

/* --- the path of a message --- */

static bool above_high_water(const struct ws_conn *conn)
{
    const struct ws_out *out = ws_conn_own_out(conn);
    size_t gathered = out ? out->bytes - out->in_place : 0;
    return gathered + ws_conn_waiting(conn) > conn_env(conn)->config.high_water;
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    const struct ws_heartbeat_config *heartbeat = &conn_env(conn)->config.heartbeat;
    int64_t now_ms = ws_loop_now(conn_env(conn)->loop);
    uint32_t jitter = 0;
    ws_conn_enter(conn, WS_LIFE_OPEN);
    conn->end.opened = true;
    conn->phase_started_ms = 0;
    if (conn_env(conn)->hooks.opened)
        conn_env(conn)->hooks.opened(conn);
    conn->last_message_ms = now_ms;
    if (heartbeat->interval_ms) /* a slight bias does not matter, nor does no jitter */
        ws_loop_random(conn_env(conn)->loop, &jitter, sizeof jitter);
    ws_heartbeat_start(&conn->heartbeat, heartbeat, now_ms,
                       heartbeat->interval_ms ? jitter % heartbeat->interval_ms : 0);
    ws_conn_arm(conn);
    if (conn_env(conn)->handler->open)
        conn_env(conn)->handler->open(conn, event);
}

static void on_request(struct ws_conn *conn, const struct ws_event *event)
{
    if (conn_env(conn)->hooks.requested)
        conn_env(conn)->hooks.requested(conn);
    if (conn->refusal != WS_OK)
        ws_conn_refuse_error(conn, conn->refusal);
    else if (conn_env(conn)->handler->request)
        conn_env(conn)->handler->request(conn, event->request);
    else if (event->request->violation != WS_OK)
        ws_conn_refuse_error(conn, event->request->violation);
    else
        ws_conn_accept(conn, NULL);
}

/* Input costs time at the rate that is allowed. A second's worth may come at once; a peer that has
 * used it up is not read until that time has passed. */
static void charge_time(struct ws_conn *conn, enum rate rate, int64_t cost_us)
{
    int64_t now_us = ws_loop_now(conn_env(conn)->loop) * 1000;
    struct ws_conn_cold *cold = ws_conn_cold(conn);
    if (!cold)
        return;
    if (cold->paid_us[rate] < now_us)
        cold->paid_us[rate] = now_us;
    cold->paid_us[rate] += cost_us;
    if (ws_conn_paid_us(conn) > now_us + SECOND_US && !ws_session_close_sent(&conn->session))
        conn->blocked |= WS_BLOCK_RATE;
    else
        conn->blocked &= ~(unsigned)WS_BLOCK_RATE;
}

/* What conn itself learns from an event, before the handler. */
static void note_event(struct ws_conn *conn, const struct ws_event *event)
{
    unsigned messages = ws_event_messages(event);
    if (messages > 0) {
        conn->counters.messages_in += messages;
        if (conn_env(conn)->config.max_rate)
            charge_time(conn, OF_MESSAGES, SECOND_US / conn_env(conn)->config.max_rate);
        conn->last_message_ms = ws_loop_now(conn_env(conn)->loop);
        if (conn->phase_started_ms && !ws_session_close_sent(&conn->session))
            conn->phase_started_ms = 0;
    }
    if (event->type == WS_EVENT_CLOSE) {
        conn->end.code = event->code;
        conn->end.by_peer = event->clean && !ws_session_close_sent(&conn->session);
        if (!event->clean)
            ws_conn_record_error(conn, event->error);
        else if (ws_error_info(conn->end.error)->category == WS_CAT_NETWORK)
            conn->end.error = WS_OK; /* sending failed while it was on its way */
    }
    if (event->type == WS_EVENT_ERROR)
        ws_conn_record_error(conn, event->error);
    if (event->type == WS_EVENT_PONG)
        conn->pong_matched =
            ws_heartbeat_pong(&conn->heartbeat, event->data, event->len, ws_clock_us()) >= 0;
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    enum ws_error error = WS_OK;
    note_event(conn, event);
    if (conn_env(conn)->handler->event)
        conn_env(conn)->handler->event(conn, event);

    if (event->type == WS_EVENT_PING)
        error = ws_conn_answer_ping(conn, event);
    else if (event->type == WS_EVENT_CLOSE || event->type == WS_EVENT_ERROR) {
        /* The message that a chunk of ours began ends unfinished; the close may go in between. */
        if (event->type == WS_EVENT_ERROR && !conn->end.opened &&
            conn_env(conn)->config.session.role == WS_ROLE_SERVER)
            conn->end.http_status = ws_error_info(event->error)->http_status;
        error = ws_session_answer(&conn->session, ws_conn_take_out(conn), event);
        ws_conn_begin_closing(conn);
    }
    if (error != WS_OK)
        ws_conn_abort(conn, error);
}

/* Delivers events until the session wants more input, a pause begins, or its share is used up. */
static void deliver_events(struct ws_conn *conn)
{
    struct ws_event event;
    size_t bytes = 0;
    bool any = false;
    while (may_deliver(conn) && !ws_session_at_rest(&conn->session) &&
           ws_session_next(&conn->session, &event) != WS_EVENT_NONE) {
        any = true;
        bytes += event.type == WS_EVENT_RUN ? event.count * event.len : event.len;
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
        if (above_high_water(conn))
            ws_conn_flush(conn);
        if (bytes > WS_TURN_MOST)
            conn->blocked |= WS_BLOCK_RATE; /* it goes on with the loop's next turn */
    }
    if (any && conn_env(conn)->handler->delivered && ws_conn_usable(conn))
        conn_env(conn)->handler->delivered(conn);
    if (ws_session_state(&conn->session) != WS_STATE_OPEN)
        return;
    if (!ws_session_in_message(&conn->session))
        conn->phase_started_ms = 0;
    else if (!conn->phase_started_ms)
        conn->phase_started_ms = ws_loop_now(conn_env(conn)->loop);
}

/* The usual end of a read cycle: the replies are sent, and apart from that all is as it was before,
 * so that nothing follows from it. A message puts deadlines off, which ws_conn_arm() leaves alone.
 */
static bool is_settled(const struct ws_conn *conn)
{
    return ws_conn_plain(conn) && conn->life == WS_LIFE_OPEN && !conn->blocked &&
           !conn->phase_started_ms && !conn->peer_eof && conn->watch.interest == WS_READABLE &&
           conn->reported_state == WS_STATE_OPEN && !ws_session_deflate(&conn->session) &&
           ws_session_at_rest(&conn->session);
}

/* A read cycle: deliver what was fed, send the replies. */
static void process_input(struct ws_conn *conn)
{
    conn->in_read_cycle = true;
    deliver_events(conn);
    ws_conn_flush(conn);
    conn->in_read_cycle = !is_settled(conn);
    if (!conn->in_read_cycle)
        return;
    ws_conn_send_records(conn);
    ws_conn_keep_unread(conn);
    if (conn->cold->stream && !conn->cold->unread)
        ws_http2_stream_consumed(conn->cold->stream);
    conn->in_read_cycle = false;
    ws_conn_settle(conn);
}

static void on_end_of_stream(struct ws_conn *conn, enum ws_error why)
{
    conn->peer_eof = true;
    if (ws_conn_carries(conn)) {
        ws_conn_carrier_ended(conn, why);
        return;
    }
    if (conn->life == WS_LIFE_LINGERING) {
        /* How the stream ends does not matter any more, but a half-closed peer may still read the
         * rest of our answer. */
        if (why != WS_E_LOST || (ws_conn_waiting(conn) == 0 && !conn->cold->body))
            ws_conn_set_failed(conn);
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
    if (why != WS_E_LOST && conn->life != WS_LIFE_ENDED) {
        ws_conn_record_error(conn, why);
        ws_conn_set_failed(conn);
        ws_conn_settle(conn);
    }
}

/* TLS has failed; the alert for the peer is on its way. A client is done. A server goes on reading
 * and discards the input, for a reset would take the alert from the peer. */
static void on_tls_failure(struct ws_conn *conn)
{
    ws_conn_send_records(conn);
    ws_conn_forget_waiting(conn);
    if (ws_conn_carries(conn)) {
        ws_conn_carrier_ended(conn, WS_E_TLS);
        return;
    }
    if (conn->life < WS_LIFE_LINGERING) {
        ws_session_end(&conn->session, WS_E_TLS);
        process_input(conn);
        if (conn->life == WS_LIFE_ENDED)
            return;
        ws_conn_record_error(conn, WS_E_TLS);
    }
    if (conn_env(conn)->config.session.role == WS_ROLE_CLIENT)
        ws_conn_set_failed(conn);
    ws_conn_settle(conn);
}

/* The end of TLS, which came after the last plaintext: handled once that has been read. */
static void handle_tls_end(struct ws_conn *conn)
{
    enum ws_error ended = ws_conn_tls_ended(conn);
    if (ended == WS_OK || conn->life == WS_LIFE_ENDED || conn->peer_eof ||
        !(conn->life == WS_LIFE_LINGERING || ws_conn_reading(conn)))
        return;
    if (ended == WS_E_TLS && conn->fin_sent)
        return; /* that was all, and only the end of the stream is waited for */
    if (ended == WS_E_TLS)
        on_tls_failure(conn);
    else
        on_end_of_stream(conn, ended);
}

/* Keep bulk senders from starving interactive ones. A single small read does not make a connection
 * interactive: it may be the edge of a large message. */
static void update_read_fairness(struct ws_conn *conn, size_t len, int64_t now_ms)
{
    if (len >= WS_RECEIVE_FAIR / 4)
        conn->bulk_score = WS_BULK_READS;
    else if (conn->bulk_score > 0 || !conn->end.opened)
        conn->bulk_score -= conn->bulk_score > 0;
    else
        conn_env(conn)->scratch->fair_until_ms = now_ms + WS_FAIR_MS;
    conn->watch.bulk = conn->bulk_score > 0;
}

void ws_conn_on_received(struct ws_conn *conn, uint8_t *buffer, size_t len, size_t wire)
{
    size_t max = conn_env(conn)->config.max_bandwidth;
    update_read_fairness(conn, wire, ws_loop_now(conn_env(conn)->loop));
    if (conn->may_be_http2 && ws_conn_waits_for_magic(conn, buffer, len))
        return;
    if (max && conn->end.opened)
        charge_time(conn, OF_BYTES, (int64_t)((double)wire * SECOND_US / (double)max));
    if (ws_conn_carries(conn)) {
        ws_conn_carry(conn, buffer, len);
    } else if (conn->life < WS_LIFE_LINGERING) {
        size_t headroom = (size_t)(buffer - conn_env(conn)->scratch->receive);
        ws_session_feed(&conn->session, buffer, len, headroom);
        process_input(conn);
    }
    if (conn->cold->tls)
        handle_tls_end(conn);
}

static void on_readable(struct ws_conn *conn)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    /* Replies may still lie in the receive buffer, of another connection's read cycle. */
    if (scratch->writer != conn)
        ws_conn_free_out(scratch);
    uint8_t *buffer = scratch->receive + WS_HEADROOM;
    int64_t now_ms = ws_loop_now(conn_env(conn)->loop);
    size_t size = now_ms < scratch->fair_until_ms ? WS_RECEIVE_FAIR : WS_RECEIVE_SIZE;
    size_t wire, len;
    enum ws_error error = ws_conn_receive(conn, buffer, size, &len, &wire);
    if (wire == 0 && error == WS_MORE)
        return;
    conn->counters.bytes_in += wire;
    if (wire > 0)
        ws_heartbeat_heard(&conn->heartbeat, now_ms);
    if (conn->cold->tls)
        conn = ws_conn_choose_http(conn);
    if (error == WS_MORE) { /* a part of a record, or of the handshake */
        ws_conn_send_records(conn);
        ws_conn_settle(conn);
    } else if (error == WS_E_TLS) {
        on_tls_failure(conn);
    } else if (error != WS_OK) {
        on_end_of_stream(conn, error);
    } else {
        ws_conn_on_received(conn, buffer, len, wire);
    }
}

void ws_conn_drained(struct ws_conn *conn)
{
    conn->full = false;
    conn->blocked &= ~(unsigned)WS_BLOCK_QUEUE;
    if (conn_env(conn)->hooks.drained)
        conn_env(conn)->hooks.drained(conn);
    conn->drained_due = true;
    resume_later(conn);
}

static void after_sending(struct ws_conn *conn)
{
    if (ws_conn_waiting(conn) == 0)
        ws_conn_send_kept_pong(conn);
    if (conn->full && !conn->output_deferred &&
        ws_conn_waiting(conn) <= conn_env(conn)->config.high_water / 4)
        ws_conn_drained(conn);
}

static void on_writable(struct ws_conn *conn)
{
    if (ws_conn_sendable(conn)) {
        size_t sent;
        enum ws_error error = ws_conn_send_waiting(conn, &sent);
        if (error != WS_OK) {
            ws_conn_sending_failed(conn, error);
            ws_conn_settle(conn);
            return;
        }
        if (sent > 0) {
            /* What was refused before is taken: the peer has read. A ping that waited among it is
             * written only now. */
            conn->last_taken_ms = ws_loop_now(conn_env(conn)->loop);
            ws_heartbeat_heard(&conn->heartbeat, conn->last_taken_ms);
        }
        after_sending(conn);
    }
    if (ws_conn_waiting(conn) == 0 && conn->cold->body)
        ws_conn_send_body(conn);
    if (ws_conn_carries(conn))
        ws_conn_serve_streams(conn);
    ws_conn_settle(conn);
}

/* While nothing is read: data before the peer's FIN is still worth reading; data before a reset is
 * for a client, since the server's close frame may be there. */
static void on_hangup(struct ws_conn *conn)
{
    enum ws_error why;
    if (ws_conn_hung_up(conn, &why)) {
        conn->peer_hup = true;
        ws_conn_update_interest(conn);
    } else {
        ws_conn_abort(conn, why);
    }
}

void ws_conn_on_ready(struct ws_watch *watch, unsigned ready)
{
    struct ws_conn *conn = ws_container_of(watch, struct ws_conn, watch);
    if (!ws_conn_usable(conn))
        return; /* its end is deferred already */
    if (ready & WS_HANGUP) {
        on_hangup(conn);
        return;
    }
    if (ready & WS_WRITABLE)
        on_writable(conn);
    if ((ready & WS_READABLE) && conn->life != WS_LIFE_ENDED &&
        (conn->watch.interest & WS_READABLE))
        on_readable(conn);
}

void ws_conn_receive_now(struct ws_conn *conn)
{
    if (ws_conn_usable(conn) && (conn->watch.interest & WS_READABLE))
        on_readable(conn);
}

static void resume(struct ws_conn *conn)
{
    struct ws_unread *unread = conn->cold->unread;
    conn->resumed = false;
    if (conn->end.opened && conn->phase_started_ms && !ws_session_close_sent(&conn->session))
        conn->phase_started_ms = ws_loop_now(conn_env(conn)->loop);
    if (unread)
        ws_session_feed(&conn->session, unread->memory + unread->begin, unread->len, unread->begin);
    process_input(conn);
    if (conn->cold->tls)
        handle_tls_end(conn);
}

/* Sending failed: reads what came before the reset, as far as it is being read. */
static void read_rest(struct ws_conn *conn)
{
    enum { RECEIVES_MOST = 64 };
    uint64_t before;
    int receives = 0;
    do {
        before = conn->counters.bytes_in;
        on_readable(conn);
    } while (conn->counters.bytes_in > before && ++receives < RECEIVES_MOST &&
             ws_conn_usable(conn) && ws_conn_reading(conn));
    if (ws_conn_usable(conn) && ws_conn_reading(conn))
        ws_conn_set_failed(conn);
}

void ws_conn_on_task(struct ws_deferred *task)
{
    struct ws_conn *conn = ws_container_of(task, struct ws_conn, task);
    if (conn->life == WS_LIFE_ENDED) {
        ws_conn_destroy(conn);
        return;
    }
    if (ws_conn_carries(conn)) {
        ws_conn_serve_streams(conn);
        ws_conn_settle(conn);
        return;
    }
    if (conn->drained_due) {
        conn->drained_due = false;
        if (conn_env(conn)->handler->drained && ws_conn_usable(conn) &&
            ws_session_state(&conn->session) != WS_STATE_CLOSED)
            conn_env(conn)->handler->drained(conn);
    }
    if (conn->resumed && may_deliver(conn))
        resume(conn);
    if (ws_conn_broken(conn) && ws_conn_reading(conn))
        read_rest(conn);
    if (conn->life == WS_LIFE_ENDED)
        return;
    ws_conn_flush(conn);
    ws_conn_settle(conn);
}
