/*
 * client: from a URL to an open connection: resolve, connect, ask a proxy, upgrade.
 *
 * Names are resolved beside the loop, addresses of both families are raced (RFC 8305): the next one
 * is tried when the one before has not answered within a quarter of a second. Whatever fails is
 * said with the step that failed and why. One thread's, its loop's.
 */
#ifndef WS_CLIENT_H
#define WS_CLIENT_H

#include <ws/conn.h>
#include <ws/handler.h>
#include <ws/handshake.h>
#include <ws/loop.h>
#include <ws/proxy.h>
#include <ws/url.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_client;

struct ws_client_options {
    const struct ws_url *url;
    const char *const *subprotocols; /* NULL-terminated, or NULL */
    const struct ws_header *headers; /* as in ws_request_options */
    size_t header_count;
    const struct ws_proxy *proxy; /* what the connection goes through; NULL: nothing. A URL of a
                                   * unix socket needs none. The name of the URL is then the proxy's
                                   * to resolve */
    struct ws_tls_context *tls;   /* for wss; must outlive the client */
    const char *tls_name; /* whom the server's certificate must name; NULL: the URL's host */
    uint32_t connect_ms;  /* for name, connection and proxy together; 0: no limit. The upgrade has
                           * the config's handshake_ms */
    const struct ws_conn_env
        *env;   /* of the connection, which it must outlive: loop, config, handler */
    void *user; /* of the connection too */
    /* The socket is connected and the request is on its way: the connection lives from here on, and
     * its handler hears the rest. */
    void (*connected)(void *user, struct ws_conn *conn);
    /* No connection could be made: WS_E_RESOLVE, WS_E_CONNECT, WS_E_PROXY, WS_E_CONNECT_TIMEOUT or
     * WS_E_NO_MEMORY. `detail` is one line such as "connect 127.0.0.1:9: Connection refused", valid
     * during the call; no password is in it. */
    void (*failed)(void *user, enum ws_error error, const char *detail);
};

/* How long the steps took, in microseconds; 0 for a step that was not needed. */
struct ws_client_times {
    int64_t resolve_us;
    int64_t connect_us;
    int64_t proxy_us;
};

/*
 * Begins. What `options` points to, but for home and user, is copied or used before this
 * returns; the callbacks come later, from the loop, and exactly one of them comes. The client frees
 * itself after it. NULL without memory.
 */
struct ws_client *ws_client_connect(const struct ws_client_options *options);

/* Gives up; no callback comes. */
void ws_client_cancel(struct ws_client *client);

/* In `connected` and `failed`. */
const struct ws_client_times *ws_client_times(const struct ws_client *client);

#ifdef __cplusplus
}
#endif

#endif
