/*
 * target: the parts of a request's target (RFC 9112 3.2). Pure functions; any thread.
 */
#ifndef CMD_WSSERVE_REQUEST_TARGET_H
#define CMD_WSSERVE_REQUEST_TARGET_H

#include <ws/handshake.h>

#include <stdbool.h>

struct settings_http;

enum { LOGGED_TARGET_MAX = 1024 }; /* bytes of a target that are logged */

/* The host of a target in absolute form, "http://host/path", which then takes precedence over the
 * Host header (RFC 9112 3.2.2); empty for any other target. Borrowed from `target`. */
struct ws_str target_authority(struct ws_str target);

/* The path of a target, in absolute form too; "/" if it is empty. And its query, without the "?".
 * Both borrowed from `target`. */
void target_split(struct ws_str target, struct ws_str *path, struct ws_str *query);

/* The same of the request's, without the query. */
struct ws_str target_path(const struct ws_request *request);

/* Is it a plain request for --health, or --metrics, on the port of WebSockets? */
bool target_asks_health(const struct ws_request *request, const struct settings_http *settings);
bool target_asks_metrics(const struct ws_request *request, const struct settings_http *settings);

/* The target for the log: the value of a token= in its query is replaced by ***. Cut to `size`
 * bytes including the NUL. Returns `text`. */
const char *target_loggable(const struct ws_request *request, char *text, size_t size);

#endif
