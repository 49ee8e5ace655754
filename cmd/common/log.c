#include "cmd/common/log.h"

#include "cmd/common/conn_name.h"
#include "cmd/common/hex.h"
#include "cmd/common/spool/spool.h"
#include "cmd/common/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A line under construction; its last END_MAX bytes are reserved. */
struct line {
    char *text; /* LOG_LINE_MAX bytes */
    size_t len;
    enum log_format format;
};

enum {
    END_MAX = 8,      /* "...", a quote, a brace and a newline */
    EVENT_MAX = 64,   /* length of an event's name; the rest of the line is for the message */
    TRACE_MAX = 160,  /* bytes of the trace id that log->trace writes */
    FIELD_MAX = 1000, /* characters of a field's text, so that other fields fit too */
    FIELD_MIN = 64    /* free bytes that a line needs for another field to be started */
};

/* A line's text ends here at the latest. */
static const size_t text_end = LOG_LINE_MAX - END_MAX;

const char *log_level_name(enum ws_level level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    return (unsigned)level < sizeof names / sizeof *names ? names[level] : "error";
}

bool log_level_parse(const char *name, enum ws_level *level)
{
    static const struct {
        const char *name;
        enum ws_level level;
    } names[] = {{"debug", WS_LOG_DEBUG}, {"trace", WS_LOG_DEBUG},     {"info", WS_LOG_INFO},
                 {"access", WS_LOG_INFO}, {"warning", WS_LOG_WARNING}, {"warn", WS_LOG_WARNING},
                 {"error", WS_LOG_ERROR}, {"fatal", WS_LOG_ERROR}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i].name) == 0) {
            *level = names[i].level;
            return true;
        }
    }
    return false;
}

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
    if (line->len >= text_end)
        return;
    size_t room = text_end - line->len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line->text + line->len, room, format, args);
    va_end(args);
    if (n > 0)
        line->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* Adds any text up to position `end` of the line: escaped for a terminal, backslashes doubled so
 * that it is unambiguous, and with `quote` escaped once more for JSON. */
static void add_text(struct line *line, const char *text, size_t len, bool quote, size_t end)
{
    if (end > text_end)
        end = text_end;
    while (len > 0) {
        /* One character or escape at a time, so that none is cut in two. */
        char piece[HEX_ESCAPE_GROWTH + 1], quoted[2 * sizeof piece];
        size_t used, n = 0;
        size_t taken = hex_escape(text, len, HEX_ESCAPE_BACKSLASH, piece, sizeof piece, &used);
        for (size_t i = 0; i < taken; i++) {
            bool tab = piece[i] == '\t';
            if (quote && (tab || piece[i] == '"' || piece[i] == '\\'))
                quoted[n++] = '\\';
            quoted[n++] = tab && quote ? 't' : piece[i];
        }
        if (line->len + n > end) {
            memcpy(line->text + line->len, "...", 3);
            line->len += 3;
            return;
        }
        memcpy(line->text + line->len, quoted, n);
        line->len += n;
        text += used;
        len -= used;
    }
}

/* Adds a field's text, with or without quotes; the closing one always fits. */
static void add_field(struct line *line, const struct log_field *field, bool quote)
{
    size_t end = line->len + FIELD_MAX;
    if (quote)
        line->text[line->len++] = '"';
    add_text(line, field->text, field->len, quote, end < text_end - 4 ? end : text_end - 4);
    if (quote)
        line->text[line->len++] = '"';
}

/* --- a line of text --- */

/* True if the text needs no quotes after a "=". */
static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f || strchr("\"\\=", text[i]))
            return false;
    return len > 0;
}

static void add_pair(struct line *line, const struct log_field *field)
{
    if (line->len + FIELD_MIN > text_end)
        return;
    if (!field->text) {
        add(line, " %s=%" PRIu64, field->name, field->number);
        return;
    }
    add(line, " %s=", field->name);
    add_field(line, field, !is_plain(field->text, field->len));
}

static void begin_text(struct line *line, const struct log *log, enum ws_level level,
                       const char *time, const char *who, const char *trace)
{
    static const char *const colors[] = {"\033[2m", "\033[32m", "\033[33m", "\033[31m"};
    const char *name = log_level_name(level);
    char upper[8] = "";
    for (size_t i = 0; name[i]; i++)
        upper[i] = (char)(name[i] & ~0x20);
    add(line, "%s %s%-7s%s ", time, log->color ? colors[level] : "", upper,
        log->color ? "\033[0m" : "");
    if (who)
        add(line, "conn=%s ", who);
    if (trace) {
        add(line, "trace=");
        add_text(line, trace, strlen(trace), false, text_end);
        add(line, " ");
    }
}

/* --- a line of JSON --- */

static void add_member(struct line *line, const struct log_field *field)
{
    if (line->len + FIELD_MIN > text_end)
        return;
    if (!field->text) {
        add(line, ",\"%s\":%" PRIu64, field->name, field->number);
        return;
    }
    add(line, ",\"%s\":", field->name);
    add_field(line, field, true);
}

static void begin_json(struct line *line, enum ws_level level, const char *time, const char *who,
                       const char *trace)
{
    add(line, "{\"t\":\"%s\",\"level\":\"%s\"", time, log_level_name(level));
    if (who)
        add(line, conn_name_is_text() ? ",\"conn\":\"%s\"" : ",\"conn\":%s", who);
    if (trace)
        add_member(line, &(struct log_field){"trace", trace, strlen(trace), 0});
}

/* --- either --- */

size_t log_compose(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                   const struct log_field *fields, size_t count, const char *message,
                   char text[LOG_LINE_MAX])
{
    struct line line = {.text = text,
                        .format = atomic_load_explicit(&log->format, memory_order_relaxed)};
    char time[UNITS_TEXT_MAX], name[CONN_NAME_MAX], trace_text[TRACE_MAX];
    const char *who = conn ? conn_name(conn, name) : NULL;
    const char *trace =
        conn && log->trace && log->trace(log->trace_context, conn, trace_text, sizeof trace_text)
            ? trace_text
            : NULL;
    size_t event_len = event ? strnlen(event, EVENT_MAX) : 0;
    units_format_utc(log->now ? log->now() : units_now_utc(), time, sizeof time);

    if (line.format == LOG_JSON) {
        begin_json(&line, level, time, who, trace);
        if (event)
            add_member(&line, &(struct log_field){"event", event, event_len, 0});
        add(&line, ",\"msg\":\"");
        add_text(&line, message, strlen(message), true, text_end - 4);
        line.text[line.len++] = '"';
        for (size_t i = 0; i < count; i++)
            add_member(&line, &fields[i]);
        line.text[line.len++] = '}';
    } else {
        begin_text(&line, log, level, time, who, trace);
        if (event) {
            add_text(&line, event, event_len, false, text_end);
            if (message[0])
                add(&line, " ");
        }
        add_text(&line, message, strlen(message), false, text_end);
        for (size_t i = 0; i < count; i++)
            add_pair(&line, &fields[i]);
    }
    line.text[line.len++] = '\n';
    return line.len;
}

void log_raw(const struct log *log, const char *text, size_t len)
{
    if (log->spool) {
        spool_put(log->spool, log->file, text, len);
        return;
    }
    /* Ignores a log that cannot be written: the server goes on. */
    while (write(log->fd, text, len) < 0 && errno == EINTR)
        ;
}

static void put(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                const struct log_field *fields, size_t count, const char *message)
{
    char text[LOG_LINE_MAX];
    size_t len = log_compose(log, level, conn, event, fields, count, message, text);
    log_raw(log, text, len);
}

static void put_format(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                       const struct log_field *fields, size_t count, const char *format,
                       va_list args) __attribute__((format(printf, 7, 0)));

static void put_format(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                       const struct log_field *fields, size_t count, const char *format,
                       va_list args)
{
    int saved = errno;
    char message[LOG_LINE_MAX];
    if (vsnprintf(message, sizeof message, format, args) < 0)
        message[0] = '\0';
    put(log, level, conn, event, fields, count, message);
    errno = saved;
}

void log_line(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
              const char *format, ...)
{
    if (!log_wants(log, level))
        return;
    va_list args;
    va_start(args, format);
    put_format(log, level, conn, event, NULL, 0, format, args);
    va_end(args);
}

void log_fields(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                const struct log_field *fields, size_t count, const char *format, ...)
{
    if (!log_wants(log, level))
        return;
    va_list args;
    va_start(args, format);
    put_format(log, level, conn, event, fields, count, format, args);
    va_end(args);
}

void log_error(const struct log *log, uint64_t conn, enum ws_error error, const char *detail)
{
    const struct ws_error_info *info = ws_error_info(error);
    log_line(log, info->level, conn, info->name, "%s%s%s", info->explanation, detail ? ": " : "",
             detail ? detail : "");
}

void log_file_trouble(const struct log *log, const char *event, const char *what, const char *path,
                      int error, uint64_t missing)
{
    if (error && missing)
        log_line(log, WS_LOG_WARNING, 0, event, "%s: %s is closed; %" PRIu64 " are missing: %s",
                 what, path, missing, strerror(error));
    else if (error)
        log_line(log, WS_LOG_ERROR, 0, event, "%s: cannot write %s: %s; what comes is lost", what,
                 path, strerror(error));
    else
        log_line(log, WS_LOG_WARNING, 0, event, "%s: %s is written again; %" PRIu64 " are missing",
                 what, path, missing);
}

/* --- asynchronous writing --- */

/* Called on the spool's thread. */
static size_t format_lost(void *context, uint64_t count, char *text, size_t size)
{
    char message[80];
    struct log_field field = log_number("lines", count);
    if (size < LOG_LINE_MAX)
        return 0;
    snprintf(message, sizeof message,
             "%" PRIu64 " lines were dropped: the log was not read in time", count);
    return log_compose(context, WS_LOG_WARNING, 0, "log-dropped", &field, 1, message, text);
}

bool log_start(struct log *log, size_t capacity)
{
    struct spool_options options = {.capacity = capacity, .lost = format_lost, .context = log};
    log->spool = spool_new(&options);
    log->file = log->spool ? spool_on(log->spool, log->fd) : NULL;
    if (log->spool && !log->file)
        log_stop(log, 0);
    return log->spool != NULL;
}

void log_stop(struct log *log, int timeout_ms)
{
    spool_free(log->spool, timeout_ms);
    log->spool = NULL;
    log->file = NULL;
}

uint64_t log_dropped(const struct log *log)
{
    return log->spool ? spool_dropped(log->spool) : 0;
}

void log_set(struct log *log, enum ws_level least, enum log_format format)
{
    atomic_store_explicit(&log->least, least, memory_order_relaxed);
    atomic_store_explicit(&log->format, format, memory_order_relaxed);
}
