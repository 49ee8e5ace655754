/*
 * peer: one connection of the load: sends its messages, matches the replies, counts into its
 * worker.
 *
 * phases.c calls it, on the worker's thread.
 */
#ifndef CMD_WSBENCH_PEER_H
#define CMD_WSBENCH_PEER_H

#include "cmd/wsbench/payload.h"
#include "cmd/wsbench/worker.h"

#include <stdbool.h>
#include <stdint.h>

/* The times when a message in flight was due and was sent. */
struct stamp {
    int64_t due_ns, sent_ns;
};

struct peer {
    struct worker *worker;
    struct ws_client *client; /* while connecting */
    struct ws_conn *conn;     /* from then until it ends */
    uint32_t number;          /* unique over all workers */
    bool open;
    bool leaving;          /* closed by us */
    uint64_t due;          /* messages of its schedule sent so far (open model) */
    uint64_t next;         /* sequence number of the next message */
    uint64_t expected;     /* sequence number of the next reply */
    struct stamp *stamps;  /* a ring of settings->window */
    unsigned first, count; /* of the ring */
    struct payload_answer answer;
    int64_t begun_ns; /* start of the connection, then of the request */
};

extern const struct ws_handler peer_handler;

/* Starts to connect. */
void peer_connect(struct peer *peer);
/* Call when the load begins: sends the closed model's first messages. */
void peer_start(struct peer *peer);
/* Sends the messages that are due at `now_ns`, as far as the window allows. */
void peer_send_due(struct peer *peer, int64_t now_ns);
/* Closes the connection, or cancels connecting. */
void peer_leave(struct peer *peer);

#endif
