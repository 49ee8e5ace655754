/*
 * log: what a tool does, a line an event, on standard error.
 *
 *     2026-01-31T12:00:00.123456Z INFO    conn=7 RATE the peer sends too fast
 *     {"t":"2026-01-31T12:00:00.123456Z","level":"info","conn":7,"event":"RATE","msg":"…"}
 *
 * The names of events are those of log_event.h; docs/log.schema.json is the schema. Control
 * characters are escaped, as text may come from a peer; of what peers send in messages nothing is
 * logged. Any file of cmd/ may call it, any thread at any time; of the struct only what log_set()
 * changes ever changes once it is set up.
 *
 * A line is one write(2) of at most LOG_LINE_MAX bytes, so that lines of several threads and
 * processes never mix. After log_start() a thread does it, so that nobody waits for a file that
 * takes no more: lines that find no room are dropped, and later one tells how many.
 */
#ifndef CMD_COMMON_LOG_H
#define CMD_COMMON_LOG_H

#include <ws/error.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* PIPE_BUF of Linux: a line to a pipe stays whole. Longer ones are cut, and end in "...". */
enum { LOG_LINE_MAX = 4096 };

/* In the order of --log-format's choices. */
enum log_format { LOG_TEXT, LOG_JSON };

struct spool;
struct spool_file;

/* All zero but for `fd` is a working log of everything, in text. */
struct log {
    int fd;
    _Atomic(enum ws_level) least; /* lower levels are not written; log_set() changes both */
    _Atomic(enum log_format) format;
    bool color;           /* levels, in text */
    int64_t (*now)(void); /* microseconds since 1970; NULL: the wall clock. For tests */
    /* What somebody else calls the connection, to stand in its lines: writes up to `size` bytes
     * with the NUL into `text`, false for none. NULL: there is none. */
    bool (*trace)(void *context, uint64_t conn, char *text, size_t size);
    void *trace_context;
    struct spool *spool; /* log_start()'s */
    struct spool_file *file;
};

/* Something that a program reading the log may want by itself: a member of the JSON object,
 * name=value behind the message of a line of text. */
struct log_field {
    const char *name; /* a word of ours */
    const char *text; /* `len` bytes of anything; NULL: it is a number */
    size_t len;
    uint64_t number;
};

static inline struct log_field log_text(const char *name, const char *text, size_t len)
{
    return (struct log_field){name, text, len, 0};
}

static inline struct log_field log_word(const char *name, const char *text)
{
    return (struct log_field){name, text, strlen(text), 0};
}

static inline struct log_field log_number(const char *name, uint64_t number)
{
    return (struct log_field){name, NULL, 0, number};
}

/* From here on a thread of the log's own writes, and at most `capacity` bytes wait for it. False
 * with errno: lines are written as before. */
bool log_start(struct log *log, size_t capacity);

/* Writes what is waiting, but no longer than `timeout_ms`. Lines may be logged before and after,
 * but not meanwhile. */
void log_stop(struct log *log, int timeout_ms);

/* Lines that were dropped since log_start(). */
uint64_t log_dropped(const struct log *log);

/* Changes what is logged and how, while other threads log. */
void log_set(struct log *log, enum ws_level least, enum log_format format);

/* "debug", "info", "warning", "error"; constant. */
const char *log_level_name(enum ws_level level);

/* The other way, also "warn", "access" and "fatal" as websocketd has them ("access" is info,
 * "fatal" is error). False for a name that is no level. */
bool log_level_parse(const char *name, enum ws_level *level);

/* Would a line of this level be written? To spare the work of making one up. */
static inline bool log_wants(const struct log *log, enum ws_level level)
{
    return level >= atomic_load_explicit(&log->least, memory_order_relaxed);
}

/* Is it written as JSON? */
static inline bool log_is_json(const struct log *log)
{
    return atomic_load_explicit(&log->format, memory_order_relaxed) == LOG_JSON;
}

/* `conn` 0: no connection. `event`: a name of log_event.h or of the error table, or NULL. */
void log_line(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
              const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same with `count` fields. */
void log_fields(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                const struct log_field *fields, size_t count, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* Makes up the same line, for another file than the log's own: at most `size` bytes, its newline
 * the last. Returns how many. Whatever the level. */
size_t log_compose(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                   const struct log_field *fields, size_t count, const char *message,
                   char text[LOG_LINE_MAX]);

/* Writes a line that was made up already, its newline the last of its `len` bytes, where the log's
 * go. */
void log_raw(const struct log *log, const char *text, size_t len);

/* log_line() with the level and the name of the error table, and its explanation as the message,
 * followed by `detail` after a colon unless that is NULL. */
void log_error(const struct log *log, uint64_t conn, enum ws_error error, const char *detail);

#endif
