/*
 * read_tcpdump: reads packets from the text of tcpdump -x, -X, -xx and -XX.
 *
 * A packet is a group of lines of bytes that begins at offset 0; the line of text before it has the
 * time. packet detects the link type. Called by inspect.
 */
#ifndef CMD_WSFRAME_READ_READ_TCPDUMP_H
#define CMD_WSFRAME_READ_READ_TCPDUMP_H

#include "cmd/wsframe/read/packet.h"

/* Returns the number of packets with missing lines, which were left out. */
uint64_t read_tcpdump(const uint8_t *text, size_t len, read_packet *sink, void *context);

#endif
