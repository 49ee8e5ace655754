/*
 * server: listen, accept, hand out, shut down.
 *
 * It owns the listeners and the loops' registries. The caller's loop, number 0, accepts and deals
 * the sockets out to all loops in turn; the others run on threads of the server's. A connection
 * lives and dies on one loop, and its handler is called on that loop's thread. What it is for is
 * the handler's business.
 *
 * But where it says otherwise, its functions are for loop 0's thread.
 */
#ifndef WS_SERVER_H
#define WS_SERVER_H

#include "libws/server/registry.h"
#include <ws/admission.h>
#include <ws/conn.h>
#include <ws/handler.h>
#include <ws/loop.h>
#include <ws/overload.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WS_SERVER_LOOPS_MAX = 64 };

struct ws_server;

struct ws_server_options {
    const struct ws_conn_config *config; /* copied: every loop has its own */
    const struct ws_handler *handler;    /* must outlive the server; so must what follows */
    void *user;
    unsigned loops; /* 0 and 1: the caller's alone; at most WS_SERVER_LOOPS_MAX */
    /* What handlers find as conn->home->user on the loop of that index, from 0; `home` is what the
     * loop's connections will share. Called by ws_server_new(). NULL: `user`. */
    void *(*env_user)(void *user, unsigned index, struct ws_conn_env *env);
    /* The last that is heard of a home, from ws_server_free(): its connections and its thread are
     * gone, and whatever else of the user's lives on its loop has to go. It may turn the loop.
     * NULL: nothing does. */
    void (*env_left)(void *user, struct ws_conn_env *env);
    struct ws_admission_limits limits; /* whoever is above them hears so in HTTP: 503 or 429 */
    struct ws_overload_limits overload;
    size_t max_handshakes; /* unfinished ones on a loop: above it the oldest goes; 0: no limit */
    int backlog;           /* 0: the system's own */
    unsigned socket_mode;  /* of unix sockets' files; 0: as the umask has it */
    /* A connection was accepted; its handler hears the rest. On its loop's thread. NULL: nobody is
     * told. */
    void (*accepted)(void *user, struct ws_conn *conn);
    /* May this address connect at all? False closes the socket at once, without a word. NULL: all
     * may. */
    bool (*allowed)(void *user, const struct sockaddr *address);
    bool secure;  /* its URLs are wss: every home is given its tls by env_user */
    bool fan_out; /* the loops get hubs: conn->home->hub */
    /* Something to tell the operator: one line, valid during the call. */
    void (*warn)(void *user, const char *message);
};

/* NULL without memory, descriptors or threads. */
struct ws_server *ws_server_new(struct ws_loop *loop, const struct ws_server_options *options);

/* The listeners are closed, whatever connections are left end at once, without a close frame, and
 * the threads with them. Their memory goes at the end of the batch: turn the loop once more before
 * it is freed. */
void ws_server_free(struct ws_server *server);

/*
 * Listens on `where`: "ADDRESS:PORT" (port 0: any that is free; no address: loopback),
 * "[ADDRESS]:PORT", "unix:PATH" (a stale socket is replaced), or "fd:N". May be called more than
 * once. False with one line in `error` such as "127.0.0.1:80: Permission denied" (cut to `size`
 * bytes with its NUL). A port in use is an error.
 */
bool ws_server_listen(struct ws_server *server, const char *where, char *error, size_t size);

/* The URL of listener `index`, as a client would type it: "ws://127.0.0.1:8080/", or NULL when
 * there is none. Owned by the server. */
const char *ws_server_url(const struct ws_server *server, size_t index);

/* Stops accepting: the listeners are closed. */
void ws_server_stop_listening(struct ws_server *server);

/*
 * Stops accepting, says goodbye with `code` to every connection, and after `drain_ms` (0: at once)
 * ends those that are left. `done` is called, from loop 0, when none is. Once only.
 */
void ws_server_shutdown(struct ws_server *server, unsigned code, const char *reason,
                        uint32_t drain_ms, void (*done)(void *user));

/* Live connections, those in the handshake and in closing included. Of any thread. */
size_t ws_server_count(const struct ws_server *server);

/* What watches over memory and sheds, or NULL where nothing of it is limited. */
const struct ws_overload *ws_server_overload(const struct ws_server *server);

/* The table of who is in; its functions lock it. */
struct ws_admission *ws_server_admission(struct ws_server *server);

/*
 * Asks every loop: `visit` is called on each one's thread, one after the other from number 0, with
 * its home, whose config it may change; then `done` on the thread of `asker`, one of the server's
 * homes. May be called on any loop's thread. What is still on its way when the server is freed
 * comes to its `done` before that returns. False without memory.
 */
bool ws_server_ask(struct ws_server *server, const struct ws_conn_env *asker,
                   void (*visit)(struct ws_conn_env *env, void *context),
                   void (*done)(void *context), void *context);

#endif
