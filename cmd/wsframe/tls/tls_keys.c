#include "cmd/wsframe/tls/tls_keys.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <string.h>

enum { TAG_LEN = 16, SALT_LEN = 4, EXPLICIT_LEN = 8, NONCE_LEN = 12 };

const struct tls_suite *tls_suite_find(unsigned number)
{
    static const struct tls_suite suites[] = {
        {0x1301, true, false, 16, "SHA256"},  {0x1302, true, false, 32, "SHA384"},
        {0x1303, true, true, 32, "SHA256"},   {0x009C, false, false, 16, "SHA256"},
        {0x009D, false, false, 32, "SHA384"}, {0x009E, false, false, 16, "SHA256"},
        {0x009F, false, false, 32, "SHA384"}, {0xC02B, false, false, 16, "SHA256"},
        {0xC02C, false, false, 32, "SHA384"}, {0xC02F, false, false, 16, "SHA256"},
        {0xC030, false, false, 32, "SHA384"}, {0xCCA8, false, true, 32, "SHA256"},
        {0xCCA9, false, true, 32, "SHA256"},  {0xCCAA, false, true, 32, "SHA256"},
    };
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (suites[i].number == number)
            return &suites[i];
    return NULL;
}

/* --- derivation --- */

static bool derive(const char *kdf_name, const OSSL_PARAM *params, uint8_t *to, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool done = context && EVP_KDF_derive(context, to, len, params) > 0;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

static OSSL_PARAM text_param(const char *name, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)value, 0);
}

static OSSL_PARAM bytes_param(const char *name, const void *value, size_t len)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)value, len);
}

/* HKDF-Expand-Label of RFC 8446 7.1, with an empty context. */
static bool expand(const struct tls_keys *keys, const char *label, uint8_t *to, size_t len)
{
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        text_param(OSSL_KDF_PARAM_DIGEST, keys->suite->digest),
        bytes_param(OSSL_KDF_PARAM_KEY, keys->secret, keys->secret_len),
        bytes_param(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6),
        bytes_param(OSSL_KDF_PARAM_LABEL, label, strlen(label)),
        OSSL_PARAM_construct_end(),
    };
    return derive("TLS13-KDF", params, to, len);
}

static bool begin(struct tls_keys *keys, const uint8_t *key)
{
    const EVP_CIPHER *cipher = keys->suite->chacha          ? EVP_chacha20_poly1305()
                               : keys->suite->key_len == 32 ? EVP_aes_256_gcm()
                                                            : EVP_aes_128_gcm();
    keys->sequence = 0;
    if (!keys->cipher)
        keys->cipher = EVP_CIPHER_CTX_new();
    return keys->cipher && EVP_DecryptInit_ex(keys->cipher, cipher, NULL, key, NULL) > 0;
}

static bool begin_13(struct tls_keys *keys)
{
    uint8_t key[32];
    return expand(keys, "key", key, keys->suite->key_len) &&
           expand(keys, "iv", keys->iv, sizeof keys->iv) && begin(keys, key);
}

static size_t digest_len(const struct tls_suite *suite)
{
    return strcmp(suite->digest, "SHA384") == 0 ? 48 : 32;
}

bool tls_keys_13(struct tls_keys *keys, const struct tls_suite *suite, const uint8_t *secret,
                 size_t secret_len)
{
    keys->suite = suite;
    if (secret_len != digest_len(suite))
        return false;
    memcpy(keys->secret, secret, secret_len);
    keys->secret_len = (uint8_t)secret_len;
    return begin_13(keys);
}

bool tls_keys_next(struct tls_keys *keys)
{
    uint8_t next[TLS_SECRET_MAX];
    if (!expand(keys, "traffic upd", next, keys->secret_len))
        return false;
    memcpy(keys->secret, next, keys->secret_len);
    return begin_13(keys);
}

bool tls_keys_12(struct tls_keys *keys, const struct tls_suite *suite,
                 const struct keylog_secret *master, const uint8_t *client_random,
                 const uint8_t *server_random, bool server)
{
    uint8_t seed[13 + 2 * TLS_RANDOM_LEN] = "key expansion", block[2 * (32 + NONCE_LEN)];
    size_t iv_len = suite->chacha ? NONCE_LEN : SALT_LEN, key_len = suite->key_len;
    memcpy(seed + 13, server_random, TLS_RANDOM_LEN);
    memcpy(seed + 13 + TLS_RANDOM_LEN, client_random, TLS_RANDOM_LEN);
    const OSSL_PARAM params[] = {
        text_param(OSSL_KDF_PARAM_DIGEST, suite->digest),
        bytes_param(OSSL_KDF_PARAM_SECRET, master->bytes, master->len),
        bytes_param(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
        OSSL_PARAM_construct_end(),
    };
    keys->suite = suite;
    if (!derive("TLS1-PRF", params, block, 2 * (key_len + iv_len)))
        return false;
    memcpy(keys->iv, block + 2 * key_len + (server ? iv_len : 0), iv_len);
    return begin(keys, block + (server ? key_len : 0));
}

/* --- records --- */

/* The sequence number, as eight bytes, or exclusive-ored into them. */
static void mix_sequence(uint8_t *p, uint64_t sequence)
{
    for (int i = 7; i >= 0; i--, sequence >>= 8)
        p[i] ^= (uint8_t)sequence;
}

/* The additional data. Returns its length. */
static int authenticated(const struct tls_keys *keys, const uint8_t *header, size_t plain_len,
                         uint8_t aad[13])
{
    if (keys->suite->tls13) {
        memcpy(aad, header, TLS_HEADER_LEN);
        return TLS_HEADER_LEN;
    }
    memset(aad, 0, 8);
    mix_sequence(aad, keys->sequence);
    memcpy(aad + 8, header, 3);
    aad[11] = (uint8_t)(plain_len >> 8);
    aad[12] = (uint8_t)plain_len;
    return 13;
}

int tls_keys_open(struct tls_keys *keys, const uint8_t *record, size_t len, uint8_t *plain)
{
    const uint8_t *sealed = record + TLS_HEADER_LEN;
    uint8_t nonce[NONCE_LEN], aad[13], tag[TAG_LEN];
    bool is_explicit = !keys->suite->tls13 && !keys->suite->chacha;
    size_t prefix = is_explicit ? EXPLICIT_LEN : 0;
    if (len < prefix + TAG_LEN || len > TLS_RECORD_MAX)
        return -1;
    memcpy(nonce, keys->iv, sizeof nonce);
    if (is_explicit)
        memcpy(nonce + SALT_LEN, sealed, EXPLICIT_LEN);
    else
        mix_sequence(nonce + SALT_LEN, keys->sequence);
    int plain_len = (int)(len - prefix - TAG_LEN), done, rest;
    int aad_len = authenticated(keys, record, (size_t)plain_len, aad);
    memcpy(tag, sealed + len - TAG_LEN, TAG_LEN);
    keys->sequence++;
    bool good = EVP_DecryptInit_ex(keys->cipher, NULL, NULL, NULL, nonce) > 0 &&
                EVP_DecryptUpdate(keys->cipher, NULL, &done, aad, aad_len) > 0 &&
                EVP_DecryptUpdate(keys->cipher, plain, &done, sealed + prefix, plain_len) > 0 &&
                EVP_CIPHER_CTX_ctrl(keys->cipher, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) > 0 &&
                EVP_DecryptFinal_ex(keys->cipher, plain + done, &rest) > 0;
    return good ? plain_len : -1;
}

void tls_keys_free(struct tls_keys *keys)
{
    EVP_CIPHER_CTX_free(keys->cipher);
    keys->cipher = NULL;
}
