/*
 * cluster: --broadcast, --rooms and --pipe across several servers, the nodes, through Redis.
 *
 * Redis carries the messages; every node delivers to its own clients through its hub, so a message
 * is framed once and compressed once a node. Messages between nodes come at most once: what Redis
 * does not take is counted as failed, and what did not come as lost. Without --cluster every
 * function here does nothing. See docs/internals/cluster.md.
 */
#ifndef CMD_WSSERVE_CLUSTER_CLUSTER_H
#define CMD_WSSERVE_CLUSTER_CLUSTER_H

#include "cmd/wsserve/context.h"
#include "cmd/wsserve/observe/totals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of messages; each counted once. */
struct cluster_counts {
    uint64_t out;        /* ours that Redis took */
    uint64_t down;       /* ours that failed: there was no connection to Redis */
    uint64_t full;       /* ours that failed: too much was waiting for Redis */
    uint64_t unanswered; /* ours whose answer was lost with the connection: they may have arrived */
    uint64_t rejected;   /* ours that Redis answered with an error */
    uint64_t in;         /* of other nodes, which were delivered here */
    uint64_t lost;       /* of other nodes that are missing between those that came */
    uint64_t repeated;   /* that came again, or late, and were dropped */
    uint64_t malformed;  /* that no node has written, and were dropped */
    uint64_t losses;     /* of connections to Redis */
};

struct cluster_report {
    bool connected;
    uint64_t node; /* its number, random */
    const char *channel;
    size_t topics; /* channels of Redis that it subscribes to, or is about to */
    struct cluster_counts counts;
    struct totals_histogram took; /* from the other node to here, by the two clocks */
    uint64_t p50_us, p99_us;
};

/* Connects, on the first loop's thread, before connections are accepted; does not wait for Redis.
 * False after a message. */
bool cluster_start(struct server *server);

/* The connections of the first loop have gone: sends what still waits for Redis, for a short time,
 * and closes. Turns the loop. */
void cluster_leave(struct worker *worker);

/* All loops have ended. */
void cluster_stop(struct server *server);

/* Sends a message to the other nodes, for their connections or those of a group (`group` NULL:
 * all). On the worker's thread. */
void cluster_publish(const struct worker *worker, const char *group, size_t group_len,
                     unsigned opcode, const void *data, size_t len);

/* There is a cluster, and no connection to Redis. Any thread. */
bool cluster_degraded(const struct server *server);

/* On the first loop's thread. False: there is no cluster. */
bool cluster_read(const struct server *server, struct cluster_report *report);

#endif
