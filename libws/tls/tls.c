#include "libws/tls/tls_private.h"

#include <ws/loop.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ws_tls_note(struct ws_tls *tls, const char *format, ...)
{
    va_list args;
    if (tls->failure)
        return;
    va_start(args, format);
    if (vasprintf(&tls->failure, format, args) < 0)
        tls->failure = NULL;
    va_end(args);
}

/* OpenSSL tells a failure from waiting by whether its queue of errors is empty. It nearly always
 * is, and looking costs less than clearing it. */
static void forget_errors(void)
{
    if (ERR_peek_error())
        ERR_clear_error();
}

/* --- beginning and end --- */

static bool is_address(const char *name)
{
    unsigned char binary[16];
    return inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1;
}

/* Sets the name that the server's certificate must have, and sends it to the server (SNI). */
static bool set_name(struct ws_tls *tls)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);
    if (is_address(tls->name))
        return X509_VERIFY_PARAM_set1_ip_asc(param, tls->name) == 1;
    /* A subject's common name is no host name (RFC 9525), and a star is a whole label. */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, tls->name, 0) == 1 &&
           SSL_set_tlsext_host_name(tls->ssl, tls->name) == 1;
}

static bool set_up(struct ws_tls *tls, const char *name)
{
    struct ws_tls_context *context = tls->context;
    tls->ssl = SSL_new(context->ssl);
    BIO *bio = tls->ssl ? BIO_new(context->method) : NULL;
    if (!bio)
        return false;
    BIO_set_data(bio, tls);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    if (context->role == WS_ROLE_SERVER) {
        SSL_set_accept_state(tls->ssl);
        return true;
    }
    SSL_set_connect_state(tls->ssl);
    if (!name)
        return true;
    /* A trailing dot is for the resolver only. */
    size_t len = strlen(name);
    tls->name = strndup(name, len > 1 && name[len - 1] == '.' ? len - 1 : len);
    if (!tls->name || !set_name(tls))
        return false;
    SSL_SESSION *session = ws_tls_context_session(context, tls->name);
    if (session)
        SSL_set_session(tls->ssl, session);
    SSL_SESSION_free(session);
    return true;
}

struct ws_tls *ws_tls_new(struct ws_tls_context *context, const char *name)
{
    struct ws_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return NULL;
    tls->context = context;
    context->users++;
    tls->begun_us = ws_clock_us();
    if (set_up(tls, name))
        return tls;
    ERR_clear_error();
    ws_tls_free(tls);
    return NULL;
}

void ws_tls_free(struct ws_tls *tls)
{
    if (!tls)
        return;
    /* A session may be resumed even if its connection was cut off. */
    if (tls->established && !tls->failed)
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls->ssl);
    ws_tls_context_release(tls->context);
    free(tls->name);
    free(tls->failure);
    free(tls);
}

/* --- failing --- */

static enum ws_error fail(struct ws_tls *tls)
{
    if (!tls->no_memory)
        ws_tls_note_ssl_error(tls);
    ERR_clear_error();
    tls->failed = true;
    return tls->no_memory ? WS_E_NO_MEMORY : WS_E_TLS;
}

void ws_tls_cut(struct ws_tls *tls, enum ws_error why)
{
    if (tls->established || tls->failed)
        return;
    ws_tls_note(tls, "the %s %s during the TLS handshake",
                tls->context->role == WS_ROLE_CLIENT ? "server" : "client",
                why == WS_E_RESET ? "reset the connection" : "ended the connection");
    tls->failed = true;
}

enum ws_error ws_tls_ended(const struct ws_tls *tls)
{
    if (tls->failed)
        return tls->no_memory ? WS_E_NO_MEMORY : tls->plain_expected ? WS_E_TLS_EXPECTED : WS_E_TLS;
    return tls->peer_closed ? WS_E_LOST : WS_OK;
}

/* --- the handshake --- */

/* Not all versions of OpenSSL check that the server chose a protocol that we offered. */
static bool protocol_fits(struct ws_tls *tls)
{
    const unsigned char *chosen;
    unsigned len;
    SSL_get0_alpn_selected(tls->ssl, &chosen, &len);
    tls->http2 = tls->context->http2 && len == 2 && memcmp(chosen, "h2", 2) == 0;
    if (tls->http2)
        return true;
    if (len == 0 || (len == 8 && memcmp(chosen, "http/1.1", 8) == 0))
        return true;
    ws_tls_note(tls, "the server wants to speak another protocol than HTTP/1.1 (ALPN)");
    return false;
}

/* Continues the handshake with the input so far. WS_OK: it is done. */
static enum ws_error do_handshake(struct ws_tls *tls)
{
    ERR_clear_error();
    int result = SSL_do_handshake(tls->ssl);
    if (result == 1) {
        tls->established = true;
        tls->handshake_us = ws_clock_us() - tls->begun_us;
        return protocol_fits(tls) ? WS_OK : fail(tls);
    }
    return SSL_get_error(tls->ssl, result) == SSL_ERROR_WANT_READ && !tls->no_memory ? WS_MORE
                                                                                     : fail(tls);
}

enum ws_error ws_tls_begin(struct ws_tls *tls, struct ws_out *sealed)
{
    tls->sealed = sealed;
    enum ws_error error = do_handshake(tls);
    tls->sealed = NULL;
    return error == WS_MORE ? WS_OK : error;
}

/* The first byte tells whether the other end speaks TLS: records of a handshake begin with 22,
 * alerts, which a server may begin with, with 21. */
static enum ws_error look_at_first(struct ws_tls *tls, const uint8_t *data, size_t len)
{
    bool client = tls->context->role == WS_ROLE_CLIENT;
    bool letter = data[0] >= 'A' && data[0] <= 'Z';
    tls->heard = true;
    if (data[0] == 22 || (client && data[0] == 21))
        return WS_OK;
    tls->failed = true;
    tls->plain_expected = !client && letter;
    if (client && len >= 5 && memcmp(data, "HTTP/", 5) == 0)
        ws_tls_note(tls, "the server does not speak TLS here, but plain HTTP");
    else if (client && len >= 4 && memcmp(data, "SSH-", 4) == 0)
        ws_tls_note(tls, "the server does not speak TLS here, but SSH");
    else
        ws_tls_note(tls, "the %s does not speak TLS", client ? "server" : "client");
    return ws_tls_ended(tls);
}

/* --- receiving --- */

/* Decrypts all records that are whole. */
static size_t read_all(struct ws_tls *tls, uint8_t *plain)
{
    size_t have = 0, got;
    forget_errors();
    for (;;) {
        int result = SSL_read_ex(tls->ssl, plain + have, WS_TLS_RECORD, &got);
        if (result == 1) {
            have += got;
            tls->non_data_records = 0;
            if (tls->in_len == 0 && !SSL_has_pending(tls->ssl))
                return have; /* the next call would find nothing to read */
            continue;
        }
        switch (SSL_get_error(tls->ssl, result)) {
        case SSL_ERROR_WANT_READ:
            if (tls->no_memory)
                fail(tls);
            return have;
        case SSL_ERROR_ZERO_RETURN:
            tls->peer_closed = true;
            return have;
        default:
            fail(tls);
            return have;
        }
    }
}

enum ws_error ws_tls_open(struct ws_tls *tls, const void *data, size_t len, void *plain,
                          struct ws_out *sealed, size_t *plain_len)
{
    *plain_len = 0;
    enum ws_error error = ws_tls_ended(tls);
    if (error == WS_OK && len > 0 && !tls->heard)
        error = look_at_first(tls, data, len);
    if (error != WS_OK)
        return error;
    tls->in = data;
    tls->in_len = len;
    tls->sealed = sealed;
    if (!tls->established)
        error = do_handshake(tls);
    if (error == WS_OK)
        *plain_len = read_all(tls, plain);
    tls->sealed = NULL;
    tls->in = NULL;
    tls->in_len = 0;
    if (error != WS_OK || *plain_len > 0)
        return error;
    error = ws_tls_ended(tls);
    return error == WS_OK ? WS_MORE : error;
}

/* --- sending --- */

static bool write_record(struct ws_tls *tls, const void *data, size_t len)
{
    size_t written;
    return SSL_write_ex(tls->ssl, data, len, &written) == 1 && written == len;
}

enum ws_error ws_tls_seal(struct ws_tls *tls, const struct iovec *pieces, int count, size_t max,
                          struct ws_out *sealed, size_t *taken)
{
    uint8_t *record = tls->context->record;
    size_t done = 0, gathered = 0;
    bool fine = true;
    tls->sealed = sealed;
    forget_errors();
    for (int i = 0; i < count && fine && done + gathered < max; i++) {
        const uint8_t *data = pieces[i].iov_base;
        size_t len = pieces[i].iov_len;
        while (len > 0 && fine && done + gathered < max) {
            size_t part = len < max - done - gathered ? len : max - done - gathered;
            if (gathered == 0 && (part >= WS_TLS_RECORD || i + 1 == count)) {
                fine = write_record(tls, data, part);
                done += fine ? part : 0;
            } else {
                /* A record for each small piece would cost more than copying it. */
                part = part < WS_TLS_RECORD - gathered ? part : WS_TLS_RECORD - gathered;
                memcpy(record + gathered, data, part);
                gathered += part;
                if (gathered == WS_TLS_RECORD) {
                    fine = write_record(tls, record, gathered);
                    done += fine ? gathered : 0;
                    gathered = 0;
                }
            }
            data += part;
            len -= part;
        }
    }
    if (fine && gathered > 0) {
        fine = write_record(tls, record, gathered);
        done += fine ? gathered : 0;
    }
    tls->sealed = NULL;
    *taken = done;
    return fine ? WS_OK : fail(tls);
}

bool ws_tls_close(struct ws_tls *tls, struct ws_out *sealed)
{
    size_t before = sealed->bytes;
    if (!tls->established || tls->failed || tls->closed)
        return false;
    tls->closed = true;
    tls->sealed = sealed;
    ERR_clear_error();
    SSL_shutdown(tls->ssl);
    ERR_clear_error();
    tls->sealed = NULL;
    return sealed->bytes > before;
}

/* --- about it --- */

bool ws_tls_http2(const struct ws_tls *tls)
{
    return tls->established && tls->http2;
}

bool ws_tls_established(const struct ws_tls *tls)
{
    return tls->established;
}

enum ws_tls_rejection ws_tls_rejection(const struct ws_tls *tls)
{
    return tls->rejection;
}

const char *ws_tls_failure(const struct ws_tls *tls)
{
    if (tls->failure)
        return tls->failure;
    return !tls->failed ? "" : ws_error_info(ws_tls_ended(tls))->explanation;
}

const char *ws_tls_version(const struct ws_tls *tls)
{
    return SSL_get_version(tls->ssl);
}

const char *ws_tls_cipher(const struct ws_tls *tls)
{
    return SSL_get_cipher_name(tls->ssl);
}

bool ws_tls_resumed(const struct ws_tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

int64_t ws_tls_handshake_us(const struct ws_tls *tls)
{
    return tls->handshake_us;
}

int64_t ws_tls_established_us(const struct ws_tls *tls)
{
    return tls->begun_us + tls->handshake_us;
}

const char *ws_tls_peer(const struct ws_tls *tls, char *text, size_t size)
{
    X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    char name[WS_TLS_NAMES_MAX], day[16];
    text[0] = '\0';
    if (!certificate)
        return text;
    ws_tls_subject_name(X509_get_subject_name(certificate), name, sizeof name);
    ws_tls_date(X509_get0_notAfter(certificate), day, sizeof day);
    snprintf(text, size, "%s (until %s)", name, day);
    return text;
}
