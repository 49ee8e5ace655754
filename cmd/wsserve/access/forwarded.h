/*
 * forwarded: the client of a request that a proxy forwarded (X-Forwarded-For; Forwarded, RFC 7239).
 *
 * Anyone may send such a header; only what trusted proxies appended at its right end counts. So the
 * list is read from the right, past the trusted proxies: the first other address is the client's.
 * Pure functions.
 */
#ifndef CMD_WSSERVE_ACCESS_FORWARDED_H
#define CMD_WSSERVE_ACCESS_FORWARDED_H

#include "libws/io/address.h"
#include <ws/handshake.h>

enum ws_forwarded {
    WS_FORWARDED_NONE,   /* the peer is not trusted, or sent no header: it is the client */
    WS_FORWARDED_CLIENT, /* `client` was found */
    WS_FORWARDED_BROKEN, /* a trusted proxy sent something unreadable */
};

/*
 * Finds the client of `request`, which came from `peer`, over proxies in `trusted`. `client` is the
 * peer's address with NONE, UNKNOWN with BROKEN. BROKEN also if both headers are there and name
 * different clients: a proxy writes one of them, so the other may be forged by the client.
 */
enum ws_forwarded ws_forwarded_client(const struct ws_request *request,
                                      const struct ws_networks *trusted,
                                      const struct ws_address *peer, struct ws_address *client);

#endif
