#include "libws/conn/conn_private.h"

#include "libws/io/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* --- gathering and sending --- */

void ws_conn_record_error(struct ws_conn *conn, enum ws_error why)
{
    if (conn->end.error == WS_OK)
        conn->end.error = why;
}

void ws_conn_flush(struct ws_conn *conn)
{
    struct ws_loop *loop = conn->env->loop;
    if (loop->writer != conn)
        return;
    loop->writer = NULL;
    enum ws_error error = WS_OK;
    size_t bytes = loop->out.bytes, sent = 0;
    if (bytes == 0)
        return;
    if (conn->failed) {
        ws_out_clear(&loop->out);
        return;
    }
    if (conn->env->config->output_filter && !conn->bypass_filter) {
        conn->env->config->output_filter(conn, &loop->out);
        bytes = loop->out.bytes;
        if (bytes == 0) {
            ws_out_clear(&loop->out);
            return;
        }
    }
    if (ws_conn_waiting(conn) == 0 && !ws_conn_tls_handshaking(conn)) {
        sent = ws_conn_transmit(conn, &loop->out, &error);
        conn->last_taken = ws_loop_now(loop);
    }
    if (error == WS_OK && sent < bytes)
        error = ws_conn_cold(conn) ? ws_queue_append(&conn->cold->queue, &loop->out, sent)
                                   : WS_E_NO_MEMORY;
    ws_out_clear(&loop->out);
    if (!conn->cold->tls)
        conn->counters.bytes_out += bytes;
    if (error != WS_OK)
        ws_conn_abort(conn, error);
    if (ws_conn_waiting(conn) > conn->env->config->high_water)
        conn->full = true;
}

void ws_conn_defer_output(struct ws_conn *conn, size_t bytes)
{
    size_t high = conn->env->config->high_water;
    conn->output_deferred = bytes > 0;
    if (bytes + ws_conn_waiting(conn) > high)
        conn->full = true;
    else if (conn->full && bytes + ws_conn_waiting(conn) <= high / 4)
        ws_conn_drained(conn);
    ws_loop_defer(conn->env->loop, &conn->task);
}

enum ws_error ws_conn_send_raw(struct ws_conn *conn, const void *data, size_t len)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    ws_conn_flush(conn);
    enum ws_error error = ws_out_copy(ws_conn_take_out(conn), data, len);
    conn->bypass_filter = true;
    ws_conn_flush(conn);
    conn->bypass_filter = false;
    return error;
}

/* The loop has one output, and one connection at a time writes into it: before another does, what
 * the one before it gathered is sent. */
void ws_conn_free_out(struct ws_loop *loop)
{
    struct ws_conn *other = loop->writer;
    if (!other)
        return;
    ws_conn_flush(other);
    ws_loop_defer(loop, &other->task);
}

struct ws_out *ws_conn_take_out(struct ws_conn *conn)
{
    struct ws_loop *loop = conn->env->loop;
    if (loop->writer != conn) {
        ws_conn_free_out(loop);
        loop->writer = conn;
        if (!conn->in_read_cycle)
            ws_loop_defer(loop, &conn->task);
    }
    return &loop->out;
}

/* --- what handlers call --- */

void ws_conn_defer_close_reply(struct ws_conn *conn)
{
    ws_session_defer_close_reply(&conn->session);
}

void ws_conn_abort(struct ws_conn *conn, enum ws_error why)
{
    if (conn->ended || conn->failed)
        return;
    ws_conn_record_error(conn, why);
    conn->failed = true;
    ws_loop_defer(conn->env->loop, &conn->task);
}

enum ws_error ws_conn_connect(struct ws_conn *conn, const struct ws_request_options *options)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    return ws_session_connect(&conn->session, ws_conn_take_out(conn), options);
}

enum ws_error ws_conn_accept(struct ws_conn *conn, const struct ws_acceptance *acceptance)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    enum ws_error error = ws_session_accept(&conn->session, ws_conn_take_out(conn), acceptance);
    if (error == WS_OK && !conn->in_read_cycle) {
        conn->resumed = true;
        ws_loop_defer(conn->env->loop, &conn->task);
    }
    return error;
}

enum ws_error ws_conn_refuse(struct ws_conn *conn, const struct ws_http_answer *answer)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    enum ws_error error = ws_session_refuse(&conn->session, ws_conn_take_out(conn), answer);
    conn->end.http_status = (uint16_t)answer->status;
    ws_conn_begin_closing(conn);
    return error;
}

enum ws_error ws_conn_refuse_error(struct ws_conn *conn, enum ws_error why)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    enum ws_error error = ws_session_refuse_error(&conn->session, ws_conn_take_out(conn), why);
    conn->end.http_status = ws_error_info(why)->http_status;
    ws_conn_record_error(conn, why);
    ws_conn_begin_closing(conn);
    return error;
}

enum ws_error ws_conn_refuse_with(struct ws_conn *conn, enum ws_error why,
                                  const struct ws_header *headers, size_t header_count)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    enum ws_error error =
        ws_session_refuse_with(&conn->session, ws_conn_take_out(conn), why, headers, header_count);
    if (error != WS_OK)
        return error;
    conn->end.http_status = ws_error_info(why)->http_status;
    ws_conn_record_error(conn, why);
    ws_conn_begin_closing(conn);
    return WS_OK;
}

enum ws_error ws_conn_send(struct ws_conn *conn, unsigned opcode, unsigned flags, void *data,
                           size_t len)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    enum ws_error error =
        ws_session_send(&conn->session, ws_conn_take_out(conn), opcode, flags, data, len);
    if (error == WS_OK && !(flags & WS_SEND_MORE))
        conn->counters.messages_out++;
    return error;
}

enum ws_error ws_conn_share(struct ws_conn *conn, const struct ws_sharing *sharing)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    enum ws_error error = ws_session_share(&conn->session, ws_conn_take_out(conn), sharing->frames,
                                           sharing->offset, sharing->len, &sharing->deflated);
    if (error == WS_OK)
        conn->counters.messages_out += sharing->messages;
    return error;
}

size_t ws_conn_drop_shared(struct ws_conn *conn)
{
    return conn->cold->queue.bytes > 0 ? ws_queue_drop_shared(&conn->cold->queue) : 0;
}

void ws_conn_flush_now(struct ws_conn *conn)
{
    if (conn->env->loop->writer == conn)
        ws_conn_flush(conn);
}

enum ws_error ws_conn_reply(struct ws_conn *conn, const struct ws_event *event)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    enum ws_error error = ws_session_reply(&conn->session, ws_conn_take_out(conn), event);
    if (error == WS_OK && (event->type == WS_EVENT_MESSAGE || event->last))
        conn->counters.messages_out++;
    return error;
}

enum ws_error ws_conn_ping(struct ws_conn *conn, const void *data, size_t len)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    return ws_session_ping(&conn->session, ws_conn_take_out(conn), data, len);
}

enum ws_error ws_conn_close(struct ws_conn *conn, unsigned code, const char *reason)
{
    if (conn->failed || conn->ended)
        return WS_E_CLOSING;
    enum ws_error error = ws_session_close(&conn->session, ws_conn_take_out(conn), code, reason,
                                           reason ? strlen(reason) : 0);
    if (error == WS_OK)
        ws_conn_begin_closing(conn);
    return error;
}

void ws_conn_fail(struct ws_conn *conn, enum ws_error why)
{
    if (conn->failed || conn->ended)
        return;
    if (ws_conn_tls_handshaking(conn)) { /* nothing can be said */
        ws_conn_abort(conn, why);
        return;
    }
    ws_conn_record_error(conn, why);
    if (!conn->opened && conn->env->config->session.role == WS_ROLE_SERVER)
        conn->end.http_status = ws_error_info(why)->http_status;
    if (ws_session_fail(&conn->session, ws_conn_take_out(conn), why) != WS_OK)
        conn->failed = true;
    ws_conn_begin_closing(conn);
    ws_loop_defer(conn->env->loop, &conn->task);
}

void ws_conn_pause(struct ws_conn *conn)
{
    conn->paused = true;
    if (!conn->in_read_cycle)
        ws_conn_update_interest(conn);
}

void ws_conn_resume(struct ws_conn *conn)
{
    if (!conn->paused || conn->ended)
        return;
    conn->paused = false;
    conn->resumed = true;
    ws_heartbeat_heard(&conn->heartbeat, ws_loop_now(conn->env->loop));
    ws_loop_defer(conn->env->loop, &conn->task);
}

size_t ws_conn_holds(const struct ws_conn *conn)
{
    const struct ws_deflate *deflate = ws_session_deflate(&conn->session);
    return ws_conn_waiting(conn) + ws_conn_unread(conn) + ws_session_holds(&conn->session) +
           (deflate ? ws_deflate_holds(deflate) : 0);
}

size_t ws_conn_queued(const struct ws_conn *conn)
{
    return ws_conn_waiting(conn) +
           (conn->env->loop->writer == conn ? conn->env->loop->out.bytes : 0);
}

const char *ws_conn_peer(const struct ws_conn *conn, char *text, size_t size)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } address = {0};
    socklen_t len = sizeof address;
    char host[INET6_ADDRSTRLEN] = "?";

    if (getpeername(conn->watch.fd, &address.any, &len) < 0)
        snprintf(text, size, "unknown");
    else if (address.any.sa_family == AF_INET)
        snprintf(text, size, "%s:%u", inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host),
                 ntohs(address.v4.sin_port));
    else if (address.any.sa_family == AF_INET6)
        snprintf(text, size, "[%s]:%u",
                 inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host),
                 ntohs(address.v6.sin6_port));
    else
        snprintf(text, size, "unix");
    return text;
}
