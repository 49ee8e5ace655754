#include "libws/tls/tls_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* TLS 1.2: only ephemeral key exchange and authenticated encryption. */
static const char ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
static const char ciphers_13[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
/* Not const, as OpenSSL's macro takes the qualifier off, which a compiler objects to. */
static char groups[] = "X25519:P-256:P-384:P-521";
/* What is spoken, in order of preference, as lists of ALPN; without HTTP/2 it is the second alone.
 */
static const unsigned char http_2[] = "\x02h2\x08http/1.1", *const http_1_1 = http_2 + 3;
enum { HTTP_1_1_LEN = 9, HTTP_2_LEN = sizeof http_2 - 1 };

enum { SECURITY_LEVEL = 2 }; /* 112 bits: RSA from 2048 on, no SHA-1 */

/* --- OpenSSL's callbacks --- */

/* A client that offers protocols must offer one of ours (RFC 7301 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                           const unsigned char *offered, unsigned offered_len, void *context)
{
    const struct ws_tls_context *own = context;
    unsigned char *from_ours;
    (void)ssl;
    if (SSL_select_next_proto(&from_ours, chosen_len, own->http2 ? http_2 : http_1_1,
                              own->http2 ? HTTP_2_LEN : HTTP_1_1_LEN, offered,
                              offered_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = from_ours;
    return SSL_TLSEXT_ERR_OK;
}

static int on_verify(int fine, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (!fine)
        ws_tls_note_verify_error(SSL_get_app_data(ssl), store);
    return fine;
}

/* The server asks for a certificate, and there is none. */
static int on_certificate_wanted(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct ws_tls *tls = SSL_get_app_data(ssl);
    (void)certificate;
    (void)key;
    tls->asked = true;
    return 0;
}

static void forget_sessions(struct ws_tls_context *context)
{
    while (context->session_count > 0)
        SSL_SESSION_free(context->sessions[--context->session_count]);
    free(context->session_name);
    context->session_name = NULL;
}

/* Keeps a session to resume later; the newest replaces the last when there are too many. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    const struct ws_tls *tls = SSL_get_app_data(ssl);
    struct ws_tls_context *context = tls->context;
    const char *name = tls->name ? tls->name : "";
    if (!context->session_name || strcmp(context->session_name, name) != 0) {
        forget_sessions(context);
        context->session_name = strdup(name);
    }
    if (!context->session_name)
        return 0;
    if (context->session_count == WS_TLS_SESSIONS)
        SSL_SESSION_free(context->sessions[--context->session_count]);
    context->sessions[context->session_count++] = session;
    return 1;
}

SSL_SESSION *ws_tls_context_session(struct ws_tls_context *context, const char *name)
{
    if (context->session_count == 0 || strcmp(context->session_name, name) != 0)
        return NULL;
    SSL_SESSION *session = context->sessions[context->session_count - 1];
    /* Tickets of TLS 1.3 are for one use (RFC 8446 C.4); each of those brings a new one. */
    if (SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION)
        context->session_count--;
    else
        SSL_SESSION_up_ref(session);
    return session;
}

/* Counts messages that carry no data. A peer may request new keys any number of times, and TLS
 * answers each: one that does nothing else attacks our time and memory. */
static void on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
                       void *context)
{
    struct ws_tls *tls = SSL_get_app_data(ssl);
    (void)sent;
    (void)version;
    (void)data;
    (void)len;
    (void)context;
    if (tls && tls->established && tls->in &&
        (type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT) &&
        tls->non_data_records <= WS_TLS_NON_DATA_MAX)
        tls->non_data_records++;
}

static void on_secret(const SSL *ssl, const char *line)
{
    const struct ws_tls *tls = SSL_get_app_data(ssl);
    char text[512];
    int len = snprintf(text, sizeof text, "%s\n", line);
    if (len < 0 || (size_t)len >= sizeof text)
        return;
    /* In one call, since others write to the same file. A failure cannot be reported from here. */
    ssize_t ignored = write(tls->context->key_log, text, (size_t)len);
    (void)ignored;
}

/* --- the bytes below --- */

static int bio_read(BIO *bio, char *to, int size)
{
    struct ws_tls *tls = BIO_get_data(bio);
    size_t len = tls->in_len < (size_t)size ? tls->in_len : (size_t)size;
    BIO_clear_retry_flags(bio);
    if (tls->non_data_records > WS_TLS_NON_DATA_MAX) {
        ws_tls_note(tls, "the %s keeps renewing keys and sends no data",
                    tls->context->role == WS_ROLE_CLIENT ? "server" : "client");
        return -1;
    }
    if (len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(to, tls->in, len);
    tls->in += len;
    tls->in_len -= len;
    return (int)len;
}

static int bio_write(BIO *bio, const char *from, int len)
{
    struct ws_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (tls->sealed && ws_out_copy(tls->sealed, from, (size_t)len) == WS_OK)
        return len;
    tls->no_memory = true;
    return -1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *make_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "libws");
    if (!method)
        return NULL;
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
    BIO_meth_set_create(method, bio_create);
    return method;
}

/* --- making one --- */

static bool no_memory(char *error, size_t size)
{
    snprintf(error, size, "out of memory");
    return false;
}

static bool offer_protocols(struct ws_tls_context *context)
{
    return SSL_CTX_set_alpn_protos(context->ssl, context->http2 ? http_2 : http_1_1,
                                   context->http2 ? HTTP_2_LEN : HTTP_1_1_LEN) == 0;
}

static bool set_rules(struct ws_tls_context *context, unsigned least)
{
    SSL_CTX *ssl = context->ssl;
    SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
    SSL_CTX_clear_options(ssl, SSL_CTX_get_options(ssl));
    SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_ENABLE_MIDDLEBOX_COMPAT | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA);
    /* Sessions are kept by the clients, as tickets: a server has no table. */
    SSL_CTX_set_session_cache_mode(ssl, context->role == WS_ROLE_CLIENT
                                            ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
                                            : SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_msg_callback(ssl, on_message);
    if (context->role == WS_ROLE_CLIENT)
        SSL_CTX_sess_set_new_cb(ssl, on_session);
    else
        SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, context);
    if (context->key_log >= 0)
        SSL_CTX_set_keylog_callback(ssl, on_secret);
    return SSL_CTX_set_min_proto_version(ssl, least == 13 ? TLS1_3_VERSION : TLS1_2_VERSION) &&
           SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) &&
           SSL_CTX_set_cipher_list(ssl, ciphers) && SSL_CTX_set_ciphersuites(ssl, ciphers_13) &&
           SSL_CTX_set1_groups_list(ssl, groups) && SSL_CTX_set_num_tickets(ssl, 1) &&
           SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"libws", 5) &&
           (context->role == WS_ROLE_SERVER || offer_protocols(context));
}

static bool use_pair(struct ws_tls_context *context, X509 *certificate, STACK_OF(X509) * chain,
                     EVP_PKEY *key, char *error, size_t size)
{
    context->paired = true;
    if (SSL_CTX_use_certificate(context->ssl, certificate) == 1 &&
        SSL_CTX_use_PrivateKey(context->ssl, key) == 1 &&
        (!chain || SSL_CTX_set1_chain(context->ssl, chain)))
        return true;
    const char *why = ERR_reason_error_string(ERR_peek_error());
    snprintf(error, size, "the certificate cannot be used: %s", why ? why : "out of memory");
    return false;
}

/* Sends clients the names of the certificates that were loaded: the file may be a pipe, which
 * cannot be read again. */
static bool name_authorities(SSL_CTX *ssl)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ssl));
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
    bool named = names != NULL;
    for (int i = 0; named && i < sk_X509_OBJECT_num(objects); i++) {
        const X509 *authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        X509_NAME *name = authority ? X509_NAME_dup(X509_get_subject_name(authority)) : NULL;
        named = !authority || (name && sk_X509_NAME_push(names, name) > 0);
        if (!named)
            X509_NAME_free(name);
    }
    if (named)
        SSL_CTX_set_client_CA_list(ssl, names);
    else
        sk_X509_NAME_pop_free(names, X509_NAME_free);
    return named;
}

/* Sets which issuers are trusted, and turns verification on. */
static bool trust(struct ws_tls_context *context, const char *ca, char *error, size_t size)
{
    SSL_CTX *ssl = context->ssl;
    struct stat status;
    if (!ca)
        return SSL_CTX_set_default_verify_paths(ssl) == 1 || no_memory(error, size);
    if (stat(ca, &status) < 0 || access(ca, R_OK) < 0) {
        snprintf(error, size, "authorities '%s': %s", ca, strerror(errno));
        return false;
    }
    bool folder = S_ISDIR(status.st_mode);
    if (folder ? SSL_CTX_load_verify_dir(ssl, ca) != 1 : SSL_CTX_load_verify_file(ssl, ca) != 1) {
        snprintf(error, size, "authorities '%s': there is no certificate in PEM form in it", ca);
        return false;
    }
    /* A configured certificate is trusted even if it is not self-signed. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN);
    if (context->role == WS_ROLE_SERVER && !folder && !name_authorities(ssl))
        return no_memory(error, size);
    return true;
}

static void verify_peers(struct ws_tls_context *context)
{
    int mode = context->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
    if (context->verifies && context->role == WS_ROLE_SERVER)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context->ssl, mode, context->verifies ? on_verify : NULL);
    if (context->role == WS_ROLE_CLIENT && !context->paired)
        SSL_CTX_set_client_cert_cb(context->ssl, on_certificate_wanted);
}

static struct ws_tls_context *begin(const struct ws_tls_options *options)
{
    struct ws_tls_context *context = calloc(1, sizeof *context);
    if (!context)
        return NULL;
    context->users = 1;
    context->role = options->role;
    context->insecure = options->insecure;
    context->http2 = options->http2;
    context->key_log = options->key_log ? *options->key_log : -1;
    context->verifies = options->role == WS_ROLE_SERVER ? options->ca != NULL : !options->insecure;
    context->method = make_method();
    context->ssl =
        SSL_CTX_new(options->role == WS_ROLE_SERVER ? TLS_server_method() : TLS_client_method());
    if (context->method && context->ssl && set_rules(context, options->least))
        return context;
    ws_tls_context_free(context);
    return NULL;
}

struct ws_tls_context *ws_tls_context_new(const struct ws_tls_options *options, char *error,
                                          size_t size)
{
    const struct ws_tls_identity *pair = options->pair;
    if (options->role == WS_ROLE_SERVER && !pair) {
        snprintf(error, size, "a server needs a certificate");
        return NULL;
    }
    struct ws_tls_context *context = begin(options);
    bool fine = context || no_memory(error, size);
    fine = fine &&
           (!pair || use_pair(context, pair->certificate, pair->chain, pair->key, error, size));
    fine = fine && (!context->verifies || trust(context, options->ca, error, size));
    ERR_clear_error();
    if (fine) {
        verify_peers(context);
        return context;
    }
    ws_tls_context_free(context);
    return NULL;
}

void ws_tls_context_offer_http2(struct ws_tls_context *context, bool offer)
{
    context->http2 = offer;
    if (context->role == WS_ROLE_CLIENT)
        offer_protocols(context);
}

struct ws_tls_context *ws_tls_context_again(const struct ws_tls_context *from)
{
    struct ws_tls_options options = {
        .role = from->role,
        .http2 = from->http2,
        .insecure = from->insecure,
        .key_log = &from->key_log,
    };
    unsigned char tickets[80];
    STACK_OF(X509) *chain = NULL;
    char ignored[1];
    struct ws_tls_context *context = begin(&options);
    if (!context)
        return NULL;
    context->verifies = from->verifies;
    SSL_CTX_set_min_proto_version(context->ssl, SSL_CTX_get_min_proto_version(from->ssl));
    bool fine = SSL_CTX_get0_chain_certs(from->ssl, &chain) == 1;
    if (fine && from->paired)
        fine = use_pair(context, SSL_CTX_get0_certificate(from->ssl), chain,
                        SSL_CTX_get0_privatekey(from->ssl), ignored, sizeof ignored);
    if (fine && from->role == WS_ROLE_SERVER)
        fine = SSL_CTX_get_tlsext_ticket_keys(from->ssl, tickets, sizeof tickets) == 1 &&
               SSL_CTX_set_tlsext_ticket_keys(context->ssl, tickets, sizeof tickets) == 1;
    OPENSSL_cleanse(tickets, sizeof tickets);
    if (from->verifies) {
        const STACK_OF(X509_NAME) *names = SSL_CTX_get_client_CA_list(from->ssl);
        SSL_CTX_set1_cert_store(context->ssl, SSL_CTX_get_cert_store(from->ssl));
        X509_VERIFY_PARAM_set1(SSL_CTX_get0_param(context->ssl), SSL_CTX_get0_param(from->ssl));
        if (names)
            SSL_CTX_set_client_CA_list(context->ssl, SSL_dup_CA_list(names));
    }
    verify_peers(context);
    ERR_clear_error();
    if (fine)
        return context;
    ws_tls_context_free(context);
    return NULL;
}

void ws_tls_context_release(struct ws_tls_context *context)
{
    if (--context->users > 0)
        return;
    forget_sessions(context);
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->method);
    free(context);
}

void ws_tls_context_free(struct ws_tls_context *context)
{
    if (context)
        ws_tls_context_release(context);
}
