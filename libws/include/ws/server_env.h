/*
 * server_env: what the connections of one of a server's loops have in common.
 *
 * A struct ws_conn_env, and the server's own: registry, hub, overload protection, TLS. ws_server
 * makes one for each loop; a handler finds it with ws_server_env(). One thread's, its loop's.
 */
#ifndef WS_SERVER_ENV_H
#define WS_SERVER_ENV_H

#include <ws/conn.h>
#include <ws/tls_context.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_hub;
struct ws_overload;
struct ws_registry;

struct ws_server_env {
    struct ws_conn_env conn; /* first */
    struct ws_registry *registry;
    struct ws_hub *hub;           /* for fan-out; NULL: the server has none */
    struct ws_overload *overload; /* what connections' memory is charged to; NULL: not counted */
    struct ws_tls_context *tls; /* accepted connections speak TLS; NULL: they do not. It belongs to
                                 * the program, and each loop has one of its own. Another may be
                                 * put here on the loop's thread at any time */
    /* The loop came to a timer `late_ms` after its time, measured a few times a second, if the
     * server watches that. On the loop's thread. NULL: not reported. */
    void (*lagged)(struct ws_server_env *env, int64_t late_ms);
    /* ws_server's: the connection was dismissed because of overload, and counts as gone. */
    void (*dismissed)(struct ws_conn *conn);
    /* ws_server's: the connection has ended, and left the registry. */
    void (*left)(struct ws_server_env *env, struct ws_conn *conn);
};

/* Of a connection that a server accepted; outlives it. */
const struct ws_server_env *ws_server_env(const struct ws_conn *conn);

/* --- the registry: the live connections of a loop, by id; on its thread --- */

/* The connection of that id, or NULL: it is not on this loop, or has ended. */
struct ws_conn *ws_registry_find(const struct ws_registry *registry, uint64_t id);

/* Calls `visit` with every connection, in no order; it may end the one that it is given. */
void ws_registry_each(const struct ws_registry *registry,
                      void (*visit)(struct ws_conn *conn, void *context), void *context);

/* How many connections there are, and how many of them have done the upgrade. */
size_t ws_registry_count(const struct ws_registry *registry);
size_t ws_registry_open_count(const struct ws_registry *registry);

#ifdef __cplusplus
}
#endif

#endif
