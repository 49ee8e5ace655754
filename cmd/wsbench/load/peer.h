/*
 * peer: one connection of the load, from its beginning to its end, and what a worker does with all
 * of its connections. peer_open.c opens them, peer_end.c counts how they end, peer_streams.c has
 * them share HTTP/2 connections, peer_send.c sends their messages, peer_receive.c matches the
 * replies; all count into the worker. phases.c calls it, on the worker's thread.
 */
#ifndef CMD_WSBENCH_LOAD_PEER_H
#define CMD_WSBENCH_LOAD_PEER_H

#include "cmd/wsbench/count/fanout.h"
#include "cmd/wsbench/count/flight.h"
#include "cmd/wsbench/load/worker.h"
#include "cmd/wsbench/payload/payload.h"

#include <stdbool.h>
#include <stdint.h>

/* Why a connection is to be opened again. */
enum returning {
    RETURNING_NOT,
    RETURNING_RENEWED, /* --channel-lifetime: this program has closed it */
    RETURNING_AWAY,    /* --reconnect: it has ended */
};

struct peer {
    struct worker *worker;
    struct peer *next_idle;    /* in worker->idle, or of those whose wait has just ended */
    struct ws_client *client;  /* while connecting */
    struct ws_conn *conn;      /* from then until it is over */
    struct ws_conn *lingering; /* its last one, which is over, and whose TCP has not ended */
    uint32_t number;           /* unique over all workers */
    uint32_t identity;         /* what its messages say: its number; broadcast: which publisher */
    size_t sent_len;           /* bytes of the last message sent */
    uint64_t published;        /* messages sent, where none is answered */
    bool waits;   /* --streams: for the HTTP/2 connection that another one is opening */
    bool joined;  /* --streams: another one opened the HTTP/2 connection */
    bool opening; /* the server has not answered the request */
    enum ws_error
        unable; /* --streams: why it could not be opened, which counts when `retry` fires */
    bool open;
    bool received;    /* it has been open, and is one of the receivers */
    bool holds_place; /* --streams: it is over, and its stream has not ended */
    bool unexpected;  /* --first-expect: a message came, and was another */
    bool greeting;    /* --first-expect: what is expected has not come */
    bool leaving;     /* closed by us */
    bool started;     /* it may send: its turn of --ramp has come */
    bool retiring;    /* --channel-lifetime: it is closed once nothing waits */
    enum returning returning;
    bool slow;              /* --slow-readers: it is one */
    enum unsent unsent;     /* at the end of the load: why what was due was not sent */
    bool given_up;          /* closed by us since its answers are corrupt */
    bool limited;           /* the timer is armed */
    unsigned wrong;         /* corrupt answers on this connection */
    unsigned outstanding;   /* of its messages in flight, those that the worker counts as such */
    double place;           /* of its next message in the worker's schedule (open model) */
    struct pace_entry pace; /* when that is due; churn: when its connection was */
    uint64_t random;
    struct flight flight;   /* its messages and what became of them */
    struct fanout *heard;   /* broadcast: what it had of each publisher */
    struct ws_timer again;  /* goes on sending */
    struct ws_timer retry;  /* connects again */
    struct ws_timer life;   /* --channel-lifetime */
    struct ws_timer resume; /* --slow-readers: reads on */
    uint32_t delay_ms;      /* --reconnect: before the next attempt */
    struct ws_timer limit;  /* fires when an answer may be overdue */
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
/* Churn, at the end of the load: why connections that were due before `end_ns` were not begun; and
 * after the last of them has ended: counts those as peer_send_count_unsent() does. */
void peer_open_note_unsent(struct worker *worker, int64_t end_ns);
void peer_open_count_unsent(struct worker *worker);
/* At the end of the load: what is not back by then does not come back. */
void peer_open_end(struct worker *worker);
/* Nothing more is opened. */
void peer_open_stop(struct worker *worker);

/* --- sending --- */

/* The load begins for all of the worker's peers. False if the schedule cannot be started. */
bool peer_send_start(struct worker *worker);
/* Sends, at the end of the load, what was due before it and has not had its turn yet. */
void peer_send_all_due(struct worker *worker);
/* At the end of the load: why messages that were due before `end_ns` were not sent. */
void peer_send_note_unsent(struct worker *worker, int64_t end_ns);
/* After the last connection has ended: counts those messages. What each would have taken is not
 * known; at least what it has waited, and the quickest round trip, or what was waited for a lost
 * one. */
void peer_send_count_unsent(struct worker *worker);
/* Gives the messages up that wait, once no more answers are waited for: before the close. */
void peer_send_settle(struct peer *peer);

#endif
