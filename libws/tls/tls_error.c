#include "libws/tls/tls_private.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

static const char *peer_of(const struct ws_tls *tls)
{
    return tls->context->role == WS_ROLE_CLIENT ? "server" : "client";
}

/* --- certificates --- */

/* The text of a certificate is foreign: no character of it may control a terminal. */
static size_t add_safely(char *text, size_t size, size_t at, const unsigned char *data, int len)
{
    for (int i = 0; i < len && at + 1 < size; i++)
        text[at++] = data[i] >= ' ' && data[i] < 0x7f ? (char)data[i] : '?';
    text[at < size ? at : size - 1] = '\0';
    return at;
}

void ws_tls_subject_name(const X509_NAME *name, char *text, size_t size)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    text[0] = '\0';
    if (at >= 0) {
        const ASN1_STRING *common = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
        add_safely(text, size, 0, ASN1_STRING_get0_data(common), ASN1_STRING_length(common));
    } else {
        X509_NAME_oneline(name, text, (int)size);
    }
    if (!text[0])
        snprintf(text, size, "an issuer without a name");
}

void ws_tls_certificate_names(X509 *certificate, char *text, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && at + 1 < size; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char address[INET6_ADDRSTRLEN] = "";
        const ASN1_STRING *value = name->d.ia5;
        if (name->type == GEN_IPADD) {
            int len = ASN1_STRING_length(value);
            if (len == 4 || len == 16)
                inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), address,
                          sizeof address);
        } else if (name->type != GEN_DNS) {
            continue;
        }
        if (at > 0)
            at = add_safely(text, size, at, (const unsigned char *)", ", 2);
        at = address[0]
                 ? add_safely(text, size, at, (const unsigned char *)address, (int)strlen(address))
                 : add_safely(text, size, at, ASN1_STRING_get0_data(value),
                              ASN1_STRING_length(value));
    }
    GENERAL_NAMES_free(names);
    if (at + 1 >= size && size > 4)
        strcpy(text + size - 4, "...");
}

void ws_tls_date(const ASN1_TIME *time, char *text, size_t size)
{
    struct tm tm;
    if (!time || !ASN1_TIME_to_tm(time, &tm) || strftime(text, size, "%Y-%m-%d", &tm) == 0)
        snprintf(text, size, "?");
}

/* Of a client; as of ws_tls_note(), the first call counts. */
static void reject(struct ws_tls *tls, enum ws_tls_rejection why)
{
    if (!tls->failure && tls->context->role == WS_ROLE_CLIENT)
        tls->rejection = why;
}

static void note_wrong_name(struct ws_tls *tls, X509 *certificate)
{
    char names[WS_TLS_NAMES_MAX];
    ws_tls_certificate_names(certificate, names, sizeof names);
    if (names[0]) {
        reject(tls, WS_TLS_REJECTED_NAME);
        ws_tls_note(tls, "the server's certificate is for %s, not for %s (the name asked for)",
                    names, tls->name);
        return;
    }
    /* Old guides make such certificates, and old programs accept them. */
    bool has_extension = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0;
    ws_tls_note(
        tls,
        "the server's certificate is for no host at all, not for %s (the name asked "
        "for)%s",
        tls->name,
        has_extension ? "" : ": it has no subjectAltName, and a common name alone does not count");
}

/* Names the certificate of the chain that is meant. */
static void which(const struct ws_tls *tls, X509_STORE_CTX *store, char *text, size_t size)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    char name[WS_TLS_NAMES_MAX];
    if (X509_STORE_CTX_get_error_depth(store) == 0 || !certificate) {
        snprintf(text, size, "the %s's certificate", peer_of(tls));
        return;
    }
    ws_tls_subject_name(X509_get_subject_name(certificate), name, sizeof name);
    snprintf(text, size, "in the chain of the %s, the certificate of %s", peer_of(tls), name);
}

void ws_tls_note_verify_error(struct ws_tls *tls, X509_STORE_CTX *store)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    int error = X509_STORE_CTX_get_error(store);
    char what[2 * WS_TLS_NAMES_MAX], name[WS_TLS_NAMES_MAX] = "?", day[16] = "?";
    which(tls, store, what, sizeof what);
    if (certificate)
        ws_tls_subject_name(X509_get_issuer_name(certificate), name, sizeof name);
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        if (certificate)
            ws_tls_date(X509_get0_notAfter(certificate), day, sizeof day);
        ws_tls_note(tls, "%s expired on %s", what, day);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        if (certificate)
            ws_tls_date(X509_get0_notBefore(certificate), day, sizeof day);
        ws_tls_note(tls, "%s is not valid before %s", what, day);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        if (certificate)
            note_wrong_name(tls, certificate);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        reject(tls, WS_TLS_REJECTED_ISSUER);
        ws_tls_note(tls, "%s is self-signed and not trusted here", what);
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        reject(tls, WS_TLS_REJECTED_ISSUER);
        ws_tls_note(tls, "%s is from an unknown issuer: %s", what, name);
        break;
    case X509_V_ERR_CERT_REVOKED:
        ws_tls_note(tls, "%s was revoked by %s", what, name);
        break;
    case X509_V_ERR_INVALID_PURPOSE:
        ws_tls_note(tls, "%s is not meant for a %s", what, peer_of(tls));
        break;
    default:
        ws_tls_note(tls, "%s cannot be trusted: %s", what, X509_verify_cert_error_string(error));
    }
}

/* --- the rest --- */

/* The peer ended TLS by an alert. */
static void note_alert(struct ws_tls *tls, int alert)
{
    const char *peer = peer_of(tls), *text = SSL_alert_desc_string_long(alert);
    bool missing = alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_BAD_CERTIFICATE ||
                   alert == SSL_AD_CERTIFICATE_REQUIRED;
    bool rejected = alert == SSL_AD_UNKNOWN_CA || alert == SSL_AD_BAD_CERTIFICATE ||
                    alert == SSL_AD_CERTIFICATE_EXPIRED || alert == SSL_AD_CERTIFICATE_REVOKED ||
                    alert == SSL_AD_CERTIFICATE_UNKNOWN || alert == SSL_AD_UNSUPPORTED_CERTIFICATE;
    if ((tls->asked && missing) || rejected)
        reject(tls, WS_TLS_REJECTED_OURS);
    if (tls->asked && missing)
        ws_tls_note(tls, "the server wants a client certificate");
    else if (rejected)
        ws_tls_note(tls, "the %s did not take our certificate: %s (alert %d)", peer, text, alert);
    else if (alert == SSL_AD_PROTOCOL_VERSION)
        ws_tls_note(tls, "the %s and we have no version of TLS in common (alert %d)", peer, alert);
    else if (tls->established)
        ws_tls_note(tls, "the %s ended TLS: %s (alert %d)", peer, text, alert);
    else
        ws_tls_note(tls, "the %s refused the TLS handshake: %s (alert %d)", peer, text, alert);
}

void ws_tls_note_ssl_error(struct ws_tls *tls)
{
    /* The last error is the one of TLS; those before it, if any, are its causes. */
    unsigned long last = ERR_peek_last_error();
    unsigned long error = ERR_GET_LIB(last) == ERR_LIB_SSL ? last : ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    const char *text = ERR_reason_error_string(error);
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
        ws_tls_note(tls, "%s", text ? text : "no reason was given");
        return;
    }
    if (reason >= SSL_AD_REASON_OFFSET) {
        note_alert(tls, reason - SSL_AD_REASON_OFFSET);
        return;
    }
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_BAD_LEGACY_VERSION:
        ws_tls_note(tls, "the %s and we have no version of TLS in common", peer_of(tls));
        break;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_WRONG_CIPHER_RETURNED:
        ws_tls_note(tls, "the %s and we have no cipher in common", peer_of(tls));
        break;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        ws_tls_note(tls, "the %s showed no certificate", peer_of(tls));
        break;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_RECORD_LENGTH_MISMATCH:
        ws_tls_note(tls, "the %s does not follow TLS: %s", peer_of(tls), text);
        break;
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        ws_tls_note(tls, "a record of the %s was damaged on its way, or forged", peer_of(tls));
        break;
    default:
        ws_tls_note(tls, "%s", text ? text : "no reason was given");
    }
}
