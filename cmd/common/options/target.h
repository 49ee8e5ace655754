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

enum target_http2 { TARGET_HTTP2_OFF, TARGET_HTTP2_AUTO, TARGET_HTTP2_PRIOR };
enum target_family { TARGET_ANY, TARGET_IPV4, TARGET_IPV6 };

/* Starts as all zero except connect_timeout_us. */
struct target {
    /* Set by the rows. */
    struct option_list headers;
    struct option_list subprotocols;
    const char *origin, *auth, *bearer, *user_agent, *host;
    const char *unix_socket;
    struct option_list resolve; /* HOST:PORT:ADDRESS */
    enum target_family family;
    enum target_http2 http2;
    const char *interface;
    const char *proxy_typed;
    int64_t connect_timeout_us;
    struct target_tls tls; /* set by target_tls_rows */

    /* Set by target_read(). */
    struct options *options; /* for messages */
    struct ws_url url;
    const char *address;   /* to connect to instead of the URL's host, from --resolve; or NULL */
    struct ws_proxy proxy; /* its host is NULL for no proxy */
    struct ws_header *request_headers;
    size_t request_header_count;
    const char **offered; /* subprotocols, NULL-terminated */
    size_t offered_count;
    bool offers_deflate; /* by --header: wanted as with --compress */
    char **owned;        /* strings allocated for the fields above */
};

enum { TARGET_ROWS = 16 };
extern const struct option_row target_rows[TARGET_ROWS];

/* Sets the other fields from `url` and the options. False after an error message, with
 * `options->status`. Free `target` with target_free() in either case. */
bool target_read(struct target *target, struct options *options, const char *url);

/* Sets only `offered`, from --subprotocol: for a listener, which has no URL. As target_read(). */
bool target_read_subprotocols(struct target *target, struct options *options);

/*
 * Follows a redirect to `location`, a URL or a reference relative to the present one (RFC 3986 4.2,
 * without dot segments). Credentials, cookies and a Host of the user's own are left out from then
 * on when the host is another one, or when TLS ends. False after an error message, with the exit
 * code in `options->status`.
 */
bool target_redirect(struct target *target, const char *location);

/* The URL, without user and password; from malloc, NULL without memory. */
char *target_url(const struct target *target);

/* The same for records, reports and messages: with *** for a token in the query. */
char *target_url_shown(const struct target *target);

/* True for a header whose value is a secret: it is not shown. */
bool target_header_secret(const char *name, size_t len);

/* Sets the fields of `client` that depend on the target; leaves the others unchanged. */
void target_client(const struct target *target, struct ws_client_options *client);

void target_free(struct target *target);

#endif
