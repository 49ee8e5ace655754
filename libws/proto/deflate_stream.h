/*
 * deflate_stream: streams that compress or inflate, and the pool of those that are not in use.
 *
 * zlib can do all that permessage-deflate may ask for. ISA-L compresses three to eight times as
 * fast, to messages that are 3 to 20 % longer, and does not know zlib's levels: it is used where no
 * level is asked for. Used by deflate only.
 */
#ifndef LIBWS_PROTO_DEFLATE_STREAM_H
#define LIBWS_PROTO_DEFLATE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

/* The levels of ISA-L that are used. The small one has the least memory, 107 kB; the good one is
 * for streams that are shared, with 234 kB, and messages of more than WS_ISAL_SHORT bytes: it makes
 * shorter ones no smaller, and needs up to a third more time for them. */
enum { WS_ISAL_SMALL = 1, WS_ISAL_GOOD = 3, WS_ISAL_SHORT = 2048 };

enum ws_codec { WS_CODEC_ZLIB_INFLATE, WS_CODEC_ZLIB, WS_CODEC_ISAL };

/* What a stream was made for. */
struct ws_stream_kind {
    uint8_t codec;  /* an enum ws_codec */
    uint8_t bits;   /* of its window: 9 to 15, for inflating 8 to 15 */
    uint8_t level;  /* zlib's, or ISA-L's; not for inflating */
    uint8_t memory; /* zlib's; not for inflating */
};

struct ws_deflate_stream {
    struct ws_stream_kind kind;
    struct ws_deflate_stream *next; /* in the pool */
    size_t allocated;
    z_stream z;                /* of zlib's two codecs */
    struct isal_zstream *isal; /* of ISA-L's */
};

/* The kind that compresses at `level` and `memory`, of which 0 leaves the choice to this module.
 * `good`: it may have the memory of ISA-L's good level. */
struct ws_stream_kind ws_stream_kind(unsigned bits, unsigned level, unsigned memory, bool good);

/* A stream of the list in the pool, or a new one. NULL without memory. */
struct ws_deflate_stream *ws_deflate_stream_get(struct ws_deflate_stream **list,
                                                struct ws_stream_kind kind);

/* Resets the stream and puts it at the front of the list; a surplus one at the end is freed. */
void ws_deflate_stream_put(struct ws_deflate_stream **list, struct ws_deflate_stream *stream);

void ws_deflate_stream_free_list(struct ws_deflate_stream **list);

/* Forgets the window. False: it cannot be used any more. */
bool ws_deflate_stream_reset(struct ws_deflate_stream *stream);

/* Compresses into `*room` bytes at `to`, and flushes once all input is used. Advances all three;
 * false when they were too few: call it again with more. */
bool ws_deflate_stream_run(struct ws_deflate_stream *stream, const uint8_t **data, size_t *len,
                           uint8_t *to, size_t *room);

#endif
