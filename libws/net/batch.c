#include "libws/net/batch.h"

#include "libws/proto/session.h"

#include <stdlib.h>

/* What does not fit is delivered without waiting for the turn's end. */
enum { BATCH_ROOM = 32 * 1024 };

void ws_batch_unref(struct ws_batch *batch)
{
    if (!batch || atomic_fetch_sub(&batch->refs, 1) != 1)
        return;
    ws_shared_unref(batch->frames);
    free(batch->entries);
    free(batch->excepted);
    free(batch);
}

struct ws_batch *ws_batch_new(size_t need)
{
    struct ws_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return NULL;
    atomic_init(&batch->refs, 1);
    batch->frames = ws_shared_new(need > BATCH_ROOM ? need : BATCH_ROOM);
    if (batch->frames)
        return batch;
    free(batch);
    return NULL;
}

bool ws_batch_fits(const struct ws_batch *batch, size_t need)
{
    return batch->frames->len - batch->used >= need;
}

bool ws_batch_add(struct ws_batch *batch, uint64_t except, unsigned opcode, const void *data,
                  size_t len, size_t max_frame)
{
    if (batch->count + 1 >= batch->capacity) {
        size_t capacity = batch->capacity ? batch->capacity * 2 : 8;
        struct ws_batch_entry *larger = realloc(batch->entries, capacity * sizeof *larger);
        if (!larger)
            return false;
        batch->entries = larger;
        batch->capacity = capacity;
    }
    ws_session_framed(batch->frames->data + batch->used, opcode, data, len, max_frame, false);
    batch->entries[batch->count++] = (struct ws_batch_entry){except, batch->used};
    batch->used += ws_session_framed_size(len, max_frame);
    batch->entries[batch->count] = (struct ws_batch_entry){0, batch->used};
    return true;
}

static int by_except(const void *a, const void *b)
{
    const struct ws_batch_entry *one = a, *other = b;
    if (one->except != other->except)
        return one->except < other->except ? -1 : 1;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* Nothing more will be added. The offsets of `excepted` become indexes of entries. */
bool ws_batch_complete(struct ws_batch *batch)
{
    size_t count = 0;
    /* Whoever is slow holds on to it: no more than there is in it. */
    struct ws_shared *smaller = realloc(batch->frames, sizeof *smaller + batch->used);
    if (smaller) {
        smaller->len = batch->used;
        batch->frames = smaller;
    }
    batch->excepted = malloc((batch->count ? batch->count : 1) * sizeof *batch->excepted);
    if (!batch->excepted)
        return false;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->entries[i].except)
            batch->excepted[count++] = (struct ws_batch_entry){batch->entries[i].except, i};
    batch->excepted_count = count;
    qsort(batch->excepted, count, sizeof *batch->excepted, by_except);
    return true;
}

/* The first exception of `id` or of a greater one. */
size_t ws_batch_first_excepted(const struct ws_batch *batch, uint64_t id)
{
    size_t low = 0, high = batch->excepted_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (batch->excepted[middle].except < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
