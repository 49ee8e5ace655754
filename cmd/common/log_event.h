/*
 * log_event: the names of what is logged. They are fixed: programs that read a log may rely on
 * them.
 *
 * A line's event is one of these, or, where a row of the library's error table is the cause, the
 * name of that row (libws/include/ws/error.h). docs/log.schema.json lists both, and tests compare:
 * what is logged with what stands here, and what stands here with the schema.
 */
#ifndef CMD_COMMON_LOG_EVENT_H
#define CMD_COMMON_LOG_EVENT_H

#include <stddef.h>

struct log_event {
    const char *name;
    const char *meaning; /* one line, no full stop */
};

/* All of them, `log_event_count`; constant. */
extern const struct log_event log_events[];
extern const size_t log_event_count;

#endif
