/*
 * hpack: the header blocks of one direction of an HTTP/2 connection (RFC 7541), read by nghttp2.
 *
 * A block can only be read after all those before it: they fill the table that it refers to. Where
 * nghttp2 was left out (WITH_HTTP2=0), hpack_none.c stands in. Used by decode_http2.
 */
#ifndef CMD_WSFRAME_HTTP2_HPACK_H
#define CMD_WSFRAME_HTTP2_HPACK_H

#include <ws/http.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hpack;

/* Largest table that is kept, whatever a peer allows: what browsers ask for. */
enum { HPACK_TABLE_MAX = 65536 };

/* False where it was left out: hpack_new() has nothing to give then. */
bool hpack_supported(void);

/* Without memory the tool ends. NULL where it was left out. */
struct hpack *hpack_new(void);
/* NULL is ignored. */
void hpack_free(struct hpack *hpack);

/* The receiver of the blocks allows a table of this size (SETTINGS_HEADER_TABLE_SIZE). */
void hpack_allow(struct hpack *hpack, uint32_t table_size);

/* Takes a field; both strings are valid for the call. */
typedef void hpack_sink(void *context, struct ws_str name, struct ws_str value);

/* Reads a piece of a block; `last`: the block ends with it. False: it cannot be read, and so can
 * none after it. */
bool hpack_read(struct hpack *hpack, const uint8_t *data, size_t len, bool last, hpack_sink *sink,
                void *context);

/* "CANCEL", "NO_ERROR": an error code of RST_STREAM or GOAWAY (RFC 9113 7). Constant. */
const char *hpack_code_name(uint32_t code);

#endif
