#include "libws/conn/conn_private.h"

#include <stdlib.h>
#include <string.h>

/* --- gathering and sending --- */

void ws_conn_record_error(struct ws_conn *conn, enum ws_error why)
{
    /* A close frame that came decides how the connection ended, whatever TCP does after it. */
    if (ws_session_close_received(&conn->session) &&
        (ws_error_info(why)->category == WS_CAT_NETWORK || why == WS_E_WRITE_TIMEOUT))
        return;
    /* It had closed in order, and only the peer's end of the stream is still to come. */
    if (why == WS_E_SHUTDOWN && ws_session_close_received(&conn->session) &&
        ws_session_close_sent(&conn->session))
        return;
    /* A carrier that carries nothing may end in any way. */
    if (ws_conn_carries(conn) && (why == WS_E_LOST || why == WS_E_RESET) &&
        ws_http2_used(conn->cold->http2) && ws_http2_stream_count(conn->cold->http2) == 0)
        return;
    if (conn->end.error == WS_OK)
        conn->end.error = why;
}

void ws_conn_sending_failed(struct ws_conn *conn, enum ws_error why)
{
    bool reset = why == WS_E_RESET || (conn->cold->stream && why != WS_E_NO_MEMORY);
    if (!reset || !ws_conn_reading(conn) || conn->life >= WS_LIFE_LINGERING || conn->cold->body) {
        ws_conn_abort(conn, why);
        return;
    }
    ws_conn_record_error(conn, why);
    ws_conn_forget_waiting(conn);
    conn->fin_sent = true;
    ws_loop_defer(conn_env(conn)->loop, &conn->task);
}

void ws_conn_set_full(struct ws_conn *conn)
{
    conn->full = true;
    if (conn_env(conn)->config.pause_reads_when_full || ws_conn_carries(conn))
        conn->blocked |= WS_BLOCK_QUEUE;
}

const struct ws_out *ws_conn_gathered(const struct ws_conn *conn)
{
    return ws_conn_own_out(conn);
}

/* A carrier's streams stop at high water by themselves: what goes beyond it is what it answers with
 * to a peer that does not read. */
static size_t full_above(const struct ws_conn *conn)
{
    enum { CARRIER_TIMES = 4 };
    return conn_env(conn)->config.high_water * (ws_conn_carries(conn) ? CARRIER_TIMES : 1);
}

void ws_conn_send_out(struct ws_conn *conn, struct ws_out *out)
{
    enum ws_error error = WS_OK;
    size_t sent = 0, bytes = out->bytes;
    if (bytes == 0) {
        ws_out_clear(out);
        return;
    }
    if (ws_conn_waiting(conn) == 0 && !ws_conn_tls_handshaking(conn)) {
        error = ws_conn_transmit(conn, out, &sent);
        conn->last_taken_ms = ws_loop_now(conn_env(conn)->loop);
    }
    if (error == WS_OK && sent < bytes)
        error =
            ws_conn_cold(conn) ? ws_queue_append(&conn->cold->queue, out, sent) : WS_E_NO_MEMORY;
    ws_out_clear(out);
    if (!conn->cold->tls)
        conn->counters.bytes_out += bytes;
    if (error != WS_OK)
        ws_conn_sending_failed(conn, error);
    if (ws_conn_waiting(conn) > full_above(conn))
        ws_conn_set_full(conn);
}

/* Sends what passes `filter` and those after it. */
static void flush_through(struct ws_conn *conn, const struct ws_output_filter *filter)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    struct ws_out *out = &scratch->out;
    if (scratch->writer != conn)
        return;
    scratch->writer = NULL;
    if (out->bytes == 0)
        return;
    if (!ws_conn_usable(conn)) {
        ws_out_clear(out);
        return;
    }
    for (; filter && out->bytes > 0; filter = filter->next)
        filter->filter(filter, conn, out);
    ws_conn_send_out(conn, out);
}

void ws_conn_flush(struct ws_conn *conn)
{
    flush_through(conn, conn_env(conn)->config.output_filters);
}

void ws_conn_defer_output(struct ws_conn *conn, size_t bytes)
{
    size_t high = conn_env(conn)->config.high_water;
    conn->output_deferred = bytes > 0;
    if (bytes + ws_conn_waiting(conn) > high)
        ws_conn_set_full(conn);
    else if (conn->full && bytes + ws_conn_waiting(conn) <= high / 4)
        ws_conn_drained(conn);
    ws_loop_defer(conn_env(conn)->loop, &conn->task);
}

enum ws_error ws_conn_send_raw(struct ws_conn *conn, const struct ws_output_filter *filter,
                               const void *data, size_t len)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    ws_conn_flush(conn);
    enum ws_error error = ws_out_copy(ws_conn_take_out(conn), data, len);
    flush_through(conn, filter ? filter->next : NULL);
    return error;
}

/* The loop has one output, and one connection at a time writes into it: before another does, the
 * output of the one before it is sent. */
void ws_conn_free_out(struct ws_conn_scratch *scratch)
{
    struct ws_conn *other = scratch->writer;
    if (!other)
        return;
    ws_conn_flush(other);
    ws_loop_defer(conn_env(other)->loop, &other->task);
}

struct ws_out *ws_conn_take_out(struct ws_conn *conn)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    if (scratch->writer != conn) {
        ws_conn_free_out(scratch);
        scratch->writer = conn;
        if (!conn->in_read_cycle)
            ws_loop_defer(conn_env(conn)->loop, &conn->task);
    }
    return &scratch->out;
}

/* --- pongs --- */

enum ws_error ws_conn_answer_ping(struct ws_conn *conn, const struct ws_event *event)
{
    if (ws_conn_waiting(conn) == 0)
        return ws_session_answer(&conn->session, ws_conn_take_out(conn), event);
    if (!conn->cold->pong) /* there is a queue, so the cold part is its own */
        conn->cold->pong = malloc(sizeof *conn->cold->pong);
    if (!conn->cold->pong)
        return WS_E_NO_MEMORY;
    conn->cold->pong->len = event->len;
    if (event->len > 0)
        memcpy(conn->cold->pong->data, event->data, event->len);
    return WS_OK;
}

void ws_conn_send_kept_pong(struct ws_conn *conn)
{
    struct ws_pong *pong = conn->cold->pong;
    if (!pong)
        return;
    conn->cold->pong = NULL;
    ws_session_pong(&conn->session, ws_conn_take_out(conn), pong->data, pong->len);
    free(pong);
}

/* --- what handlers call --- */

void ws_conn_defer_close_reply(struct ws_conn *conn)
{
    ws_session_defer_close_reply(&conn->session);
}

void ws_conn_abort(struct ws_conn *conn, enum ws_error why)
{
    if (!ws_conn_usable(conn))
        return;
    ws_conn_record_error(conn, why);
    ws_conn_set_failed(conn);
    ws_loop_defer(conn_env(conn)->loop, &conn->task);
}

enum ws_error ws_conn_connect(struct ws_conn *conn, const struct ws_request_options *options)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    return ws_session_connect(&conn->session, ws_conn_take_out(conn), options);
}

enum ws_error ws_conn_accept(struct ws_conn *conn, const struct ws_acceptance *acceptance)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error = ws_session_accept(&conn->session, ws_conn_take_out(conn), acceptance);
    if (error == WS_OK && !conn->in_read_cycle) {
        conn->resumed = true;
        ws_loop_defer(conn_env(conn)->loop, &conn->task);
    }
    return error;
}

/* The answer to the request was written, or not: `error`. */
static enum ws_error refused(struct ws_conn *conn, enum ws_error error, unsigned http_status,
                             enum ws_error why)
{
    if (error != WS_OK)
        return error;
    conn->end.http_status = (uint16_t)http_status;
    ws_conn_record_error(conn, why);
    ws_conn_begin_closing(conn);
    return WS_OK;
}

enum ws_error ws_conn_refuse(struct ws_conn *conn, const struct ws_http_answer *answer)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error = ws_session_refuse(&conn->session, ws_conn_take_out(conn), answer);
    return refused(conn, error, answer->status, answer->why);
}

enum ws_error ws_conn_refuse_error(struct ws_conn *conn, enum ws_error why)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error = ws_session_refuse_error(&conn->session, ws_conn_take_out(conn), why);
    return refused(conn, error, ws_error_info(why)->http_status, why);
}

enum ws_error ws_conn_refuse_with(struct ws_conn *conn, enum ws_error why,
                                  const struct ws_header *headers, size_t header_count)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error =
        ws_session_refuse_with(&conn->session, ws_conn_take_out(conn), why, headers, header_count);
    return refused(conn, error, ws_error_info(why)->http_status, why);
}

/* A server's client that receives is not idle; a client waits for what comes. */
static void count_out(struct ws_conn *conn, size_t messages)
{
    conn->counters.messages_out += messages;
    if (!ws_conn_is_client(conn))
        conn->last_message_ms = ws_loop_now(conn_env(conn)->loop);
}

/* A handler may send until the connection is full, which is known of what was flushed alone. */
static void flush_if_much(struct ws_conn *conn)
{
    const struct ws_out *out = ws_conn_own_out(conn);
    if (out && out->bytes - out->in_place > conn_env(conn)->config.high_water)
        ws_conn_flush(conn);
}

enum ws_error ws_conn_send(struct ws_conn *conn, unsigned opcode, unsigned flags, void *data,
                           size_t len)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error =
        ws_session_send(&conn->session, ws_conn_take_out(conn), opcode, flags, data, len);
    if (error == WS_OK && !(flags & WS_SEND_MORE))
        count_out(conn, 1);
    flush_if_much(conn);
    return error;
}

enum ws_error ws_conn_send_many(struct ws_conn *conn, unsigned opcode, const struct iovec *messages,
                                size_t count, size_t *sent)
{
    *sent = 0;
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error =
        ws_session_send_many(&conn->session, ws_conn_take_out(conn), opcode, messages, count, sent);
    count_out(conn, *sent);
    flush_if_much(conn);
    return error;
}

enum ws_error ws_conn_share(struct ws_conn *conn, const struct ws_sharing *sharing)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error = ws_session_share(&conn->session, ws_conn_take_out(conn), sharing->frames,
                                           sharing->offset, sharing->len, &sharing->deflated);
    if (error == WS_OK)
        count_out(conn, sharing->messages);
    return error;
}

size_t ws_conn_drop_shared(struct ws_conn *conn)
{
    size_t dropped = conn->cold->queue.bytes > 0 ? ws_queue_drop_shared(&conn->cold->queue) : 0;
    conn->counters.messages_out -= dropped;
    return dropped;
}

void ws_conn_flush_now(struct ws_conn *conn)
{
    ws_conn_flush(conn);
}

enum ws_error ws_conn_reply(struct ws_conn *conn, const struct ws_event *event)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error = ws_session_reply(&conn->session, ws_conn_take_out(conn), event);
    if (error == WS_OK)
        count_out(conn, ws_event_messages(event));
    return error;
}

enum ws_error ws_conn_ping(struct ws_conn *conn, const void *data, size_t len)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    return ws_session_ping(&conn->session, ws_conn_take_out(conn), data, len);
}

enum ws_error ws_conn_pong(struct ws_conn *conn, const void *data, size_t len)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    return ws_session_pong(&conn->session, ws_conn_take_out(conn), data, len);
}

enum ws_error ws_conn_close(struct ws_conn *conn, unsigned code, const char *reason)
{
    if (!ws_conn_usable(conn))
        return WS_E_CLOSING;
    enum ws_error error = ws_session_close(&conn->session, ws_conn_take_out(conn), code, reason,
                                           reason ? strlen(reason) : 0);
    if (error == WS_OK)
        ws_conn_begin_closing(conn);
    return error;
}

void ws_conn_fail(struct ws_conn *conn, enum ws_error why)
{
    if (!ws_conn_usable(conn))
        return;
    if (ws_conn_tls_handshaking(conn)) { /* nothing can be sent */
        ws_conn_abort(conn, why);
        return;
    }
    ws_conn_record_error(conn, why);
    if (ws_conn_carries(conn)) {
        ws_http2_go_away(conn->cold->http2, why);
        ws_loop_defer(conn_env(conn)->loop, &conn->task);
        return;
    }
    if (!conn->end.opened && conn_env(conn)->config.session.role == WS_ROLE_SERVER)
        conn->end.http_status = ws_error_info(why)->http_status;
    if (ws_session_fail(&conn->session, ws_conn_take_out(conn), why) != WS_OK)
        ws_conn_set_failed(conn);
    ws_conn_begin_closing(conn);
    ws_loop_defer(conn_env(conn)->loop, &conn->task);
}
