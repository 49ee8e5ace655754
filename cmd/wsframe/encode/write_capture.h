/*
 * write_capture: writes frames as a capture of a connection, with its TCP and WebSocket handshakes.
 *
 * For the tools that read captures only. Called by encode.
 */
#ifndef CMD_WSFRAME_ENCODE_WRITE_CAPTURE_H
#define CMD_WSFRAME_ENCODE_WRITE_CAPTURE_H

#include "cmd/wsframe/read/bytes.h"

/* Writes to standard output: pcap, of packets without a link header, from 192.0.2.1 (the client,
 * whose frames are masked) and 192.0.2.2. `ends` is an array of uint64_t: where each frame ends. */
void write_capture(struct ws_bytes *wire, struct ws_bytes *ends, bool deflate);

#endif
