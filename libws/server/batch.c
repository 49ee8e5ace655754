#include "libws/server/batch.h"

#include <stdlib.h>

/* What does not fit is delivered without waiting for the turn's end. */
enum { BATCH_ROOM = 32 * 1024 };

/* Window sizes count from the first of the deflated forms. */
static unsigned bits_of(unsigned form)
{
    return form - 1 + WS_WINDOW_BITS_MIN;
}

static void free_form(struct ws_batch_form *form)
{
    ws_shared_unref(form->frames);
    free(form->marks);
    *form = (struct ws_batch_form){0};
}

void ws_batch_unref(struct ws_batch *batch)
{
    if (!batch || atomic_fetch_sub(&batch->refs, 1) != 1)
        return;
    for (unsigned i = 0; i < WS_BATCH_FORMS; i++)
        free_form(&batch->forms[i]);
    free(batch->excepted);
    free(batch);
}

/* Room in its frames for `need` bytes more, and for one more mark. */
static bool reserve(struct ws_batch_form *form, size_t need, size_t count)
{
    size_t room = ws_shared_len(form->frames);
    if (room - form->used < need) {
        room = room * 2 > form->used + need ? room * 2 : form->used + need;
        struct ws_shared *larger = ws_shared_resize(form->frames, room);
        if (!larger)
            return false;
        form->frames = larger;
    }
    if (count + 1 >= form->capacity) {
        size_t capacity = form->capacity ? form->capacity * 2 : 8;
        struct ws_batch_mark *larger = realloc(form->marks, capacity * sizeof *larger);
        if (!larger)
            return false;
        form->marks = larger;
        form->capacity = capacity;
    }
    if (count == 0)
        form->marks[0] = (struct ws_batch_mark){0};
    return true;
}

struct ws_batch *ws_batch_new(size_t need, unsigned wanted)
{
    struct ws_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return NULL;
    atomic_init(&batch->refs, 1);
    for (unsigned i = 0; i < WS_BATCH_FORMS; i++)
        if (i == 0 || (wanted & 1u << i))
            batch->forms[i].frames = ws_shared_new(need > BATCH_ROOM ? need : BATCH_ROOM);
    if (batch->forms[0].frames)
        return batch;
    ws_batch_unref(batch);
    return NULL;
}

bool ws_batch_fits(const struct ws_batch *batch, size_t need)
{
    return ws_shared_len(batch->forms[0].frames) - batch->forms[0].used >= need;
}

/* --- adding --- */

static bool add_plain(struct ws_batch_form *form, size_t index, unsigned opcode, const void *data,
                      size_t len, size_t max_frame)
{
    size_t size = ws_frame_message_size(len, max_frame);
    if (!reserve(form, size, index))
        return false;
    ws_frame_message(ws_shared_data(form->frames) + form->used, opcode, data, len, max_frame,
                     false);
    form->used += size;
    form->marks[index + 1] = form->marks[index];
    form->marks[index + 1].offset = form->used;
    return true;
}

static bool add_deflated(struct ws_batch_form *form, size_t index, unsigned opcode,
                         const void *data, size_t len, const struct ws_session_config *config,
                         unsigned bits)
{
    size_t framed = ws_frame_message_size(len, config->max_frame);
    if (len < config->deflate->threshold || len == 0)
        return add_plain(form, index, opcode, data, len, config->max_frame);
    if (!reserve(form, framed + len, index))
        return false;
    /* Deflated after the place where it will be, since its frames' headers depend on its length. */
    uint8_t *to = ws_shared_data(form->frames) + form->used, *deflated = to + framed;
    size_t wire =
        ws_deflate_once(config->deflate_pool, config->deflate, bits, data, len, deflated, len - 1);
    if (wire == 0)
        return add_plain(form, index, opcode, data, len, config->max_frame);
    ws_frame_message(to, opcode, deflated, wire, config->max_frame, true);
    form->used += ws_frame_message_size(wire, config->max_frame);
    const struct ws_compressed_span *before = &form->marks[index].deflated;
    form->marks[index + 1] = (struct ws_batch_mark){
        form->used, {before->messages + 1, before->plain + len, before->wire + wire}};
    return true;
}

static bool reserve_exception(struct ws_batch *batch)
{
    if (batch->excepted_count < batch->excepted_capacity)
        return true;
    size_t capacity = batch->excepted_capacity ? batch->excepted_capacity * 2 : 8;
    struct ws_batch_exception *larger = realloc(batch->excepted, capacity * sizeof *larger);
    if (!larger)
        return false;
    batch->excepted = larger;
    batch->excepted_capacity = capacity;
    return true;
}

bool ws_batch_add(struct ws_batch *batch, uint64_t except, unsigned opcode, const void *data,
                  size_t len, const struct ws_session_config *config)
{
    if (except && !reserve_exception(batch))
        return false;
    if (!add_plain(&batch->forms[0], batch->count, opcode, data, len, config->max_frame))
        return false;
    if (except)
        batch->excepted[batch->excepted_count++] =
            (struct ws_batch_exception){except, batch->count};
    /* What cannot be deflated goes to its receivers as it is, with all that is in the batch. */
    for (unsigned i = 1; i < WS_BATCH_FORMS; i++)
        if (batch->forms[i].frames &&
            !add_deflated(&batch->forms[i], batch->count, opcode, data, len, config, bits_of(i)))
            free_form(&batch->forms[i]);
    batch->count++;
    return true;
}

/* --- completing and reading --- */

static int by_except(const void *a, const void *b)
{
    const struct ws_batch_exception *one = a, *other = b;
    if (one->except != other->except)
        return one->except < other->except ? -1 : 1;
    return one->index < other->index ? -1 : one->index > other->index;
}

void ws_batch_complete(struct ws_batch *batch)
{
    /* A slow receiver keeps a reference for long: keep no unused memory. */
    for (unsigned i = 0; i < WS_BATCH_FORMS; i++) {
        struct ws_batch_form *form = &batch->forms[i];
        struct ws_shared *smaller =
            form->frames ? ws_shared_resize(form->frames, form->used) : NULL;
        if (smaller)
            form->frames = smaller;
    }
    if (batch->excepted_count > 1)
        qsort(batch->excepted, batch->excepted_count, sizeof *batch->excepted, by_except);
}

size_t ws_batch_bytes(const struct ws_batch *batch)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < WS_BATCH_FORMS; i++)
        bytes += batch->forms[i].used;
    return bytes;
}

unsigned ws_batch_form_of(const struct ws_deflate *deflate)
{
    return deflate ? (unsigned)deflate->params.server_bits - WS_WINDOW_BITS_MIN + 1u : 0u;
}

const struct ws_batch_form *ws_batch_form_for(const struct ws_batch *batch,
                                              const struct ws_deflate *deflate)
{
    const struct ws_batch_form *form = &batch->forms[ws_batch_form_of(deflate)];
    return form->frames ? form : &batch->forms[0];
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
