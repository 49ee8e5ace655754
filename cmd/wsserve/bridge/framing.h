/*
 * framing: a stream of bytes ↔ messages, for programs, services and standard streams.
 *
 *     chunks  each read is a message; messages follow each other without a mark
 *     lines   a line a message, without its newline
 *     nul     a NUL after each
 *     len32   the length before each, 4 bytes, most significant first
 *     jsonl   a line a record of docs/record.schema.json
 *
 * Only an incomplete message is kept, and of that no more than the limit. No I/O and no WebSocket
 * here: process, shared and pipe connect it with both.
 */
#ifndef CMD_WSSERVE_BRIDGE_FRAMING_H
#define CMD_WSSERVE_BRIDGE_FRAMING_H

#include "cmd/common/record/record_read.h"
#include "cmd/wsserve/options/framing_kind.h"
#include "libws/proto/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- bytes → messages --- */

/* The beginning of a stream: all zero except `framing` and `max`. */
struct framing_reader {
    enum framing framing;
    uint64_t max; /* bytes of a message; 0: no limit */

    /* Private. */
    const uint8_t *input;
    size_t input_len;
    struct ws_bytes *held; /* an incomplete message */
    bool spent;            /* `held` was handed out */
    const char *error;
    struct record_in record;
};

/* A message that was read; valid until the next call on the reader. */
struct framing_message {
    uint8_t *data; /* writable; in the reader or borrowed from the input */
    size_t len;
    const struct record_in *record; /* jsonl: the whole record; else NULL */
};

enum framing_result {
    FRAMING_MESSAGE,
    FRAMING_MORE,       /* all input was read */
    FRAMING_TOO_LONG,   /* a message is larger than `max`: the stream is broken */
    FRAMING_NO_MEMORY,  /* the same */
    FRAMING_BAD_RECORD, /* jsonl: a line was skipped, see framing_error(); the stream goes on */
};

/* Lends the reader `len` bytes until framing_next() returns FRAMING_MORE. */
void framing_feed(struct framing_reader *reader, void *data, size_t len);

/* The next message. Empty lines are messages too, except in jsonl, where they are skipped. */
enum framing_result framing_next(struct framing_reader *reader, struct framing_message *message);

/* The end of the stream: returns the last message, if its framing needs no end mark. FRAMING_MORE
 * if there is none, FRAMING_TOO_LONG for a truncated len32 message. */
enum framing_result framing_end(struct framing_reader *reader, struct framing_message *message);

/* The error of the last record; constant. */
const char *framing_error(const struct framing_reader *reader);

void framing_free(struct framing_reader *reader);

/* --- messages → bytes --- */

enum { FRAMING_HEAD_MAX = 4 };

/* Can a message be written in chunks, before its length is known? */
static inline bool framing_takes_pieces(enum framing framing)
{
    return framing != FRAMING_LEN32 && framing != FRAMING_JSONL;
}

/* The bytes before and after a message. jsonl has none: record_write() writes its records. */
struct framing_marks {
    uint8_t head[FRAMING_HEAD_MAX];
    uint8_t head_len;
    uint8_t tail;
    uint8_t tail_len; /* 0 or 1 */
};

/* For a whole message of `len` bytes. False when its length does not fit into the head. */
bool framing_mark(enum framing framing, size_t len, struct framing_marks *marks);

#endif
