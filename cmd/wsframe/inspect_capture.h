/*
 * inspect_capture: inputs that are packets: captures, tcpdump's text, dumps of packets.
 *
 * `name` is the input's, for messages. Called by inspect.
 */
#ifndef CMD_WSFRAME_INSPECT_CAPTURE_H
#define CMD_WSFRAME_INSPECT_CAPTURE_H

#include "cmd/wsframe/inspection.h"
#include "cmd/wsframe/read/pieces.h"

/* Decodes a capture whose beginning, `head`, was already read from `fd`. */
void inspect_capture(struct inspection *in, const char *name, struct ws_bytes *head, int fd);

/* Decodes a capture that is completely in memory. */
void inspect_capture_bytes(struct inspection *in, const char *name, struct ws_bytes *bytes);

/* Decodes what tcpdump prints. */
void inspect_tcpdump(struct inspection *in, const char *name, struct ws_bytes *text);

/* Decodes packets that text shows, a piece each. */
void inspect_packets(struct inspection *in, const char *name, enum form form,
                     struct pieces *pieces);

#endif
