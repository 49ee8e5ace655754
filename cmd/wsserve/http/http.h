/*
 * http: plain requests, those that ask for no upgrade: which of them gets what.
 *
 * The router between health, metrics, the console's page and files. entry.c has judged address and
 * Host before. Called by serve.c for the server's own addresses, by admin.c for --admin's.
 */
#ifndef CMD_WSSERVE_HTTP_HTTP_H
#define CMD_WSSERVE_HTTP_HTTP_H

#include "cmd/wsserve/options/settings_http.h"
#include <ws/conn.h>

/* What is served besides, made ready; shared by all threads, unchanged. */
struct http {
    const struct settings_http *settings;
    int static_root; /* -1: none */
    struct devconsole *console;
    int64_t began; /* microseconds since 1970 */
};

/* False with one line in `error`; http_free() it in any case. `settings` must outlive it. */
bool http_init(struct http *http, const struct settings_http *settings, char *error, size_t size);
void http_free(struct http *http);

/* Answers `request`, in any case; metrics a little later. */
void http_answer(struct ws_conn *conn, const struct ws_request *request);

/* The same on the address of --admin. */
void http_answer_admin(struct ws_conn *conn, const struct ws_request *request);

/* An answer of `status` with this text as it is now: not to be kept by anybody. */
void http_answer_text(struct ws_conn *conn, unsigned status, const char *type, const void *text,
                      size_t len);

#endif
