/*
 * totals: the counters of a run. Each worker writes its own; they are added up once the workers are
 * done.
 */
#ifndef CMD_WSBENCH_COUNT_TOTALS_H
#define CMD_WSBENCH_COUNT_TOTALS_H

#include "cmd/common/count/histogram.h"
#include "cmd/wsbench/count/tally.h"
#include <ws/deflate.h>
#include <ws/error.h>

#include <stdatomic.h>
#include <stdint.h>

/* Why a message that was due could not be sent. */
enum unsent {
    UNSENT_WINDOW, /* as many as the window allows were in flight */
    UNSENT_GONE,   /* its connection had ended, or never opened */
    UNSENT_QUEUE,  /* the server read too little: what was sent still waited in the queue */
    UNSENT_CLIENT, /* nothing hindered it: this program came too late */
    UNSENT_CAUSES,
};

/* What each cause is called in the report, and in JSON. */
extern const struct unsent_name {
    const char *text, *key;
} unsent_names[UNSENT_CAUSES];

enum { TOTALS_DETAIL = 512 };

struct totals {
    atomic_uint_fast64_t tried, opened; /* connections; the main thread reads these, and sent and
                                           received, during the run */
    atomic_uint_fast64_t
        receivers; /* connections that have opened, each once: those of a broadcast */
    uint64_t failed;
    uint64_t unfinished;              /* connections that were left while they were being opened */
    uint64_t dropped;                 /* connections that ended before we closed them */
    uint64_t causes[WS_ERROR_COUNT];  /* of failed and dropped connections */
    uint64_t given_up;                /* connections that we closed for their corrupt answers */
    uint64_t returned;                /* --reconnect: connections that were opened again */
    uint64_t not_returned;            /* --reconnect: that were not back at the end */
    uint64_t renewed;                 /* --channel-lifetime: closed, and another opened */
    struct histogram back;            /* --reconnect: from the first end until all were back */
    uint64_t closed_by_server;        /* connections whose closing handshake the server began */
    struct tally server_closes;       /* close codes of connections whose end the server began */
    struct tally client_closes;       /* what the server answered where we began; 1006: nothing */
    struct tally refusals;            /* HTTP statuses in place of an upgrade */
    enum ws_error first_error;        /* of the first connection that failed */
    char first_detail[TOTALS_DETAIL]; /* its reason, or that of the first one dropped where none
                                         failed */

    atomic_uint_fast64_t sent, received;             /* messages */
    atomic_uint_fast64_t sent_bytes, received_bytes; /* their payload */
    uint64_t own; /* broadcast: messages received by their sender; not in received */
    /* received + lost = sent (broadcast: sent times receivers). A damaged message is not received.
     */
    uint64_t lost, duplicated, reordered, corrupted;
    uint64_t others;  /* at least so many of those corrupted were answers to other connections */
    uint64_t retyped; /* of those corrupted, so many were text for binary, or the reverse */
    uint64_t late;    /* of those lost, so many were answered after --timeout */
    uint64_t unasked; /* messages that belong to none of ours */
    uint64_t unsent[UNSENT_CAUSES]; /* open model: due before the end of the load, and never sent */

    struct ws_deflate_counts deflate;

    struct histogram rtt; /* from when the message was due: corrected for coordinated omission */
    struct histogram rtt_sent; /* from when the message was sent */
    struct histogram lag;      /* from when it was due to when it was sent */
    struct histogram resolve;  /* DNS */
    struct histogram connect;  /* TCP connect */
    struct histogram tls;      /* TLS handshake */
    struct histogram upgrade;  /* from the HTTP request to the 101 response */
    uint64_t resumed;          /* resumed TLS sessions */
    uint64_t streams;          /* of `opened`, those on a stream of HTTP/2 */
    double cpu_s;              /* CPU time of the worker during the load */
    double busiest;            /* the busiest worker's share of a core */
};

/* The sum of `unsent`. */
uint64_t totals_unsent(const struct totals *totals);

/* The quickest round trip from the sending (broadcast: delivery from when it was due), with what
 * was waited for lost messages; 0: there was none. */
int64_t totals_quickest_ns(const struct totals *totals);

/* Adds `other` to `totals`. */
void totals_merge(struct totals *totals, const struct totals *other);

/* For the atomic counters: the owning worker adds, any thread reads. A single writer needs no
 * read-modify-write. */
static inline void counter_add(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline uint64_t counter_read(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
