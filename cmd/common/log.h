/*
 * log: what a tool does, a line an event, on standard error.
 *
 *     2026-01-31T12:00:00.123456Z INFO  conn=7 RATE the peer sends too fast
 *     {"t":"2026-01-31T12:00:00.123456Z","level":"info","conn":7,"event":"RATE","msg":"…"}
 *
 * A line is one write(2) of at most LOG_LINE_MAX bytes, so that lines of several threads and
 * processes never mix. Control characters are escaped, as text may come from a peer. Any file of
 * cmd/ may call it, any thread at any time; the struct does not change once it is set up.
 */
#ifndef CMD_COMMON_LOG_H
#define CMD_COMMON_LOG_H

#include "libws/proto/error.h"

#include <stdbool.h>
#include <stdint.h>

/* PIPE_BUF of Linux: a line to a pipe stays whole. Longer ones are cut, and end in "...". */
enum { LOG_LINE_MAX = 4096 };

/* In the order of --log-format's choices. */
enum log_format { LOG_TEXT, LOG_JSON };

/* All zero but for `fd` is a working log of everything, in text. */
struct log {
    int fd;
    enum ws_level least; /* what is less is not written */
    enum log_format format;
    bool color;           /* levels, in text */
    int64_t (*now)(void); /* microseconds since 1970; NULL: the wall clock. For tests */
};

/* "debug", "info", "warning", "error"; constant. */
const char *log_level_name(enum ws_level level);

/* The other way, also "warn", "access" and "fatal" as websocketd has them ("access" is info,
 * "fatal" is error). False for a name that is no level. */
bool log_level_parse(const char *name, enum ws_level *level);

/* Would a line of this level be written? To spare the work of making one up. */
static inline bool log_wants(const struct log *log, enum ws_level level)
{
    return level >= log->least;
}

/* `conn` 0: no connection. `event`: one word for programs that read the log, or NULL. */
void log_line(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
              const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same with the level and the name of the error table, and its explanation as the message,
 * followed by `detail` after a colon unless that is NULL. */
void log_error(const struct log *log, uint64_t conn, enum ws_error error, const char *detail);

#endif
