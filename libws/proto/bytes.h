/*
 * bytes: the growing buffer of the whole tree, and a queue of bytes where its front is consumed.
 *
 * A buffer is a pointer; NULL is the empty one, so what holds nothing costs nothing. Memory
 * doubles, so it is never more than twice what was put in, and appending takes constant time on
 * average. WS_HEADROOM bytes before the first one are free, so that a frame's header fits in front.
 * One thread's at a time; any layer and the tools may use it.
 *
 *     struct ws_bytes *line = NULL;
 *     if (!ws_bytes_append(&line, data, len))
 *         … out of memory; what was there still is
 *     write(fd, ws_bytes_data(line), ws_bytes_len(line));
 *     ws_bytes_free(&line);
 */
#ifndef LIBWS_PROTO_BYTES_H
#define LIBWS_PROTO_BYTES_H

#include <ws/frame.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_bytes {
    size_t len;       /* bytes that are in it */
    size_t capacity;  /* bytes that memory has for them, consumed ones included */
    size_t consumed;  /* bytes before the first one that were consumed */
    uint8_t memory[]; /* WS_HEADROOM + capacity bytes */
};

/* The first byte, valid until something is reserved or appended. `bytes` must not be NULL. */
static inline uint8_t *ws_bytes_data(struct ws_bytes *bytes)
{
    return bytes->memory + WS_HEADROOM + bytes->consumed;
}

static inline size_t ws_bytes_len(const struct ws_bytes *bytes)
{
    return bytes ? bytes->len : 0;
}

/* Bytes of memory that it takes, for accounting. */
static inline size_t ws_bytes_capacity(const struct ws_bytes *bytes)
{
    return bytes ? bytes->capacity : 0;
}

/* Do `more` bytes fit behind the others as it is? */
static inline bool ws_bytes_fits(const struct ws_bytes *bytes, size_t more)
{
    return bytes && bytes->capacity - bytes->consumed - bytes->len >= more;
}

/* Makes sure that `more` bytes fit after those that are in it: write them there, then add to `len`.
 * `*bytes` may move. False without memory, with `*bytes` as it was. */
bool ws_bytes_reserve(struct ws_bytes **bytes, size_t more);

/* The same without doubling, where the final size is known. */
bool ws_bytes_reserve_exactly(struct ws_bytes **bytes, size_t more);

/* Appends a copy of `len` bytes. False without memory, with `*bytes` as it was. */
bool ws_bytes_append(struct ws_bytes **bytes, const void *data, size_t len);

/* Forgets the first `len` bytes, of which there must be as many. */
void ws_bytes_consume(struct ws_bytes *bytes, size_t len);

/* Frees it and leaves NULL, the empty one. */
void ws_bytes_free(struct ws_bytes **bytes);

#endif
