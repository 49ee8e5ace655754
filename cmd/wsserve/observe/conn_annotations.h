/*
 * conn_annotations: what only some connections have: a trace, a recording, injected faults, the
 * headers of their last frames, a client behind a proxy.
 *
 * Found by the connection's id, so that connections without any cost nothing. One table a worker,
 * used by its thread alone. Each member belongs to the module that it is named for; instrument.c
 * frees them when the connection ends.
 */
#ifndef CMD_WSSERVE_OBSERVE_CONN_ANNOTATIONS_H
#define CMD_WSSERVE_OBSERVE_CONN_ANNOTATIONS_H

#include "libws/io/address.h"
#include "libws/io/hash_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn_annotations {
    struct ws_hash_node node;           /* by the connection's id */
    char *trace;                        /* from malloc: trace.h */
    struct recording *record;           /* record_conn.h */
    struct fault_conn *fault;           /* fault_conn.h */
    struct wire_trace *wire;            /* wire_trace.h */
    struct last_frames *frames;         /* last_frames.h */
    struct access_log_request *request; /* access_log.h: of an open WebSocket, for what follows */
    int64_t opened_us;                  /* with `request`: when the upgrade was done */
    char *subprotocol;                  /* that was agreed on, from malloc; or NULL */
    bool proxied;                       /* it came over a trusted proxy, */
    struct ws_address client;           /* for this client, or UNKNOWN (access_control.h) */
};

/* All zero is empty. */
struct conn_annotations_table {
    struct ws_hash_table nodes;
};

/* The annotations of a connection, or NULL. */
struct conn_annotations *conn_annotations_find(const struct conn_annotations_table *table,
                                               uint64_t conn);

/* The same, made if there are none; NULL without memory. The table becomes the calling thread's.
 */
struct conn_annotations *conn_annotations_get(struct conn_annotations_table *table, uint64_t conn);

/* Looks in the calling thread's table, for callers that have no worker (the log). */
struct conn_annotations *conn_annotations_find_local(uint64_t conn);

/* Removes a connection, whose members must have been freed; an unknown one is ignored. The last
 * removal frees the table's memory. */
void conn_annotations_drop(struct conn_annotations_table *table, uint64_t conn);

#endif
