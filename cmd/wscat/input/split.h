/*
 * split: finds where the messages in a stream of bytes end, for each form of --input.
 *
 * It looks at every byte once, keeps no bytes, and allocates nothing. Called by input.c.
 */
#ifndef CMD_WSCAT_INPUT_SPLIT_H
#define CMD_WSCAT_INPUT_SPLIT_H

#include "cmd/wscat/options/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct split {
    enum input_form form;
    bool keep_end; /* the newline or NUL belongs to the message */
    size_t seen;   /* bytes of the present message that were looked at */

    /* INPUT_JSON: inside of the present value */
    unsigned depth;
    bool in_value, in_string, escaped;
};

/* One message: `skip` bytes before it, `len` of its own, `after` after it. */
struct split_message {
    size_t skip, len, after;
};

/* Finds the end of the first message in `data`, all bytes that are left; call it again with the
 * same bytes and more when there is none. At the end of input: see split_tail(). */
bool split_next(struct split *split, const uint8_t *data, size_t len, struct split_message *found);

/* The same at the end of input, for bytes that split_next() found no end in. False when they are no
 * message: none, or white space after the last JSON value. The whole input is one even if empty. */
bool split_tail(const struct split *split, const uint8_t *data, size_t len,
                struct split_message *found);

/* May a message of this form be sent in pieces before its end is known? */
bool split_streams(enum input_form form);

/* `len` bytes that were looked at have been handed over as a piece. */
void split_taken(struct split *split, size_t len);

#endif
