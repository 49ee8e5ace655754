#include <ws/shared.h>

#include <stdatomic.h>
#include <stdlib.h>

struct ws_shared {
    atomic_uint refs;
    size_t len;
    uint8_t data[];
};

struct ws_shared *ws_shared_new(size_t len)
{
    struct ws_shared *shared = len < SIZE_MAX / 2 ? malloc(sizeof *shared + len) : NULL;
    if (!shared)
        return NULL;
    atomic_init(&shared->refs, 1);
    shared->len = len;
    return shared;
}

struct ws_shared *ws_shared_resize(struct ws_shared *shared, size_t len)
{
    struct ws_shared *resized = len < SIZE_MAX / 2 ? realloc(shared, sizeof *shared + len) : NULL;
    if (resized)
        resized->len = len;
    return resized;
}

void ws_shared_ref(struct ws_shared *shared)
{
    atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
}

void ws_shared_unref(struct ws_shared *shared)
{
    if (shared && atomic_fetch_sub_explicit(&shared->refs, 1, memory_order_acq_rel) == 1)
        free(shared);
}

uint8_t *ws_shared_data(struct ws_shared *shared)
{
    return shared->data;
}

size_t ws_shared_len(const struct ws_shared *shared)
{
    return shared->len;
}

unsigned ws_shared_refs(const struct ws_shared *shared)
{
    return atomic_load_explicit(&shared->refs, memory_order_relaxed);
}
