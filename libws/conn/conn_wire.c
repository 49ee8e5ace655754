#include "libws/conn/conn_private.h"

#include "libws/io/stream.h"

#include <string.h>

enum { PIECES = 256 };

/* --- records, on their way to the kernel --- */

/* Sends what lies in the loop's `sealed`; what the kernel refuses of it is queued. */
static enum ws_error send_sealed(struct ws_conn *conn)
{
    struct ws_loop *loop = conn->env->loop;
    enum ws_error error = WS_OK;
    size_t sent = 0, bytes = loop->sealed.bytes;
    loop->sealer = NULL;
    if (bytes == 0)
        return WS_OK;
    if (conn->cold->sealed.bytes == 0) {
        error = ws_stream_send(conn->watch.fd, &loop->sealed, &sent);
        conn->last_taken = ws_loop_now(loop);
    }
    if (error == WS_OK && sent < bytes)
        error = ws_queue_append(&conn->cold->sealed, &loop->sealed, sent);
    ws_out_clear(&loop->sealed);
    conn->counters.bytes_out += bytes;
    return error;
}

/* The loop's `sealed`, for this connection's records; those of another go first. */
static struct ws_out *take_sealed(struct ws_conn *conn)
{
    struct ws_loop *loop = conn->env->loop;
    if (loop->sealer && loop->sealer != conn)
        ws_conn_send_records(loop->sealer);
    loop->sealer = conn;
    return &loop->sealed;
}

void ws_conn_send_records(struct ws_conn *conn)
{
    if (conn->env->loop->sealer != conn)
        return;
    enum ws_error error = send_sealed(conn);
    if (error != WS_OK)
        ws_conn_abort(conn, error);
}

/* Seals of the queue, as far as that is done at a time. */
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

size_t ws_conn_transmit(struct ws_conn *conn, struct ws_out *out, enum ws_error *error)
{
    struct ws_tls *tls = conn->cold->tls;
    struct iovec pieces[PIECES];
    size_t done = 0;
    if (!tls) {
        *error = ws_stream_send(conn->watch.fd, out, &done);
        return done;
    }
    *error = WS_OK;
    while (*error == WS_OK && done < out->bytes && conn->cold->sealed.bytes == 0) {
        int count = describe(out, done, pieces);
        size_t taken;
        *error = ws_tls_seal(tls, pieces, count, WS_SEALED_MAX, take_sealed(conn), &taken);
        done += taken;
        if (*error == WS_OK)
            *error = send_sealed(conn);
    }
    return done;
}

/* Of one queue. */
static size_t send_queue(struct ws_conn *conn, struct ws_queue *queue, enum ws_error *error)
{
    size_t sent;
    *error = ws_stream_send_queue(conn->watch.fd, queue, &sent);
    if (sent > 0)
        ws_queue_consume(queue, sent);
    return sent;
}

size_t ws_conn_send_waiting(struct ws_conn *conn, enum ws_error *error)
{
    struct ws_conn_cold *cold = conn->cold;
    if (!cold->tls)
        return send_queue(conn, &cold->queue, error);
    size_t sent = 0;
    *error = WS_OK;
    if (cold->sealed.bytes > 0)
        sent = send_queue(conn, &cold->sealed, error);
    while (*error == WS_OK && cold->sealed.bytes == 0 && cold->queue.bytes > 0 &&
           ws_tls_established(cold->tls)) {
        size_t before = cold->queue.bytes;
        *error = seal_queue(conn);
        if (*error == WS_OK)
            *error = send_sealed(conn);
        sent += before - cold->queue.bytes;
    }
    return sent;
}

void ws_conn_forget_waiting(struct ws_conn *conn)
{
    if (ws_conn_waiting(conn) == 0)
        return;
    ws_queue_free(&conn->cold->queue);
    ws_queue_free(&conn->cold->sealed);
}

/* --- receiving --- */

/* Somebody speaks HTTP to a port of TLS: in HTTP he hears of it. */
static void fall_back_to_plaintext(struct ws_conn *conn)
{
    ws_tls_free(conn->cold->tls);
    conn->cold->tls = NULL;
    if (conn->refusal == WS_OK)
        conn->refusal = WS_E_TLS_EXPECTED;
}

static size_t receive_sealed(struct ws_conn *conn, uint8_t *buffer, size_t size, size_t *wire,
                             enum ws_error *error)
{
    struct ws_tls *tls = conn->cold->tls;
    bool shaking = !ws_tls_established(tls);
    /* Plaintext is put in front of the records that it comes from: it never reaches them. */
    uint8_t *records = buffer + WS_TLS_RECORD_MAX;
    if (size > WS_RECEIVE_SIZE - WS_TLS_RECORD_MAX)
        size = WS_RECEIVE_SIZE - WS_TLS_RECORD_MAX;
    size_t len, plain;
    *error = ws_stream_receive(conn->watch.fd, records, size, &len);
    *wire = len;
    if (len == 0) {
        bool client = conn->env->config->session.role == WS_ROLE_CLIENT;
        if (*error != WS_MORE && shaking && !conn->discard &&
            (client || conn->counters.bytes_in > 0)) {
            ws_tls_cut(tls, *error);
            *error = WS_E_TLS;
        }
        return 0;
    }
    if (ws_tls_ended(tls) != WS_OK) { /* nothing that comes behind it counts */
        *error = WS_MORE;
        return 0;
    }
    *error = ws_tls_open(tls, records, len, buffer, take_sealed(conn), &plain);
    if (*error == WS_E_TLS_EXPECTED) {
        fall_back_to_plaintext(conn);
        memmove(buffer, records, len);
        *error = WS_OK;
        return len;
    }
    /* What has waited for the handshake leaves with the end of it. */
    if (shaking && ws_tls_established(tls) && conn->cold->queue.bytes > 0) {
        enum ws_error sealing = seal_queue(conn);
        if (sealing != WS_OK)
            *error = sealing;
    }
    return plain;
}

size_t ws_conn_receive(struct ws_conn *conn, uint8_t *buffer, size_t size, size_t *wire,
                       enum ws_error *error)
{
    if (conn->cold->tls)
        return receive_sealed(conn, buffer, size, wire, error);
    *error = ws_stream_receive(conn->watch.fd, buffer, size, wire);
    return *wire;
}

/* --- beginning and end --- */

enum ws_error ws_conn_secure(struct ws_conn *conn, struct ws_tls_context *context, const char *name)
{
    struct ws_conn_cold *cold = ws_conn_cold(conn);
    if (!cold || !(cold->tls = ws_tls_new(context, name)))
        return WS_E_NO_MEMORY;
    if (conn->env->config->session.role == WS_ROLE_SERVER)
        return WS_OK;
    enum ws_error error = ws_tls_begin(cold->tls, take_sealed(conn));
    ws_conn_send_records(conn);
    return error;
}

bool ws_conn_shut(struct ws_conn *conn)
{
    if (conn->cold->tls && ws_tls_close(conn->cold->tls, take_sealed(conn)))
        ws_conn_send_records(conn);
    if (ws_conn_waiting(conn) > 0 || conn->failed)
        return false;
    ws_stream_shutdown(conn->watch.fd);
    return true;
}

void ws_conn_shut_now(struct ws_conn *conn)
{
    struct ws_loop *loop = conn->env->loop;
    if (conn->cold->tls && ws_conn_waiting(conn) == 0 &&
        (!conn->failed || conn->end.error == WS_OK) &&
        ws_tls_close(conn->cold->tls, take_sealed(conn)))
        send_sealed(conn);
    if (loop->sealer == conn) {
        ws_out_clear(&loop->sealed);
        loop->sealer = NULL;
    }
}
