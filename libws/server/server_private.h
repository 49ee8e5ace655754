/*
 * server_private: what the files of server share.
 *
 * server_accept.c accepts sockets and hands them to the loops; server_places.c knows what each
 * connection counts as; server_ask.c visits all loops; server.c does the rest.
 */
#ifndef LIBWS_SERVER_SERVER_PRIVATE_H
#define LIBWS_SERVER_SERVER_PRIVATE_H

#include "libws/io/listener.h"
#include "libws/server/env_hooks.h"
#include "libws/server/registry_private.h"
#include <ws/hub.h>
#include <ws/server.h>

#include <pthread.h>
#include <stdatomic.h>

enum { WS_SHUTDOWN_REASON_MAX = 124 };

/* A loop, its thread and its connections. */
struct ws_worker {
    struct ws_server_env env;
    struct ws_server *server;
    struct ws_loop *own; /* except number 0, which has the caller's */
    pthread_t thread;
    bool running;
    struct ws_async stop;
    struct ws_id_list unfinished; /* by age: their request has not come */
    struct ws_id_list waiting;    /* by age: they only wait to be closed */
};

/* A visit to every loop: see ws_server_ask(). */
struct ws_question {
    struct ws_async async;
    struct ws_server *server;
    const struct ws_server_env *asker;
    unsigned next; /* index of the loop to visit */
    void (*visit)(struct ws_server_env *env, void *context);
    void (*done)(void *context); /* NULL: not called */
    void *context;
};

struct ws_server {
    struct ws_loop *loop; /* number 0 */
    struct ws_server_options options;
    struct ws_admission *admission;
    struct ws_listener *listeners;
    struct ws_worker *workers;
    struct ws_hub *hub; /* the first of them, or NULL */
    struct ws_overload *overload;
    unsigned worker_count, next_worker;
    atomic_ullong last_id;
    struct ws_timer accept_again, drain;
    bool fds_exhausted; /* no descriptors: reported once, until there are some again */
    struct ws_async done_note;
    struct ws_deferred done_task;
    void (*done)(void *user);
    atomic_bool shutting_down;
    atomic_size_t late; /* connections that were accepted since then: WS_CONN_LATE */
    unsigned close_code;
    char close_reason[WS_SHUTDOWN_REASON_MAX];
    struct ws_question closing, ending; /* here, since a shutdown must not fail without memory */
};

/* server_accept.c */

/* Of a listener: connections wait. */
void ws_server_on_acceptable(struct ws_watch *watch, unsigned ready);
/* Hook of conn: a client opened a stream, which is a connection of its own. */
void ws_server_on_carried(struct ws_conn *conn);
/* Accepting was paused, and goes on. */
void ws_server_on_accept_again(struct ws_timer *timer);

/* server_places.c; all on the connection's thread */

/* It was accepted and is in the registry: its request is awaited. Others of its loop, which are
 * unfinished for longer, may have to give way to it. */
void ws_server_begin_unfinished(struct ws_worker *worker, struct ws_conn *conn);
/* What it counts as by its address, which the caller counts as from now on; NULL: nothing. */
struct ws_client_entry *ws_server_take_entry(struct ws_conn *conn);
/* A stream counts by its address in the place of its carrier; and does no more, when the carrier is
 * returned if that was the last and others may come, else NULL. */
void ws_server_count_for_carrier(struct ws_conn *stream);
struct ws_conn *ws_server_leave_carrier(struct ws_conn *conn);
/* It carries one more connection: it counts for nothing by itself. One that was refused goes as
 * soon as the peer may have read why. */
void ws_server_begin_carrying(struct ws_conn *carrier);
/* Hooks of conn: its request came, all is sent. */
void ws_server_on_requested(struct ws_conn *conn);
void ws_server_on_sent_all(struct ws_conn *conn);
/* Hook of overload protection: it was dismissed. */
void ws_server_give_up_place(struct ws_conn *conn);
/* For ws_server_ask(): closes some connections of the loop that have no place, the oldest first:
 * those that only wait, and then unfinished ones that are older than a second. */
void ws_server_free_descriptors(struct ws_server_env *env, void *context);
/* It has ended. */
void ws_server_on_ended(struct ws_conn *conn);

/* server_ask.c */

/* As ws_server_ask() by loop 0, in memory of the caller's, which lasts until all loops were
 * visited: cannot fail. */
void ws_server_visit(struct ws_question *question, struct ws_server *server,
                     void (*visit)(struct ws_server_env *env, void *context), void *context);

#endif
