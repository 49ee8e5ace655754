/*
 * read_pcapng: reads the packets of a pcapng capture, of all its interfaces.
 *
 * Interfaces may differ in link type, snapshot length and the unit of times. Called by read_pcap;
 * packets are passed on as they arrive.
 */
#ifndef CMD_WSFRAME_READ_READ_PCAPNG_H
#define CMD_WSFRAME_READ_READ_PCAPNG_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/packet.h"

/* As read_pcap(). */
const char *read_pcapng(struct ws_bytes *head, int fd, read_packet *sink, read_secrets *secrets,
                        void *context);

#endif
