/*
 * lines: splits text into lines and numbers, for detect and the readers of dumps. No allocation.
 */
#ifndef CMD_WSFRAME_READ_LINES_H
#define CMD_WSFRAME_READ_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed characters, without the line's end. */
struct line {
    const char *p;
    size_t len;
};

/* Removes the next line from `rest`; lines end in LF or CRLF. False when there is none. */
bool line_next(struct line *rest, struct line *line);

/* Removes spaces and tabs at the beginning. */
void line_skip_blanks(struct line *line);

/* Removes hex digits at the beginning and returns their number; `*number` gets the value of the
 * last sixteen. */
size_t line_hex_number(struct line *line, uint64_t *number);

#endif
