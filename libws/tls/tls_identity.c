#include "libws/tls/tls_private.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { CHAIN_MAX = 32, YEAR = 365 * 24 * 3600, HOUR = 3600 };

/* --- from files --- */

struct asked {
    const char *passphrase; /* NULL: there is none */
    bool was;               /* OpenSSL asked for it */
};

static int give_passphrase(char *to, int size, int writing, void *context)
{
    struct asked *asked = context;
    size_t len = asked->passphrase ? strlen(asked->passphrase) : 0;
    (void)writing;
    asked->was = true;
    if (!asked->passphrase || len > (size_t)size)
        return -1;
    memcpy(to, asked->passphrase, len);
    return (int)len;
}

/* NULL with errno. */
static BIO *open_file(const char *path)
{
    struct stat status;
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(file);
        errno = EISDIR;
        return NULL;
    }
    BIO *bio = BIO_new_fp(file, BIO_CLOSE);
    if (!bio) {
        fclose(file);
        errno = ENOMEM;
    }
    return bio;
}

bool ws_tls_key_encrypted(const char *key)
{
    struct asked asked = {NULL, false};
    struct stat status;
    /* A pipe can be read only once, and the key is read later. */
    if (stat(key, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    BIO *bio = open_file(key);
    if (!bio)
        return false;
    EVP_PKEY_free(PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &asked));
    BIO_free(bio);
    ERR_clear_error();
    return asked.was;
}

/* The certificates after the first, to the end of the file. A damaged one is an error: some clients
 * would trust the chain without it, and others not. */
static bool read_chain(struct ws_tls_identity *pair, BIO *bio)
{
    struct asked asked = {NULL, false};
    X509 *next;
    ERR_clear_error();
    while ((next = PEM_read_bio_X509(bio, NULL, give_passphrase, &asked))) {
        if (sk_X509_num(pair->chain) == CHAIN_MAX || !sk_X509_push(pair->chain, next)) {
            X509_free(next);
            return false;
        }
    }
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static bool read_certificates(struct ws_tls_identity *pair, const char *path, char *error,
                              size_t size)
{
    /* The passphrase is the key's: none is used for certificates. */
    struct asked asked = {NULL, false};
    BIO *bio = open_file(path);
    if (!bio) {
        snprintf(error, size, "certificate '%s': %s", path, strerror(errno));
        return false;
    }
    pair->certificate = PEM_read_bio_X509_AUX(bio, NULL, give_passphrase, &asked);
    pair->chain = sk_X509_new_null();
    bool whole = pair->certificate && pair->chain && read_chain(pair, bio);
    BIO_free(bio);
    ERR_clear_error();
    if (!pair->certificate)
        snprintf(error, size, "certificate '%s': there is no certificate in PEM form in it", path);
    else if (!whole)
        snprintf(error, size, "certificate '%s': the chain behind the first one cannot be read",
                 path);
    return whole;
}

static bool read_key(struct ws_tls_identity *pair, const char *path, const char *passphrase,
                     char *error, size_t size)
{
    struct asked asked = {passphrase, false};
    BIO *bio = open_file(path);
    if (!bio) {
        snprintf(error, size, "key '%s': %s", path, strerror(errno));
        return false;
    }
    pair->key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &asked);
    BIO_free(bio);
    ERR_clear_error();
    if (pair->key)
        return true;
    if (asked.was && passphrase)
        snprintf(error, size, "key '%s': the passphrase is wrong", path);
    else if (asked.was)
        snprintf(error, size, "key '%s': it is encrypted, and there is no passphrase", path);
    else
        snprintf(error, size, "key '%s': there is no private key in PEM form in it", path);
    return false;
}

struct ws_tls_identity *ws_tls_identity_read(const char *certificate, const char *key,
                                             const char *passphrase, char *error, size_t size)
{
    struct ws_tls_identity *pair = calloc(1, sizeof *pair);
    const char *key_file = key ? key : certificate;
    if (!pair) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    if (read_certificates(pair, certificate, error, size) &&
        read_key(pair, key_file, passphrase, error, size)) {
        if (X509_check_private_key(pair->certificate, pair->key) == 1)
            return pair;
        snprintf(error, size, "the key in '%s' does not fit the certificate in '%s'", key_file,
                 certificate);
        ERR_clear_error();
    }
    ws_tls_identity_free(pair);
    return NULL;
}

/* --- self-signed --- */

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_name(GENERAL_NAMES *names, const char *text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(text);
    ASN1_IA5STRING *host = address ? NULL : ASN1_IA5STRING_new();
    ERR_clear_error();
    if (!name || (!address && (!host || !ASN1_STRING_set(host, text, -1)))) {
        GENERAL_NAME_free(name);
        ASN1_OCTET_STRING_free(address);
        ASN1_IA5STRING_free(host);
        return false;
    }
    GENERAL_NAME_set0_value(name, address ? GEN_IPADD : GEN_DNS,
                            address ? (void *)address : (void *)host);
    if (sk_GENERAL_NAME_push(names, name))
        return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool add_names(X509 *certificate, const char *const *more, size_t count)
{
    static const char *const always[] = {"localhost", "127.0.0.1", "::1"};
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool fine = names != NULL;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        fine = fine && add_name(names, always[i]);
    for (size_t i = 0; i < count; i++) {
        bool there = false;
        for (size_t k = 0; k < sizeof always / sizeof always[0]; k++)
            there |= strcmp(more[i], always[k]) == 0;
        fine = fine && (there || add_name(names, more[i]));
    }
    fine = fine && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return fine;
}

static bool fill_in(X509 *certificate, EVP_PKEY *key, const char *const *names, size_t count)
{
    unsigned char serial[16];
    time_t now = time(NULL);
    X509_NAME *subject = X509_get_subject_name(certificate);
    if (RAND_bytes(serial, sizeof serial) != 1)
        return false;
    serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and of constant length */
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool fine = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return fine && X509_set_version(certificate, X509_VERSION_3) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), now - HOUR) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), now + YEAR) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)"localhost", -1, -1, 0) &&
           X509_set_issuer_name(certificate, subject) && X509_set_pubkey(certificate, key) &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           add_names(certificate, names, count) && X509_sign(certificate, key, EVP_sha256()) > 0;
}

struct ws_tls_identity *ws_tls_identity_self_signed(const char *const *names, size_t count)
{
    struct ws_tls_identity *pair = calloc(1, sizeof *pair);
    if (!pair)
        return NULL;
    pair->key = EVP_EC_gen("P-256");
    pair->certificate = X509_new();
    if (pair->key && pair->certificate && fill_in(pair->certificate, pair->key, names, count))
        return pair;
    ERR_clear_error();
    ws_tls_identity_free(pair);
    return NULL;
}

/* --- about it --- */

const char *ws_tls_identity_fingerprint(const struct ws_tls_identity *pair,
                                        char text[WS_TLS_FINGERPRINT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    text[0] = '\0';
    if (X509_digest(pair->certificate, EVP_sha256(), digest, &len) != 1)
        return text;
    for (unsigned i = 0; i < len && 3 * i + 3 <= WS_TLS_FINGERPRINT; i++)
        snprintf(text + 3 * i, 4, "%02X%s", digest[i], i + 1 < len ? ":" : "");
    return text;
}

const char *ws_tls_identity_until(const struct ws_tls_identity *pair, char text[16])
{
    ws_tls_date(X509_get0_notAfter(pair->certificate), text, 16);
    return text;
}

void ws_tls_identity_free(struct ws_tls_identity *pair)
{
    if (!pair)
        return;
    X509_free(pair->certificate);
    sk_X509_pop_free(pair->chain, X509_free);
    EVP_PKEY_free(pair->key);
    free(pair);
}
