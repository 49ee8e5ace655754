/*
 * client: from a URL to an open connection: resolve, connect, ask a proxy, TLS, upgrade.
 *
 * Names are resolved without blocking the loop; addresses of both families are tried as RFC 8305
 * has it, the next one when the last has failed or not answered within a quarter of a second. A
 * failure is reported with the step and the reason. A client is used by one thread, its loop's.
 */
#ifndef WS_CLIENT_H
#define WS_CLIENT_H

#include <ws/conn.h>
#include <ws/handler.h>
#include <ws/handshake.h>
#include <ws/loop.h>
#include <ws/proxy_url.h>
#include <ws/url.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_client;

struct ws_client_options {
    const struct ws_url *url;      /* its user_info is not sent: `headers` may have an
                                    * Authorization */
    const struct ws_conn_env *env; /* of the connection, which it must outlive: loop, config,
                                    * handler */
    void *user;                    /* of the callbacks, and of the connection */
    /* The socket is connected and the request is on its way: the connection lives from here on, and
     * everything else is reported to its handler. NULL: not reported. */
    void (*connected)(void *user, struct ws_conn *conn);
    /* No connection: WS_E_RESOLVE, WS_E_CONNECT, WS_E_NO_DESCRIPTORS, WS_E_PROXY,
     * WS_E_CONNECT_TIMEOUT, WS_E_ARGUMENT (a host that no proxy can be asked for, wss without
     * `tls`, a local_address that is none, or http2_prior where the library was built without
     * HTTP/2) or WS_E_NO_MEMORY. `detail` is one line such as "connect 127.0.0.1:9: Connection
     * refused", valid during the call, without passwords. NULL: not reported. */
    void (*failed)(void *user, enum ws_error error, const char *detail);
    uint32_t connect_ms; /* for name, connection, proxy, TLS and upgrade together; 0: no limit. TLS
                          * and upgrade have at most the config's handshake_ms of it */
    const char *const *subprotocols; /* NULL-terminated, in order of preference; or NULL */
    const struct ws_header *headers; /* as in ws_request_options */
    size_t header_count;
    const char *address; /* connect to this address, or name, instead of the URL's host; NULL: to
                          * that */
    int family;          /* AF_INET or AF_INET6: only such addresses; 0: both */
    const char *local_address;    /* to connect from, "192.0.2.1" or "2001:db8::1", or a network
                                   * interface to connect through, "eth0"; NULL: any */
    const struct ws_proxy *proxy; /* to connect through; NULL: none. Not used for unix sockets. With
                                   * a proxy, the proxy resolves the URL's host */
    bool http2_prior; /* ws: begin with HTTP/2, by prior knowledge. wss: `tls` offers it or not */
    struct ws_tls_context *tls; /* needed for wss; must outlive the client */
    const char *tls_name; /* the name that the server's certificate must have; NULL: the URL's host
                           */
};

/* How long the steps took, in microseconds; 0 for a step that was not needed. */
struct ws_client_times {
    int64_t resolve_us;
    int64_t connect_us;
    int64_t proxy_us;
};

/*
 * Starts. What `options` points to is copied, except env, user and tls. Exactly one of the
 * callbacks comes later, from the loop; the client frees itself after it. NULL without memory; no
 * callback comes then.
 */
struct ws_client *ws_client_connect(const struct ws_client_options *options);

/*
 * Opens another WebSocket over the HTTP/2 connection that `beside` is on, which another client
 * made: a stream of its own there (RFC 8441). Of `options` counts what belongs to the request: the
 * URL's target and authority, subprotocols, headers, env (of the same loop), user, and connect_ms.
 * `*conn` lives from here on as in `connected`: everything else is reported to its handler, not
 * before this call has returned. WS_OK; or, with `*conn` NULL, WS_E_NO_MEMORY or what
 * ws_client_may_join() says.
 */
enum ws_error ws_client_join(const struct ws_client_options *options, struct ws_conn *beside,
                             struct ws_conn **conn);

/* May another WebSocket join `beside`, a client's? WS_OK; WS_E_STATE: it is not on HTTP/2, or not
 * open yet, or its connection takes no further ones, since it ends; WS_E_STREAM_LIMIT: as many as
 * the server permits are open (RFC 9113 5.1.2). */
enum ws_error ws_client_may_join(const struct ws_conn *beside);

/* Gives up and frees it; no callback comes. Not after a callback came. */
void ws_client_cancel(struct ws_client *client);

/* Valid inside `connected` and `failed`. */
const struct ws_client_times *ws_client_times(const struct ws_client *client);

#ifdef __cplusplus
}
#endif

#endif
