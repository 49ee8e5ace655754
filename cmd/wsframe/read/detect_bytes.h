/*
 * detect_bytes: detects what bytes are, wherever they come from: an input, text, or a connection.
 *
 * Called by detect, the readers, decode and inspect; no state.
 */
#ifndef CMD_WSFRAME_READ_DETECT_BYTES_H
#define CMD_WSFRAME_READ_DETECT_BYTES_H

#include "cmd/wsframe/read/form.h"
#include <ws/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The form of decoded bytes: FORM_TLS, FORM_HTTP2, FORM_HIXIE, a compressed one, or FORM_RAW. */
enum form detect_bytes(const uint8_t *data, size_t len);

/* Can the bytes begin with a frame, or with something else that is detected in bytes? */
bool detect_plausible(const uint8_t *data, size_t len);

/* Do the bytes begin with whole frames that break no rule, or with something else that is detected
 * in bytes? For what is found in text that has other words too. */
bool detect_convincing(const uint8_t *data, size_t len);

/* Do the bytes begin with a message of one frame whose end is not there? Some bytes of it are
 * needed: for lists of numbers, of which prose has few that long. */
bool detect_begun(const uint8_t *data, size_t len);

bool detect_tls(const uint8_t *data, size_t len);
bool detect_http2(const uint8_t *data, size_t len);
/* Does an HTTP head begin here? WS_OK, WS_MORE (it needs more bytes) or WS_E_HTTP_SYNTAX. */
enum ws_error detect_http_head(const uint8_t *data, size_t len);
/* True for the first four bytes of a capture file, pcap or pcapng. */
bool detect_pcap(const uint8_t *data, size_t len);

#endif
