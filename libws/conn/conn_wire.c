#include "libws/conn/conn_private.h"

#include "libws/io/stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECES = 256 };

/* --- records, on their way to the kernel --- */

/* Sends what lies in scratch->sealed; what the kernel refuses of it is queued. */
static enum ws_error send_sealed(struct ws_conn *conn)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    enum ws_error error = WS_OK;
    size_t sent = 0, bytes = scratch->sealed.bytes;
    scratch->sealer = NULL;
    if (bytes == 0)
        return WS_OK;
    if (conn->cold->sealed.bytes == 0) {
        error = ws_stream_send(conn->watch.fd, &scratch->sealed, &sent);
        conn->last_taken_ms = ws_loop_now(conn_env(conn)->loop);
    }
    if (error == WS_OK && sent < bytes)
        error = ws_queue_append(&conn->cold->sealed, &scratch->sealed, sent);
    ws_out_clear(&scratch->sealed);
    conn->counters.bytes_out += bytes;
    return error;
}

/* scratch->sealed, for this connection's records; those of another are sent first. */
static struct ws_out *take_sealed(struct ws_conn *conn)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    if (scratch->sealer && scratch->sealer != conn)
        ws_conn_send_records(scratch->sealer);
    scratch->sealer = conn;
    return &scratch->sealed;
}

void ws_conn_send_records(struct ws_conn *conn)
{
    if (conn_env(conn)->scratch->sealer != conn)
        return;
    enum ws_error error = send_sealed(conn);
    if (error != WS_OK)
        ws_conn_sending_failed(conn, error);
}

/* Encrypts up to WS_SEALED_MAX bytes of the queue. */
static enum ws_error seal_queue(struct ws_conn *conn)
{
    struct iovec pieces[PIECES];
    size_t done;
    int count = ws_queue_iov(&conn->cold->queue, pieces, PIECES);
    enum ws_error error =
        ws_tls_seal(conn->cold->tls, pieces, count, WS_SEALED_MAX, take_sealed(conn), &done);
    ws_queue_consume(&conn->cold->queue, done);
    return error;
}

/* --- sending --- */

static int describe(const struct ws_out *out, size_t skip, struct iovec *pieces)
{
    int count = 0;
    for (size_t i = 0; i < out->count && count < PIECES; i++) {
        size_t len = out->spans[i].len;
        if (skip >= len) {
            skip -= len;
            continue;
        }
        pieces[count].iov_base = (void *)(uintptr_t)(ws_out_span_data(out, i) + skip);
        pieces[count].iov_len = len - skip;
        skip = 0;
        count++;
    }
    return count;
}

/* --- on a stream --- */

/* The carrier writes and sends at the end of the batch, unless it is about to do that. */
static void wake_carrier(struct ws_conn *conn)
{
    struct ws_conn *carrier = conn->cold->carrier;
    if (!carrier->in_read_cycle)
        ws_loop_defer(conn_env(carrier)->loop, &carrier->task);
}

static enum ws_error transmit_on_stream(struct ws_conn *conn, const struct ws_out *out,
                                        size_t *sent)
{
    struct iovec pieces[PIECES];
    enum ws_error error = WS_OK;
    size_t done = 1;
    *sent = 0;
    while (error == WS_OK && *sent < out->bytes && done > 0) {
        int count = describe(out, *sent, pieces);
        error = ws_http2_stream_send(conn->cold->stream, pieces, count, &done);
        *sent += done;
    }
    wake_carrier(conn);
    return error;
}

static enum ws_error send_queue_on_stream(struct ws_conn *conn, size_t *sent)
{
    struct iovec pieces[PIECES];
    struct ws_queue *queue = &conn->cold->queue;
    int count = ws_queue_iov(queue, pieces, PIECES);
    enum ws_error error = ws_http2_stream_send(conn->cold->stream, pieces, count, sent);
    ws_queue_consume(queue, *sent);
    wake_carrier(conn);
    return error;
}

static enum ws_error receive_on_stream(struct ws_conn *conn, uint8_t *buffer, size_t size,
                                       size_t *len, size_t *wire)
{
    enum ws_error error = ws_http2_stream_receive(conn->cold->stream, buffer, size, len);
    *wire = *len;
    return error;
}

/* --- sending, on any wire --- */

static enum ws_error transmit_sealed(struct ws_conn *conn, const struct ws_out *out, size_t *sent)
{
    struct ws_tls *tls = conn->cold->tls;
    struct iovec pieces[PIECES];
    enum ws_error error = WS_OK;
    *sent = 0;
    while (error == WS_OK && *sent < out->bytes && conn->cold->sealed.bytes == 0) {
        size_t done;
        int count = describe(out, *sent, pieces);
        error = ws_tls_seal(tls, pieces, count, WS_SEALED_MAX, take_sealed(conn), &done);
        *sent += done;
        if (error == WS_OK)
            error = send_sealed(conn);
    }
    return error;
}

enum ws_error ws_conn_transmit(struct ws_conn *conn, struct ws_out *out, size_t *sent)
{
    if (conn->cold->stream)
        return transmit_on_stream(conn, out, sent);
    if (conn->cold->tls)
        return transmit_sealed(conn, out, sent);
    return ws_stream_send(conn->watch.fd, out, sent);
}

/* Of one queue; adds to `*sent`. */
static enum ws_error send_queue(struct ws_conn *conn, struct ws_queue *queue, size_t *sent)
{
    size_t taken;
    enum ws_error error = ws_stream_send_queue(conn->watch.fd, queue, &taken);
    if (taken > 0)
        ws_queue_consume(queue, taken);
    *sent += taken;
    return error;
}

enum ws_error ws_conn_send_waiting(struct ws_conn *conn, size_t *sent)
{
    struct ws_conn_cold *cold = conn->cold;
    enum ws_error error = WS_OK;
    *sent = 0;
    if (cold->stream)
        return send_queue_on_stream(conn, sent);
    if (!cold->tls)
        return send_queue(conn, &cold->queue, sent);
    if (cold->sealed.bytes > 0)
        error = send_queue(conn, &cold->sealed, sent);
    while (error == WS_OK && cold->sealed.bytes == 0 && cold->queue.bytes > 0 &&
           ws_tls_established(cold->tls)) {
        size_t before = cold->queue.bytes;
        error = seal_queue(conn);
        if (error == WS_OK)
            error = send_sealed(conn);
        *sent += before - cold->queue.bytes;
    }
    return error;
}

void ws_conn_forget_waiting(struct ws_conn *conn)
{
    if (ws_conn_waiting(conn) == 0)
        return;
    ws_queue_free(&conn->cold->queue);
    ws_queue_free(&conn->cold->sealed);
}

/* --- receiving --- */

/* The peer sent plaintext HTTP to a TLS port: answer in HTTP. HTTP/2 by prior knowledge is not read
 * as a request, whose version would be the error. */
static void fall_back_to_plaintext(struct ws_conn *conn, const uint8_t *data, size_t len)
{
    enum { ENOUGH = 3 };
    ws_tls_free(conn->cold->tls);
    conn->cold->tls = NULL;
    if (conn->refusal == WS_OK)
        conn->refusal = WS_E_TLS_EXPECTED;
    if (len >= ENOUGH && memcmp(data, ws_http2_magic, ENOUGH) == 0)
        ws_conn_fail(conn, (enum ws_error)conn->refusal);
}

/* The stream ended, or gave nothing. A handshake that it cut failed because of that. */
static enum ws_error nothing_received(struct ws_conn *conn, enum ws_error error)
{
    struct ws_tls *tls = conn->cold->tls;
    bool client = conn_env(conn)->config.session.role == WS_ROLE_CLIENT;
    if (error == WS_MORE || ws_tls_established(tls) || conn->life >= WS_LIFE_LINGERING ||
        (!client && conn->counters.bytes_in == 0))
        return error;
    ws_tls_cut(tls, error);
    return WS_E_TLS;
}

static enum ws_error receive_sealed(struct ws_conn *conn, uint8_t *buffer, size_t size, size_t *len,
                                    size_t *wire)
{
    struct ws_tls *tls = conn->cold->tls;
    bool handshaking = !ws_tls_established(tls);
    /* Plaintext is put in front of the records that it comes from: it never reaches them. */
    uint8_t *records = buffer + WS_TLS_RECORD_MAX;
    if (size > WS_RECEIVE_SIZE - WS_TLS_RECORD_MAX)
        size = WS_RECEIVE_SIZE - WS_TLS_RECORD_MAX;
    *len = 0;
    enum ws_error error = ws_stream_receive(conn->watch.fd, records, size, wire);
    if (*wire == 0)
        return nothing_received(conn, error);
    if (ws_tls_ended(tls) != WS_OK)
        return WS_MORE; /* what comes after the end does not count */
    error = ws_tls_open(tls, records, *wire, buffer, take_sealed(conn), len);
    if (error == WS_E_TLS_EXPECTED) {
        fall_back_to_plaintext(conn, records, *wire);
        memmove(buffer, records, *wire);
        *len = *wire;
        return WS_OK;
    }
    /* Output that waited for the handshake leaves with the end of it. */
    if (handshaking && ws_tls_established(tls) && conn->cold->queue.bytes > 0 &&
        !ws_tls_http2(tls)) {
        enum ws_error sealing = seal_queue(conn);
        if (sealing != WS_OK)
            error = sealing;
    }
    return error;
}

/* The handler may take payload from the descriptor: returns how much it took. Else `*size` is what
 * to receive at most. */
static size_t offer_payload(struct ws_conn *conn, size_t *size)
{
    uint64_t ahead = ws_session_passable(&conn->session);
    size_t most = ws_session_feed_most(&conn->session), taken = 0;
    if (ahead > 0) {
        taken = conn_env(conn)->handler->payload(conn, conn->watch.fd,
                                                 ahead < *size ? (size_t)ahead : *size);
        ws_session_pass(&conn->session, taken);
    }
    if (most < *size)
        *size = most;
    return taken;
}

enum ws_error ws_conn_receive(struct ws_conn *conn, uint8_t *buffer, size_t size, size_t *len,
                              size_t *wire)
{
    if (conn->cold->stream)
        return receive_on_stream(conn, buffer, size, len, wire);
    if (conn->cold->tls)
        return receive_sealed(conn, buffer, size, len, wire);
    *len = *wire = 0;
    if (conn_env(conn)->handler->payload && !ws_conn_carries(conn)) {
        *wire = offer_payload(conn, &size);
        if (*wire > 0)
            return WS_OK;
        if (!ws_conn_reading(conn) || !ws_conn_usable(conn))
            return WS_MORE;
    }
    enum ws_error error = ws_stream_receive(conn->watch.fd, buffer, size, wire);
    *len = *wire;
    return error;
}

void ws_conn_keep_unread(struct ws_conn *conn)
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
            conn->blocked &= ~(unsigned)WS_BLOCK_UNREAD;
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
    conn->blocked |= WS_BLOCK_UNREAD;
}

/* --- beginning and end --- */

enum ws_error ws_conn_secure(struct ws_conn *conn, struct ws_tls_context *context, const char *name)
{
    struct ws_conn_cold *cold = ws_conn_cold(conn);
    if (!cold || !(cold->tls = ws_tls_new(context, name)))
        return WS_E_NO_MEMORY;
    conn->may_be_http2 = false; /* TLS agrees on it */
    if (conn_env(conn)->config.session.role == WS_ROLE_SERVER)
        return WS_OK;
    enum ws_error error = ws_tls_begin(cold->tls, take_sealed(conn));
    ws_conn_send_records(conn);
    return error;
}

bool ws_conn_shut(struct ws_conn *conn)
{
    if (conn->cold->tls && ws_tls_close(conn->cold->tls, take_sealed(conn)))
        ws_conn_send_records(conn);
    if (ws_conn_waiting(conn) > 0 || conn->life == WS_LIFE_FAILED)
        return false;
    if (conn->cold->stream) {
        ws_http2_stream_finish(conn->cold->stream);
        wake_carrier(conn);
    } else {
        ws_stream_shutdown(conn->watch.fd);
    }
    return true;
}

void ws_conn_shut_now(struct ws_conn *conn)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    bool fine =
        ws_conn_waiting(conn) == 0 && (conn->life != WS_LIFE_FAILED || conn->end.error == WS_OK);
    if (conn->cold->stream)
        ws_http2_stream_leave(conn->cold->stream);
    if (fine && conn->cold->stream)
        ws_http2_stream_finish(conn->cold->stream);
    if (fine && conn->cold->tls && ws_tls_close(conn->cold->tls, take_sealed(conn)))
        send_sealed(conn);
    if (scratch->sealer == conn) {
        ws_out_clear(&scratch->sealed);
        scratch->sealer = NULL;
    }
}

enum ws_error ws_conn_watch(struct ws_conn *conn, unsigned interest)
{
    if (!conn->cold->stream)
        return ws_loop_rewatch(conn_env(conn)->loop, &conn->watch, interest);
    conn->watch.interest = (uint8_t)interest;
    if (ws_http2_stream_wait(conn->cold->stream, interest))
        wake_carrier(conn);
    return WS_OK;
}

bool ws_conn_hung_up(const struct ws_conn *conn, enum ws_error *why)
{
    int failed = 0, left = 0;
    socklen_t size = sizeof failed;
    if (conn->cold->stream)
        return ws_http2_stream_left(conn->cold->stream, why);
    *why = WS_E_RESET;
    getsockopt(conn->watch.fd, SOL_SOCKET, SO_ERROR, &failed, &size);
    return (failed == 0 || ws_conn_is_client(conn)) &&
           ioctl(conn->watch.fd, FIONREAD, &left) == 0 && left > 0;
}

void ws_conn_close_wire(struct ws_conn *conn)
{
    if (!conn->cold->stream) {
        close(ws_loop_unwatch(conn_env(conn)->loop, &conn->watch));
        return;
    }
    ws_http2_stream_free(conn->cold->stream);
    wake_carrier(conn);
    ws_conn_carrier_left(conn->cold->carrier);
    conn->cold->stream = NULL;
    conn->cold->carrier = NULL;
}
