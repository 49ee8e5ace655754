/*
 * tls_private: what the files of tls share.
 *
 * tls.c is one connection's endpoint, tls_context.c what many have in common, tls_identity.c a
 * certificate and its key, tls_error.c the text of errors.
 */
#ifndef LIBWS_TLS_TLS_PRIVATE_H
#define LIBWS_TLS_TLS_PRIVATE_H

#include "libws/tls/tls.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct ws_tls_identity {
    X509 *certificate;
    STACK_OF(X509) * chain; /* the certificates after it; may be NULL */
    EVP_PKEY *key;
};

enum {
    WS_TLS_RECORD = 16 * 1024,
    WS_TLS_SESSIONS = 64,
    WS_TLS_NON_DATA_MAX = 64, /* consecutive messages without data that a peer may send */
};

struct ws_tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *method;
    enum ws_role role;
    bool verifies; /* the peer's certificate */
    bool insecure;
    bool http2;  /* is offered */
    bool paired; /* has a certificate of its own */
    int key_log; /* -1: none */
    unsigned users;
    SSL_SESSION *sessions[WS_TLS_SESSIONS]; /* client: to resume, the newest last */
    size_t session_count;
    char *session_name;            /* the server that they are of */
    uint8_t record[WS_TLS_RECORD]; /* where small pieces become one record */
};

struct ws_tls {
    SSL *ssl;
    struct ws_tls_context *context;
    const uint8_t *in; /* while it is being opened: what is left of it */
    size_t in_len;
    struct ws_out *sealed;           /* while something may be written */
    char *name;                      /* client: the server's */
    char *failure;                   /* from malloc; NULL: none, or no memory for it */
    enum ws_tls_rejection rejection; /* set with `failure` */
    int64_t begun_us;
    int64_t handshake_us;
    unsigned non_data_records; /* since the last plaintext: new keys, tickets, alerts, and answers
                                  to those */
    bool established : 1;
    bool http2 : 1;     /* agreed on */
    bool heard : 1;     /* something was received */
    bool no_memory : 1; /* for a record */
    bool failed : 1;
    bool peer_closed : 1;
    bool closed : 1;         /* our close_notify was sealed */
    bool asked : 1;          /* client: the server wants our certificate, and we have none */
    bool plain_expected : 1; /* server: the client speaks HTTP without TLS */
};

/* tls_context.c */

void ws_tls_context_release(struct ws_tls_context *context);
/* Client: a session to resume, which the caller frees; NULL: there is none. */
SSL_SESSION *ws_tls_context_session(struct ws_tls_context *context, const char *name);

/* tls.c */

/* Records what ws_tls_failure() says; the first call counts. */
void ws_tls_note(struct ws_tls *tls, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* tls_error.c */

enum { WS_TLS_NAMES_MAX = 200 }; /* bytes that any text of it fits into */

/* What a certificate names, "localhost, 127.0.0.1": cut, and printable. */
void ws_tls_certificate_names(X509 *certificate, char *text, size_t size);
/* The common name of a subject or an issuer; all of it where there is none. */
void ws_tls_subject_name(const X509_NAME *name, char *text, size_t size);
/* "2026-01-31"; "?" where it cannot be read. */
void ws_tls_date(const ASN1_TIME *time, char *text, size_t size);
/* Records why the peer's certificate was rejected. */
void ws_tls_note_verify_error(struct ws_tls *tls, X509_STORE_CTX *store);
/* Records why TLS failed, from OpenSSL's queue of errors. */
void ws_tls_note_ssl_error(struct ws_tls *tls);

#endif
