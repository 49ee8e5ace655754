/*
 * peer: one connection of the load: sends its messages, matches the replies, counts into its
 * worker.
 *
 * phases.c calls it, on the worker's thread.
 */
#ifndef CMD_WSBENCH_PEER_H
#define CMD_WSBENCH_PEER_H

#include "cmd/wsbench/count/fanout.h"
#include "cmd/wsbench/count/flight.h"
#include "cmd/wsbench/load/worker.h"
#include "cmd/wsbench/payload/payload.h"

#include <stdbool.h>
#include <stdint.h>

struct peer {
    struct worker *worker;
    struct ws_client *client; /* while connecting */
    struct ws_conn *conn;     /* from then until it ends */
    uint32_t number;          /* unique over all workers */
    uint32_t identity;        /* what its messages say: its number; broadcast: which publisher */
    uint64_t published;       /* broadcast: messages sent */
    bool open;
    bool leaving;          /* closed by us */
    uint64_t due;          /* messages of its schedule sent so far (open model) */
    struct flight flight;  /* its messages and what became of them */
    struct fanout *heard;  /* broadcast: what it had of each publisher */
    struct ws_timer limit; /* fires when an answer may be overdue */
    bool limited;          /* the timer is armed */
    struct payload_answer answer;
    int64_t begun_ns; /* start of the connection, then of the request */
};

extern const struct ws_handler peer_handler;

/* Makes peer `index` of `worker`. */
void peer_init(struct peer *peer, struct worker *worker, uint32_t index);
/* Starts to connect. */
void peer_connect(struct peer *peer);
/* Call when the load begins: sends the closed model's first messages. */
void peer_start(struct peer *peer);
/* Sends the messages that are due at `now_ns`, as far as the window allows. */
void peer_send_due(struct peer *peer, int64_t now_ns);
/* Call when the load ends: counts the messages that were due before `end_ns` and were not sent,
 * with the time that they have waited. */
void peer_count_unsent(struct peer *peer, int64_t end_ns);
/* Gives the messages up that wait, once no more answers are waited for. */
void peer_settle(struct peer *peer);
/* Closes the connection, or cancels connecting. */
void peer_leave(struct peer *peer);

#endif
