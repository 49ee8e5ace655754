#include "libws/proto/deflate_stream.h"

#include <limits.h>
#include <stdlib.h>
#ifdef WITH_ISAL
#include <isa-l/igzip_lib.h>
#endif

/* Streams of either list that the pool keeps for the next message. */
enum { KEEP_STREAMS = 4 };

/* zlib's, where none is asked for. */
enum { DEFAULT_LEVEL = 6, DEFAULT_MEMORY = 8 };

static bool isal_can(unsigned bits)
{
#ifdef WITH_ISAL
    return bits >= 9;
#else
    (void)bits;
    return false;
#endif
}

struct ws_stream_kind ws_stream_kind(unsigned bits, unsigned level, unsigned memory, bool good)
{
    bool fast = level == 0 && memory == 0 && isal_can(bits);
    struct ws_stream_kind kind = {.codec = fast ? WS_CODEC_ISAL : WS_CODEC_ZLIB,
                                  .bits = (uint8_t)(bits < 9 ? 9 : bits)};
    if (fast) {
        kind.level = good ? WS_ISAL_GOOD : WS_ISAL_SMALL;
    } else {
        kind.level = (uint8_t)(level ? level : DEFAULT_LEVEL);
        kind.memory = (uint8_t)(memory ? memory : DEFAULT_MEMORY);
    }
    return kind;
}

/* --- ISA-L --- */

#ifdef WITH_ISAL
static bool init_isal(struct ws_deflate_stream *stream)
{
    uint32_t size = stream->kind.level == WS_ISAL_SMALL ? ISAL_DEF_LVL1_MIN : ISAL_DEF_LVL3_SMALL;
    struct isal_zstream *z = malloc(sizeof *z);
    uint8_t *buffer = z ? malloc(size) : NULL;
    if (!buffer) {
        free(z);
        return false;
    }
    isal_deflate_init(z);
    z->level = stream->kind.level;
    z->level_buf = buffer;
    z->level_buf_size = size;
    z->hist_bits = stream->kind.bits;
    stream->allocated = sizeof *z + size;
    stream->isal = z;
    return true;
}

static void free_isal(struct isal_zstream *z)
{
    free(z->level_buf);
    free(z);
}

static void reset_isal(struct isal_zstream *z)
{
    isal_deflate_reset(z);
}

static bool run_isal(struct isal_zstream *z, const uint8_t *data, uint32_t *len, bool flush,
                     uint8_t *to, uint32_t *room)
{
    z->next_in = (uint8_t *)(uintptr_t)data;
    z->avail_in = *len;
    z->next_out = to;
    z->avail_out = *room;
    z->flush = flush ? SYNC_FLUSH : NO_FLUSH;
    isal_deflate(z); /* its errors are of parameters, which are ours */
    *len = z->avail_in;
    *room = z->avail_out;
    return z->avail_in == 0 && z->internal_state.state == ZSTATE_NEW_HDR;
}
#else
/* None is called: see isal_can(). */

static bool init_isal(struct ws_deflate_stream *stream)
{
    (void)stream;
    return false;
}

static void free_isal(struct isal_zstream *z)
{
    (void)z;
}

static void reset_isal(struct isal_zstream *z)
{
    (void)z;
}

static bool run_isal(struct isal_zstream *z, const uint8_t *data, uint32_t *len, bool flush,
                     uint8_t *to, uint32_t *room)
{
    (void)z, (void)data, (void)len, (void)flush, (void)to, (void)room;
    return false;
}
#endif

/* --- making and freeing --- */

static void *allocate(void *context, unsigned items, unsigned size)
{
    struct ws_deflate_stream *stream = context;
    stream->allocated += (size_t)items * size;
    return malloc((size_t)items * size);
}

static void release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

static bool init_zlib(struct ws_deflate_stream *stream)
{
    const struct ws_stream_kind *kind = &stream->kind;
    int window = -(int)kind->bits; /* negative: without a header of zlib's around it */
    stream->z.zalloc = allocate;
    stream->z.zfree = release;
    stream->z.opaque = stream;
    return (kind->codec == WS_CODEC_ZLIB ? deflateInit2(&stream->z, kind->level, Z_DEFLATED, window,
                                                        kind->memory, Z_DEFAULT_STRATEGY)
                                         : inflateInit2(&stream->z, window)) == Z_OK;
}

static struct ws_deflate_stream *stream_new(struct ws_stream_kind kind)
{
    struct ws_deflate_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->kind = kind;
    if (kind.codec == WS_CODEC_ISAL ? init_isal(stream) : init_zlib(stream))
        return stream;
    free(stream);
    return NULL;
}

static void stream_free(struct ws_deflate_stream *stream)
{
    switch (stream->kind.codec) {
    case WS_CODEC_ISAL:
        free_isal(stream->isal);
        break;
    case WS_CODEC_ZLIB:
        deflateEnd(&stream->z);
        break;
    default:
        inflateEnd(&stream->z);
    }
    free(stream);
}

bool ws_deflate_stream_reset(struct ws_deflate_stream *stream)
{
    switch (stream->kind.codec) {
    case WS_CODEC_ISAL:
        reset_isal(stream->isal);
        return true;
    case WS_CODEC_ZLIB:
        return deflateReset(&stream->z) == Z_OK;
    default:
        return inflateReset(&stream->z) == Z_OK;
    }
}

/* --- the pool --- */

static bool same_kind(const struct ws_stream_kind *a, const struct ws_stream_kind *b)
{
    return a->codec == b->codec && a->bits == b->bits && a->level == b->level &&
           a->memory == b->memory;
}

struct ws_deflate_stream *ws_deflate_stream_get(struct ws_deflate_stream **list,
                                                struct ws_stream_kind kind)
{
    for (struct ws_deflate_stream **p = list; *p; p = &(*p)->next) {
        struct ws_deflate_stream *stream = *p;
        if (same_kind(&stream->kind, &kind)) {
            *p = stream->next;
            return stream;
        }
    }
    return stream_new(kind);
}

void ws_deflate_stream_put(struct ws_deflate_stream **list, struct ws_deflate_stream *stream)
{
    if (!ws_deflate_stream_reset(stream)) {
        stream_free(stream);
        return;
    }
    stream->next = *list;
    *list = stream;
    unsigned count = 0;
    for (struct ws_deflate_stream **p = list; *p; p = &(*p)->next) {
        if (++count > KEEP_STREAMS) {
            stream_free(*p);
            *p = NULL;
            return;
        }
    }
}

void ws_deflate_stream_free_list(struct ws_deflate_stream **list)
{
    while (*list) {
        struct ws_deflate_stream *stream = *list;
        *list = stream->next;
        stream_free(stream);
    }
}

/* --- compressing --- */

/* True once all is flushed. `*len` and `*room` are what is left. */
static bool run_zlib(z_stream *z, const uint8_t *data, uint32_t *len, bool flush, uint8_t *to,
                     uint32_t *room)
{
    z->next_in = (uint8_t *)(uintptr_t)data;
    z->avail_in = *len;
    z->next_out = to;
    z->avail_out = *room;
    deflate(z, flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
    *len = z->avail_in;
    *room = z->avail_out;
    return z->avail_in == 0 && z->avail_out > 0;
}

bool ws_deflate_stream_run(struct ws_deflate_stream *stream, const uint8_t **data, size_t *len,
                           uint8_t *to, size_t *room)
{
    for (;;) {
        uint32_t in = *len < UINT32_MAX ? (uint32_t)*len : UINT32_MAX, in_left = in;
        uint32_t out = *room < UINT32_MAX ? (uint32_t)*room : UINT32_MAX, out_left = out;
        bool last = in == *len;
        bool done = stream->kind.codec == WS_CODEC_ISAL
                        ? run_isal(stream->isal, *data, &in_left, last, to, &out_left)
                        : run_zlib(&stream->z, *data, &in_left, last, to, &out_left);
        *data += in - in_left;
        *len -= in - in_left;
        to += out - out_left;
        *room -= out - out_left;
        if (done && last)
            return true;
        if (*room == 0)
            return false;
    }
}
