/*
 * totals: what was counted. Each worker has its own and writes it alone; they are added up once the
 * workers are done.
 */
#ifndef CMD_WSBENCH_TOTALS_H
#define CMD_WSBENCH_TOTALS_H

#include "cmd/wsbench/histogram.h"
#include <ws/deflate.h>
#include <ws/error.h>

#include <stdint.h>

struct totals {
    uint64_t tried, opened, failed;  /* connections */
    uint64_t dropped;                /* ended before we closed them */
    uint64_t causes[WS_ERROR_COUNT]; /* of failed and dropped */
    uint64_t closed_by_server;       /* of dropped: with a close frame */
    enum ws_error first_error;       /* of a connection that failed */
    char first_detail[256];

    uint64_t sent, received; /* messages */
    uint64_t own;            /* broadcast: copies that came back to their sender; not in received */
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

/* Written by a worker, read by the main thread for the live line. */
#define counter_add(counter, n) __atomic_store_n(&(counter), (counter) + (n), __ATOMIC_RELAXED)
#define counter_read(counter)   __atomic_load_n(&(counter), __ATOMIC_RELAXED)

#endif
