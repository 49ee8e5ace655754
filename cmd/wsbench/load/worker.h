/*
 * worker: a thread, its loop, and its share of the connections.
 *
 * bench.c moves all workers through the phases; phases.c runs a phase; peer.c handles one
 * connection; worker.c keeps count and notifies the main thread.
 */
#ifndef CMD_WSBENCH_WORKER_H
#define CMD_WSBENCH_WORKER_H

#include "cmd/wsbench/count/totals.h"
#include "cmd/wsbench/options/settings.h"
#include <ws/client.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum phase {
    PHASE_CONNECT, /* all connections are opened; none with churn */
    PHASE_LOAD,
    PHASE_DRAIN, /* nothing more is sent; waits for outstanding replies */
    PHASE_CLOSE,
};

/* Shared by the workers and the main thread. */
struct bench {
    const struct settings *settings;
    struct ws_url url;     /* the target's URL with its host resolved */
    struct ws_proxy proxy; /* the proxy, resolved too; its host is NULL for none */
    _Atomic int phase;
    _Atomic unsigned ready;   /* workers whose connections are all open or failed */
    _Atomic unsigned drained; /* workers with nothing outstanding and nothing to send */
    _Atomic unsigned done;    /* workers that have ended */
    int64_t start_ns;         /* start of the load, monotonic */
    int64_t end_ns;           /* no message is due from then on; INT64_MAX: no limit */
};

struct peer;
struct worker;

struct worker {
    struct bench *bench;
    const struct settings *settings;
    pthread_t thread;
    struct ws_loop *loop;
    struct ws_conn_env env;     /* shared by its connections */
    struct ws_tls_context *tls; /* owned; NULL without TLS */
    struct totals totals;
    struct peer *peers;
    uint32_t count;           /* number of peers */
    uint32_t first;           /* number of the first peer */
    uint32_t publishers;      /* number of senders, which come first */
    uint32_t first_publisher; /* number of the first of them */
    uint32_t can_send;        /* open connections that send */
    struct fanout *heard;     /* broadcast: settings->publishers of each peer */
    uint32_t begun;           /* peers that have started to connect */
    uint32_t connecting;      /* connection attempts in progress */
    uint32_t alive;           /* connections that exist, open or not */
    uint64_t quota;           /* messages (churn: connections) that may still be sent */
    uint64_t outstanding;     /* messages in flight */
    double interval_ns;       /* open model: time between two messages of this worker */
    uint64_t scheduled;       /* number of scheduled messages handled so far */
    struct ws_watch pace;     /* a timerfd with nanosecond resolution, for the schedule */
    struct ws_timer connect_timer;
    uint8_t *message;
    int64_t connect_start_ns;
    int64_t load_begun_ns;
    double load_begun_cpu;
    char address[64];  /* the one that answered first: later connections go there */
    char refusal[200]; /* the first refusal of an upgrade, as text; empty: none */
    int phase;         /* the last completed phase */
    bool told_ready, told_drained;
    void (*connect_more)(struct worker *worker); /* starts further connections */
    int status; /* 0, or 1 if the thread could not start its work */
};

#define NS_PER_US     INT64_C(1000)
#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

/* The monotonic clock in nanoseconds. */
int64_t clock_ns(void);

/* Adds one and wakes the main thread, which waits for signals. */
void worker_notify_main(_Atomic unsigned *counter);

/* How many of its peers, the first ones, share its schedule. */
uint32_t worker_senders(const struct worker *worker);
/* Call when a connection has opened or failed: starts the next. */
void worker_connected(struct worker *worker);
/* Notifies the main thread, once, when everything is sent and answered. */
void worker_check_drained(struct worker *worker);
/* Call when a connection has ended. */
void worker_ended(struct worker *worker);

#endif
