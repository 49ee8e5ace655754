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
    struct ws_tls_context *tls; /* accepted connections speak TLS; NULL: they do not. Another may be
                                 * put here on the loop's thread at any time */
    /* The loop came to a timer `late_ms` after its time, measured a few times a second, if the
     * server watches that. On the loop's thread. NULL: not reported. */
    void (*lagged)(struct ws_server_env *env, int64_t late_ms);
    /* ws_server's: the connection has ended, and left the registry. */
    void (*left)(struct ws_server_env *env, struct ws_conn *conn);
};

/* Of a connection that a server accepted; outlives it. */
const struct ws_server_env *ws_server_env(const struct ws_conn *conn);

#ifdef __cplusplus
}
#endif

#endif
