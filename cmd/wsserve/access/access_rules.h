/*
 * access_rules: who may enter, and what answers carry: the options of it, made ready.
 *
 * Compiled once from the settings and unchanged after that, but for the memory of replays, which
 * locks itself: any thread may ask. It knows requests and addresses, no connections; entry.c asks
 * it for each request.
 */
#ifndef CMD_WSSERVE_ACCESS_ACCESS_RULES_H
#define CMD_WSSERVE_ACCESS_ACCESS_RULES_H

#include "cmd/wsserve/access/credentials.h"
#include "cmd/wsserve/access/forwarded.h"
#include "cmd/wsserve/access/origin.h"
#include "cmd/wsserve/access/replay.h"
#include "cmd/wsserve/options/settings_http.h"
#include "libws/io/address.h"
#include <ws/handshake.h>

enum { ENTRY_HEADERS_MAX = 24 }; /* of the user's, on one answer */

struct access_rules {
    const struct settings_http *settings;
    bool any_origin, listed_origins, same_origin; /* one of them; none: nobody asks */
    bool without_origin;                          /* a client that is no page may enter */
    struct ws_origin *origins;
    size_t origin_count;
    bool any_host, check_host;
    struct ws_str *hosts; /* besides addresses and localhost */
    size_t host_count;
    struct ws_networks allow, deny, trusted;
    struct ws_credentials credentials;
    struct access_rules *older; /* that these replaced; a thread may still look at them */
    bool owns_replay;
    struct ws_replay *replay;       /* NULL: none */
    const char **subprotocols;      /* NULL-ended */
    struct ws_header *headers_ws;   /* of a 101 */
    struct ws_header *headers_http; /* of any other answer */
    size_t header_ws_count, header_http_count;
    char *realm;  /* the WWW-Authenticate of a 401 */
    char **owned; /* strings of ours, NULL-ended */
};

/* `settings` must outlive it. `reaches_local`: what is behind the server is no page's business
 * unless it is let in by name. NULL with one line in `error`. */
struct access_rules *entry_rules_new(const struct settings_http *settings, bool reaches_local,
                                     char *error, size_t size);

/* `rules` take the place of `older`: they go on with its memory of replays, and free it in the end.
 */
void entry_rules_replace(struct access_rules *rules, struct access_rules *older);

/* With those that they replaced. NULL is allowed. */
void entry_rules_free(struct access_rules *rules);

/* May this address connect? WS_OK or WS_E_ADDRESS_REFUSED. */
enum ws_error entry_judge_address(const struct access_rules *rules,
                                  const struct ws_address *address);

/* What counts for every request, in this order: who sent it (`client` gets that) over proxies that
 * are trusted, WS_E_ADDRESS_REFUSED; by what name, WS_E_HOST_REFUSED. Else WS_OK. */
enum ws_error entry_judge_request(const struct access_rules *rules,
                                  const struct ws_request *request, const struct ws_address *peer,
                                  struct ws_address *client);

/* Is the request's Host an address, localhost or a name that is allowed? WS_E_HOST_REFUSED. */
enum ws_error entry_judge_host(const struct access_rules *rules, const struct ws_request *request);

/* Does it bring a password or a token, where one is asked for? WS_OK, WS_E_CREDENTIALS_MISSING,
 * WS_E_CREDENTIALS_WRONG; `user` as ws_credentials_check. */
enum ws_error entry_judge_credentials(const struct access_rules *rules,
                                      const struct ws_request *request,
                                      char user[WS_CREDENTIALS_USER]);

/* What counts for an upgrade alone, in this order: WS_E_NOT_FOUND, WS_E_ORIGIN_REFUSED,
 * credentials as above, WS_E_REPLAYED, WS_E_SUBPROTOCOL_REQUIRED. Else WS_OK. `secure`: it came
 * through TLS. */
enum ws_error entry_judge_upgrade(const struct access_rules *rules,
                                  const struct ws_request *request, bool secure, int64_t now_us,
                                  char user[WS_CREDENTIALS_USER]);

/* The path of a request's target, an absolute one's too, without its query. */
struct ws_str entry_path(const struct ws_request *request);

/* The target as it may be logged: the value of a token= in its query is left out. Cut to `size`
 * bytes with the NUL. Returns `text`. */
const char *entry_loggable_target(const struct ws_request *request, char *text, size_t size);

#endif
