/*
 * tls_stream: both directions of a captured TLS connection, opened with the secrets of a key log:
 * TLS 1.2 and 1.3 (RFC 5246, RFC 8446), from the ClientHello on.
 *
 * It reads as much of the handshake as the keys need, and checks no certificate. Early data
 * (0-RTT), a second handshake in a connection, and suites with CBC cannot be read. Used by
 * decode_tls; one per connection.
 */
#ifndef CMD_WSFRAME_TLS_TLS_STREAM_H
#define CMD_WSFRAME_TLS_TLS_STREAM_H

#include "cmd/wsframe/tls/keylog.h"

struct tls_stream;

/* Borrows `keylog`. Without memory the tool ends. */
struct tls_stream *tls_stream_new(struct keylog *keylog);
/* NULL is ignored. */
void tls_stream_free(struct tls_stream *tls);

enum tls_result {
    TLS_MORE,   /* needs more bytes of this direction, or of the other one first */
    TLS_RECORD, /* `used` bytes had nothing for the application */
    TLS_DATA,   /* `used` bytes had application data */
    TLS_FAILED, /* nothing more of this direction can be read: `why` */
};

struct tls_piece {
    size_t used;
    const uint8_t *data; /* valid until the next call */
    size_t len;
    const char *why; /* FAILED; MORE: what else it waits for, or NULL. Constant */
};

/* Reads the record at `data`, sent by the server or the client. */
enum tls_result tls_stream_next(struct tls_stream *tls, int server, const uint8_t *data, size_t len,
                                struct tls_piece *piece);

/* "TLS 1.3", "TLS 1.2"; NULL before the ServerHello. Constant. */
const char *tls_stream_version(const struct tls_stream *tls);

#endif
