/*
 * line: text that is put together in memory and goes to standard output in one call.
 *
 * A line of a capture has some fifteen fields, and stdio's formatting takes longer for each of them
 * than decoding the frame does. Called by print_text.
 */
#ifndef CMD_WSFRAME_PRINT_LINE_H
#define CMD_WSFRAME_PRINT_LINE_H

#include <stddef.h>
#include <stdint.h>

enum { LINE_SIZE = 512 };

/* What is put in beyond the buffer's size writes out what is there before: text of any length fits.
 * Begin with `len` 0, and call line_write() before anything else writes to standard output. */
struct line {
    size_t len;
    char text[LINE_SIZE];
};

/* Writes out what is there. Whether that failed, ferror() says. */
void line_write(struct line *line);

void line_char(struct line *line, char c);

/* Text, followed by as many spaces as it has fewer characters than `width`: "%-*s". */
void line_padded(struct line *line, const char *text, size_t width);
void line_string(struct line *line, const char *text);

/* A decimal number with spaces before it, or a hexadecimal one with zeros: "%*u", "%0*x". */
void line_uint(struct line *line, uint64_t value, size_t width);
void line_hex(struct line *line, uint64_t value, size_t digits);

/* A decimal number with zeros before it: "%0*u". */
void line_zeros(struct line *line, uint64_t value, size_t digits);

/* Pairs of hex digits, with `separator` between them unless it is 0. */
void line_bytes(struct line *line, const uint8_t *data, size_t len, char separator);

/* What hex_escape() makes of `data`. */
void line_escaped(struct line *line, const uint8_t *data, size_t len, unsigned flags);

#endif
