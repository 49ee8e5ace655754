/*
 * read_escaped: reads strings with escapes, as C, Python, Go, JavaScript, printf and URLs have
 * them.
 *
 * Understood are \x81, \201, \u0081, \n and its like, and %81. What stands in quotes is a string;
 * strings that only white space, a backslash or a plus sign separates are one. Without quotes a
 * line is a string. Called by detect and inspect; no state.
 */
#ifndef CMD_WSFRAME_TEXT_READ_ESCAPED_H
#define CMD_WSFRAME_TEXT_READ_ESCAPED_H

#include "cmd/wsframe/read/pieces.h"

/* True for a text with at least one escape that stands for a byte. */
bool read_escaped_has(const uint8_t *text, size_t len);

/* Reads all strings. False if there is none, or with an escape that stands for no byte. */
bool read_escaped(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error);

#endif
