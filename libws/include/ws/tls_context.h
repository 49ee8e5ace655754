/*
 * tls_context: identities (a certificate, its chain and its key) and contexts: what the TLS
 * connections of one loop share: identity, trusted issuers, versions, ciphers, sessions to resume.
 *
 * An identity never changes, so any thread may make contexts from it. The caller frees it; contexts
 * keep what they need.
 *
 * TLS 1.2 and 1.3 only, with forward secrecy; no compression, no renegotiation; HTTP/1.1 by ALPN. A
 * context and its connections belong to one thread. Connections keep the context that they began
 * with, so a server renews its certificate by using another context for new connections.
 */
#ifndef WS_TLS_CONTEXT_H
#define WS_TLS_CONTEXT_H

#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_tls_identity;

/* True if the key in this PEM file needs a passphrase. False also where the file cannot be read,
 * which ws_tls_identity_read() reports, and for a pipe, which can be read only once. */
bool ws_tls_key_encrypted(const char *key);

/*
 * Reads the first certificate of a PEM file, the following ones as its chain, and the key from
 * another file, or from the same one where `key` is NULL. `passphrase` may be NULL. On failure
 * NULL, with one line in `error` (cut to `size` bytes with its NUL): the file cannot be read or has
 * no certificate or key, the chain is damaged or longer than 32, the passphrase is wrong, the key
 * does not match.
 */
struct ws_tls_identity *ws_tls_identity_read(const char *certificate, const char *key,
                                             const char *passphrase, char *error, size_t size);

/*
 * Generates a key on P-256 and a self-signed certificate for localhost, 127.0.0.1, ::1 and the
 * `count` names and addresses of `names`, valid from an hour ago for a year. NULL without memory or
 * randomness.
 */
struct ws_tls_identity *ws_tls_identity_self_signed(const char *const *names, size_t count);

enum { WS_TLS_FINGERPRINT = 96 };

/* The certificate's SHA-256, as browsers show it: "AB:CD:…". Returns `text`. */
const char *ws_tls_identity_fingerprint(const struct ws_tls_identity *pair,
                                        char text[WS_TLS_FINGERPRINT]);

/* The last day of the certificate, "2027-01-31". Returns `text`. */
const char *ws_tls_identity_until(const struct ws_tls_identity *pair, char text[16]);

/* NULL is allowed. */
void ws_tls_identity_free(struct ws_tls_identity *pair);

struct ws_tls_context;

struct ws_tls_options {
    enum ws_role role;
    const struct ws_tls_identity *pair; /* our certificate and key; NULL: a client has none */
    /* Trusted issuers of the peer's certificate: a PEM file or a folder of hashed ones. NULL: for a
     * client the system's; a server then asks for no certificate. */
    const char *ca;
    bool http2;         /* offer HTTP/2 before HTTP/1.1 (ALPN) */
    bool insecure;      /* client: accept any certificate of the server */
    unsigned least;     /* lowest version: 12 or 13; 0 is 12 */
    const int *key_log; /* a descriptor that session secrets are written to, in the format that
                         * Wireshark reads; it must stay open while the context lives. NULL: none */
};

/* NULL with one line in `error`, cut to `size` bytes with its NUL: without memory, for a server
 * without `pair`, or where `ca` has no certificates. What `options` points to is copied or
 * referenced: it may be freed. */
struct ws_tls_context *ws_tls_context_new(const struct ws_tls_options *options, char *error,
                                          size_t size);

/* Another context that accepts the sessions of `context`: for the next loop of a server. May be
 * called on any thread while `context` is neither changed nor freed. NULL without memory. */
struct ws_tls_context *ws_tls_context_again(const struct ws_tls_context *context);

/* For connections that are made from now on: offer HTTP/2, or not. */
void ws_tls_context_offer_http2(struct ws_tls_context *context, bool offer);

/* Releases it; its memory lasts as long as its connections. NULL is allowed. */
void ws_tls_context_free(struct ws_tls_context *context);

#ifdef __cplusplus
}
#endif

#endif
