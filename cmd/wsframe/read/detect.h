/*
 * detect: detects the form of an input.
 *
 * A new form is a value of enum form with its row (form.c), a test in detect.c and a reader. Called
 * by inspect and decode; no state.
 */
#ifndef CMD_WSFRAME_READ_DETECT_H
#define CMD_WSFRAME_READ_DETECT_H

#include "cmd/wsframe/read/form.h"
#include <ws/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum form detect(const uint8_t *data, size_t len);

/* The form of decoded bytes: FORM_TLS, FORM_HTTP2, or FORM_RAW. */
enum form detect_bytes(const uint8_t *data, size_t len);

bool detect_tls(const uint8_t *data, size_t len);
bool detect_http2(const uint8_t *data, size_t len);
/* Does an HTTP head begin here? WS_OK, WS_MORE (it needs more bytes) or WS_E_HTTP_SYNTAX. */
enum ws_error detect_http_head(const uint8_t *data, size_t len);
/* True for the first four bytes of a capture file, pcap or pcapng. */
bool detect_pcap(const uint8_t *data, size_t len);

#endif
