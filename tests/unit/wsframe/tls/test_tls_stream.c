/* A TLS connection of OpenSSL's, made in memory, is read with the secrets that it logs; cut up,
 * damaged and hostile ones too. */
#include "cmd/wsframe/tls/tls_stream.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { WIRE_MAX = 1 << 20, RECORDS_MAX = 4096 };

/* What one connection sent, in the order of time. */
struct flight {
    int server;
    size_t at, len;
};

static uint8_t wire[WIRE_MAX];
static size_t wire_len;
static struct flight flights[RECORDS_MAX];
static size_t flight_count;
static char sent[2][WIRE_MAX / 2];
static size_t sent_len[2];
static FILE *log_file;
static char log_path[] = "/tmp/wsframe-keys-XXXXXX";

/* --- a connection of OpenSSL's --- */

static void write_secret(const SSL *ssl, const char *line)
{
    (void)ssl;
    fprintf(log_file, "%s\n", line);
    fflush(log_file);
}

static void make_identity(SSL_CTX *context)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_true(SSL_CTX_use_certificate(context, certificate) > 0);
    assert_true(SSL_CTX_use_PrivateKey(context, key) > 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static SSL *make_side(int server, int version, const char *ciphers)
{
    SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    assert_true(version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(context, ciphers) > 0
                                          : SSL_CTX_set_cipher_list(context, ciphers) > 0);
    if (server)
        make_identity(context);
    else
        SSL_CTX_set_keylog_callback(context, write_secret);
    SSL *ssl = SSL_new(context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    SSL_CTX_free(context);
    return ssl;
}

/* Carries what `from` wrote to `to`, and keeps it. */
static bool carry(SSL *from, SSL *to, int server)
{
    struct flight *flight = &flights[flight_count];
    int got = BIO_read(SSL_get_wbio(from), wire + wire_len, (int)(WIRE_MAX - wire_len));
    if (got <= 0)
        return false;
    assert_true(flight_count < RECORDS_MAX - 1);
    *flight = (struct flight){server, wire_len, (size_t)got};
    flight_count++;
    BIO_write(SSL_get_rbio(to), wire + wire_len, got);
    wire_len += (size_t)got;
    return true;
}

static void say(SSL *ssl, int server, const char *data, size_t len)
{
    assert_int_equal(SSL_write(ssl, data, (int)len), (int)len);
    memcpy(sent[server] + sent_len[server], data, len);
    sent_len[server] += len;
}

static void listen_to(SSL *ssl)
{
    static char data[65536];
    while (SSL_read(ssl, data, sizeof data) > 0)
        ;
}

static void converse(int version, const char *ciphers)
{
    static char large[70000];
    SSL *sides[2] = {make_side(0, version, ciphers), make_side(1, version, ciphers)};
    wire_len = flight_count = sent_len[0] = sent_len[1] = 0;
    memset(large, 'x', sizeof large);
    bool moved = true;
    while (moved) {
        SSL_do_handshake(sides[0]);
        moved = carry(sides[0], sides[1], 0);
        SSL_do_handshake(sides[1]);
        moved |= carry(sides[1], sides[0], 1);
    }
    for (int round = 0; round < 3; round++) {
        for (int server = 0; server < 2; server++) {
            say(sides[server], server, "hello", 5);
            say(sides[server], server, large, sizeof large);
            carry(sides[server], sides[!server], server);
            listen_to(sides[!server]);
            if (version == TLS1_3_VERSION)
                assert_true(SSL_key_update(sides[server], SSL_KEY_UPDATE_REQUESTED) > 0);
        }
    }
    SSL_shutdown(sides[0]);
    carry(sides[0], sides[1], 0);
    SSL_free(sides[0]);
    SSL_free(sides[1]);
}

/* --- reading it --- */

static char shown[2][WIRE_MAX / 2];
static size_t shown_len[2];

/* Reads the flights with `step` bytes more at a time; returns why it failed, or NULL. */
static const char *read_all(struct keylog *keylog, size_t step)
{
    struct tls_stream *tls = tls_stream_new(keylog);
    static uint8_t held[2][WIRE_MAX];
    size_t held_len[2] = {0, 0};
    const char *why = NULL;
    shown_len[0] = shown_len[1] = 0;
    for (size_t i = 0; i < flight_count && !why; i++) {
        int server = flights[i].server;
        for (size_t at = 0; at < flights[i].len && !why; at += step) {
            size_t n = flights[i].len - at < step ? flights[i].len - at : step;
            memcpy(held[server] + held_len[server], wire + flights[i].at + at, n);
            held_len[server] += n;
            struct tls_piece piece;
            enum tls_result result;
            while ((result = tls_stream_next(tls, server, held[server], held_len[server],
                                             &piece)) == TLS_DATA ||
                   result == TLS_RECORD) {
                assert_true(piece.used > 0 && piece.used <= held_len[server]);
                assert_true(shown_len[server] + piece.len <= sizeof shown[server]);
                if (result == TLS_DATA)
                    memcpy(shown[server] + shown_len[server], piece.data, piece.len);
                shown_len[server] += piece.len;
                held_len[server] -= piece.used;
                memmove(held[server], held[server] + piece.used, held_len[server]);
            }
            if (result == TLS_FAILED)
                why = piece.why;
        }
    }
    tls_stream_free(tls);
    return why;
}

static void shows_what_was_sent(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(shown_len[i], sent_len[i]);
        assert_memory_equal(shown[i], sent[i], sent_len[i]);
    }
}

static int begin(void **state)
{
    (void)state;
    int fd = mkstemp(log_path);
    log_file = fd < 0 ? NULL : fdopen(fd, "w");
    return log_file ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    fclose(log_file);
    unlink(log_path);
    return 0;
}

static void every_suite(void **state)
{
    static const struct {
        int version;
        const char *suite;
    } cases[] = {
        {TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
        {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
        {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"},
        {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"},
    };
    static const size_t steps[] = {1, 7, 4096, WIRE_MAX};
    (void)state;
    /* The log is empty at first, and grows with each connection. */
    struct keylog *keylog = keylog_open(log_path, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        converse(cases[i].version, cases[i].suite);
        for (size_t j = 0; j < sizeof steps / sizeof *steps; j++) {
            assert_null(read_all(keylog, steps[j]));
            shows_what_was_sent();
        }
    }
    keylog_free(keylog);
}

static void other_suites(void **state)
{
    (void)state;
    struct keylog *keylog = keylog_open(log_path, false);
    converse(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256");
    assert_string_equal(read_all(keylog, WIRE_MAX),
                        "TLS of a cipher suite or version that cannot be read");
    keylog_free(keylog);
}

/* Whatever byte is damaged: no byte is shown that was not sent. */
static void damage(void **state)
{
    (void)state;
    struct keylog *keylog = keylog_open(log_path, false);
    uint32_t random = 1;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        converse(version, version == TLS1_3_VERSION ? "TLS_AES_128_GCM_SHA256"
                                                    : "ECDHE-ECDSA-AES128-GCM-SHA256");
        for (int i = 0; i < 400; i++) {
            random = random * 1664525u + 1013904223u;
            /* The handshake, which is read before it can be trusted, is hit most. */
            size_t at = (random >> 8) % (i % 4 ? 1500 : wire_len);
            uint8_t was = wire[at];
            wire[at] = (uint8_t)(random >> 24);
            read_all(keylog, WIRE_MAX);
            for (int side = 0; side < 2; side++) {
                assert_true(shown_len[side] <= sent_len[side]);
                assert_memory_equal(shown[side], sent[side], shown_len[side]);
            }
            wire[at] = was;
        }
    }
    keylog_free(keylog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite),
        cmocka_unit_test(other_suites),
        cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
