/*
 * log_run: finds the run of bytes in a line of a log, between times, tags and prompts.
 *
 * A run is pairs of hex digits with the same separator between them, or digits that stand together.
 * Called by read_log only; no state.
 */
#ifndef CMD_WSFRAME_READ_LOG_RUN_H
#define CMD_WSFRAME_READ_LOG_RUN_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/lines.h"

struct log_run {
    size_t from, len; /* in the line */
    size_t bytes;     /* 0: the line has none */
    char separator;   /* 0: none */
    bool is_short;    /* digits together, too few to be a run anywhere else */
};

/* The run of a line, at the column of the run of the line before where there is one: the last line
 * may have a single byte. */
struct log_run log_run_next(struct line line, const struct log_run *last);

/* Is this a character of a word: of a name, a number or a character beyond ASCII? */
bool log_run_is_word(char c);

/* Appends the bytes of a run. */
void log_run_add(struct line line, const struct log_run *run, struct ws_bytes **out);

/* Have the bytes separators between them? */
bool log_run_is_apart(const struct log_run *run);

/* Is this the line above a dump that numbers its columns, 00 01 02 ... 0F? */
bool log_run_is_ruler(struct line line, const struct log_run *run);

/* Is this the address of a network card, 02:42:ac:11:00:02? */
bool log_run_is_card(struct line line, const struct log_run *run);

/* Has the run 0x before its bytes, or a hex digit that is a letter? */
bool log_run_has_letters(struct line line, const struct log_run *run);

/* Does the run end in one digit, and have two in each byte before it? */
bool log_run_is_cut(struct line line, const struct log_run *run);

/* How many bytes a line leaves out after its run, as ObjC does, and an excerpt made by hand:
 * "{length = 36, bytes = 0x81220102 ... 0304}". 1: it does not say how many; 0: none. */
uint64_t log_run_missing(struct line line, const struct log_run *run);

/* The place after a run where the line ends in two characters of which one is a hex digit and one
 * is not, as 3g: the offset of the latter in the line, or 0. */
size_t log_run_mistake(struct line line, const struct log_run *run);

#endif
