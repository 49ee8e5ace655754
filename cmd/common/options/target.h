/*
 * target: the server that a client connects to, and the contents of its request.
 *
 * The connection options of wscat and wsbench, as rows for their option tables, and their parsed
 * values: URL, proxy, headers, subprotocols. Clients may call it.
 */
#ifndef CMD_COMMON_OPTIONS_TARGET_H
#define CMD_COMMON_OPTIONS_TARGET_H

#include "cmd/common/options/options.h"
#include "cmd/common/options/target_tls.h"
#include <ws/client.h>
#include <ws/handshake.h>
#include <ws/proxy_url.h>
#include <ws/url.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as all zero except connect_timeout_us. */
struct target {
    /* Set by the rows. */
    struct option_list headers;
    struct option_list subprotocols;
    const char *origin;
    const char *auth;
    const char *proxy_typed;
    int64_t connect_timeout_us;
    struct target_tls tls; /* set by target_tls_rows */

    /* Set by target_read(). */
    struct ws_url url;
    struct ws_proxy proxy; /* its host is NULL for no proxy */
    struct ws_header *request_headers;
    size_t request_header_count;
    const char **offered; /* subprotocols, NULL-terminated */
    char **owned;         /* strings allocated for the fields above */
};

enum { TARGET_ROWS = 7 };
extern const struct option_row target_rows[TARGET_ROWS];

/* Sets the other fields from `url` and the options. False after an error message, with
 * `options->status`. Free `target` with target_free() in either case. */
bool target_read(struct target *target, struct options *options, const char *url);

/* Sets the fields of `client` that depend on the target; leaves the others unchanged. */
void target_client(const struct target *target, struct ws_client_options *client);

void target_free(struct target *target);

#endif
