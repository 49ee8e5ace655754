/*
 * worker: a thread, its loop, and its share of the connections.
 *
 * bench.c moves all workers through the phases; phases.c runs a phase; peer.c handles the
 * connections; worker.c keeps count and notifies the main thread.
 */
#ifndef CMD_WSBENCH_LOAD_WORKER_H
#define CMD_WSBENCH_LOAD_WORKER_H

#include "cmd/common/options/target_hint.h"
#include "cmd/wsbench/count/deliveries.h"
#include "cmd/wsbench/count/totals.h"
#include "cmd/wsbench/load/clock.h"
#include "cmd/wsbench/load/pace.h"
#include "cmd/wsbench/load/schedule.h"
#include "cmd/wsbench/options/settings.h"
#include "cmd/wsbench/payload/payload.h"
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
    PHASE_ABORT, /* the closing handshakes are not waited for */
};

/* Shared by the workers and the main thread. */
struct bench {
    const struct settings *settings;
    struct ws_url url;     /* the target's URL with its host resolved */
    struct ws_proxy proxy; /* the proxy, resolved too; its host is NULL for none */
    _Atomic int phase;
    _Atomic unsigned published; /* how often the workers were asked for their totals so far */
    unsigned loopback_sources;  /* addresses of 127.0.0.0/8 that connections come from; 0, 1: one */
    _Atomic unsigned away;      /* --reconnect: connections that are not back yet */
    _Atomic int64_t away_since_ns;
    _Atomic unsigned ready;   /* workers whose connections are all open or failed */
    _Atomic unsigned drained; /* workers with nothing outstanding and nothing to send */
    _Atomic unsigned done;    /* workers that have ended */
    int64_t start_ns;         /* start of the load, monotonic */
    int64_t counted_ns;       /* end of the warm-up: what was due before it is not counted */
    int64_t end_ns;           /* no message is due from then on; INT64_MAX: no limit */
    int64_t last_due_ns;      /* as end_ns, or when the last of a number at a rate is due */
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
    pthread_mutex_t publish_lock;
    struct totals *published; /* under the lock: a copy of its totals, once it was asked for one */
    unsigned published_count;
    struct peer *peers;
    uint32_t count;                /* number of peers */
    uint32_t first;                /* number of the first peer */
    uint32_t publishers;           /* number of senders, which come first */
    uint32_t first_publisher;      /* number of the first of them */
    uint32_t can_send;             /* open connections that send */
    struct deliveries *deliveries; /* broadcast; the main thread frees it */
    uint64_t timed_receivers;      /* of its connections that have opened, those that are timed */
    struct fanout *heard;          /* broadcast: settings->publishers of each peer */
    uint32_t begun;                /* peers that have started to connect */
    uint32_t connecting;           /* connection attempts in progress */
    uint32_t coming_back;          /* connections that are to be opened again */
    uint32_t alive;                /* connections that exist, open or not */
    uint32_t lingering;            /* of those, connections that are over */
    uint64_t quota;                /* messages (churn: connections) that may still be sent */
    uint64_t outstanding;          /* messages in flight */
    struct schedule schedule;      /* open model: of its messages (churn: of its connections) */
    struct pace pace;              /* open while there is a schedule */
    int64_t unsent_to_ns;          /* what was due before it and was not sent is counted at the end;
                                    * 0: nothing is */
    enum unsent connections_unsent; /* churn: why no more were begun */
    double place;                   /* churn: of the next connection in the schedule */
    uint64_t random;                /* churn: of Poisson arrivals */
    struct peer *idle;              /* churn: peers without a connection, a list */
    int64_t now_ns;                 /* when what `now_of` reads was there; see peer_now() */
    const struct peer *now_of;      /* NULL: of none */
    struct ws_deferred now_over;    /* forgets it at the end of the batch */
    bool answered, own, open_model; /* of the settings, which do not change */
    struct ws_timer connect_timer;
    struct ws_timer warm_timer; /* fires at the end of the warm-up */
    bool warm;                  /* the warm-up is over */
    struct payload payload;
    struct match match;    /* own messages: how answers find theirs */
    regex_t first_expect;  /* --first-expect, compiled */
    struct ws_bytes *text; /* own messages: the last one, filled in */
    int64_t connect_start_ns;
    int64_t cpu_since_ns; /* when the time began for which CPU is reported */
    double cpu_before_s;  /* CPU time used until then */
    char address[64];     /* the one that answered first: later connections go there */
    char refusal[280];    /* the first refusal of an upgrade, as text; empty: none */
    const char *answer;   /* what is wrong with the last answer that was no refusal; or NULL */
    char answer_text[TARGET_ANSWER_MAX];
    enum ws_error answer_error; /* its error */
    int phase;                  /* the last completed phase */
    bool reported_ready, reported_drained;
    int status; /* 0, or 1 if the thread could not start its work */
};

/* Adds one and wakes the main thread, which waits for signals. */
void worker_notify_main(_Atomic unsigned *counter);

/* How many of its peers, the first ones, share its schedule. */
uint32_t worker_senders(const struct worker *worker);
/* Sets the worker's schedule: `share` of the rate, ramp and bursts that were asked for. */
void worker_set_schedule(struct worker *worker, double rate, double share);
/* May another message be sent, or with churn another connection be opened? */
bool worker_may_send(const struct worker *worker);
/* Notifies the main thread, once, when everything is sent and answered. */
void worker_check_drained(struct worker *worker);
/* Call when a connection has ended. */
void worker_ended(struct worker *worker);

/* On its own thread: copies its totals if it was asked to since the last time. */
void worker_publish(struct worker *worker);
/* From the main thread: adds the last copy to `sum`. */
void worker_add_published(struct worker *worker, struct totals *sum);

/* CPU time is reported from now on. */
void worker_cpu_start(struct worker *worker);
/* Sets what is reported: the time used since then, and its share of a core. */
void worker_cpu_stop(struct worker *worker);

#endif
