#include <ws/deflate.h>

#include "libws/proto/deflate_stream.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Of a message that comes in parts, or whose window stays. */
#define UNKNOWN_LEN (SIZE_MAX / 2)

static const uint8_t TAIL[4] = {0x00, 0x00, 0xff, 0xff};

void ws_deflate_config_init(struct ws_deflate_config *config)
{
    *config = (struct ws_deflate_config){
        .preference = {.server_bits = WS_WINDOW_BITS_MAX, .client_bits = WS_WINDOW_BITS_MAX},
        .threshold = 1024,
    };
}

/* --- the pool --- */

void ws_deflate_pool_free(struct ws_deflate_pool *pool)
{
    ws_deflate_stream_free_list(&pool->deflaters);
    ws_deflate_stream_free_list(&pool->inflaters);
    free(pool->room);
    pool->room = NULL;
}

uint8_t *ws_deflate_pool_room(struct ws_deflate_pool *pool)
{
    if (!pool->room)
        pool->room = malloc(WS_INFLATE_ROOM);
    return pool->room;
}

/* --- one session's --- */

size_t ws_deflate_holds(const struct ws_deflate *d)
{
    return (d->deflater ? d->deflater->allocated : 0) + (d->inflater ? d->inflater->allocated : 0);
}

void ws_deflate_init(struct ws_deflate *d, const struct ws_deflate_params *params, bool server,
                     const struct ws_deflate_config *config, struct ws_deflate_pool *pool)
{
    struct ws_deflate_config defaults;
    if (!config) {
        ws_deflate_config_init(&defaults);
        config = &defaults;
    }
    *d = (struct ws_deflate){
        .params = *params,
        .server = server,
        .level = config->level,
        .memory = config->memory,
        .threshold = config->threshold,
        .pool = pool,
    };
}

static void drop_deflater(struct ws_deflate *d)
{
    if (d->deflater)
        ws_deflate_stream_put(&d->pool->deflaters, d->deflater);
    d->deflater = NULL;
    d->stale = false;
}

static void drop_inflater(struct ws_deflate *d)
{
    if (d->inflater)
        ws_deflate_stream_put(&d->pool->inflaters, d->inflater);
    d->inflater = NULL;
}

void ws_deflate_free(struct ws_deflate *d)
{
    drop_deflater(d);
    drop_inflater(d);
}

/* --- compressing --- */

size_t ws_deflate_bound(size_t len)
{
    /* A literal of the fixed code takes 9 bits at the most, and a block its header; the flush
     * follows. */
    return len + (len >> 3) + (len >> 6) + 64;
}

/* For a message of `len` bytes. A window larger than that finds no more matches, but costs time:
 * zlib clears a table that grows with the memory level before each message. */
static struct ws_deflate_stream *borrow_fitting(struct ws_deflate_pool *pool, size_t len,
                                                unsigned bits, unsigned level, unsigned memory)
{
    enum { LOOKAHEAD = 262 }; /* bytes of its window that deflate does not refer back to */
    enum { SMALL_BITS = 13, SMALL_MEMORY = 7 };
    bool good = len > WS_ISAL_SHORT && len < UNKNOWN_LEN;
    struct ws_stream_kind kind = ws_stream_kind(bits, level, memory, good);
    if (kind.codec == WS_CODEC_ZLIB && len + LOOKAHEAD <= 1 << SMALL_BITS) {
        kind.bits = kind.bits < SMALL_BITS ? kind.bits : SMALL_BITS;
        kind.memory = kind.memory < SMALL_MEMORY ? kind.memory : SMALL_MEMORY;
    }
    return ws_deflate_stream_get(&pool->deflaters, kind);
}

static struct ws_deflate_stream *need_deflater(struct ws_deflate *d, size_t len, bool whole)
{
    if (d->deflater) {
        if (d->stale && !ws_deflate_stream_reset(d->deflater))
            return NULL;
        d->stale = false;
        return d->deflater;
    }
    bool takeover = !(d->server ? d->params.server_no_takeover : d->params.client_no_takeover);
    unsigned bits = d->server ? d->params.server_bits : d->params.client_bits;
    if (takeover || !whole)
        len = UNKNOWN_LEN;
    d->deflater = borrow_fitting(d->pool, len, bits, d->level, d->memory);
    return d->deflater;
}

static enum ws_error write_all(struct ws_deflate_stream *stream, struct ws_out *out,
                               const uint8_t *data, size_t len, size_t *produced)
{
    enum { AT_ONCE = 16 * 1024 };
    size_t room = ws_deflate_bound(len < AT_ONCE ? len : len / 4);
    *produced = 0;
    for (;;) {
        uint8_t *to = ws_out_reserve(out, room);
        size_t left = room;
        if (!to) {
            ws_out_trim(out, *produced);
            return WS_E_NO_MEMORY;
        }
        bool done = ws_deflate_stream_run(stream, &data, &len, to, &left);
        *produced += room - left;
        if (done) {
            ws_out_trim(out, left);
            return WS_OK;
        }
        room = ws_deflate_bound(len < *produced ? len : *produced);
    }
}

enum ws_error ws_deflate_write(struct ws_deflate *d, struct ws_out *out, const void *data,
                               size_t len, bool last, size_t *produced)
{
    bool takeover = !(d->server ? d->params.server_no_takeover : d->params.client_no_takeover);
    enum ws_error error = WS_OK;
    *produced = 0;
    if (len > 0) {
        struct ws_deflate_stream *stream = need_deflater(d, len, last);
        if (!stream)
            return WS_E_NO_MEMORY;
        error = write_all(stream, out, data, len, produced);
        if (error != WS_OK) {
            d->stale = true;
        } else if (last) {
            ws_out_trim(out, sizeof TAIL);
            *produced -= sizeof TAIL;
        }
    } else if (last) {
        /* All before it was flushed, so this is the head of an empty block whose rest is the tail.
         */
        error = ws_out_copy(out, TAIL, 1);
        *produced = error == WS_OK;
    }
    if (last && !takeover)
        drop_deflater(d);
    return error;
}

void ws_deflate_restart(struct ws_deflate *d)
{
    d->stale = d->deflater != NULL;
}

size_t ws_deflate_once(struct ws_deflate_pool *pool, const struct ws_deflate_config *config,
                       unsigned bits, const void *data, size_t len, uint8_t *to, size_t room)
{
    const uint8_t *at = data;
    size_t left = room;
    if (len == 0) {
        if (room > 0)
            *to = TAIL[0];
        return room > 0;
    }
    struct ws_deflate_stream *stream =
        borrow_fitting(pool, len, bits, config->level, config->memory);
    if (!stream)
        return 0;
    bool fits = room > 0 && ws_deflate_stream_run(stream, &at, &len, to, &left);
    ws_deflate_stream_put(&pool->deflaters, stream);
    return fits ? room - left - sizeof TAIL : 0;
}

/* --- inflating --- */

/* One call of inflate, from `*in` to where `flow` says. */
static int run_inflate(z_stream *z, const uint8_t **in, size_t *in_len,
                       struct ws_inflate_flow *flow)
{
    unsigned len = *in_len < UINT_MAX ? (unsigned)*in_len : UINT_MAX;
    unsigned room = flow->room < UINT_MAX ? (unsigned)flow->room : UINT_MAX;
    z->next_in = (uint8_t *)(uintptr_t)*in;
    z->avail_in = len;
    z->next_out = flow->out;
    z->avail_out = room;
    int result = inflate(z, Z_SYNC_FLUSH);
    *in += len - z->avail_in;
    *in_len -= len - z->avail_in;
    flow->out += room - z->avail_out;
    flow->room -= room - z->avail_out;
    /* A block marked as the last is not the end of the message (7.2.3.4). The window must be kept,
     * and not by copying it: such blocks may be two bytes long. */
    if (result == Z_STREAM_END && inflateResetKeep(z) != Z_OK)
        result = Z_DATA_ERROR;
    return result;
}

static enum ws_error inflate_error(int result)
{
    switch (result) {
    case Z_OK:
    case Z_STREAM_END:
    case Z_BUF_ERROR:
        return WS_OK;
    case Z_MEM_ERROR:
        return WS_E_NO_MEMORY;
    default:
        return WS_E_INFLATE;
    }
}

/* True between two blocks, at a byte boundary. */
static bool at_boundary(const z_stream *z)
{
    enum { UNUSED_BITS = 63, BEFORE_A_BLOCK = 128 };
    return (z->data_type & BEFORE_A_BLOCK) && (z->data_type & UNUSED_BITS) == 0;
}

static enum ws_error read_tail(struct ws_deflate *d, struct ws_inflate_flow *flow)
{
    z_stream *z = &d->inflater->z;
    for (;;) {
        const uint8_t *in = TAIL + d->tail;
        size_t len = sizeof TAIL - d->tail;
        int result = run_inflate(z, &in, &len, flow);
        d->tail = (uint8_t)(sizeof TAIL - len);
        if (inflate_error(result) != WS_OK)
            return inflate_error(result);
        if (len == 0)
            return result == Z_STREAM_END || at_boundary(z) ? WS_OK : WS_E_INFLATE;
        if (flow->room == 0) {
            flow->full = true;
            return WS_OK;
        }
    }
}

enum ws_error ws_deflate_read(struct ws_deflate *d, struct ws_inflate_flow *flow, bool last)
{
    bool takeover = !(d->server ? d->params.client_no_takeover : d->params.server_no_takeover);
    unsigned bits = d->server ? d->params.client_bits : d->params.server_bits;
    struct ws_stream_kind kind = {.codec = WS_CODEC_ZLIB_INFLATE, .bits = WS_WINDOW_BITS_MAX};
    if (takeover)
        kind.bits = (uint8_t)bits;
    if (!d->inflater)
        d->inflater = ws_deflate_stream_get(&d->pool->inflaters, kind);
    if (!d->inflater)
        return WS_E_NO_MEMORY;

    flow->full = false;
    while (d->tail == 0) {
        int result = run_inflate(&d->inflater->z, &flow->in, &flow->in_len, flow);
        if (inflate_error(result) != WS_OK)
            return inflate_error(result);
        if (flow->in_len > 0) {
            flow->full = flow->room == 0;
            if (flow->full)
                return WS_OK;
        } else if (!last) {
            flow->full = flow->room == 0;
            return WS_OK;
        } else {
            break;
        }
    }
    enum ws_error error = read_tail(d, flow);
    if (error != WS_OK || flow->full)
        return error;
    d->tail = 0;
    if (!takeover)
        drop_inflater(d);
    return WS_OK;
}
