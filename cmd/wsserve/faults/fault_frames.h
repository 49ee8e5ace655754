/*
 * fault_frames: what a server is about to send, spoilt.
 *
 * Bytes in, pieces out; no connection, no clock. fault_conn feeds it with what one flush gathered,
 * which is always whole frames (or one HTTP answer), and sends the pieces when they are due.
 */
#ifndef CMD_WSSERVE_FAULTS_FAULT_FRAMES_H
#define CMD_WSSERVE_FAULTS_FAULT_FRAMES_H

#include "cmd/wsserve/faults/fault.h"

/* Bytes to be sent one after the other. From malloc; freed by whoever took it. */
struct fault_piece {
    struct fault_piece *next;
    uint32_t delay_ms; /* after it was handed over */
    uint32_t split;    /* so many bytes at a time; 0: all at once */
    size_t len;
    uint8_t data[];
};

/* How a connection goes on once its pieces have been sent. */
enum fault_then {
    FAULT_GO_ON,
    FAULT_CLOSE, /* with a close frame; messages are left out from now on */
    FAULT_END,   /* the stream ends: a FIN */
    FAULT_ABORT, /* a reset */
};

/* What a connection's faults have to remember. All zero but for `conn` at the beginning. */
struct fault_frames {
    uint64_t conn;
    uint64_t messages; /* begun */
    uint64_t controls;
    uint64_t sent; /* messages that were sent whole */
    enum fault_then then;
    bool upgraded; /* the 101 has passed: frames follow */
    bool in_message;
    bool dropping;            /* the rest of a fragmented message */
    bool silent;              /* the peer's close was not answered, and shall not be */
    struct fault_piece *kept; /* a message that comes behind the next one */
};

/*
 * Spoils `len` bytes and adds the pieces to the end of `*list`. `close_received`: the peer's close
 * frame has come, so that a close is a reply. False without memory: the connection cannot go on.
 * `state->then` says what follows.
 */
bool fault_frames_rewrite(const struct faults *faults, struct fault_frames *state,
                          const uint8_t *data, size_t len, bool close_received,
                          struct fault_piece **list);

/* Frees what was kept back; gives it to the list instead, where that is not NULL. */
void fault_frames_release(struct fault_frames *state, struct fault_piece **list);

/* Frees a whole list. */
void fault_pieces_free(struct fault_piece *list);

#endif
