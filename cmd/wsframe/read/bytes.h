/*
 * bytes: a growing buffer, and reading input into one.
 *
 * All buffers of wsframe are of this type, so that memory has one limit: INPUT_MAX. They grow with
 * the bytes that exist, never with a length that a header claims. Out of memory ends the tool with
 * a message. Any file of wsframe may call it.
 */
#ifndef CMD_WSFRAME_READ_BYTES_H
#define CMD_WSFRAME_READ_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maximum size of an input, and of all unfinished frames together. */
#define INPUT_MAX ((size_t)256 << 20)

/* All zero is empty. */
struct bytes {
    uint8_t *data;
    size_t len;
    size_t capacity;
};

/* Reserves `more` bytes after the content. The capacity doubles, so that adding a byte takes
 * amortised constant time. */
void bytes_reserve(struct bytes *bytes, size_t more);
void bytes_add(struct bytes *bytes, const void *data, size_t len);
static inline void bytes_byte(struct bytes *bytes, uint8_t byte)
{
    if (bytes->len == bytes->capacity)
        bytes_reserve(bytes, 1);
    bytes->data[bytes->len++] = byte;
}
void bytes_free(struct bytes *bytes);

/*
 * Reads from `fd` until its end, or until the buffer has `most` bytes. False, with errno, on a read
 * error. More than INPUT_MAX ends the tool; `name` is for the message.
 */
bool bytes_read(struct bytes *bytes, int fd, size_t most, const char *name);

#endif
