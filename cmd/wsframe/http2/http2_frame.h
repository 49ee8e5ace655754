/*
 * http2_frame: the headers of HTTP/2's frames (RFC 9113 4.1), and whether bytes are such frames.
 *
 * Used by detect_bytes and decode_http2; no state, no allocation.
 */
#ifndef CMD_WSFRAME_HTTP2_HTTP2_FRAME_H
#define CMD_WSFRAME_HTTP2_HTTP2_FRAME_H

#include <ws/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP2_HEADER = 9,   /* bytes of a frame's header */
    HTTP2_PREFACE = 24, /* bytes that a client's connection begins with */
};

enum http2_type {
    HTTP2_DATA,
    HTTP2_HEADERS,
    HTTP2_PRIORITY,
    HTTP2_RST_STREAM,
    HTTP2_SETTINGS,
    HTTP2_PUSH_PROMISE,
    HTTP2_PING,
    HTTP2_GOAWAY,
    HTTP2_WINDOW_UPDATE,
    HTTP2_CONTINUATION,
};

enum {
    HTTP2_END_STREAM = 0x1, /* of DATA and HEADERS */
    HTTP2_ACK = 0x1,        /* of SETTINGS and PING */
    HTTP2_END_HEADERS = 0x4,
    HTTP2_PADDED = 0x8,
    HTTP2_PRIORITIZED = 0x20,
};

struct http2_frame {
    uint32_t length; /* of the payload, as claimed */
    uint8_t type;    /* an enum http2_type, or one of an extension */
    uint8_t flags;
    uint32_t stream; /* 0: the connection itself */
};

/* Reads HTTP2_HEADER bytes. */
struct http2_frame http2_frame_read(const uint8_t *data);

/* Takes the padding and the priority off the payload of a DATA, HEADERS or PUSH_PROMISE frame,
 * which has `*len` bytes. False when they are longer than it. */
bool http2_frame_strip(const struct http2_frame *frame, const uint8_t **data, size_t *len);

/* Do the bytes begin as a client's or a server's connection does (3.4)? A server's begins with
 * SETTINGS. WS_OK, WS_MORE (it needs more bytes) or WS_E_HTTP_SYNTAX. */
enum ws_error http2_begins_client(const uint8_t *data, size_t len);
enum ws_error http2_begins_server(const uint8_t *data, size_t len);

/* Are the bytes of a segment frames and nothing else? For a connection whose beginning is not
 * there. */
bool http2_are_frames(const uint8_t *data, size_t len);

uint32_t http2_number(const uint8_t *data); /* of four bytes */

#endif
