/*
 * payload: makes the messages and checks the replies.
 *
 * A message is a head of hex digits (connection, sequence number, time when it was due) followed by
 * a pattern. A message too small for the head has the last digits of the sequence number only. A
 * reply may arrive in pieces, which are compared one by one.
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

/* Returns a buffer of `size` bytes filled with the pattern, to be freed with free(); NULL when
 * memory runs out. */
uint8_t *payload_new(size_t size);

/* Writes `head` to the beginning of a message of `size` bytes. Below PAYLOAD_HEAD bytes only the
 * sequence number is written, and below 16 only its last digits. */
void payload_write(uint8_t *message, size_t size, const struct payload_head *head);

/* Parses the head of a message; a short one has fewer fields. False if it is malformed. */
bool payload_read(const uint8_t *message, size_t size, struct payload_head *head);

/* A reply that is being received. All zero: between two replies. */
struct payload_answer {
    uint8_t head[PAYLOAD_HEAD];
    size_t len; /* received so far */
    bool wrong; /* its pattern differs, or it is too long */
};

/* Takes the next piece of a reply, and compares it with `pattern` (from payload_new), which is
 * `size` bytes long. */
void payload_take(struct payload_answer *answer, const uint8_t *pattern, size_t size,
                  const uint8_t *data, size_t len);

#endif
