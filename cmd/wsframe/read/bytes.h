/*
 * bytes: libws's growing buffer for a tool that ends when memory does, and reading input into it.
 *
 * All buffers of wsframe are `struct ws_bytes *`, of which NULL is empty. They grow with the bytes
 * that exist, never with a length that a header claims, and have one limit: INPUT_MAX. Without
 * memory the tool ends with a message. Any file of wsframe may call it.
 */
#ifndef CMD_WSFRAME_READ_BYTES_H
#define CMD_WSFRAME_READ_BYTES_H

#include "libws/proto/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maximum size of an input, and of all unfinished frames together. */
#define INPUT_MAX ((size_t)256 << 20)

/* As ws_bytes_reserve() and ws_bytes_append(), which cannot fail here. */
void bytes_reserve(struct ws_bytes **bytes, size_t more);
void bytes_add(struct ws_bytes **bytes, const void *data, size_t len);

static inline void bytes_byte(struct ws_bytes **bytes, uint8_t byte)
{
    struct ws_bytes *b = *bytes;
    if (!b || b->consumed + b->len == b->capacity) {
        bytes_reserve(bytes, 1);
        b = *bytes;
    }
    ws_bytes_data(b)[b->len++] = byte;
}

/* What gdb's "<repeats 20 times>" may make of one text, and what to say of more. */
#define BYTES_REPEATED_MAX ((size_t)16 << 20)
extern const char bytes_repeated_too_often[];

/* Repeats the last byte, so that it is there `times` times. Nothing in an empty buffer. */
void bytes_repeat_last(struct ws_bytes **bytes, size_t times);

/* The first byte; of an empty buffer a pointer that is not NULL. */
static inline const uint8_t *bytes_data(struct ws_bytes *bytes)
{
    return bytes ? ws_bytes_data(bytes) : (const uint8_t *)"";
}

/* Forgets the content and keeps the memory. */
static inline void bytes_clear(struct ws_bytes *bytes)
{
    ws_bytes_consume(bytes, ws_bytes_len(bytes));
}

/*
 * Reads from `fd` until its end, or until the buffer has `most` bytes. False, with errno, on a read
 * error. More than INPUT_MAX ends the tool; `name` is for the message.
 */
bool bytes_read(struct ws_bytes **bytes, int fd, size_t most, const char *name);

#endif
