/*
 * context: the state of a running wsserve, and that of each of its loops.
 *
 * Every module of wsserve may include this header, and it includes none of theirs: a part is a
 * pointer, and what is in it is known to the part's own module, which makes and frees it. The
 * folders include each other in this order, never upwards:
 *
 *     context.h → faults → options → observe → request → access → cluster → bridge → modes → http
 *     → server → main.c
 */
#ifndef CMD_WSSERVE_CONTEXT_H
#define CMD_WSSERVE_CONTEXT_H

#include "cmd/common/signal_repeat.h"
#include <ws/conn.h>
#include <ws/loop.h>
#include <ws/overload.h>
#include <ws/server.h>

#include <stdatomic.h>
#include <stdbool.h>

enum { ADMIN_INDEX = WS_SERVER_LOOPS_MAX }; /* of the worker of --admin, which has no loop */

/* What a loop has of its own; used by its thread alone. Made by worker_init() (observe/worker.h).
 */
struct worker {
    struct server *server;
    const struct ws_server_env *env; /* of its connections: loop, config, registry */
    unsigned index;                  /* from 0: the loop that owns listeners, signals and streams */
    void *mode_data;                 /* the mode's, for this loop */
    struct totals *totals;           /* of connections that have ended, and of events */
    struct conn_annotations_table *annotations;
    struct json *json; /* scratch memory */
};

/* One a process. Set up before the first connection is accepted and constant after that, except
 * where a comment says otherwise. */
struct server {
    _Atomic(const struct settings *) settings; /* replaced on reload: see reload.c */
    const struct mode *mode;
    void *mode_data; /* the mode's */
    struct signal_repeat last_signal;
    struct ws_loop *loop; /* the first worker's, on the main thread */
    struct ws_server *ws_server;
    struct worker workers[WS_SERVER_LOOPS_MAX];
    unsigned worker_count;
    int64_t started_us;   /* since 1970 */
    atomic_bool draining; /* shutting down; written by the main thread */
    /* Begins shutting down; on the main thread. NULL: not supported (unit tests). */
    void (*shut_down)(struct server *server);

    struct log *log;
    struct access_log *access_log;               /* NULL: none */
    struct recorder *recorder;                   /* NULL: none */
    const struct faults *faults;                 /* with the seed that was chosen; NULL: none */
    _Atomic(struct access_rules *) access_rules; /* replaced on SIGHUP */
    _Atomic(const struct answer_policy *) answer_policy; /* belongs to access_rules */
    struct certificates *certificates;                   /* NULL: no TLS */
    struct cluster *cluster;                             /* NULL: none */
    struct http *http;
    struct admin *admin;       /* NULL: none */
    struct periodic *periodic; /* statistics, and the end when idle */
    struct reloads *reloads;   /* settings that were read again */
};

static inline struct worker *worker_of(const struct ws_conn *conn)
{
    return ws_conn_env(conn)->user;
}

static inline struct server *server_of(const struct ws_conn *conn)
{
    return worker_of(conn)->server;
}

/* Any thread. */
static inline bool server_draining(const struct server *server)
{
    return atomic_load_explicit(&server->draining, memory_order_relaxed);
}

/* Are connections being evicted because of overload? Any thread. */
static inline bool server_shedding(const struct server *server)
{
    const struct ws_overload *overload = ws_server_overload(server->ws_server);
    return overload && ws_overload_shedding(overload);
}

#endif
