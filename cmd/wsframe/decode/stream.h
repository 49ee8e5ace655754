/*
 * stream: captured TCP segments to the bytes of each connection, in order.
 *
 * What was sent twice is dropped, what came out of order waits, and what is missing is told to the
 * decoder as a gap. Connections, segments that wait and bytes that wait are bounded whatever the
 * capture says. Fed by the readers of captures.
 */
#ifndef CMD_WSFRAME_DECODE_STREAM_H
#define CMD_WSFRAME_DECODE_STREAM_H

#include "cmd/wsframe/decode/decode.h"
#include "cmd/wsframe/read/packet.h"

struct streams;

/* What was in the capture, for the words at its end. */
struct stream_counts {
    uint64_t packets, other, fragments, cut;
    uint64_t connections;
    uint64_t kinds[KIND_OTHER + 1]; /* by enum conversation_kind; of those that carried any bytes */
};

/* `port`: only connections of this one, whose owner is the server; 0: all. Borrows `decode`. */
struct streams *streams_new(struct decode *decode, uint16_t port);

void streams_packet(struct streams *streams, const struct packet *packet, enum packet_link link);

/* Ends all connections in the order in which they began, and frees. */
void streams_end(struct streams *streams, struct stream_counts *counts);

#endif
