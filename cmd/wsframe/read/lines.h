/*
 * lines: text taken apart line by line, for detect and the readers of dumps. No allocation.
 */
#ifndef CMD_WSFRAME_READ_LINES_H
#define CMD_WSFRAME_READ_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of characters, borrowed; without the line's end. */
struct line {
    const char *p;
    size_t len;
};

/* Takes the next line off `rest`: ends in LF or CRLF. False when there is none. */
bool line_next(struct line *rest, struct line *line);

/* Spaces and tabs at the beginning. */
void line_skip_blanks(struct line *line);

/* Takes hex digits off the beginning and returns how many; `*number` gets their value, of the last
 * sixteen. */
size_t line_hex_number(struct line *line, uint64_t *number);

#endif
