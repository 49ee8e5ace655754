/*
 * read_list: reads lists of numbers: arrays of C, Go, Java, JavaScript, Python and the like.
 *
 * The numbers of a list are decimal, signed, hexadecimal with or without 0x or h, or octal with a
 * leading 0, and are bytes. A list is what stands in brackets of any kind, or the whole text.
 * Called by detect and inspect; no state.
 */
#ifndef CMD_WSFRAME_TEXT_READ_LIST_H
#define CMD_WSFRAME_TEXT_READ_LIST_H

#include "cmd/wsframe/read/pieces.h"

/* Reads all lists of the text, one after the other. False if there is none, with nothing read, or
 * if gdb's repetitions are too many, with what is before them. `*note` gets a line about what else
 * the numbers could be, or NULL. */
bool read_list(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error,
               const char **note);

#endif
