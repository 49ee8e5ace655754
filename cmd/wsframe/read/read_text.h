/*
 * read_text: bytes out of the texts that people write them in: hex digits, base64, dumps of xxd and
 * hexdump -C.
 *
 * Each reader appends to `out`, and where it fails says where and why. What it writes is never
 * larger than what it read, but for the lines that hexdump squeezes, which are bounded. Called by
 * inspect, encode and accept; no state.
 */
#ifndef CMD_WSFRAME_READ_READ_TEXT_H
#define CMD_WSFRAME_READ_READ_TEXT_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/form.h"

/* What is wrong, and in which line and column, from 1; column 0: the line as a whole. */
struct read_fault {
    size_t line, column;
    const char *what;
};

/* Pairs of digits with white space, commas, colons, dashes or nothing between them, and 0x before
 * them or not. */
bool read_hex(const uint8_t *text, size_t len, struct bytes *out, struct read_fault *fault);

/* The alphabets of RFC 4648 sections 4 and 5, with padding or without, white space anywhere. */
bool read_base64(const uint8_t *text, size_t len, struct bytes *out, struct read_fault *fault);

/* FORM_XXD and FORM_HEXDUMP. Offsets must follow each other; a "*" repeats the line before it. A
 * dump may begin at any offset, and another one may follow from 0 on. */
bool read_dump(enum form form, const uint8_t *text, size_t len, struct bytes *out,
               struct read_fault *fault);

#endif
