/*
 * payload: makes the messages and checks the replies.
 *
 * A message is a head of hex digits (sequence number, check, connection, time when it was due)
 * followed by a pattern. A message too small for all of it has the sequence number and the check.
 * One too small for those is made by small.c. A reply may arrive in pieces, which are compared one
 * by one.
 */
#ifndef CMD_WSBENCH_PAYLOAD_PAYLOAD_H
#define CMD_WSBENCH_PAYLOAD_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
    PAYLOAD_HEAD = 40, /* 12 digits of sequence, 4 of check, 8 of connection, 16 of nanoseconds */
    PAYLOAD_CHECKED = 16, /* the first two of them */
};

struct payload_head {
    uint32_t connection;
    uint64_t sequence;
    uint64_t time;
};

enum { PAYLOAD_MANY = 64 }; /* the most that are written at once */

/* The messages of a worker. */
struct payload {
    size_t least, size; /* bytes of the smallest and of the largest; the same for most loads */
    size_t len;         /* bytes of the one that was written last */
    unsigned digits;    /* below PAYLOAD_CHECKED bytes: so many of its digits are of the number */
    size_t spread; /* what follows the head begins at one of so many places of the pattern; 0: of
                    * all messages at the same */
    unsigned many; /* so many can be written at once; 1: one at a time */
    struct iovec each[PAYLOAD_MANY]; /* where the ones are that were written at once */
    uint8_t *pattern;                /* `size` + `spread` bytes; owned */
    uint8_t *message;                /* the one, or the ones, that were written last; owned */
};

/* Messages have `least` to `most` bytes; where these differ, PAYLOAD_HEAD at least, and their
 * sequence number decides. `window` of them are in flight at a time. With `varied` no two messages
 * have much in common, for compressors. False without memory. Free it with payload_free() in either
 * case. */
bool payload_init(struct payload *payload, size_t least, size_t most, unsigned window, bool varied);
void payload_free(struct payload *payload);

/* Makes `payload->message`, of `payload->len` bytes, which begins with `head`. Below PAYLOAD_HEAD
 * bytes its time is left out, and below PAYLOAD_CHECKED all but the last digits of its sequence
 * number. */
void payload_write(struct payload *payload, const struct payload_head *head);

/* Makes `count` messages, `payload->many` at most, where `payload->each` says: the first with
 * `head`, each of the others with the next sequence number. */
void payload_write_many(struct payload *payload, struct payload_head head, unsigned count);

/* How many of `count` messages of `len` bytes, `step` bytes apart, are the message with this head
 * and those with the next sequence numbers, whole and unchanged? The first that is not ends it. */
unsigned payload_intact(const struct payload *payload, struct payload_head head,
                        const uint8_t *data, size_t len, size_t step, unsigned count);

/* Parses the head of a message. `head->connection` is, before, the connection that it is expected
 * to be of, for a message too small to say it. False if the head is malformed or its check differs.
 */
bool payload_read(const struct payload *payload, const uint8_t *message, struct payload_head *head);

/* How many sequence numbers the messages can tell apart, a power of two; 0: all. */
uint64_t payload_modulus(const struct payload *payload);

/* A reply that is being received. All zero: between two replies. */
struct payload_answer {
    uint8_t head[PAYLOAD_HEAD];
    size_t len;    /* received so far */
    size_t offset; /* where in the pattern it begins */
    bool wrong;    /* its pattern differs */
};

/* Takes the next piece of a reply, and compares it with the pattern. */
void payload_take(struct payload_answer *answer, const struct payload *payload, const uint8_t *data,
                  size_t len);

enum payload_verdict {
    PAYLOAD_INTACT,
    PAYLOAD_DAMAGED, /* one of our messages, changed on its way */
    PAYLOAD_FOREIGN, /* none of ours: neither its head nor what follows it */
};

/* Judges a whole reply, and reads its head as payload_read() does. */
enum payload_verdict payload_judge(const struct payload_answer *answer,
                                   const struct payload *payload, struct payload_head *head);

#endif
