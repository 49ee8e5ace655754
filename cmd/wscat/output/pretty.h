/*
 * pretty: JSON over several lines, indented, with its tokens exactly as they were.
 *
 * Called by show.c for --pretty. No state.
 */
#ifndef CMD_WSCAT_OUTPUT_PRETTY_H
#define CMD_WSCAT_OUTPUT_PRETTY_H

#include <stdbool.h>
#include <stddef.h>

struct ws_bytes;

/* Appends `text` to `*out`, indented, if it is one JSON value; false when it is not, or memory runs
 * out: `*out` is as it was. */
bool pretty_json(struct ws_bytes **out, const char *text, size_t len);

#endif
