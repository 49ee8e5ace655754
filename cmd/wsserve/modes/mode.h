/*
 * mode: what connections are for. One file a mode; server.c calls the handlers of the one that the
 * settings choose, and logs around them.
 *
 * In a handler ws_conn_user() belongs to the mode, NULL at first; worker_of(conn) (context.h) leads
 * to the loop's worker and to the server.
 */
#ifndef CMD_WSSERVE_MODES_MODE_H
#define CMD_WSSERVE_MODES_MODE_H

#include "cmd/wsserve/options/settings.h"
#include <ws/conn.h>
#include <ws/handler.h>

#include <stdbool.h>

struct server;
struct worker;

struct mode {
    /* `request` is called for an upgrade that may be accepted, and answers it; NULL: it is
     * accepted. `open` comes after server.c's log line, `close` before it. */
    struct ws_handler handler;
    bool chunks;                /* large frames are handed on as they arrive */
    bool runs;                  /* short messages that are alike come together: WS_EVENT_RUN */
    bool pause_reads_when_full; /* its output answers its input: see ws_conn_config */
    bool one_loop;              /* runs on one thread, whatever --threads says */
    bool reaches_local; /* leads to a process, a service or standard input: pages of other origins
                         * are refused */

    /* The hooks below run on the loop's thread (start, stop: main) and may be NULL.
     * Before connections are accepted; false after a message. */
    bool (*start)(struct server *server);
    /* The connections of a loop have gone: frees what else lives on it. May turn the loop. */
    void (*leave)(struct worker *worker);
    /* Sets what connections need besides `chunks`, `runs` and `pause_reads_when_full`. */
    void (*configure)(const struct settings *settings, struct ws_conn_config *config);
    /* All loops have ended. */
    void (*stop)(struct server *server);
};

/* Constant. */
const struct mode *mode_of(enum settings_mode mode);

extern const struct mode mode_echo; /* --echo: every message back, in the bytes that it came in */
extern const struct mode mode_broadcast; /* --broadcast: every message to all others */
extern const struct mode mode_rooms;     /* --rooms: the same among those with the same URL path */
extern const struct mode mode_shared;    /* --shared COMMAND: one process for all */
extern const struct mode mode_pipe;      /* --pipe: standard input to all, all to standard output */
extern const struct mode mode_proxy;     /* --proxy: the bytes of a service */
extern const struct mode mode_process;   /* COMMAND or --dir: a process a connection */
extern const struct mode mode_sink;      /* --sink: reads everything and answers nothing */
extern const struct mode mode_source;    /* --source: messages of a size, at a rate */
extern const struct mode mode_reply;     /* --reply: the same answer to every message */

#endif
