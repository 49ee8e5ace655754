/*
 * totals: what was counted. Each worker has its own and writes it alone; they are added up once the
 * workers are done.
 */
#ifndef CMD_WSBENCH_TOTALS_H
#define CMD_WSBENCH_TOTALS_H

#include "cmd/wsbench/histogram.h"
#include <ws/deflate.h>
#include <ws/error.h>

#include <stdatomic.h>
#include <stdint.h>

struct totals {
    atomic_uint_fast64_t tried, opened; /* connections; like sent and received read by the main
                                         * thread meanwhile, for the live line */
    uint64_t failed;
    uint64_t dropped;                /* ended before we closed them */
    uint64_t causes[WS_ERROR_COUNT]; /* of failed and dropped */
    uint64_t closed_by_server;       /* of dropped: with a close frame */
    enum ws_error first_error;       /* of a connection that failed */
    char first_detail[256];

    atomic_uint_fast64_t sent, received; /* messages */
    uint64_t own; /* broadcast: copies that came back to their sender; not in received */
    uint64_t lost, duplicated, reordered, corrupted;

    struct ws_deflate_counts deflate;

    struct histogram rtt;      /* from when the message was due: corrected for omission */
    struct histogram rtt_sent; /* from when it was sent */
    struct histogram lag;      /* between the two */
    struct histogram connect;  /* TCP */
    struct histogram tls;      /* its handshake */
    struct histogram upgrade;  /* from the request to the 101 */
    uint64_t resumed;          /* TLS sessions that went on from one before */
    double cpu_s;              /* of the worker during the load */
    double busiest;            /* share of a core that the busiest worker used */
};

/* Adds `other` to `totals`. */
void totals_merge(struct totals *totals, const struct totals *other);

/* For the atomic ones: the worker that owns them adds, any thread reads. One writer needs no
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
