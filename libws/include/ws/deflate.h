/*
 * deflate: the transform of permessage-deflate (RFC 7692 section 7.2), on zlib.
 *
 * What two ends agreed on is a `struct ws_deflate_params` (deflate_offer negotiates it), what one
 * end wishes a `struct ws_deflate_config`. A session that has agreed owns a `struct ws_deflate`,
 * which compresses what it sends and inflates what it receives, piece by piece. The zlib state
 * behind it is borrowed from a `struct ws_deflate_pool` for as long as it is needed: with context
 * takeover from the first message to the end of the session, without takeover from the beginning of
 * a message to its end. No I/O, no globals. session drives it; a hub compresses what goes to many
 * with ws_deflate_once().
 *
 * A window of 8 bits is never asked of zlib's deflate, which cannot do it: it runs with 9 bits then
 * and refers back 250 bytes at most, which a reader with 256 can follow.
 */
#ifndef WS_DEFLATE_H
#define WS_DEFLATE_H

#include <ws/error.h>
#include <ws/out.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WS_WINDOW_BITS_MIN = 8, WS_WINDOW_BITS_MAX = 15 };

/* The four parameters (7.1). `server` is what the server compresses, `client` what the client does.
 */
struct ws_deflate_params {
    bool server_no_takeover; /* its every message begins with an empty window (7.1.1) */
    bool client_no_takeover;
    uint8_t server_bits; /* its window is 2^bits bytes: 8 to 15 (7.1.2) */
    uint8_t client_bits;
};

/*
 * What an endpoint wishes. Shared by any number of sessions; read only while one agrees.
 *
 * A wish for no takeover or for a smaller window is one that saves memory; the other end may always
 * demand it too, and then gets it. A client offers its wishes as they are, so a server that cannot
 * meet them declines. Of a server's, that for a smaller window of the client's is told only to
 * clients that can do it.
 */
struct ws_deflate_config {
    struct ws_deflate_params preference;
    uint8_t level;    /* 1 (fast) to 9 (small) */
    uint8_t memory;   /* 1 to 9: zlib's memLevel */
    size_t threshold; /* bytes below which a message leaves as it is */
};

/* Takeover both ways, windows of 15 bits, level 6, memory 8, a threshold of 1 KiB. */
void ws_deflate_config_init(struct ws_deflate_config *config);

struct ws_deflate_stream; /* a z_stream and how it was made */

/* What a message is inflated into first; more is handed on in pieces or put together on the heap.
 */
enum { WS_INFLATE_ROOM = 64 * 1024 };

/*
 * What the sessions of one thread take turns with: zlib streams that none of them has now, a few of
 * each kind, and the memory that messages are inflated into. All zero is empty, what is needed is
 * made when it is. Outlives the sessions that use it.
 */
struct ws_deflate_pool {
    struct ws_deflate_stream *deflaters; /* the one used last comes first */
    struct ws_deflate_stream *inflaters;
    uint8_t *room; /* WS_INFLATE_ROOM bytes, or NULL */
};

/* Frees what lies in the pool; it is empty then, and may be used again. */
void ws_deflate_pool_free(struct ws_deflate_pool *pool);

/* The pool's WS_INFLATE_ROOM bytes, of which each use overwrites the one before; NULL without
 * memory.
 */
uint8_t *ws_deflate_pool_room(struct ws_deflate_pool *pool);

/* Messages that went through compression, and their bytes: as they were said, and as payload on the
 * wire. Those that left as they are do not count. */
struct ws_deflate_counts {
    uint64_t messages_in, plain_in, wire_in;
    uint64_t messages_out, plain_out, wire_out;
};

/* One session's. Read `params` and `counts`; the rest is private to deflate.c and session. */
struct ws_deflate {
    struct ws_deflate_params params;
    uint8_t level, memory;
    bool server;      /* it is the server's end */
    bool stale : 1;   /* the deflater is to be reset before it is used again */
    bool sending : 1; /* session's: the message being sent in fragments is compressed */
    bool more : 1;    /* session's: the inflater had more than there was room for */
    uint8_t tail;     /* bytes of the tail that the inflater has had */
    size_t threshold;
    uint64_t wire; /* session's: payload bytes that frames of this message claimed */
    struct ws_deflate_pool *pool;
    struct ws_deflate_stream *deflater, *inflater; /* NULL: none is needed now */
    struct ws_deflate_counts counts;
};

/* Begins `deflate` with what was agreed on. `config` gives level, memory and threshold (NULL: the
 * defaults); `pool` must outlive it. Allocates nothing. */
void ws_deflate_init(struct ws_deflate *deflate, const struct ws_deflate_params *params,
                     bool server, const struct ws_deflate_config *config,
                     struct ws_deflate_pool *pool);

/* Bytes of memory that zlib takes for it now. */
size_t ws_deflate_holds(const struct ws_deflate *deflate);

/* Gives back what it has of the pool. */
void ws_deflate_free(struct ws_deflate *deflate);

/*
 * Compresses `len` bytes (7.2.1), all of them, to the end of `out`'s scratch memory, and flushes,
 * so that the peer can read them; `*produced` is their number there. `last`: they end the message,
 * whose tail is cut off then. An empty message is the one byte 00 (7.2.3.6). WS_OK or
 * WS_E_NO_MEMORY, with `out` as it was; a message whose fragments before have left cannot be
 * finished then.
 */
enum ws_error ws_deflate_write(struct ws_deflate *deflate, struct ws_out *out, const void *data,
                               size_t len, bool last, size_t *produced);

/* What was sent last in the peer's sight was not compressed by `deflate` but begins with an empty
 * window: so does the next message. */
void ws_deflate_restart(struct ws_deflate *deflate);

/* Bytes to inflate and where to put them. Each call advances both. */
struct ws_inflate_flow {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t room; /* bytes free at `out` */
    bool full;   /* set by each call: `room` is used up and there is more to come: call again */
};

/*
 * Inflates (7.2.2). `last`: the message ends after `flow->in`, so the tail that the sender cut off
 * is put back. WS_OK: unless `flow->full`, all input is used up, and all that came of it is
 * written; with `last` the message is whole, and the next call begins another. WS_E_INFLATE: this
 * is no deflated data, or the message ends inside a block; WS_E_NO_MEMORY; after either no call
 * must follow but ws_deflate_free().
 */
enum ws_error ws_deflate_read(struct ws_deflate *deflate, struct ws_inflate_flow *flow, bool last);

/* Bytes that `len` bytes take at the most once they are deflated, whatever the settings. */
size_t ws_deflate_bound(size_t len);

/*
 * A whole message, compressed with an empty window of 2^bits bytes: every peer whose sender's
 * window is as large may have it, whatever takeover it agreed to (see ws_session_share). Writes at
 * most `room` bytes at `to`, and returns their number; 0 when they do not fit (with `room` = `len`
 * - 1: when it gets no smaller) or without memory: then it is sent as it is.
 */
size_t ws_deflate_once(struct ws_deflate_pool *pool, const struct ws_deflate_config *config,
                       unsigned bits, const void *data, size_t len, uint8_t *to, size_t room);

#ifdef __cplusplus
}
#endif

#endif
