/*
 * payload: what messages are made of, and how an answer is known for the right one.
 *
 * A message is a head of hex digits (which connection, which message, when it was due) and a
 * pattern behind it; as much of that as its size allows, the last digits of the number first. An
 * answer that comes in pieces is compared as it comes.
 */
#ifndef CMD_WSBENCH_PAYLOAD_H
#define CMD_WSBENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAYLOAD_HEAD = 40 }; /* 8 digits of connection, 16 of sequence, 16 of time in nanoseconds */

struct payload_head {
    uint32_t connection;
    uint64_t sequence;
    uint64_t time;
};

/* A buffer of `size` bytes with the pattern in it, to be freed with free(); NULL without memory. */
uint8_t *payload_new(size_t size);

/* Writes `head` to the beginning of a message of `size` bytes. Below PAYLOAD_HEAD the sequence goes
 * in alone, and below 16 its last digits. */
void payload_write(uint8_t *message, size_t size, const struct payload_head *head);

/* Reads back what payload_write wrote; of a short one only what there is. False when it is none. */
bool payload_read(const uint8_t *message, size_t size, struct payload_head *head);

/* Of an answer that is being received. All zero: between two. */
struct payload_answer {
    uint8_t head[PAYLOAD_HEAD];
    size_t len; /* received so far */
    bool wrong; /* its pattern is another, or it is too long */
};

/* The next piece of an answer to a message like `pattern` (payload_new), `size` bytes long. */
void payload_take(struct payload_answer *answer, const uint8_t *pattern, size_t size,
                  const uint8_t *data, size_t len);

#endif
