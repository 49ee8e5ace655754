/*
 * proxy: the handshake with an outgoing proxy: HTTP CONNECT with Basic credentials (RFC 9110 9.3.6,
 * RFC 7617) or SOCKS5 without or with a password (RFC 1928, RFC 1929).
 *
 * A state machine without sockets: it returns what is to be sent and is fed what was received, in
 * pieces of any size. It ends with a tunnel, of which no byte was read yet, or with one line on why
 * there is none. Used by client, between the connection and the upgrade. One thread's.
 */
#ifndef LIBWS_CLIENT_PROXY_H
#define LIBWS_CLIENT_PROXY_H

#include <ws/error.h>
#include <ws/http.h>
#include <ws/proxy_url.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* WS_PROXY_ANSWER_MAX: bytes of all answers of a proxy, interim heads included. */
enum { WS_PROXY_ANSWER_MAX = 8 * 1024, WS_PROXY_OUT_MAX = 2560, WS_PROXY_FAILURE_MAX = 160 };

enum ws_proxy_state {
    WS_PROXY_HEAD,     /* HTTP: an answer is awaited */
    WS_PROXY_METHOD,   /* SOCKS5: the answer to the methods of authentication */
    WS_PROXY_PASSWORD, /* SOCKS5: the answer to the password */
    WS_PROXY_REPLY,    /* SOCKS5: the answer to the request */
    WS_PROXY_DONE,
    WS_PROXY_FAILED,
};

/* All of it is private. There is a password in it: end with ws_proxy_wipe(). */
struct ws_proxy_handshake {
    enum ws_proxy_state state;
    bool has_password;
    uint8_t out[WS_PROXY_OUT_MAX]; /* all that may have to be sent: SOCKS5 has three parts */
    size_t sent, due;              /* out[sent .. due - 1] is to be sent now */
    size_t password_end, out_len;  /* SOCKS5: greeting, password, request */
    size_t taken;                  /* bytes of answers, in all */
    size_t in_len;                 /* of the answer that is awaited */
    char in[WS_PROXY_ANSWER_MAX];
    struct ws_http_head head;
    char failure[WS_PROXY_FAILURE_MAX];
};

/*
 * Begins to ask `proxy` for `host` (without brackets) and `port`. Nothing of the arguments is kept.
 * WS_OK; WS_E_ARGUMENT when `host` is empty, longer than 255 bytes or has a character that is in no
 * host's name, or when the proxy's user or password is longer than proxy_url.h allows.
 */
enum ws_error ws_proxy_begin(struct ws_proxy_handshake *handshake, const struct ws_proxy *proxy,
                             const char *host, uint16_t port);

/* What is to be sent now, `*len` bytes of it, 0 when there is nothing. Valid until the next call
 * that changes the handshake. */
const uint8_t *ws_proxy_output(const struct ws_proxy_handshake *handshake, size_t *len);

/* `len` bytes of that were sent. */
void ws_proxy_sent(struct ws_proxy_handshake *handshake, size_t len);

/*
 * Feeds what was received. WS_OK: the tunnel is open, and what is received from now on comes from
 * the server. WS_MORE: something is to be sent, or more must be received. WS_E_PROXY: there is no
 * tunnel, ws_proxy_failure() says why; also for bytes after the answer or before the request: with
 * WebSocket and TLS the client sends first.
 */
enum ws_error ws_proxy_feed(struct ws_proxy_handshake *handshake, const void *bytes, size_t len);

/* The proxy closed the connection before it was done: returns WS_E_PROXY; see ws_proxy_failure().
 */
enum ws_error ws_proxy_ended(struct ws_proxy_handshake *handshake);

/* One line, no full stop: "the proxy refused: 403 Forbidden". Quotes of the proxy are cut and
 * printable. "" without a failure. */
const char *ws_proxy_failure(const struct ws_proxy_handshake *handshake);

/* Overwrites the password and everything else. */
void ws_proxy_wipe(struct ws_proxy_handshake *handshake);

#endif
