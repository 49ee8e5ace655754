/*
 * word: a message of the command line: "@FILE", "@@text" for "@text", or the word itself.
 *
 * "@-", standard input, is the caller's matter. Used by run/ and listen/; no state.
 */
#ifndef CMD_WSCAT_INPUT_WORD_H
#define CMD_WSCAT_INPUT_WORD_H

#include "cmd/wscat/options/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct ws_bytes;

struct word {
    void *data;
    size_t len;
    struct ws_bytes *content; /* of the file; or NULL */
};

/* Makes the message, which borrows `text`. Returns an exit code, after an error message: the file
 * cannot be read, or not within --timeout, or the message is to be text and is not UTF-8. Free it
 * with word_free() in any case. */
int word_read(struct word *word, const struct settings *settings, char *text);

void word_free(struct word *word);

#endif
