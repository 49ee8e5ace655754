/*
 * tls_context: what the TLS connections of one loop have in common: certificates, whom they trust,
 * which versions and ciphers they speak.
 *
 * TLS 1.2 and 1.3 alone, with ciphers that keep secrets even if the key becomes known later; no
 * compression, no renegotiation; HTTP/1.1 by ALPN. A context and its connections are one thread's.
 * Connections keep the context that they began with: a server reloads its certificates by putting
 * another one into its home (conn.h).
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
    const struct ws_tls_identity *pair; /* ours; a client may have none (NULL) */
    /* Who may have signed the peer's certificate: a PEM file or a folder of hashed ones. NULL: for
     * a client, whom the system trusts; a server then asks for no certificate. */
    const char *ca;
    bool insecure;      /* client: whatever the server shows will do */
    unsigned least;     /* version: 12 or 13; 0 is 12 */
    const int *key_log; /* a descriptor that the secrets of sessions are written to, in the form
                         * that Wireshark reads; it stays open as long as the context. NULL: none */
};

/* NULL with one line in `error`, cut to `size` bytes with its NUL. What `options` points to is
 * copied or counted. */
struct ws_tls_context *ws_tls_context_new(const struct ws_tls_options *options, char *error,
                                          size_t size);

/* Another one that accepts the sessions of `context`: for the next loop of a server. May be called
 * on any thread while nobody changes or frees `context`. NULL without memory. */
struct ws_tls_context *ws_tls_context_again(const struct ws_tls_context *context);

/* Its connections keep it until they end. NULL is allowed. */
void ws_tls_context_free(struct ws_tls_context *context);

#ifdef __cplusplus
}
#endif

#endif
