/*
 * tunnel: what may stand before the first HTTP head of a captured connection: the PROXY protocol
 * (versions 1 and 2), SOCKS 4 and 5 (RFC 1928, 1929).
 *
 * An HTTP proxy's CONNECT is an HTTP head, which decode_http.c knows. Called by decode.c; the state
 * is the conversation's.
 */
#ifndef CMD_WSFRAME_DECODE_TUNNEL_H
#define CMD_WSFRAME_DECODE_TUNNEL_H

#include "cmd/wsframe/decode/event.h"

/* Both directions' progress. All zero at the beginning of the connection. */
struct tunnel {
    bool proxy_protocol; /* its header was seen: there is one at most */
    int socks;           /* 0, 4 or 5: the version that the client speaks */
    int steps[2];        /* messages of SOCKS seen from client and server */
    bool authenticates;  /* the client sent a user name */
};

enum { TUNNEL_MORE = -1 };

/*
 * The length of the part of a tunnel's handshake that `data`, sent by `sender`, begins with; 0 if
 * it begins with none; TUNNEL_MORE if that needs more bytes.
 */
long tunnel_prefix(struct tunnel *tunnel, enum sender sender, const uint8_t *data, size_t len,
                   bool from_start);

#endif
