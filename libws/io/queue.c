#include "libws/io/queue.h"

#include <ws/frame.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A new block of copies has at least BLOCK_ROOM bytes, so that small frames share one; of shared
 * spans, those below HELD_LEAST are copied. */
enum { BLOCK_ROOM = 16 * 1024, HELD_LEAST = 512 };

struct ws_block {
    struct ws_block *next;
    enum ws_span_kind kind; /* WS_SPAN_SCRATCH: the bytes are in `room` */
    bool shared;            /* whole messages of a broadcast, referenced or copied */
    const uint8_t *data;
    size_t len;
    void *owner;
    size_t capacity;
    uint8_t room[];
};

static struct ws_block *push(struct ws_queue *queue, size_t capacity)
{
    struct ws_block *block = malloc(sizeof *block + capacity);
    if (!block)
        return NULL;
    *block = (struct ws_block){.kind = WS_SPAN_SCRATCH, .data = block->room, .capacity = capacity};
    if (queue->tail)
        queue->tail->next = block;
    else
        queue->head = block;
    queue->tail = block;
    return block;
}

static enum ws_error append_copy(struct ws_queue *queue, const uint8_t *data, size_t len,
                                 bool shared)
{
    struct ws_block *tail = queue->tail;
    size_t used = tail ? (size_t)(tail->data - tail->room) + tail->len : 0;
    if (!tail || tail->kind != WS_SPAN_SCRATCH || tail->shared != shared ||
        tail->capacity - used < len) {
        tail = push(queue, len > BLOCK_ROOM ? len : BLOCK_ROOM);
        if (!tail)
            return WS_E_NO_MEMORY;
        tail->shared = shared;
        used = 0;
    }
    memcpy(tail->room + used, data, len);
    tail->len += len;
    queue->bytes += len;
    return WS_OK;
}

/* Takes over what the span owns. */
static enum ws_error append_held(struct ws_queue *queue, struct ws_span *span, size_t skip)
{
    struct ws_block *block = push(queue, 0);
    if (!block)
        return WS_E_NO_MEMORY;
    block->kind = span->kind;
    block->shared = span->kind == WS_SPAN_SHARED;
    block->data = span->data + skip;
    block->len = span->len - skip;
    block->owner = span->owner;
    queue->bytes += block->len;
    span->kind = WS_SPAN_BORROWED;
    return WS_OK;
}

enum ws_error ws_queue_append(struct ws_queue *queue, struct ws_out *out, size_t skip)
{
    enum ws_error error = WS_OK;
    for (size_t i = 0; i < out->count && error == WS_OK; i++) {
        struct ws_span *span = &out->spans[i];
        if (skip >= span->len) {
            skip -= span->len;
            continue;
        }
        bool shared = span->kind == WS_SPAN_SHARED;
        /* For a few bytes a copy is cheaper than a block. */
        if (span->kind == WS_SPAN_OWNED || (shared && span->len - skip >= HELD_LEAST))
            error = append_held(queue, span, skip);
        else
            error = append_copy(queue, ws_out_span_data(out, i) + skip, span->len - skip, shared);
        skip = 0;
    }
    ws_out_clear(out);
    return error;
}

int ws_queue_iov(const struct ws_queue *queue, struct iovec *iov, int max)
{
    int count = 0;
    for (struct ws_block *block = queue->head; block && count < max; block = block->next) {
        iov[count].iov_base = (void *)(uintptr_t)block->data;
        iov[count].iov_len = block->len;
        count++;
    }
    return count;
}

static void free_block(struct ws_block *block)
{
    if (block->kind == WS_SPAN_OWNED)
        free(block->owner);
    else if (block->kind == WS_SPAN_SHARED)
        ws_shared_unref(block->owner);
    free(block);
}

static void pop(struct ws_queue *queue)
{
    struct ws_block *block = queue->head;
    queue->head = block->next;
    if (!queue->head)
        queue->tail = NULL;
    free_block(block);
}

/* Counts messages in consecutive whole frames. */
static size_t count_frames(const uint8_t *data, size_t len)
{
    struct ws_frame frame;
    size_t count = 0;
    while (len > 0 && ws_frame_parse(data, len, &frame) == WS_OK &&
           frame.length <= len - frame.header_len) {
        data += frame.header_len + frame.length;
        len -= frame.header_len + (size_t)frame.length;
        count += frame.fin;
    }
    return count;
}

size_t ws_queue_drop_shared(struct ws_queue *queue)
{
    size_t messages = 0;
    if (!queue->head)
        return 0;
    /* The kernel may have taken half a frame of the head. */
    for (struct ws_block *before = queue->head, *block; (block = before->next);) {
        if (!block->shared) {
            before = block;
            continue;
        }
        messages += count_frames(block->data, block->len);
        queue->bytes -= block->len;
        before->next = block->next;
        if (queue->tail == block)
            queue->tail = before;
        free_block(block);
    }
    return messages;
}

void ws_queue_consume(struct ws_queue *queue, size_t len)
{
    queue->bytes -= len;
    while (queue->head && len >= queue->head->len) {
        len -= queue->head->len;
        pop(queue);
    }
    if (queue->head) {
        queue->head->data += len;
        queue->head->len -= len;
    }
}

void ws_queue_free(struct ws_queue *queue)
{
    while (queue->head)
        pop(queue);
    queue->bytes = 0;
}
