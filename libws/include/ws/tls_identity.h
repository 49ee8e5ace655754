/*
 * tls_identity: a certificate, its chain and its key: read from files, or self-signed.
 *
 * It never changes, so any thread may make contexts (tls_context.h) from it. The caller frees it;
 * contexts keep what they need.
 */
#ifndef WS_TLS_IDENTITY_H
#define WS_TLS_IDENTITY_H

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

#ifdef __cplusplus
}
#endif

#endif
