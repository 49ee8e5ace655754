/*
 * tls: what TLS agreed on for a connection, or why it failed.
 *
 * Asked of ws_conn_tls(), on the connection's thread: from the handler's open on, or in its close
 * when the connection ended with WS_E_TLS. Contexts and certificates are in tls_context.h.
 */
#ifndef WS_TLS_H
#define WS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_tls;

/* True once the handshake is done. */
bool ws_tls_established(const struct ws_tls *tls);

/* True once it is done, if HTTP/2 was agreed on. */
bool ws_tls_http2(const struct ws_tls *tls);

/* One line on what went wrong: "the server's certificate expired on 2026-01-31". "" as long as
 * nothing has. Lives as long as `tls`. */
const char *ws_tls_failure(const struct ws_tls *tls);

/* Of a client: what is wrong with which certificate, where a setting would help. */
enum ws_tls_rejection {
    WS_TLS_REJECTED_NOT,    /* both were accepted, or no setting helps */
    WS_TLS_REJECTED_ISSUER, /* the server's: its authority is unknown, or it is self-signed */
    WS_TLS_REJECTED_NAME,   /* the server's: it is for other hosts */
    WS_TLS_REJECTED_OURS,   /* the server asked for one, and got none or did not take it */
};

enum ws_tls_rejection ws_tls_rejection(const struct ws_tls *tls);

/* Valid once the handshake is done; strings live as long as `tls`. */
const char *ws_tls_version(const struct ws_tls *tls);    /* "TLSv1.3" */
const char *ws_tls_cipher(const struct ws_tls *tls);     /* "TLS_AES_256_GCM_SHA384" */
bool ws_tls_resumed(const struct ws_tls *tls);           /* an earlier session was resumed */
int64_t ws_tls_handshake_us(const struct ws_tls *tls);   /* how long it took */
int64_t ws_tls_established_us(const struct ws_tls *tls); /* when it was done, by ws_clock_us() */

/* The name in the peer's certificate and its last day, "localhost (until 2026-01-31)"; "" without a
 * certificate. Cut to `size` bytes with its NUL; returns `text`. */
const char *ws_tls_peer(const struct ws_tls *tls, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
