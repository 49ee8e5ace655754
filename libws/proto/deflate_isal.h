/*
 * deflate_isal: a compressing stream of ISA-L, if the library is built with it (WITH_ISAL).
 *
 * Used by deflate_stream only.
 */
#ifndef LIBWS_PROTO_DEFLATE_ISAL_H
#define LIBWS_PROTO_DEFLATE_ISAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The levels that are used. The small one has the least memory, 107 kB; the good one is for streams
 * that are shared, with 234 kB. */
enum { WS_ISAL_SMALL = 1, WS_ISAL_GOOD = 3 };

/* Is ISA-L there, for a window of 2^bits bytes? */
bool ws_isal_can(unsigned bits);

struct isal_zstream;

/* A stream at one of the levels, and the bytes that it takes. NULL without memory. */
struct isal_zstream *ws_isal_new(unsigned bits, unsigned level, size_t *allocated);

void ws_isal_free(struct isal_zstream *z);

/* Forgets the window. */
void ws_isal_reset(struct isal_zstream *z);

/* Compresses as much as there is room for; `*len` and `*room` are what is left. True once all is
 * flushed. */
bool ws_isal_run(struct isal_zstream *z, const uint8_t *data, uint32_t *len, bool flush,
                 uint8_t *to, uint32_t *room);

#endif
