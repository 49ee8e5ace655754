/*
 * write_capture: writes frames as a capture of connections, with their TCP and WebSocket
 * handshakes.
 *
 * For the tools that read captures only. Called by encode.
 */
#ifndef CMD_WSFRAME_ENCODE_WRITE_CAPTURE_H
#define CMD_WSFRAME_ENCODE_WRITE_CAPTURE_H

#include "cmd/wsframe/decode/event.h"
#include "cmd/wsframe/read/bytes.h"

struct encoded_frame {
    size_t end;         /* in all frames; it begins where the one before it ends */
    size_t conn;        /* number of its connection, from 1; 0: there is one */
    enum sender sender; /* SENDER_UNKNOWN: the client, if it is masked */
    int64_t utc_us;     /* since 1970, when it was sent; 0: it has no time */
};

/* Writes to standard output: pcap, of packets without a link header, from 192.0.2.1 (the client)
 * and 192.0.2.2. `frames` is an array of struct encoded_frame. Packets have the times of the
 * frames, or that of now. */
void write_capture(struct ws_bytes *wire, struct ws_bytes *frames, bool deflate);

#endif
