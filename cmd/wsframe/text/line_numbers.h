/*
 * line_numbers: finds the numbers that editors, cat -n and grep -n put before lines.
 *
 * A number of a line is easily taken for a byte, or a byte for a number: it is one only where every
 * line has one, each is the next, and it is separated in another way than the bytes are. The
 * offsets of Burp, which have no zeros before them, are found in the same way. Called by
 * plain_text; no state.
 */
#ifndef CMD_WSFRAME_TEXT_LINE_NUMBERS_H
#define CMD_WSFRAME_TEXT_LINE_NUMBERS_H

#include "cmd/wsframe/read/lines.h"

/* Has every line of the text a number before it? */
bool line_numbers_are_in(const uint8_t *text, size_t len);

/* The length of the number that a line begins with, with all before and the separator after it. */
size_t line_numbers_length(struct line line);

#endif
