/*
 * connector: from a host name, or the path of a unix socket, to a connected socket.
 *
 * Resolves without blocking the loop (resolve), then tries the addresses as RFC 8305 has it: the
 * families alternate (section 4), and the next address is tried when the last attempt has failed or
 * has not answered within 250 ms (section 5); the first to answer wins. Used by client and by
 * wsserve's --proxy. One thread's, its loop's.
 */
#ifndef LIBWS_IO_CONNECTOR_H
#define LIBWS_IO_CONNECTOR_H

#include <ws/error.h>
#include <ws/loop.h>

#include <stdint.h>
#include <sys/socket.h>

struct ws_connector;

struct ws_connector_options {
    struct ws_loop *loop;
    const char *unix_path; /* of a unix socket; NULL: host and port are used */
    const char *host;      /* a name, or an address without brackets */
    uint16_t port;
    int family; /* AF_INET or AF_INET6: only such addresses; 0: both */
    const struct sockaddr_storage
        *local;            /* the address to connect from; ss_family 0, or NULL: any */
    const char *interface; /* the one to connect through; "" or NULL: any */
    uint32_t timeout_ms;   /* for name and connection together; 0: no limit */
    const char *label;     /* what host is, for messages, "the proxy"; NULL: nothing is added */
    void *user;
    /* `fd` is connected, non-blocking and close-on-exec, has TCP_NODELAY, and belongs to the
     * callee. */
    void (*connected)(void *user, int fd);
    /*
     * WS_E_RESOLVE, WS_E_CONNECT, WS_E_NO_DESCRIPTORS, WS_E_CONNECT_TIMEOUT, WS_E_NO_MEMORY.
     * `detail` is one line such as "connect 127.0.0.1:9: Connection refused", valid during the
     * call: of several attempts, the one that failed last.
     */
    void (*failed)(void *user, enum ws_error error, const char *detail);
};

/* How long the steps took, in microseconds; 0 for a step that was not needed. */
struct ws_connector_times {
    int64_t resolve_us;
    int64_t connect_us;
};

/*
 * Starts. Strings are copied. Exactly one of the callbacks comes later, from the loop; the
 * connector frees itself after it. NULL without memory; no callback comes then.
 */
struct ws_connector *ws_connector_start(const struct ws_connector_options *options);

/* Gives up and frees it; no callback comes. Not after a callback came, but from inside of one it
 * does nothing. */
void ws_connector_cancel(struct ws_connector *connector);

/* Valid inside the callbacks. */
const struct ws_connector_times *ws_connector_times(const struct ws_connector *connector);

#endif
