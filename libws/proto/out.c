#include <ws/out.h>

#include "libws/proto/bytes.h"

#include <stdlib.h>
#include <string.h>

/* What a cleared ws_out keeps for its next use; memory of a rare burst is freed. */
enum { LEAST_SCRATCH = 512, KEEP_SCRATCH = 1 << 20, KEEP_SPANS = 4096 };

static void release(struct ws_span *span)
{
    if (span->kind == WS_SPAN_OWNED)
        free(span->owner);
    else if (span->kind == WS_SPAN_SHARED)
        ws_shared_unref(span->owner);
}

void ws_out_clear(struct ws_out *out)
{
    for (size_t i = 0; i < out->count; i++)
        release(&out->spans[i]);
    out->count = 0;
    out->bytes = 0;
    out->in_place = 0;
    ws_bytes_consume(out->scratch, ws_bytes_len(out->scratch));
    if (ws_bytes_capacity(out->scratch) > KEEP_SCRATCH)
        ws_bytes_free(&out->scratch);
    if (out->capacity > KEEP_SPANS) {
        free(out->spans);
        out->spans = NULL;
        out->capacity = 0;
    }
}

void ws_out_free(struct ws_out *out)
{
    ws_out_clear(out);
    free(out->spans);
    ws_bytes_free(&out->scratch);
    *out = (struct ws_out){0};
}

static bool grow_spans(struct ws_out *out, size_t more)
{
    if (out->capacity - out->count >= more)
        return true;
    size_t capacity = out->capacity ? out->capacity * 2 : 16;
    struct ws_span *spans = realloc(out->spans, capacity * sizeof *spans);
    if (!spans)
        return false;
    out->spans = spans;
    out->capacity = capacity;
    return true;
}

static bool grow_scratch(struct ws_out *out, size_t more)
{
    if (!out->scratch && more < LEAST_SCRATCH)
        more = LEAST_SCRATCH;
    return ws_bytes_reserve(&out->scratch, more);
}

bool ws_out_prepare(struct ws_out *out, size_t len)
{
    return grow_spans(out, 2) && (len == 0 || grow_scratch(out, len));
}

/* The slot for one more span, which the caller fills and counts, or NULL. */
static struct ws_span *next_span(struct ws_out *out)
{
    return grow_spans(out, 1) ? &out->spans[out->count] : NULL;
}

static struct ws_span *last_span(struct ws_out *out)
{
    return out->count ? &out->spans[out->count - 1] : NULL;
}

/* The usual case of ws_out_reserve(): the last span is what was reserved last, and there is space
 * after it. NULL: it is another. */
static inline uint8_t *extend_last(struct ws_out *out, size_t len)
{
    struct ws_bytes *scratch = out->scratch;
    struct ws_span *last = last_span(out);
    if (!last || last->kind != WS_SPAN_SCRATCH || !ws_bytes_fits(scratch, len) ||
        last->offset + last->len != scratch->len)
        return NULL;
    uint8_t *at = ws_bytes_data(scratch) + scratch->len;
    last->len += len;
    scratch->len += len;
    out->bytes += len;
    return at;
}

__attribute__((noinline)) static uint8_t *reserve(struct ws_out *out, size_t len)
{
    if (!grow_scratch(out, len ? len : 1))
        return NULL;
    uint8_t *at = extend_last(out, len);
    if (at || len == 0)
        return at ? at : ws_bytes_data(out->scratch) + out->scratch->len;
    struct ws_span *span = next_span(out);
    if (!span)
        return NULL;
    at = ws_bytes_data(out->scratch) + out->scratch->len;
    *span = (struct ws_span){.kind = WS_SPAN_SCRATCH, .len = len, .offset = out->scratch->len};
    out->count++;
    out->scratch->len += len;
    out->bytes += len;
    return at;
}

uint8_t *ws_out_reserve(struct ws_out *out, size_t len)
{
    uint8_t *at = extend_last(out, len);
    return at ? at : reserve(out, len);
}

void ws_out_trim(struct ws_out *out, size_t len)
{
    if (len == 0)
        return;
    struct ws_span *last = last_span(out);
    last->len -= len;
    if (last->len == 0)
        out->count--;
    out->scratch->len -= len;
    out->bytes -= len;
}

enum ws_error ws_out_copy(struct ws_out *out, const void *data, size_t len)
{
    if (len == 0)
        return WS_OK;
    uint8_t *at = ws_out_reserve(out, len);
    if (!at)
        return WS_E_NO_MEMORY;
    memcpy(at, data, len);
    return WS_OK;
}

enum ws_error ws_out_borrow(struct ws_out *out, const void *data, size_t len)
{
    if (len == 0)
        return WS_OK;
    struct ws_span *last = last_span(out);
    if (last && last->kind == WS_SPAN_BORROWED && last->data + last->len == data) {
        last->len += len;
    } else {
        struct ws_span *span = next_span(out);
        if (!span)
            return WS_E_NO_MEMORY;
        *span = (struct ws_span){.kind = WS_SPAN_BORROWED, .len = len, .data = data};
        out->count++;
    }
    out->bytes += len;
    return WS_OK;
}

enum ws_error ws_out_in_place(struct ws_out *out, const void *data, size_t len)
{
    enum ws_error error = ws_out_borrow(out, data, len);
    if (error == WS_OK)
        out->in_place += len;
    return error;
}

static enum ws_error add_owned(struct ws_out *out, enum ws_span_kind kind, void *owner,
                               const uint8_t *data, size_t len)
{
    struct ws_span *span = next_span(out);
    if (!span)
        return WS_E_NO_MEMORY;
    *span = (struct ws_span){.kind = kind, .len = len, .data = data, .owner = owner};
    out->count++;
    out->bytes += len;
    return WS_OK;
}

enum ws_error ws_out_own(struct ws_out *out, void *memory, const void *data, size_t len)
{
    return add_owned(out, WS_SPAN_OWNED, memory, data, len);
}

enum ws_error ws_out_share(struct ws_out *out, struct ws_shared *shared, size_t offset, size_t len)
{
    struct ws_span *last = last_span(out);
    const uint8_t *data = ws_shared_data(shared) + offset;
    if (len == 0)
        return WS_OK;
    if (last && last->kind == WS_SPAN_SHARED && last->owner == shared &&
        last->data + last->len == data) {
        last->len += len;
        out->bytes += len;
        return WS_OK;
    }
    enum ws_error error = add_owned(out, WS_SPAN_SHARED, shared, data, len);
    if (error == WS_OK)
        ws_shared_ref(shared);
    return error;
}

const uint8_t *ws_out_span_data(const struct ws_out *out, size_t index)
{
    const struct ws_span *span = &out->spans[index];
    return span->kind == WS_SPAN_SCRATCH ? ws_bytes_data(out->scratch) + span->offset : span->data;
}
