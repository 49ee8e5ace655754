/*
 * stream: reassembles TCP connections from captured segments.
 *
 * Retransmitted bytes are dropped, out-of-order segments wait, and missing bytes are reported to
 * the decoder as gaps. The numbers of connections, waiting segments and waiting bytes are limited.
 * Fed by the readers of captures.
 */
#ifndef CMD_WSFRAME_DECODE_STREAM_H
#define CMD_WSFRAME_DECODE_STREAM_H

#include "cmd/wsframe/decode/decode.h"
#include "cmd/wsframe/read/packet.h"

struct streams;

/* Counters of a capture, for the summary at its end. */
struct stream_counts {
    uint64_t packets, other, fragments, cut;
    uint64_t connections;
    uint64_t http2_begun;           /* connections of HTTP/2 that began before the capture */
    const char *tls_why;            /* why a connection of TLS was not decrypted; or NULL */
    uint64_t kinds[KIND_OTHER + 1]; /* by enum conversation_kind; connections with payload only */
};

/* `port`: decode only connections to this server port; 0: all. Borrows `decode`. */
struct streams *streams_new(struct decode *decode, uint16_t port);

void streams_packet(struct streams *streams, const struct packet *packet, enum packet_link link);

/* Ends all connections in the order of their last packets, and frees the memory. */
void streams_end(struct streams *streams, struct stream_counts *counts);

#endif
