/*
 * access_rules: which requests may enter, compiled from the options.
 *
 * Constant once it is compiled, except for the memory of replays, which locks itself: any thread
 * may use it. It knows requests and addresses, no connections; access_control applies it to each
 * request.
 */
#ifndef CMD_WSSERVE_ACCESS_ACCESS_RULES_H
#define CMD_WSSERVE_ACCESS_ACCESS_RULES_H

#include "cmd/wsserve/access/credentials.h"
#include "cmd/wsserve/access/forwarded.h"
#include "cmd/wsserve/access/origin.h"
#include "cmd/wsserve/access/replay.h"
#include "cmd/wsserve/options/settings_http.h"
#include "cmd/wsserve/request/answer_policy.h"
#include "libws/io/address.h"
#include <ws/handshake.h>

struct access_rules {
    const struct settings_http *settings;
    bool any_origin, listed_origins, same_origin; /* at most one; none: Origin is not checked */
    bool without_origin;                          /* requests without an Origin may enter */
    struct ws_origin *origins;
    size_t origin_count;
    bool any_host, check_host;
    struct ws_str *hosts; /* allowed besides addresses and localhost */
    size_t host_count;
    struct ws_networks allow, deny, trusted;
    struct ws_credentials credentials;
    struct access_rules *older; /* replaced by these; other threads may still use them */
    bool owns_replay;
    struct ws_replay *replay; /* NULL: none */
    struct answer_policy *answers;
};

/* `settings` must outlive it. `reaches_local`: the server leads to a program or a service, so that
 * pages of other origins are refused unless --origin names them. NULL with one line in `error`, cut
 * to `size` bytes. */
struct access_rules *access_rules_new(const struct settings_http *settings, bool reaches_local,
                                      char *error, size_t size);

/* Would access_rules_new() succeed? False with one line in `error`. For serve_settings_read(). */
bool access_rules_check(const struct settings_http *settings, char *error, size_t size);

/* `rules` replace `older`: they take over its memory of replays, and access_rules_free() frees it
 * with them. */
void access_rules_replace(struct access_rules *rules, struct access_rules *older);

/* Frees them and all that they replaced. NULL is allowed. */
void access_rules_free(struct access_rules *rules);

/* May this address connect? WS_OK or WS_E_ADDRESS_REFUSED. */
enum ws_error access_rules_check_address(const struct access_rules *rules,
                                         const struct ws_address *address);

/* The checks that every request has to pass, in this order: the client's address, over trusted
 * proxies, stored in `client` (WS_E_ADDRESS_REFUSED); Host (WS_E_HOST_REFUSED), except of a health
 * check. Else WS_OK. */
enum ws_error access_rules_check_request(const struct access_rules *rules,
                                         const struct ws_request *request,
                                         const struct ws_address *peer, struct ws_address *client);

/* Is the request's Host an address, localhost or an allowed name? WS_OK or WS_E_HOST_REFUSED. */
enum ws_error access_rules_check_host(const struct access_rules *rules,
                                      const struct ws_request *request);

/* Does the request bring a valid password or token, where one is required? WS_OK,
 * WS_E_CREDENTIALS_MISSING, WS_E_CREDENTIALS_WRONG; `user` as ws_credentials_check(). */
enum ws_error access_rules_check_credentials(const struct access_rules *rules,
                                             const struct ws_request *request,
                                             char user[WS_CREDENTIALS_USER]);

/* The checks of an upgrade, in this order: WS_E_NOT_FOUND, WS_E_ORIGIN_REFUSED, credentials as
 * above, WS_E_REPLAYED, WS_E_SUBPROTOCOL_REQUIRED. Else WS_OK. `secure`: it came over TLS. `now_us`
 * of the monotonic clock. */
enum ws_error access_rules_check_upgrade(const struct access_rules *rules,
                                         const struct ws_request *request, bool secure,
                                         int64_t now_us, char user[WS_CREDENTIALS_USER]);

#endif
