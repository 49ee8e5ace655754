/*
 * bytes: a growing run of bytes, and how input gets into one.
 *
 * Everything that wsframe holds goes through here, so that memory has one bound: INPUT_MAX. It
 * grows with the bytes that are there, never with a length that some header claims. Where there is
 * no memory the tool ends, with a line that says so. Any file of wsframe may call it.
 */
#ifndef CMD_WSFRAME_READ_BYTES_H
#define CMD_WSFRAME_READ_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most that one input may have, and the most that all unfinished frames may have together. */
#define INPUT_MAX ((size_t)256 << 20)

/* All zero is empty. */
struct bytes {
    uint8_t *data;
    size_t len;
    size_t capacity;
};

/* Room for `more` bytes behind those there are; doubling, so adding costs constant time each. */
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
 * Adds what can be read from `fd` until its end, or until `most` bytes are there. False, with
 * errno, when it cannot be read. More than INPUT_MAX ends the tool; `name` is for the message.
 */
bool bytes_read(struct bytes *bytes, int fd, size_t most, const char *name);

#endif
