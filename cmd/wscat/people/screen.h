/*
 * screen: where on the terminal the line being typed is. Used by editor.c.
 */
#ifndef CMD_WSCAT_PEOPLE_SCREEN_H
#define CMD_WSCAT_PEOPLE_SCREEN_H

#include <histedit.h>

#include <stdbool.h>
#include <stddef.h>

/* Is standard input's terminal this job's, and not another's of its shell? */
bool screen_is_ours(void);

/* The row of the cursor in `line` as libedit shows it after `prompt`, on a terminal of standard
 * output's width; 0: that of the prompt's beginning. */
int screen_row(const LineInfoW *line, const char *prompt);

/* The same after `prompt` columns, on one that is `width` columns wide. */
int screen_row_of(const LineInfoW *line, size_t prompt, int width);

#endif
