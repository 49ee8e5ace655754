/*
 * tls_pair: a certificate, those that vouch for it, and its key: read from files or made up.
 *
 * A pair does not change once it is there, so that any thread may make contexts (tls_context.h)
 * from it; whoever made it frees it, and contexts keep what they need. Used by the tools.
 */
#ifndef WS_TLS_IDENTITY_H
#define WS_TLS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_tls_identity;

/* Is there a key in this PEM file that only a passphrase opens? False too where the file cannot be
 * read, which ws_tls_identity_read() says, and for a pipe, which can be read only once. */
bool ws_tls_key_encrypted(const char *key);

/*
 * Reads the first certificate of a PEM file, those behind it as its chain, and the key from another
 * file, or from the same where `key` is NULL. `passphrase` may be NULL. On failure NULL, with one
 * line in `error` (cut to `size` bytes with its NUL): no such file, nothing of the kind in it, a
 * chain that is damaged or longer than 32, a wrong passphrase, a key that does not fit.
 */
struct ws_tls_identity *ws_tls_identity_read(const char *certificate, const char *key,
                                             const char *passphrase, char *error, size_t size);

/*
 * Makes up a key on P-256 and a certificate that signs itself, for localhost, 127.0.0.1, ::1 and
 * the `count` names and addresses of `names`, valid from an hour ago and for a year. NULL without
 * memory or randomness.
 */
struct ws_tls_identity *ws_tls_identity_self_signed(const char *const *names, size_t count);

enum { WS_TLS_FINGERPRINT = 96 };

/* The certificate's SHA-256, as browsers show it: "AB:CD:…". Returns `text`. */
const char *ws_tls_identity_fingerprint(const struct ws_tls_identity *pair,
                                        char text[WS_TLS_FINGERPRINT]);

/* The day of its end, "2027-01-31". Returns `text`. */
const char *ws_tls_identity_until(const struct ws_tls_identity *pair, char text[16]);

/* NULL is allowed. */
void ws_tls_identity_free(struct ws_tls_identity *pair);

#ifdef __cplusplus
}
#endif

#endif
