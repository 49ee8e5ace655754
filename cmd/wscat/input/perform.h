/*
 * perform: carries out a record of --input=jsonl: sends the message, ping or pong, or closes.
 *
 * Used by run/ and listen/, which say what these do. No state.
 */
#ifndef CMD_WSCAT_INPUT_PERFORM_H
#define CMD_WSCAT_INPUT_PERFORM_H

#include "cmd/wscat/people/slash.h"

#include <stddef.h>

/* Carries out one line. What cannot be sent, such as the opening, is skipped. Returns NULL, or a
 * constant message of one line: what is wrong with the record. */
const char *perform_record(const struct slash_ops *ops, void *context, const void *line,
                           size_t len);

#endif
