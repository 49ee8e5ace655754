/*
 * read_tcpdump: packets out of the text of tcpdump -x, -X, -xx and -XX.
 *
 * A packet is the lines of bytes that begin at offset 0; the line of words before it says when it
 * was captured. Which headers the bytes begin with, packet finds out. Called by inspect.
 */
#ifndef CMD_WSFRAME_READ_READ_TCPDUMP_H
#define CMD_WSFRAME_READ_READ_TCPDUMP_H

#include "cmd/wsframe/read/packet.h"

/* Gets one packet after the other; each is borrowed for the call. False: enough. */
typedef bool read_packet(void *context, const struct packet *packet, enum packet_link link);

/* Returns the number of packets that had lines missing and were left out. */
uint64_t read_tcpdump(const uint8_t *text, size_t len, read_packet *sink, void *context);

#endif
