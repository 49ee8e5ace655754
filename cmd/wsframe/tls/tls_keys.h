/*
 * tls_keys: the cipher of one direction of a TLS connection: its key from a secret, and the records
 * it opens (RFC 8446 5.2, 7.1 to 7.3; RFC 5246 6.2.3.3, 6.3; RFC 5288, RFC 7905).
 *
 * All suites of TLS 1.3 that are in use, and of TLS 1.2 those with AES-GCM and ChaCha20-Poly1305.
 * Used by tls_stream; the cryptography is OpenSSL's.
 */
#ifndef CMD_WSFRAME_TLS_TLS_KEYS_H
#define CMD_WSFRAME_TLS_TLS_KEYS_H

#include "cmd/wsframe/tls/keylog.h"

#include <openssl/evp.h>
#include <stdbool.h>

enum {
    TLS_HEADER_LEN = 5,
    TLS_RECORD_MAX = 16384 + 256, /* of what follows the header */
};

struct tls_suite {
    uint16_t number;
    bool tls13;
    bool chacha;
    uint8_t key_len;
    const char *digest;
};

/* NULL for a suite that cannot be read. */
const struct tls_suite *tls_suite_find(unsigned number);

struct tls_keys {
    EVP_CIPHER_CTX *cipher; /* NULL: none yet */
    const struct tls_suite *suite;
    uint8_t secret[TLS_SECRET_MAX]; /* of TLS 1.3, for the next key */
    uint8_t secret_len;
    uint8_t iv[12];
    uint64_t sequence;
};

/* Keys of TLS 1.3 from a traffic secret. False for a secret of another length. */
bool tls_keys_13(struct tls_keys *keys, const struct tls_suite *suite, const uint8_t *secret,
                 size_t secret_len);
/* The keys that follow a KeyUpdate. */
bool tls_keys_next(struct tls_keys *keys);
/* Keys of TLS 1.2, of the server or the client. */
bool tls_keys_12(struct tls_keys *keys, const struct tls_suite *suite,
                 const struct keylog_secret *master, const uint8_t *client_random,
                 const uint8_t *server_random, bool server);

/* Opens a record, which begins with its header and has `len` bytes after it. The length of the
 * plaintext in `plain`, of TLS_RECORD_MAX bytes, or -1 when it is not authentic. */
int tls_keys_open(struct tls_keys *keys, const uint8_t *record, size_t len, uint8_t *plain);

void tls_keys_free(struct tls_keys *keys);

#endif
