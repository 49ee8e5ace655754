/*
 * leading_time: a date or a time before bytes, as lines of a log have it: its digits are hex digits
 * too. Called by detect. No state.
 */
#ifndef CMD_WSFRAME_DETECT_LEADING_TIME_H
#define CMD_WSFRAME_DETECT_LEADING_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the first line begin with one, 10:11:12 or 2026-01-31 or seconds since 1970, and go on? */
bool leading_time(const uint8_t *text, size_t len);

#endif
