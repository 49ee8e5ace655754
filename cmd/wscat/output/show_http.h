/*
 * show_http: prints what comes before the first frame: proxy, TLS, request and response.
 *
 * On standard error, except for --include. Secrets in headers are left out. No state.
 */
#ifndef CMD_WSCAT_OUTPUT_SHOW_HTTP_H
#define CMD_WSCAT_OUTPUT_SHOW_HTTP_H

#include "cmd/wscat/output/show.h"
#include <ws/client.h>
#include <ws/session.h>

#include <stdbool.h>

struct ws_tls;

/* The version, the cipher and the certificate, once the TLS handshake is done. */
void show_http_tls(const struct ws_tls *tls);

/* With --http2: which HTTP the open connection is over, where that is not as expected, or with
 * --verbose. */
void show_http_version(const struct settings *settings, const struct ws_conn *conn);

/* The proxy that was connected through. */
void show_http_proxy(const struct ws_proxy *proxy);

/* A head, `len` bytes of it: our request ('>'), or a response ('<'). */
void show_http_head(char arrow, const char *head, size_t len);

/* The head of the server's response. */
void show_http_response(const struct ws_response *response);

/* --include: the same, as it is, on standard output; escaped on a terminal. */
void show_http_include(struct show *show, const struct ws_response *response);

/* The server's response to an upgrade that was refused or failed: one or more lines. */
void show_http_refusal(const struct target *target, const struct ws_event *event);

/* Reports what we offered and the server did not take. */
void show_http_declined(const struct ws_response *response, const char *const *offered,
                        bool compression);

#endif
