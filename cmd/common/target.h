/*
 * target: where a client connects to, and what it says in the request.
 *
 * The connection options that wscat and wsbench have in common, as rows for their option tables,
 * and what becomes of them: a URL taken apart, headers, subprotocols. Clients may call it.
 */
#ifndef CMD_COMMON_TARGET_H
#define CMD_COMMON_TARGET_H

#include "cmd/common/options.h"
#include "cmd/common/target_tls.h"
#include <ws/client.h>
#include <ws/handshake.h>
#include <ws/proxy.h>
#include <ws/url.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero but for connect_timeout is what a tool begins with. */
struct target {
    /* Set by the rows. */
    struct option_list headers;
    struct option_list subprotocols;
    const char *origin;
    const char *auth;
    const char *proxy_typed;
    int64_t connect_timeout; /* microseconds */
    struct target_tls tls;   /* set by target_tls_rows */

    /* Set by target_read(). */
    struct ws_url url;
    struct ws_proxy proxy; /* its host NULL: none */
    struct ws_header *request_headers;
    size_t request_header_count;
    const char **offered; /* subprotocols, NULL-terminated */
    char **owned;         /* strings made for the above */
};

enum { TARGET_ROWS = 7 };
extern const struct option_row target_rows[TARGET_ROWS];

/* Makes the rest out of `url` and the options. False after a fault, which was told, with
 * `options->status`. `target` must be freed in any case. */
bool target_read(struct target *target, struct options *options, const char *url);

/* Fills in what a client needs to know of the target; the rest of `client` is left alone. */
void target_client(const struct target *target, struct ws_client_options *client);

void target_free(struct target *target);

#endif
