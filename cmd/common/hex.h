/*
 * hex: bytes as hexadecimal digits and back, and text made safe to show on a terminal.
 *
 * Any tool may call it; it has no state and allocates nothing.
 */
#ifndef CMD_COMMON_HEX_H
#define CMD_COMMON_HEX_H

#include <stddef.h>
#include <stdint.h>

enum hex_result {
    HEX_OK,
    HEX_BAD_DIGIT, /* something that is neither a digit nor white space between pairs */
    HEX_ODD,       /* a pair lacks its second digit */
    HEX_TOO_LONG,  /* more bytes than there is room for */
};

/*
 * Reads pairs of digits, with white space between pairs or none, each word with "0x" before it or
 * without. At most `size` bytes go to `out`, which may be the very memory of `text`; `*out_len`
 * gets their number. On failure `*at` (unless NULL) gets the offset in `text` of what is wrong, and
 * what was read before it is in `out`.
 */
enum hex_result hex_parse(const char *text, size_t len, uint8_t *out, size_t size, size_t *out_len,
                          size_t *at);

/* "expected a hex digit" and the like, for messages. Constant; "" for HEX_OK. */
const char *hex_problem(enum hex_result result);

/*
 * Writes lower-case pairs, with `separator` between them unless it is 0, as many whole pairs as fit
 * into `size` bytes with the final NUL. Returns the characters written, without the NUL. Three
 * bytes for each byte are always enough, two and one more without a separator.
 */
size_t hex_format(const void *data, size_t len, char separator, char *out, size_t size);

/* The value of a hex digit in either case, or -1. */
int hex_digit(char c);

enum hex_escape_flags {
    HEX_KEEP_NEWLINE = 1,     /* pass "\n" on as it is */
    HEX_ESCAPE_BACKSLASH = 2, /* double "\", so that the text can be read back */
};

/* Bytes of output that one byte of input becomes at most. */
enum { HEX_ESCAPE_GROWTH = 4 };

/*
 * Copies text from somewhere unknown so that a terminal shows it and does nothing else: control
 * characters (C0 but for the tab, DEL, C1), those that turn the direction of writing, and bytes
 * that are not UTF-8 become \n, \r or \xNN. Writes only whole characters, as many as fit into
 * `size` bytes with the final NUL, and returns the bytes written. `*used` (unless NULL) gets how
 * much of the input they stand for: go on from there.
 */
size_t hex_escape(const void *data, size_t len, unsigned flags, char *out, size_t size,
                  size_t *used);

#endif
