/*
 * conn_private: what the files of conn share, and nobody else.
 *
 * conn.c is the walk of a message: readable, session, handler, flush. conn_life.c is its beginning
 * and its end. conn_send.c gathers and sends what handlers say, conn_body.c the bodies of long HTTP
 * answers. conn_time.c watches the deadlines. conn_wire.c is the way to the descriptor and from it,
 * plain or through TLS.
 */
#ifndef LIBWS_CONN_CONN_PRIVATE_H
#define LIBWS_CONN_CONN_PRIVATE_H

#include <ws/conn.h>

enum {
    WS_SEALED_MAX = 256 * 1024, /* plaintext that is sealed at a time: not much more than that can
                                 * come to lie in side->sealed by what we say */
    WS_SEALED_HIGH = 2 * WS_SEALED_MAX,
};

/* conn_send.c */

/* The loop's output, for `conn` to write into; it is sent at the end of its turn or of the batch.
 */
struct ws_out *ws_conn_take_out(struct ws_conn *conn);
/* Whoever has the loop's output sends what it gathered. */
void ws_conn_free_out(struct ws_loop *loop);
/* Sends what `conn` has gathered in the loop's output; what the kernel refuses is queued. */
void ws_conn_flush(struct ws_conn *conn);
/* The first cause is the one that is reported. */
void ws_conn_record_error(struct ws_conn *conn, enum ws_error why);

/* conn_wire.c */

/* Receives once: up to `size` bytes from the wire, whose plaintext is put into `buffer`, the loop's
 * behind its headroom. Returns its length with WS_OK in `*error`, or 0 with what
 * ws_stream_receive() or ws_tls_open() say. `*wire` gets how many bytes came. */
size_t ws_conn_receive(struct ws_conn *conn, uint8_t *buffer, size_t size, size_t *wire,
                       enum ws_error *error);
/* Sends what is in `out`, of which nothing may wait yet: as much as the kernel takes, and with TLS
 * at most some more that lies in side->sealed then. Returns how many bytes of `out` those were. */
size_t ws_conn_transmit(struct ws_conn *conn, struct ws_out *out, enum ws_error *error);
/* Sends of what waits; returns how many bytes went. */
size_t ws_conn_send_waiting(struct ws_conn *conn, enum ws_error *error);
/* Sends the records that TLS has brought forth by itself while something was received. */
void ws_conn_send_records(struct ws_conn *conn);
/* Nothing more will be sent: says so, in TLS and then with a FIN. False while the first of that
 * waits for the kernel: to be called again then. */
bool ws_conn_shut(struct ws_conn *conn);
/* The connection ends now: says so in TLS, if that can be done at once. */
void ws_conn_shut_now(struct ws_conn *conn);
/* Forgets all that waits. */
void ws_conn_forget_waiting(struct ws_conn *conn);
/* Has TLS come to an end of its own? WS_OK, or what ws_tls_ended() says. */
static inline enum ws_error ws_conn_tls_ended(const struct ws_conn *conn)
{
    return conn->cold->tls ? ws_tls_ended(conn->cold->tls) : WS_OK;
}

/* Bytes that wait to be sent, on this side of the kernel. */
static inline size_t ws_conn_waiting(const struct ws_conn *conn)
{
    return conn->cold->queue.bytes + conn->cold->sealed.bytes;
}

/* Waits so much of what TLS seals that part of it must be its own answers? Until the peer has taken
 * them it is not read. */
static inline bool ws_conn_tls_backlogged(const struct ws_conn *conn)
{
    return conn->cold->sealed.bytes > WS_SEALED_HIGH;
}

/* Is TLS not yet so far that anything could be sent through it? */
static inline bool ws_conn_tls_handshaking(const struct ws_conn *conn)
{
    return conn->cold->tls && !ws_tls_established(conn->cold->tls);
}

/* Does something wait that could be sent if the kernel took it? */
static inline bool ws_conn_sendable(const struct ws_conn *conn)
{
    return ws_conn_tls_handshaking(conn) ? conn->cold->sealed.bytes > 0 : ws_conn_waiting(conn) > 0;
}

/* conn_body.c */

/* Reads more of the body and sends it: when the queue is empty. */
void ws_conn_send_body(struct ws_conn *conn);
void ws_conn_free_body(struct ws_conn *conn);

/* conn_time.c */

/* Has the timer fire at the nearest deadline, at the latest. */
void ws_conn_arm(struct ws_conn *conn);
/* The time to close runs from now. */
void ws_conn_begin_closing(struct ws_conn *conn);
void ws_conn_on_timer(struct ws_timer *timer);

/* conn_life.c */

/* Has this connection come to its end, and nothing is left to be sent? What follows from that. To
 * be called when either may have changed; the connection may have ended afterwards. */
void ws_conn_settle(struct ws_conn *conn);
/* It has ended, and the batch too: its memory goes. */
void ws_conn_destroy(struct ws_conn *conn);

/* conn.c */

void ws_conn_on_ready(struct ws_watch *watch, unsigned ready);
/* Whatever was put off to the end of the batch: sending, resuming, ending. */
void ws_conn_on_task(struct ws_deferred *task);

/* When all that it sent is paid for, in the loop's microseconds. */
static inline int64_t ws_conn_paid_us(const struct ws_conn *conn)
{
    const int64_t *paid = conn->cold->paid_us;
    return paid[0] > paid[1] ? paid[0] : paid[1];
}

/* Bytes of input that wait to be pulled. */
size_t ws_conn_unread(const struct ws_conn *conn);
/* The time to be throttled is over. */
void ws_conn_unthrottle(struct ws_conn *conn);
/* The queue is below low water again: reading goes on, and the handler hears of it. */
void ws_conn_drained(struct ws_conn *conn);

/* Is the peer being read? */
bool ws_conn_reading(const struct ws_conn *conn);
void ws_conn_update_interest(struct ws_conn *conn);

#endif
