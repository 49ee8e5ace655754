/*
 * perform: carries out a record of --input=jsonl: sends the message, ping or pong, or closes.
 *
 * Used by run/ and listen/, which say what these do.
 */
#ifndef CMD_WSCAT_INPUT_PERFORM_H
#define CMD_WSCAT_INPUT_PERFORM_H

#include "cmd/common/record/record_read.h"
#include "cmd/wscat/people/slash.h"

#include <stddef.h>

struct perform {
    const struct slash_ops *ops;
    void *context;
    bool server; /* we are one */
    bool quiet;  /* says nothing of what is left out */

    /* Private. */
    struct record_side side;
    bool noted;
};

/* Carries out one line. What the other side has sent, and what cannot be sent, such as the opening,
 * is skipped; so is an empty line. Returns NULL, or a constant message of one line: what is wrong
 * with the record. */
const char *perform_record(struct perform *perform, const void *line, size_t len);

#endif
