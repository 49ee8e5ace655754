/*
 * mode: what a connection is for. One file a mode; the table in mode.c knows them all, serve.c runs
 * the one that the settings choose and logs around it.
 *
 * In a handler `conn->user` is the mode's own, NULL at first; `worker_of(conn)` (serve.h) leads to
 * the loop's worker and to the server.
 */
#ifndef CMD_WSSERVE_MODES_MODE_H
#define CMD_WSSERVE_MODES_MODE_H

#include <ws/conn.h>
#include <ws/handler.h>

#include <stdbool.h>

struct serve;
struct worker;
struct settings;

struct mode {
    const char *name;
    /* Was it asked for? At most one is; echo where none is. */
    bool (*wanted)(const struct settings *settings);
    /* `request` is called for an upgrade that may be accepted, and answers it; NULL: it is
     * accepted. `open` and `close` come after and before serve.c's log lines. */
    struct ws_handler handler;
    bool chunks;                /* large frames are wanted as they arrive */
    bool pause_reads_when_full; /* its output answers its input: see ws_conn_config */
    bool one_loop;              /* runs on one thread, whatever --threads says */
    bool reaches_local; /* a process, a service or a standard input is behind it: no page of another
                         * origin may get there */
    /* Before connections are accepted; false: it said why not. `leave`: a loop's connections have
     * gone, and what else lives on it has to go; it may be turned. `stop`: all have. Each may be
     * NULL. */
    bool (*start)(struct serve *serve);
    void (*leave)(struct worker *worker);
    /* Before that: what connections are to be told besides `chunks` and `choke`. NULL: nothing. */
    void (*configure)(const struct settings *settings, struct ws_conn_config *config);
    void (*stop)(struct serve *serve);
};

/* Every mode, NULL at the end; the first is the one that runs where none is asked for. */
extern const struct mode *const modes[];

extern const struct mode mode_echo; /* --echo: every message back, in the bytes that it came in */
extern const struct mode mode_broadcast; /* --broadcast: every message to all others */
extern const struct mode mode_rooms;     /* --rooms: the same among those with the same URL path */
extern const struct mode mode_shared;    /* --shared COMMAND: one process for all */
extern const struct mode mode_pipe;      /* --pipe: standard input to all, all to standard output */
extern const struct mode mode_proxy;     /* --proxy: the bytes of a service */
extern const struct mode mode_process;   /* COMMAND or --dir: a process a connection */
extern const struct mode mode_sink;      /* --sink: everything is read and nothing answered */
extern const struct mode mode_source;    /* --source: messages of a size, at a rate */
extern const struct mode mode_reply;     /* --reply: always the same answer */

#endif
