/*
 * cause: the likely cause of a violation in practice.
 *
 * The error table names the violated rule; this names the usual reason. Called by decode only; no
 * state.
 */
#ifndef CMD_WSFRAME_DECODE_CAUSE_H
#define CMD_WSFRAME_DECODE_CAUSE_H

#include "cmd/wsframe/decode/event.h"
#include <ws/error.h>

#include <stdbool.h>
#include <stdint.h>

/* One line without a full stop, or NULL if no cause is more likely than others. `at` is the offset
 * of the invalid byte from the event's first. Constant. */
const char *cause_of(enum ws_error error, const struct decode_event *event, uint64_t at);

/* The likely cause of an end of TCP by `sender`, after a silence of both directions. Constant. */
const char *cause_of_end(enum decode_end end, enum sender sender, bool reset, int64_t silent_us);

#endif
