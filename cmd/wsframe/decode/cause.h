/*
 * cause: what is likely to be behind a violation in practice.
 *
 * The error table says which rule was broken; this says what usually broke it. Called by decode
 * alone; no state.
 */
#ifndef CMD_WSFRAME_DECODE_CAUSE_H
#define CMD_WSFRAME_DECODE_CAUSE_H

#include <ws/error.h>

#include <stddef.h>
#include <stdint.h>

struct decode_event;

/* One line without a full stop, or NULL where nothing is more likely than anything else. `at` is
 * the byte at fault, counted from the event's first. Constant. */
const char *cause_of(enum ws_error error, const struct decode_event *event, uint64_t at);

#endif
