/*
 * read_text: reads bytes from text: hex digits, base64, dumps of xxd and hexdump -C.
 *
 * Each reader appends to `out`; on failure it returns the place and the reason. The output is never
 * larger than the input, except for hexdump's squeezed lines, which are limited. Called by inspect,
 * encode and accept; no state.
 */
#ifndef CMD_WSFRAME_READ_READ_TEXT_H
#define CMD_WSFRAME_READ_READ_TEXT_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/form.h"

/* An error with its line and column, from 1; column 0 is the whole line. */
struct read_error {
    size_t line, column;
    const char *what;
};

/* Pairs of digits, optionally separated by white space, commas, colons or dashes, and with 0x
 * before them. */
bool read_hex(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error);

/* The alphabets of RFC 4648 sections 4 and 5, with or without padding, white space anywhere. */
bool read_base64(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error);

/* FORM_XXD and FORM_HEXDUMP. Offsets must be consecutive; a "*" repeats the line before it. A dump
 * may begin at any offset, and another one may follow, from offset 0. */
bool read_dump(enum form form, const uint8_t *text, size_t len, struct ws_bytes **out,
               struct read_error *error);

#endif
