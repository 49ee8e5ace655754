/*
 * server: listen, accept, hand sockets to the loops, shut down.
 *
 * It owns the listeners and the loops' registries. The caller's loop, number 0, accepts and hands
 * the sockets to all loops in turn; the others run on threads of the server's. A connection lives
 * and dies on one loop, and its handler is called on that loop's thread.
 *
 * Except where it says otherwise, its functions are for loop 0's thread.
 */
#ifndef WS_SERVER_H
#define WS_SERVER_H

#include <ws/admission.h>
#include <ws/conn.h>
#include <ws/handler.h>
#include <ws/loop.h>
#include <ws/overload.h>
#include <ws/server_env.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WS_SERVER_LOOPS_MAX = 64 };

struct ws_server;

struct ws_server_options {
    const struct ws_conn_config *config; /* copied: every loop has its own */
    const struct ws_handler *handler;    /* must outlive the server; so must what follows */
    void *user;
    unsigned loops; /* 0 and 1: the caller's alone; at most WS_SERVER_LOOPS_MAX */
    /* Returns what handlers find as ws_conn_env()->user on the loop of that index, from 0; `env` is
     * what the loop's connections will share. Called by ws_server_new(). NULL: `user`. */
    void *(*env_user)(void *user, unsigned index, struct ws_server_env *env);
    /* The counterpart, from ws_server_free(): the connections and the thread of `env` have ended,
     * and whatever else of the user's lives on its loop must end now. It may turn the loop.
     * NULL: nothing does. */
    void (*env_left)(void *user, struct ws_server_env *env);
    struct ws_admission_limits limits; /* a request above them is answered in HTTP: 503 or 429 */
    struct ws_overload_limits overload;
    int backlog;          /* 0: the system's own */
    unsigned socket_mode; /* of unix sockets' files; 0: as the umask has it */
    /* A connection was accepted; its handler gets the rest. On its loop's thread. NULL: not
     * reported. */
    void (*accepted)(void *user, struct ws_conn *conn);
    /* May this address connect at all? False closes the socket at once, without an answer. NULL:
     * all may. */
    bool (*allowed)(void *user, const struct sockaddr *address);
    bool secure;  /* its URLs are wss: env_user sets the tls of every env */
    bool fan_out; /* the loops get hubs: ws_server_env()->hub */
    /* ws_server_shutdown() goes on accepting until its end, so that the handler can answer health
     * checks, and upgrades with 503. It does not wait for connections that come then. */
    bool accept_while_draining;
    /* Does its request get an answer from the handler whatever the load is, such as a health check?
     * On its loop's thread. NULL: none does. */
    bool (*always_answered)(void *user, const struct ws_conn *conn);
    /* A message for the operator: one line, valid during the call. NULL: not reported. */
    void (*warn)(void *user, const char *message);
};

/* NULL without memory, descriptors or threads. */
struct ws_server *ws_server_new(struct ws_loop *loop, const struct ws_server_options *options);

/* Closes the listeners and ends all connections at once, without a close frame, and the threads.
 * It turns the loop, so that it must not be called from inside one of its callbacks, except `done`
 * of ws_server_shutdown(): call ws_loop_stop() there, and this after ws_loop_run(). The memory of
 * loop 0's connections is freed at the end of the batch: turn the loop once more before it is
 * freed. NULL is allowed. */
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
 * Stops accepting (but see accept_while_draining), closes every connection with `code` and `reason`
 * (NULL: none), as ws_session_close() does, or with 1001 where that would refuse them; and after
 * `drain_ms` (0: at once) ends those that are left. `done` (NULL: not called) is called, from loop
 * 0, when none is, and not before this returns; it may free the server. To be called once only.
 */
void ws_server_shutdown(struct ws_server *server, unsigned code, const char *reason,
                        uint32_t drain_ms, void (*done)(void *user));

/* Live connections, those in the handshake and in closing included. Of any thread. */
size_t ws_server_count(const struct ws_server *server);

/* Its overload protection, or NULL where nothing of it is limited. */
const struct ws_overload *ws_server_overload(const struct ws_server *server);

/* On the connection's thread: a proxy reported that `conn` came from `address`; it is counted there
 * from now on. Errors as ws_admission_reassign(). */
enum ws_error ws_server_reassign(struct ws_server *server, struct ws_conn *conn,
                                 const struct sockaddr *address);

/* Its table of connections by address. */
struct ws_admission *ws_server_admission(struct ws_server *server);

/*
 * Visits every loop: `visit` is called on each one's thread, one after the other from number 0,
 * with its env, whose config it may change; then `done` (NULL: not called) on the thread of
 * `asker`, one of the server's envs. May be called on any loop's thread. If the server is freed
 * meanwhile, all calls are made before that returns. False without memory.
 */
bool ws_server_ask(struct ws_server *server, const struct ws_server_env *asker,
                   void (*visit)(struct ws_server_env *env, void *context),
                   void (*done)(void *context), void *context);

#ifdef __cplusplus
}
#endif

#endif
