/*
 * deflate: the transform of permessage-deflate (RFC 7692 section 7.2), on zlib and ISA-L.
 *
 * What two ends agreed on is a `struct ws_deflate_params`, what one end prefers a `struct
 * ws_deflate_config`. A session that has agreed owns a `struct ws_deflate`, which compresses what
 * it sends and inflates what it receives, piece by piece. Its state is taken from a `struct
 * ws_deflate_pool` for as long as it is needed: with context takeover from the first message to the
 * end of the session, without takeover for one message. No I/O, no globals; a pool and all that
 * uses it belong to one thread. Used by session; a hub compresses broadcasts with
 * ws_deflate_once(). Sections without a prefix are of RFC 7692.
 *
 * zlib cannot deflate with a window of 8 bits: it runs with 9 bits then and refers back 250 bytes
 * at most, which a reader with a window of 256 can follow.
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

/* The four parameters (7.1): `server` for what the server compresses, `client` for the client. */
struct ws_deflate_params {
    bool server_no_takeover; /* each of its messages begins with an empty window (7.1.1) */
    bool client_no_takeover;
    uint8_t server_bits; /* its window is 2^bits bytes: 8 to 15 (7.1.2) */
    uint8_t client_bits;
};

/*
 * What an endpoint prefers. May be shared by any number of sessions; read only during the upgrade.
 *
 * No takeover and smaller windows save memory; where the other end demands them, it gets them. A
 * client offers its preference as it is, so a server that cannot meet it declines. A server asks
 * for a smaller window of the client's only if the client says that it supports that.
 */
struct ws_deflate_config {
    struct ws_deflate_params preference;
    /* With both 0 the library chooses, for speed: ISA-L where it is built with it and the window
     * has 9 bits or more, else zlib at level 6. */
    uint8_t level;    /* of zlib: 1 (fast) to 9 (small); 0: 6, or none if memory is 0 too */
    uint8_t memory;   /* 1 to 9: zlib's memLevel; 0: 8, or none if level is 0 too */
    size_t threshold; /* messages of fewer bytes are sent uncompressed */
};

/* Takeover both ways, windows of 15 bits, level and memory 0, a threshold of 1 KiB. */
void ws_deflate_config_init(struct ws_deflate_config *config);

struct ws_deflate_stream; /* a stream of zlib or ISA-L, and what it was made for */

/* Bytes that a message is inflated into first; larger ones are delivered in pieces or assembled on
 * the heap. */
enum { WS_INFLATE_ROOM = 64 * 1024 };

/*
 * What the sessions of one thread share: a few streams that none of them uses now, and the
 * memory that messages are inflated into. All zero is empty; members are created when needed. Must
 * outlive the sessions that use it.
 */
struct ws_deflate_pool {
    struct ws_deflate_stream *deflaters; /* the most recently used first */
    struct ws_deflate_stream *inflaters;
    uint8_t *room; /* WS_INFLATE_ROOM bytes, or NULL */
};

/* Frees what is in the pool, which is empty then and may be used again. */
void ws_deflate_pool_free(struct ws_deflate_pool *pool);

/* The pool's WS_INFLATE_ROOM bytes, which each use overwrites; NULL without memory. */
uint8_t *ws_deflate_pool_room(struct ws_deflate_pool *pool);

/* Compressed messages, and bytes of their payload: uncompressed and on the wire. Messages that were
 * sent uncompressed do not count. */
struct ws_deflate_counts {
    uint64_t messages_in, plain_in, wire_in;
    uint64_t messages_out, plain_out, wire_out;
};

/* Of one session. Callers may read `params` and `counts`; the rest is private. */
struct ws_deflate {
    struct ws_deflate_params params;
    uint8_t level, memory;
    bool server;      /* this end is the server */
    bool stale : 1;   /* the deflater is to be reset before it is used again */
    bool sending : 1; /* session's: the message being sent in fragments is compressed */
    bool more : 1;    /* session's: the inflater has more output than fitted */
    uint8_t tail;     /* bytes of the tail that the inflater has read */
    size_t threshold;
    uint64_t wire; /* session's: payload bytes that frames of this message announced */
    struct ws_deflate_pool *pool;
    struct ws_deflate_stream *deflater, *inflater; /* NULL: not in use */
    struct ws_deflate_counts counts;
};

/* Initialises `deflate` with what was agreed on. `config` gives level, memory and threshold (NULL:
 * the defaults); `pool` must outlive it. Allocates nothing. */
void ws_deflate_init(struct ws_deflate *deflate, const struct ws_deflate_params *params,
                     bool server, const struct ws_deflate_config *config,
                     struct ws_deflate_pool *pool);

/* Bytes of memory that its streams use now. */
size_t ws_deflate_holds(const struct ws_deflate *deflate);

/* Returns its streams to the pool. */
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

/* The last message was compressed elsewhere; reset the window before the next. */
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

/* The most bytes that `len` bytes can become when deflated, whatever the settings. */
size_t ws_deflate_bound(size_t len);

/*
 * Compresses a whole message with an empty window of 2^bits bytes, for every peer that agreed on a
 * window of at least that size, with or without takeover (see ws_session_share). Writes at most
 * `room` bytes at `to`, and returns their number; 0 when they do not fit (with `room` = `len` - 1:
 * when it gets no smaller) or without memory: send it uncompressed then.
 */
size_t ws_deflate_once(struct ws_deflate_pool *pool, const struct ws_deflate_config *config,
                       unsigned bits, const void *data, size_t len, uint8_t *to, size_t room);

#ifdef __cplusplus
}
#endif

#endif
