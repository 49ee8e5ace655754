/*
 * framing: a stream of bytes ↔ messages, for whoever talks to a program or a service.
 *
 *     chunks  what one read brings is a message, and messages follow each other without a mark
 *     lines   a line a message, without its newline
 *     nul     a NUL behind each
 *     len32   the length before each, 4 bytes, most significant first
 *     jsonl   a line a record of docs/record.schema.json
 *
 * Nothing is held but a message that is not whole yet, and of that no more than the cap allows. No
 * I/O and no WebSocket in here: process, shared and pipe stand between it and the connections.
 */
#ifndef CMD_WSSERVE_BRIDGE_FRAMING_H
#define CMD_WSSERVE_BRIDGE_FRAMING_H

#include "cmd/common/record_read.h"
#include "cmd/wsserve/options/framing_kind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- bytes → messages --- */

/* All zero but for `framing` and `max` is the beginning of a stream. */
struct framing_reader {
    enum framing framing;
    uint64_t max; /* bytes of a message; 0: no limit */

    /* Private. */
    const uint8_t *input;
    size_t input_len;
    uint8_t *held; /* the beginning of a message that is not whole yet */
    size_t held_len, held_capacity;
    bool spent; /* what is held was handed out */
    const char *fault;
    struct record_in record;
};

/* A message that was read. It lives until the next call on the reader. */
struct framing_message {
    uint8_t *data; /* may be written to where it is held; borrowed of the input else */
    size_t len;
    const struct record_in *record; /* jsonl: all that the record says; else NULL */
};

enum framing_result {
    FRAMING_MESSAGE,
    FRAMING_MORE,       /* all that was fed is read */
    FRAMING_TOO_LONG,   /* a message is larger than `max`: the stream is of no more use */
    FRAMING_NO_MEMORY,  /* the same */
    FRAMING_BAD_RECORD, /* jsonl: this line was left out, the stream goes on; see framing_error() */
};

/* Lends the reader `len` bytes until framing_next() says FRAMING_MORE. */
void framing_feed(struct framing_reader *reader, void *data, size_t len);

/* The next message. Empty lines are messages too, but for jsonl, where they are passed over. */
enum framing_result framing_next(struct framing_reader *reader, struct framing_message *message);

/* The stream has ended: what is left is the last message, if there is something and its end needs
 * no mark. FRAMING_MORE when nothing is, FRAMING_TOO_LONG for a len32 message that was cut off. */
enum framing_result framing_end(struct framing_reader *reader, struct framing_message *message);

/* What was wrong with the last record; constant. */
const char *framing_error(const struct framing_reader *reader);

void framing_free(struct framing_reader *reader);

/* --- messages → bytes --- */

enum { FRAMING_HEAD_MAX = 4 };

/* Can a message be written in pieces as they come, its length unknown? */
static inline bool framing_takes_pieces(enum framing framing)
{
    return framing != FRAMING_LEN32 && framing != FRAMING_JSONL;
}

/* What stands before and behind a message's bytes. jsonl has neither: its records are written by
 * record_write(). */
struct framing_marks {
    uint8_t head[FRAMING_HEAD_MAX];
    uint8_t head_len;
    uint8_t tail;
    uint8_t tail_len; /* 0 or 1 */
};

/* For a whole message of `len` bytes. False when its length does not fit into the head. */
bool framing_mark(enum framing framing, size_t len, struct framing_marks *marks);

#endif
