#include "libws/http2/http2_private.h"

#include <stdlib.h>
#include <string.h>

/*
 * nghttp2's memory, in a list: after an allocation has failed, nghttp2 1.52 may free an
 * item twice at the session's end, so what a session has is freed at once.
 */
struct block {
    struct block *next, *previous;
    max_align_t data[];
};

static struct block *block_of(void *data)
{
    return data ? (struct block *)(void *)((char *)data - offsetof(struct block, data)) : NULL;
}

/* Puts it, or what it has become, into the list. */
static void *link_block(struct ws_http2 *http2, struct block *block)
{
    block->next = http2->blocks;
    block->previous = NULL;
    if (block->next)
        block->next->previous = block;
    http2->blocks = block;
    return block->data;
}

static void unlink_block(struct ws_http2 *http2, struct block *block)
{
    if (block->previous)
        block->previous->next = block->next;
    else
        http2->blocks = block->next;
    if (block->next)
        block->next->previous = block->previous;
}

static void *resize(void *data, size_t size, void *user)
{
    struct ws_http2 *http2 = user;
    struct block *old = block_of(data);
    if (size > SIZE_MAX - sizeof *old)
        return NULL;
    if (old)
        unlink_block(http2, old);
    struct block *block = realloc(old, sizeof *block + size);
    if (block)
        return link_block(http2, block);
    if (old)
        link_block(http2, old);
    return NULL;
}

static void *get(size_t size, void *user)
{
    return resize(NULL, size, user);
}

static void *get_zeroed(size_t count, size_t size, void *user)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    void *data = resize(NULL, count * size, user);
    return data ? memset(data, 0, count * size) : NULL;
}

static void put_back(void *data, void *user)
{
    struct block *block = block_of(data);
    if (block)
        unlink_block(user, block);
    free(block);
}

nghttp2_mem ws_http2_memory(struct ws_http2 *http2)
{
    return (nghttp2_mem){http2, get, put_back, get_zeroed, resize};
}

void ws_http2_memory_free(struct ws_http2 *http2)
{
    for (struct block *next; http2->blocks; http2->blocks = next) {
        next = http2->blocks->next;
        free(http2->blocks);
    }
}
