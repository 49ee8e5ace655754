/*
 * tls_context: what the TLS connections of one loop share: certificate, trusted issuers, versions,
 * ciphers, sessions to resume.
 *
 * TLS 1.2 and 1.3 only, with forward secrecy; no compression, no renegotiation; HTTP/1.1 by ALPN. A
 * context and its connections belong to one thread. Connections keep the context that they began
 * with, so a server renews its certificate by using another context for new connections.
 */
#ifndef WS_TLS_CONTEXT_H
#define WS_TLS_CONTEXT_H

#include <ws/session.h>
#include <ws/tls_identity.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_tls_context;

struct ws_tls_options {
    enum ws_role role;
    const struct ws_tls_identity *pair; /* our certificate and key; NULL for a client without one */
    /* Trusted issuers of the peer's certificate: a PEM file or a folder of hashed ones. NULL: for a
     * client the system's; a server then asks for no certificate. */
    const char *ca;
    bool insecure;      /* client: accept any certificate of the server */
    unsigned least;     /* lowest version: 12 or 13; 0 is 12 */
    const int *key_log; /* a descriptor that session secrets are written to, in the format that
                         * Wireshark reads; it must stay open while the context lives. NULL: none */
};

/* NULL with one line in `error`, cut to `size` bytes with its NUL. What `options` points to is
 * copied or referenced: it may be freed. */
struct ws_tls_context *ws_tls_context_new(const struct ws_tls_options *options, char *error,
                                          size_t size);

/* Another context that accepts the sessions of `context`: for the next loop of a server. May be
 * called on any thread while `context` is neither changed nor freed. NULL without memory. */
struct ws_tls_context *ws_tls_context_again(const struct ws_tls_context *context);

/* Releases it; its memory lasts as long as its connections. NULL is allowed. */
void ws_tls_context_free(struct ws_tls_context *context);

#ifdef __cplusplus
}
#endif

#endif
