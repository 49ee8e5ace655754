/*
 * worker: a thread, its loop, and its share of the connections.
 *
 * bench.c moves all workers through the phases; worker.c carries a phase out; peer.c is what
 * happens on one connection.
 */
#ifndef CMD_WSBENCH_WORKER_H
#define CMD_WSBENCH_WORKER_H

#include "cmd/wsbench/payload.h"
#include "cmd/wsbench/settings.h"
#include "cmd/wsbench/totals.h"
#include <ws/client.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum phase {
    PHASE_CONNECT, /* all connections are opened; with churn none */
    PHASE_LOAD,
    PHASE_DRAIN, /* nothing more is sent; what is outstanding is waited for */
    PHASE_CLOSE,
};

/* What workers share with the main thread. */
struct bench {
    const struct settings *settings;
    struct ws_url url;     /* the target's with its host resolved: names are looked up once */
    struct ws_proxy proxy; /* the same; its host NULL: none */
    _Atomic int phase;
    _Atomic unsigned ready;   /* workers all of whose connections are open or have failed */
    _Atomic unsigned drained; /* workers that have nothing outstanding, and nothing to send */
    _Atomic unsigned done;    /* workers that have ended */
    int64_t start_ns;         /* of the load, on the monotonic clock */
};

struct worker;

/* When a message that is in flight was due, and when it was sent. */
struct stamp {
    int64_t due_ns, sent_ns;
};

struct peer {
    struct worker *worker;
    struct ws_client *client; /* while connecting */
    struct ws_conn *conn;     /* from then until it ends */
    uint32_t number;          /* over all workers */
    bool open;
    bool leaving;          /* we closed it */
    uint64_t due;          /* messages of its schedule that were sent (open model) */
    uint64_t next;         /* sequence of the next message */
    uint64_t expected;     /* of the next answer */
    struct stamp *stamps;  /* a ring of settings->window */
    unsigned first, count; /* in it */
    struct payload_answer answer;
    int64_t begun_ns; /* of the connection, then of the request */
};

struct worker {
    struct bench *bench;
    const struct settings *settings;
    pthread_t thread;
    struct ws_loop loop;
    struct ws_conn_config config;
    struct ws_conn_env env;     /* of all its connections */
    struct ws_tls_context *tls; /* of its own; NULL without TLS */
    struct totals totals;
    struct peer *peers;
    uint32_t count;       /* of peers */
    uint32_t first;       /* the number of the first */
    uint32_t publishers;  /* of them; they come first */
    uint32_t begun;       /* peers whose connection was begun */
    uint32_t connecting;  /* begun, and neither open nor failed */
    uint32_t alive;       /* connections that exist, open or not */
    uint64_t quota;       /* messages (churn: connections) that may still be sent */
    uint64_t outstanding; /* messages in flight */
    double interval_ns;   /* open model: between two messages of this worker */
    uint64_t scheduled;   /* of the schedule, how many were looked at */
    struct ws_watch pace; /* a timer of nanoseconds, for the schedule */
    struct ws_timer connect_timer;
    uint8_t *message;
    int64_t connect_start_ns;
    int64_t load_begun_ns;
    double load_begun_cpu;
    int phase; /* the last one that was carried out */
    bool told_ready, told_drained;
    int status; /* 0, or why the thread could not start its work */
};

/* The monotonic clock in nanoseconds. */
int64_t clock_ns(void);

/* The thread: `argument` is its worker. Fills in totals. */
void *worker_run(void *argument);

/* --- between worker.c and peer.c --- */

extern const struct ws_handler peer_handler;

/* Begins its connection. */
void peer_connect(struct peer *peer);
/* The load begins: the closed model's first messages. */
void peer_start(struct peer *peer);
/* Sends what its schedule has due at `now_ns`, as far as its window allows. */
void peer_send_due(struct peer *peer, int64_t now_ns);
/* Says goodbye, or gives up connecting. */
void peer_leave(struct peer *peer);

/* A connection has opened or has failed: the next may begin. */
void worker_connected(struct worker *worker);
/* Is everything sent and answered? Tells the main thread, once. */
void worker_check_drained(struct worker *worker);
/* A connection has ended. */
void worker_ended(struct worker *worker);

#endif
