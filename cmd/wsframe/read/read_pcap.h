/*
 * read_pcap: reads packets from capture files, pcap and pcapng.
 *
 * pcap is a header and then records; read_pcapng has the other format. Called by inspect.
 */
#ifndef CMD_WSFRAME_READ_READ_PCAP_H
#define CMD_WSFRAME_READ_READ_PCAP_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/packet.h"

/*
 * Reads a capture whose beginning, `head`, was already read from `fd`. Passes on each packet as
 * soon as it has arrived. Returns NULL, or an error message that is valid until the next call;
 * packets before the error were passed on. `secrets` may be NULL.
 */
const char *read_pcap(struct ws_bytes *head, int fd, read_packet *sink, read_secrets *secrets,
                      void *context);

#endif
