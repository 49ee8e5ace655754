/*
 * log_event: the names of log events. They are stable: programs that read a log may rely on them.
 *
 * A line's event is one of these or the name of a row of the library's error table
 * (libws/include/ws/error.h). docs/log.schema.json lists both. Tests compare the log with this
 * table, and this table with the schema.
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
