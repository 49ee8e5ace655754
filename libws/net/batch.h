/*
 * batch: messages that are published together, framed one behind the other in one piece of memory.
 *
 * hub fills one while the loop turns, completes it and lends it to every receiver; after that
 * nobody writes to it, and any thread may hold a reference.
 */
#ifndef LIBWS_NET_BATCH_H
#define LIBWS_NET_BATCH_H

#include "libws/proto/out.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_batch_entry {
    uint64_t except;
    size_t offset; /* of its frame */
};

/* Messages in the order in which they were published, framed. Complete once it is delivered: from
 * then on every loop reads it. */
struct ws_batch {
    atomic_uint refs;
    struct ws_shared *frames;
    size_t used;
    struct ws_batch_entry *entries; /* one more than `count`: the end */
    size_t count, capacity;
    /* Those with an exception, in its order: where a receiver looks for its own. */
    struct ws_batch_entry *excepted;
    size_t excepted_count;
};

/* With one reference, and room for `need` bytes of frames at least. NULL without memory. */
struct ws_batch *ws_batch_new(size_t need);
void ws_batch_unref(struct ws_batch *batch);

/* Is there room for a frame of `need` bytes? */
bool ws_batch_fits(const struct ws_batch *batch, size_t need);

/* Adds a message for all but the connection `except` (0: for all), in fragments of at most
 * `max_frame` bytes (0: in one), for which there must be room. False without memory. */
bool ws_batch_add(struct ws_batch *batch, uint64_t except, unsigned opcode, const void *data,
                  size_t len, size_t max_frame);

/* Nothing more will be added: `excepted` is sorted, its offsets become indexes of entries, and
 * memory that was not needed is given back. False without memory. */
bool ws_batch_complete(struct ws_batch *batch);

/* The index in `excepted` of the first one of `id`, or of a greater id. */
size_t ws_batch_first_excepted(const struct ws_batch *batch, uint64_t id);

#endif
