/*
 * extra: what only some connections have: a trace, a recording, faults, the headers of their last
 * frames, a client behind a proxy.
 *
 * Found by the connection's number, so that the many that have nothing of it cost nothing. A table
 * a worker, used by its thread alone; the parts belong to the rooms that they are named for, which
 * free them when the connection ends.
 */
#ifndef CMD_WSSERVE_OBSERVE_CONN_ANNOTATIONS_H
#define CMD_WSSERVE_OBSERVE_CONN_ANNOTATIONS_H

#include "libws/io/address.h"

#include <stddef.h>
#include <stdint.h>

struct extra {
    struct extra *next;
    uint64_t conn;
    char *trace;                /* from malloc: trace.h */
    struct recording *record;   /* record_conn.h */
    struct fault_conn *fault;   /* fault_conn.h */
    struct last_frames *frames; /* last_frames.h */
    struct ws_address client;   /* entry.h: behind a proxy that is trusted; else UNKNOWN */
};

/* All zero is empty. */
struct extra_table {
    struct extra **buckets;
    size_t capacity; /* of them: 0 or a power of two */
    size_t count;
};

/* What there is of a connection, or NULL. */
struct extra *extra_find(const struct extra_table *table, uint64_t conn);

/* The same, made where there is none: NULL without memory. The table is this thread's from now on.
 */
struct extra *extra_get(struct extra_table *table, uint64_t conn);

/* In the table of the thread that calls, for those who have no other way to find it. */
struct extra *extra_find_here(uint64_t conn);

/* Forgets a connection; its parts must be freed before. One that is unknown is no mistake. With the
 * last one all memory goes. */
void extra_drop(struct extra_table *table, uint64_t conn);

#endif
