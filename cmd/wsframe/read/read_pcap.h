/*
 * read_pcap: packets out of capture files, pcap and pcapng, by libpcap.
 *
 * The one file that knows libpcap; built without it (WITH_PCAP=0) it says so. Called by inspect.
 */
#ifndef CMD_WSFRAME_READ_READ_PCAP_H
#define CMD_WSFRAME_READ_READ_PCAP_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/read_tcpdump.h"

/*
 * Reads a capture whose beginning is `head`, already taken from `fd`, and whose rest follows there;
 * each packet goes on as soon as it came. Returns NULL, or what is wrong with the capture: valid
 * until the next call. What came before the fault was handed on.
 */
const char *read_pcap(const struct bytes *head, int fd, read_packet *sink, void *context);

#endif
