/*
 * forwarded: whose request is it that a proxy handed on? (X-Forwarded-For; Forwarded, RFC 7239)
 *
 * Anyone may write such a header; only what proxies of our own added at its right end counts. So
 * the list is read from the right, past the proxies that are trusted: the first address that is
 * none of them is the client's. No state.
 */
#ifndef CMD_WSSERVE_ACCESS_FORWARDED_H
#define CMD_WSSERVE_ACCESS_FORWARDED_H

#include "libws/io/address.h"
#include <ws/handshake.h>

enum ws_forwarded {
    WS_FORWARDED_NONE,   /* the peer is not trusted, or says nothing: it is the client itself */
    WS_FORWARDED_CLIENT, /* `client` was found */
    WS_FORWARDED_BROKEN, /* a proxy of ours is in front, but who is behind it cannot be read */
};

/*
 * Finds the client of `request`, which came from `peer`, over proxies in `trusted`. `client` is
 * the peer's address with NONE, UNKNOWN with BROKEN. BROKEN also where both headers are there and
 * name different clients: a proxy writes one of them, and the other would be the client's own
 * invention.
 */
enum ws_forwarded ws_forwarded_client(const struct ws_request *request,
                                      const struct ws_networks *trusted,
                                      const struct ws_address *peer, struct ws_address *client);

#endif
