/*
 * serve: carries settings out: listeners, a mode for every connection, the log, signals, the end.
 *
 * `struct serve` is the server's one state, made before the first connection comes and unchanged
 * but for what its comments say; `struct worker` is what a loop has of its own. Every file of
 * wsserve may read both.
 */
#ifndef CMD_WSSERVE_SERVER_SERVER_H
#define CMD_WSSERVE_SERVER_SERVER_H

#include "cmd/wsserve/access/access_rules.h"
#include "cmd/wsserve/http/http.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/observe/access_log.h"
#include "cmd/wsserve/observe/conn_annotations.h"
#include "cmd/wsserve/observe/record_conn.h"
#include "cmd/wsserve/observe/totals.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/server/certificates.h"
#include <ws/server.h>

enum { ADMIN_INDEX = WS_SERVER_LOOPS_MAX }; /* no loop of the server's */
#include <stdatomic.h>

/* What a loop, and so a thread, has of its own: touched by that thread alone. */
struct worker {
    struct serve *serve;
    const struct ws_conn_env *env; /* of its connections: loop, config, registry */
    unsigned index;                /* from 0: the loop that owns listeners, signals and streams */
    struct totals totals;          /* of connections that have ended, and what is counted at once */
    void *mode;                    /* the mode's own */
    struct extra_table extras;
    struct json json;     /* scratch memory */
    char *source_message; /* --source's */
};

struct serve {
    _Atomic(const struct settings *) settings; /* a reload puts others there; none are freed */
    const struct mode *mode;
    void *mode_data;     /* the mode's own */
    struct ws_loop loop; /* the first; of the main thread */
    struct ws_server *server;
    struct ws_handler handler;
    struct access_rules *access_control; /* who may enter: entry.c replaces it when SIGHUP comes */
    struct http http;                    /* what plain requests get */
    struct secure secure;                /* its certificates */
    struct ws_server *admin;             /* NULL: none */
    struct worker admin_worker;
    struct log log;
    struct access access;
    struct recorder recorder;
    struct faults faults;         /* with the seed that was chosen */
    struct ws_timer every_second; /* while shutting down */
    struct worker workers[WS_SERVER_LOOPS_MAX];
    unsigned worker_count;
    bool shutting_down; /* written by the first loop; read elsewhere with server_draining() */
    struct ws_timer stats_timer, idle_timer; /* operate.c's */
    atomic_int_fast64_t last_connection_us;  /* when one came or went */
    int inherited_sockets;                   /* from descriptor 3 on: systemd's */
    const struct options *first_options;     /* of the settings at the start */
    struct settings_reload *reloads;         /* the newest first; kept, as any may be in use */
};

static inline struct worker *worker_of(const struct ws_conn *conn)
{
    return ws_conn_env(conn)->user;
}

static inline struct serve *server_of(const struct ws_conn *conn)
{
    return worker_of(conn)->serve;
}

/* Is it about to end? From any thread. */
static inline bool server_draining(const struct serve *serve)
{
    return __atomic_load_n(&serve->shutting_down, __ATOMIC_RELAXED);
}

/* Are connections let go because of overload? From any thread. */
static inline bool server_shedding(const struct serve *serve)
{
    const struct ws_overload *overload = ws_server_overload(serve->server);
    return overload && ws_overload_shedding(overload);
}

/* Serves until a signal or --oneshot ends it. Returns the exit code; what went wrong was said. */
int serve(const struct settings *settings, const struct options *options);

/* Begins the end: everybody is told, and has the time that --drain says. */
void server_shutdown(struct serve *serve);

/* What the settings say now to a loop's connections. */
void server_conn_config(const struct serve *serve, struct ws_conn_config *config);

#endif
