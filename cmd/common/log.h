/*
 * log: the log on standard error, one line per event.
 *
 *     2026-01-31T12:00:00.123456Z INFO    conn=7 RATE the peer sends too fast
 *     {"t":"2026-01-31T12:00:00.123456Z","level":"info","conn":7,"event":"RATE","msg":"…"}
 *
 * The names of events are those of log_event.h; docs/log.schema.json is the schema. Control
 * characters are escaped, as text may come from a peer; payloads of messages are not logged. Any
 * file of cmd/ may call it, on any thread at any time. After its setup only log_set() changes the
 * struct.
 *
 * A line is one write(2) of at most LOG_LINE_MAX bytes, so that lines of several threads and
 * processes never mix. After log_start() a thread of its own writes, so that callers never wait for
 * a slow file: lines above its capacity are dropped, and a later line reports how many.
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

/* All zero except `fd` is a working log of everything, in text. */
struct log {
    int fd;
    _Atomic(enum ws_level) least; /* lower levels are not written; log_set() changes both */
    _Atomic(enum log_format) format;
    bool color;           /* levels, in text */
    int64_t (*now)(void); /* microseconds since 1970; NULL: the wall clock. For tests */
    /* Writes the connection's trace id, which its lines show, into `text`: up to `size` bytes with
     * the NUL. False if it has none. NULL: no connection has one. */
    bool (*trace)(void *context, uint64_t conn, char *text, size_t size);
    void *trace_context;
    struct spool *spool; /* set by log_start() */
    struct spool_file *file;
};

/* A value for programs that read the log: a member of the JSON object, or name=value after the
 * message in a line of text. */
struct log_field {
    const char *name; /* a constant */
    const char *text; /* `len` bytes of any text; NULL: the value is a number */
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

/* Starts a thread that writes the log; at most `capacity` bytes wait for it. False with errno:
 * lines are written as before. */
bool log_start(struct log *log, size_t capacity);

/* Writes the waiting lines for at most `timeout_ms` and ends the thread. Lines may be logged before
 * and after, but not during the call. */
void log_stop(struct log *log, int timeout_ms);

/* Lines that were dropped since log_start(). */
uint64_t log_dropped(const struct log *log);

/* Changes level and format, also while other threads log. */
void log_set(struct log *log, enum ws_level least, enum log_format format);

/* "debug", "info", "warning", "error"; constant. */
const char *log_level_name(enum ws_level level);

/* The inverse. Also takes "warn", "access" (info) and "fatal" (error), for compatibility with
 * websocketd. False for an unknown name. */
bool log_level_parse(const char *name, enum ws_level *level);

/* True if a line of this level would be written. Saves the work of composing one that would not. */
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

/* Composes the same line into `text`, for another file than the log's: at most `size` bytes, the
 * last one a newline. Returns their number. Ignores the level. */
size_t log_compose(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                   const struct log_field *fields, size_t count, const char *message,
                   char text[LOG_LINE_MAX]);

/* Logs the trouble of a spool with another file, for `what`: see spool_options. `log` as its
 * context, which the file must not belong to. */
void log_file_trouble(const struct log *log, const char *event, const char *what, const char *path,
                      int error, uint64_t missing);

/* Writes a line that log_compose() made, `len` bytes with its newline, to the log. */
void log_raw(const struct log *log, const char *text, size_t len);

/* log_line() with the level, name and explanation of the error table, followed by a colon and
 * `detail` unless that is NULL. */
void log_error(const struct log *log, uint64_t conn, enum ws_error error, const char *detail);

#endif
