/*
 * peer: one connection of the load, from its beginning to its end, and what a worker does with all
 * of its connections. peer_open.c opens them, peer_send.c sends their messages, peer_receive.c
 * matches the replies; all count into the worker. phases.c calls it, on the worker's thread.
 */
#ifndef CMD_WSBENCH_LOAD_PEER_H
#define CMD_WSBENCH_LOAD_PEER_H

#include "cmd/wsbench/count/fanout.h"
#include "cmd/wsbench/count/flight.h"
#include "cmd/wsbench/load/worker.h"
#include "cmd/wsbench/payload/payload.h"

#include <stdbool.h>
#include <stdint.h>

struct peer {
    struct worker *worker;
    struct peer *next_idle;   /* in worker->idle */
    struct ws_client *client; /* while connecting */
    struct ws_conn *conn;     /* from then until it ends */
    uint32_t number;          /* unique over all workers */
    uint32_t identity;        /* what its messages say: its number; broadcast: which publisher */
    uint64_t published;       /* broadcast: messages sent */
    bool open;
    bool leaving;           /* closed by us */
    bool given_up;          /* closed by us since its answers are corrupt */
    bool limited;           /* the timer is armed */
    unsigned wrong;         /* corrupt answers on this connection */
    double place;           /* of its next message in the worker's schedule (open model) */
    struct pace_entry pace; /* when that is due; churn: when its connection was */
    uint64_t random;
    struct flight flight;  /* its messages and what became of them */
    struct fanout *heard;  /* broadcast: what it had of each publisher */
    struct ws_timer limit; /* fires when an answer may be overdue */
    struct payload_answer answer;
    int64_t begun_ns; /* start of the connection, then of the request */
};

extern const struct ws_handler peer_handler;

/* Makes peer `index` of `worker`. */
void peer_init(struct peer *peer, struct worker *worker, uint32_t index);
/* Closes the connection, or cancels connecting. */
void peer_leave(struct peer *peer);
/* Ends the connection at once. */
void peer_abort(struct peer *peer);

/* --- opening connections: as fast as the server accepts them, or at a rate --- */

/* Call before the loop runs. */
void peer_open_init(struct worker *worker);
/* Begins to connect; with churn nothing happens before peer_open_churn(). */
void peer_open_start(struct worker *worker);
/* Churn: the load begins. False if the schedule cannot be started. */
bool peer_open_churn(struct worker *worker);
/* Churn, at the end of the load: counts the connections that were due before `end_ns` and were not
 * begun, with the time that they have waited. */
void peer_open_count_unsent(struct worker *worker, int64_t end_ns);
/* Nothing more is opened. */
void peer_open_stop(struct worker *worker);

/* --- sending --- */

/* The load begins for all of the worker's peers. False if the schedule cannot be started. */
bool peer_send_start(struct worker *worker);
/* Sends, at the end of the load, what was due before it and has not had its turn yet. */
void peer_send_all_due(struct worker *worker);
/* Counts the messages that were due before `end_ns` and were not sent, with the time that they have
 * waited. */
void peer_send_count_unsent(struct worker *worker, int64_t end_ns);
/* Gives the messages up that wait, once no more answers are waited for. */
void peer_send_settle(struct peer *peer);

#endif
