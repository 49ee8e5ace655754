/*
 * http: routes requests without an upgrade to health, metrics, the developer console and files.
 *
 * access_control has checked address and Host before. On the thread of the connection's loop.
 */
#ifndef CMD_WSSERVE_HTTP_HTTP_H
#define CMD_WSSERVE_HTTP_HTTP_H

#include "cmd/wsserve/options/settings_http.h"
#include <ws/conn.h>

struct http;

/* Opens what is to be served; constant after that, and shared by all threads. `settings` must
 * outlive it. NULL with one line in `error`, cut to `size` bytes. */
struct http *http_new(const struct settings_http *settings, char *error, size_t size);

/* NULL is allowed. */
void http_free(struct http *http);

/* Answers `request`; metrics are answered once all loops have been asked. */
void http_answer(struct ws_conn *conn, const struct ws_request *request);

/* The same for a request to --admin. */
void http_answer_admin(struct ws_conn *conn, const struct ws_request *request);

#endif
