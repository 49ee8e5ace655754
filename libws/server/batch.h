/*
 * batch: messages that are published together, framed one after the other in one piece of memory.
 *
 * hub fills one while the loop turns, completes it and lends it to every receiver; after that it is
 * not written to any more, and any thread may hold a reference. The messages are there in several
 * forms: as they are, and deflated once for all receivers that can inflate it.
 */
#ifndef LIBWS_SERVER_BATCH_H
#define LIBWS_SERVER_BATCH_H

#include <ws/deflate.h>
#include <ws/out.h>
#include <ws/session.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Number 0 has the messages as they are; the others deflated, each for a size of window. */
enum { WS_BATCH_FORMS = 1 + WS_WINDOW_BITS_MAX - WS_WINDOW_BITS_MIN + 1 };

/* Where a message begins in a form; and which of those before it are compressed there. */
struct ws_batch_mark {
    size_t offset;
    struct ws_compressed_span deflated;
};

/* The messages, framed. */
struct ws_batch_form {
    struct ws_shared *frames;    /* NULL: no receiver needs this form, or memory ran out */
    size_t used;                 /* of its bytes */
    struct ws_batch_mark *marks; /* one more than there are messages: the end */
    size_t capacity;             /* of marks */
};

/* Of those with an exception: where a receiver looks for its own. */
struct ws_batch_exception {
    uint64_t except;
    size_t index; /* of the message */
};

/* Messages in the order in which they were published. Complete once it is delivered: from then on
 * every loop reads it. */
struct ws_batch {
    atomic_uint refs;
    struct ws_batch_form forms[WS_BATCH_FORMS];
    size_t count;
    struct ws_batch_exception *excepted; /* sorted once the batch is complete */
    size_t excepted_count, excepted_capacity;
};

/* With one reference, and room for `need` bytes of frames at least. `wanted` has a bit for each
 * form that a receiver can use; the plain one is always there. NULL without memory. */
struct ws_batch *ws_batch_new(size_t need, unsigned wanted);
void ws_batch_unref(struct ws_batch *batch);

/* Is there room for a frame of `need` bytes? */
bool ws_batch_fits(const struct ws_batch *batch, size_t need);

/* Adds a message for all but the connection `except` (0: for all), for which there must be room,
 * framed as `config` says: in fragments of its max_frame, deflated by its deflate. False without
 * memory. */
bool ws_batch_add(struct ws_batch *batch, uint64_t except, unsigned opcode, const void *data,
                  size_t len, const struct ws_session_config *config);

/* Nothing more will be added: `excepted` is sorted, and memory that was not needed is given back.
 */
void ws_batch_complete(struct ws_batch *batch);

/* Bytes that it takes, in all its forms. */
size_t ws_batch_bytes(const struct ws_batch *batch);

/* The number of the form that a receiver can make use of best: `deflate` is what was agreed on with
 * it, NULL: nothing. */
unsigned ws_batch_form_of(const struct ws_deflate *deflate);

/* That form, or the plain one where the batch does not have it. */
const struct ws_batch_form *ws_batch_form_for(const struct ws_batch *batch,
                                              const struct ws_deflate *deflate);

/* The index in `excepted` of the first one of `id`, or of a greater id. */
size_t ws_batch_first_excepted(const struct ws_batch *batch, uint64_t id);

#endif
