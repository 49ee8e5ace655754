/*
 * metrics: totals as text for Prometheus (exposition format 0.0.4).
 *
 * The only place for names, labels and help; docs/prometheus-alerts.yml has rules over them.
 * aggregate.c adds up the totals of all loops first.
 */
#ifndef CMD_WSSERVE_HTTP_METRICS_H
#define CMD_WSSERVE_HTTP_METRICS_H

#include "cmd/wsserve/cluster/cluster.h"
#include "cmd/wsserve/observe/totals.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The state of the server as a whole. */
struct metrics_server {
    bool draining, shedding;
    unsigned loops;
    double start_seconds; /* since 1970 */
    /* Limits; 0: none. */
    uint64_t max_connections, max_handshakes, max_memory;
    /* Lines and records that could not be written so far. */
    uint64_t log_dropped, access_log_dropped, records_dropped;
};

/* The whole text, from malloc, and its length; NULL without memory. `cluster` NULL: there is none.
 */
char *metrics_write(const struct totals *totals, const struct metrics_server *state,
                    const struct cluster_report *cluster, size_t *len);

#endif
