#include "cmd/common/log.h"

#include "cmd/common/conn_name.h"
#include "cmd/common/hex.h"
#include "cmd/common/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A line being put together; the last bytes are kept free for its end. */
struct line {
    char text[LOG_LINE_MAX];
    size_t len;
};

enum {
    END_MAX = 8,   /* "...", a quote, a brace and a newline */
    EVENT_MAX = 64 /* an event is a word; the rest of the line is the message's */
};

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
    } names[] = {{"debug", WS_DEBUG}, {"trace", WS_DEBUG},     {"info", WS_INFO},
                 {"access", WS_INFO}, {"warning", WS_WARNING}, {"warn", WS_WARNING},
                 {"error", WS_ERROR}, {"fatal", WS_ERROR}};
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
    size_t room = sizeof line->text - END_MAX - line->len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line->text + line->len, room, format, args);
    va_end(args);
    if (n > 0)
        line->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* Text that may be anything, at most what the line has room for: escaped for a terminal, with its
 * backslashes doubled so that nothing is ambiguous, and inside JSON quoted for JSON too. */
static void add_text(struct line *line, enum log_format format, const char *text, size_t len)
{
    while (len > 0) {
        /* Room for one character or escape, so that none is ever cut in two. */
        char piece[HEX_ESCAPE_GROWTH + 1], quoted[2 * sizeof piece];
        size_t used, n = 0;
        size_t taken = hex_escape(text, len, HEX_ESCAPE_BACKSLASH, piece, sizeof piece, &used);
        for (size_t i = 0; i < taken; i++) {
            bool tab = piece[i] == '\t';
            if (format == LOG_JSON && (tab || piece[i] == '"' || piece[i] == '\\'))
                quoted[n++] = '\\';
            quoted[n++] = tab && format == LOG_JSON ? 't' : piece[i];
        }
        if (line->len + n > sizeof line->text - END_MAX) {
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

static void put(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
                const char *message, size_t len)
{
    static const char *const colors[] = {"\033[2m", "\033[32m", "\033[33m", "\033[31m"};
    struct line line = {.len = 0};
    char time[UNITS_TEXT_MAX], who[CONN_NAME_MAX];
    const char *name = log_level_name(level);
    conn_name(conn, who);
    units_format_utc(log->now ? log->now() : units_now_utc(), time, sizeof time);

    if (log->format == LOG_JSON) {
        add(&line, "{\"t\":\"%s\",\"level\":\"%s\"", time, name);
        if (conn)
            add(&line, conn_name_is_text() ? ",\"conn\":\"%s\"" : ",\"conn\":%s", who);
        if (event) {
            add(&line, ",\"event\":\"");
            add_text(&line, LOG_JSON, event, strnlen(event, EVENT_MAX));
            add(&line, "\"");
        }
        add(&line, ",\"msg\":\"");
    } else {
        char upper[8] = "";
        for (size_t i = 0; name[i]; i++)
            upper[i] = (char)(name[i] & ~0x20);
        add(&line, "%s %s%-7s%s ", time, log->color ? colors[level] : "", upper,
            log->color ? "\033[0m" : "");
        if (conn)
            add(&line, "conn=%s ", who);
        if (event) {
            add_text(&line, LOG_TEXT, event, strnlen(event, EVENT_MAX));
            add(&line, " ");
        }
    }
    add_text(&line, log->format, message, len);
    if (log->format == LOG_JSON) {
        memcpy(line.text + line.len, "\"}", 2);
        line.len += 2;
    }
    line.text[line.len++] = '\n';
    /* A log that cannot be written to is no reason to stop serving. */
    while (write(log->fd, line.text, line.len) < 0 && errno == EINTR)
        ;
}

void log_line(const struct log *log, enum ws_level level, uint64_t conn, const char *event,
              const char *format, ...)
{
    if (!log_wants(log, level))
        return;
    int saved = errno;
    char message[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (len < 0)
        len = 0;
    put(log, level, conn, event, message,
        (size_t)len < sizeof message ? (size_t)len : sizeof message - 1);
    errno = saved;
}

void log_error(const struct log *log, uint64_t conn, enum ws_error error, const char *detail)
{
    const struct ws_error_info *info = ws_error_info(error);
    log_line(log, info->level, conn, info->name, "%s%s%s", info->explanation, detail ? ": " : "",
             detail ? detail : "");
}
