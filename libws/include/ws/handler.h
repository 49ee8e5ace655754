/*
 * handler: what a mode is. Echo, broadcast, a process, a client in a terminal: each is one of
 * these.
 *
 * conn calls it, on the loop's thread, one event after the other; it never calls it from inside one
 * of the handler's own calls. Every member may be NULL. Pausing, resuming, sending and closing
 * (conn.h) are safe anywhere, also on other connections.
 */
#ifndef WS_HANDLER_H
#define WS_HANDLER_H

#include <ws/session.h>

#include <stdbool.h>
#include <stdint.h>

struct ws_conn;

/* How a connection ended. */
struct ws_end {
    enum ws_error error;  /* what ended it: WS_OK after a closing handshake, or a refusal in HTTP */
    bool clean;           /* close frames went both ways */
    bool opened;          /* the upgrade was done */
    bool by_peer;         /* the peer's close frame came first */
    uint16_t code;        /* that the peer sent; else WS_CLOSE_ABNORMAL */
    uint16_t http_status; /* of a refusal that was sent; 0: none */
};

struct ws_handler {
    /* Server: a whole request came. Accept or refuse it (ws_conn_accept, ws_conn_refuse), now or
     * later. NULL: what ws_session_answer() does. */
    void (*request)(struct ws_conn *conn, const struct ws_request *request);
    /* The upgrade is done; a client finds the response in the event. */
    void (*open)(struct ws_conn *conn, const struct ws_event *event);
    /* FRAME, MESSAGE, CHUNK, PING, PONG, CLOSE or ERROR. What the RFC prescribes for the last four
     * is done by conn afterwards. The event lives until this returns. */
    void (*event)(struct ws_conn *conn, const struct ws_event *event);
    /* The queue is below low water again, after it was above high water. */
    void (*drained)(struct ws_conn *conn);
    /* The last call: the connection is gone when this returns. */
    void (*close)(struct ws_conn *conn, const struct ws_end *end);
};

#endif
