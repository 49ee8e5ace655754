/*
 * handler: what an application does with connections. Echo, broadcast, a client in a terminal: each
 * is one of these.
 *
 * conn calls it, on the loop's thread, one event after the other, and never from inside a call that
 * the handler makes. Every member may be NULL. Pausing, resuming, sending and closing (conn.h) are
 * safe anywhere, also on other connections.
 */
#ifndef WS_HANDLER_H
#define WS_HANDLER_H

#include <ws/session.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_conn;

/* How a connection ended. */
struct ws_end {
    enum ws_error
        error : 8;        /* what ended it: WS_OK after a closing handshake, or a refusal in HTTP */
    bool clean : 1;       /* close frames went both ways */
    bool opened : 1;      /* the upgrade was done; known from then on, the rest at the end */
    bool by_peer : 1;     /* the peer's close frame came first */
    uint16_t code;        /* the close code that the peer sent; else WS_CLOSE_ABNORMAL */
    uint16_t sent_code;   /* the one that we sent; else WS_CLOSE_ABNORMAL */
    uint16_t http_status; /* of a refusal that was sent; 0: none */
};

struct ws_handler {
    /* Server: a whole request came. Accept or refuse it (ws_conn_accept, ws_conn_refuse), now or
     * later. NULL: it is accepted, or refused if it has a fault. */
    void (*request)(struct ws_conn *conn, const struct ws_request *request);
    /* The upgrade is done; for a client the event has the response, for a server the request. */
    void (*open)(struct ws_conn *conn, const struct ws_event *event);
    /* FRAME, MESSAGE, RUN, CHUNK, PING, PONG, CLOSE or ERROR. conn does what the RFC prescribes for
     * the last four afterwards. The event is valid until this returns. */
    void (*event)(struct ws_conn *conn, const struct ws_event *event);
    /* All events of what one receive brought have been delivered, at least one, or a pause has
     * begun. What is sent here leaves with what event() has sent: for handlers that would rather
     * answer many messages at once than each. Not called once the connection has failed. */
    void (*delivered)(struct ws_conn *conn);
    /* The queue is below low water again, after it was above high water. */
    void (*drained)(struct ws_conn *conn);
    /* The last call: `conn` is invalid when this returns. */
    void (*close)(struct ws_conn *conn, const struct ws_end *end);
    /* Where payload only has to be passed on: `len` bytes of it come next on the socket `fd`, of a
     * binary message that is delivered in pieces, without TLS (ws_session_passable()). Takes some
     * of them from there, without waiting, and returns how many; no event has those. 0: they are
     * received as usual, or later if the handler has paused the connection. */
    size_t (*payload)(struct ws_conn *conn, int fd, size_t len);
};

#ifdef __cplusplus
}
#endif

#endif
