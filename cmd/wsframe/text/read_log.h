/*
 * read_log: reads the one run of bytes in each line of a log, between times, tags and prompts.
 *
 * A run is pairs of hex digits with the same separator between them. Times and dates are none. A
 * line that begins with ">" or "<" names its direction. Lines without a run are passed over, and so
 * are runs that are something else: an address, a number of a build. What belongs together is found
 * by what stands before the runs, which is alike but for times and numbers, and by frames: a run
 * begins one, or goes on where one is incomplete.
 * A line that goes on with two characters of which one alone is a hex digit has a mistake there.
 * Called by detect and inspect; no state.
 */
#ifndef CMD_WSFRAME_TEXT_READ_LOG_H
#define CMD_WSFRAME_TEXT_READ_LOG_H

#include "cmd/wsframe/read/pieces.h"

/* False if no line has a run, or if no run can begin a frame; and where
 * `error` is not NULL, which it then says, if a line has a mistake after its run. `*note` is NULL,
 * or what is doubtful in what was read. */
bool read_log(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error,
              const char **note);

#endif
