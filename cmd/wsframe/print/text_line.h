/*
 * text_line: text that is put together in memory and goes to standard output in one call.
 *
 * A line of a capture has some fifteen fields, and stdio's formatting takes longer for each of them
 * than decoding the frame does. Called by print_text.
 */
#ifndef CMD_WSFRAME_PRINT_TEXT_LINE_H
#define CMD_WSFRAME_PRINT_TEXT_LINE_H

#include <stddef.h>
#include <stdint.h>

enum { TEXT_LINE_SIZE = 512 };

/* What is put in beyond the buffer's size writes out what is there before: text of any length fits.
 * Begin with `len` 0, and call text_line_write() before anything else writes to standard output. */
struct text_line {
    size_t len;
    char text[TEXT_LINE_SIZE];
};

/* Writes out what is there. Whether that failed, ferror() says. */
void text_line_write(struct text_line *line);

void text_line_char(struct text_line *line, char c);

/* Text, followed by as many spaces as it has fewer characters than `width`: "%-*s". */
void text_line_padded(struct text_line *line, const char *text, size_t width);
void text_line_string(struct text_line *line, const char *text);

/* A decimal number with spaces before it, or a hexadecimal one with zeros: "%*u", "%0*x". */
void text_line_uint(struct text_line *line, uint64_t value, size_t width);
void text_line_hex(struct text_line *line, uint64_t value, size_t digits);

/* A decimal number with zeros before it: "%0*u". */
void text_line_zeros(struct text_line *line, uint64_t value, size_t digits);

/* Pairs of hex digits, with `separator` between them unless it is 0. */
void text_line_bytes(struct text_line *line, const uint8_t *data, size_t len, char separator);

/* What hex_escape() makes of `data`. */
void text_line_escaped(struct text_line *line, const uint8_t *data, size_t len, unsigned flags);

#endif
