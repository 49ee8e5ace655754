/*
 * fault_frames: injects faults into the bytes that a server is about to send.
 *
 * Bytes in, pieces out; no connection, no clock. fault_conn feeds it with the output of one flush,
 * which is always whole frames or one HTTP answer, and sends the pieces when they are due.
 */
#ifndef CMD_WSSERVE_FAULTS_FAULT_FRAMES_H
#define CMD_WSSERVE_FAULTS_FAULT_FRAMES_H

#include "cmd/wsserve/faults/fault.h"

/* Bytes to be sent in order; from malloc, owned by the caller. */
struct fault_piece {
    struct fault_piece *next;
    uint32_t delay_ms; /* from now */
    uint32_t split;    /* bytes at a time; 0: all at once */
    size_t len;
    uint8_t data[];
};

/* How a connection goes on once its pieces have been sent. */
enum fault_then {
    FAULT_GO_ON,
    FAULT_CLOSE, /* with a close frame; later messages are dropped */
    FAULT_END,   /* the stream ends: a FIN */
    FAULT_ABORT, /* a reset */
};

/* The state of a connection's faults. All zero except `conn` at the beginning. */
struct fault_frames {
    uint64_t conn;
    uint64_t messages; /* started */
    uint64_t controls;
    uint64_t sent; /* messages that were sent whole */
    enum fault_then then;
    bool upgraded; /* the 101 has passed: frames follow */
    bool in_message;
    bool dropping;            /* the rest of a fragmented message */
    bool silent;              /* the peer's close is not answered */
    struct fault_piece *kept; /* a message to be sent after the next one */
};

/*
 * Applies faults to `len` bytes and appends the pieces to `*list`. `close_received`: the peer's
 * close frame has come, so that a close is a reply. False without memory: the connection cannot go
 * on. `state->then` says what follows.
 */
bool fault_frames_rewrite(const struct faults *faults, struct fault_frames *state,
                          const uint8_t *data, size_t len, bool close_received,
                          struct fault_piece **list);

/* Moves `kept` to the end of `*list`; frees it if `list` is NULL. */
void fault_frames_release(struct fault_frames *state, struct fault_piece **list);

/* Frees a whole list. */
void fault_pieces_free(struct fault_piece *list);

#endif
