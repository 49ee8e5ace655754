#include "cmd/wsserve/observe/access_log.h"

#include "cmd/common/conn_name.h"
#include "cmd/common/hex.h"
#include "cmd/common/spool/spool.h"
#include "cmd/common/units.h"
#include <ws/close.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE = 1 << 20, QUOTED_MAX = 1000, CODE_MAX = 12 };

struct access_log {
    const struct log *log; /* for format and clock, and its file where `spool` is NULL */
    struct spool *spool;
    struct spool_file *file;
};

static void on_trouble(void *context, const char *path, int error, uint64_t missing)
{
    log_file_trouble(context, "access", "--access-log", path, error, missing);
}

struct access_log *access_log_open(const struct log *log, const char *path)
{
    struct access_log *access_log = calloc(1, sizeof *access_log);
    if (!access_log)
        return NULL;
    access_log->log = log;
    if (!path)
        return access_log;
    access_log->spool = spool_new(&(struct spool_options){
        .capacity = QUEUE, .trouble = on_trouble, .context = (void *)(uintptr_t)log});
    if (access_log->spool)
        access_log->file = spool_open(access_log->spool, AT_FDCWD, path, 0640, true);
    if (access_log->file)
        return access_log;
    int number = errno;
    access_log_close(access_log, 0);
    errno = number;
    return NULL;
}

void access_log_close(struct access_log *access_log, int timeout_ms)
{
    if (!access_log)
        return;
    spool_free(access_log->spool, timeout_ms);
    free(access_log);
}

void access_log_reopen(struct access_log *access_log)
{
    if (access_log && access_log->spool)
        spool_reopen(access_log->spool);
}

uint64_t access_log_dropped(const struct access_log *access_log)
{
    return access_log && access_log->spool ? spool_dropped(access_log->spool) : 0;
}

/* Untrusted text in quotes, or "-": quotes and control characters are escaped. */
static const char *quoted(struct ws_str text, char out[QUOTED_MAX])
{
    size_t n = 0;
    if (text.len == 0)
        return "-";
    while (text.len > 0) {
        char piece[HEX_ESCAPE_GROWTH + 1];
        size_t used;
        size_t taken =
            hex_escape(text.p, text.len, HEX_ESCAPE_BACKSLASH, piece, sizeof piece, &used);
        if (n + 2 * taken + 4 > QUOTED_MAX) {
            memcpy(out + n, "...", 3);
            n += 3;
            break;
        }
        for (size_t i = 0; i < taken; i++) {
            if (piece[i] == '"')
                out[n++] = '\\';
            out[n++] = piece[i];
        }
        text.p += used;
        text.len -= used;
    }
    out[n] = '\0';
    return out;
}

static struct ws_str header(const struct ws_request *request, const char *name)
{
    int at = ws_http_find(request->head, request->buffer, name, 0);
    if (at < 0)
        return (struct ws_str){0};
    return ws_http_value(request->head, request->buffer, (size_t)at);
}

/* Appends a copy of `part` to `*at`; returns it. */
static const char *keep(char **at, struct ws_str part)
{
    char *copy = *at;
    if (part.len > 0)
        memcpy(copy, part.p, part.len);
    copy[part.len] = '\0';
    *at += part.len + 1;
    return copy;
}

struct access_log_request *access_log_request_new(const struct ws_request *request,
                                                  const char *target)
{
    struct ws_str referer = header(request, "Referer"), agent = header(request, "User-Agent");
    struct ws_str shown = {target, strlen(target)};
    size_t len = request->method.len + shown.len + referer.len + request->origin.len + agent.len;
    struct access_log_request *copy = malloc(sizeof *copy + len + 5); /* a NUL each */
    if (!copy)
        return NULL;
    char *at = copy->text;
    copy->version = request->head->http2 ? "2" : request->head->minor ? "1.1" : "1.0";
    copy->method = keep(&at, request->method);
    copy->target = keep(&at, shown);
    copy->referer = keep(&at, referer);
    copy->origin = keep(&at, request->origin);
    copy->agent = keep(&at, agent);
    return copy;
}

static struct ws_str text_of(const char *text)
{
    return (struct ws_str){text, text ? strlen(text) : 0};
}

/* "1000", or "-" where no close frame went that way. */
static const char *close_code(unsigned code, char text[CODE_MAX])
{
    if (code == WS_CLOSE_ABNORMAL)
        return "-";
    snprintf(text, CODE_MAX, "%u", code);
    return text;
}

static size_t combined(const struct access_log *access_log, const struct access_log_entry *entry,
                       char text[LOG_LINE_MAX])
{
    char method[QUOTED_MAX], target[QUOTED_MAX], from[QUOTED_MAX], agent[QUOTED_MAX];
    char when[64], name[CONN_NAME_MAX], end[160] = "", line[QUOTED_MAX * 2 + 16] = "-";
    char sent[CODE_MAX], received[CODE_MAX];
    const struct access_log_request *request = entry->request;
    const char *page = !request ? NULL : request->referer[0] ? request->referer : request->origin;
    time_t seconds =
        (time_t)((access_log->log->now ? access_log->log->now() : units_now_utc()) / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S +0000", &tm);
    if (request)
        snprintf(line, sizeof line, "%s %s HTTP/%s", quoted(text_of(request->method), method),
                 quoted(text_of(request->target), target), request->version);
    if (entry->end)
        snprintf(end, sizeof end, " duration=%.6f in=%" PRIu64 " sent=%s received=%s",
                 (double)entry->end->duration_us / 1e6, entry->end->bytes_in,
                 close_code(entry->end->sent, sent), close_code(entry->end->received, received));
    int n = snprintf(
        text, LOG_LINE_MAX, "%s - - [%s] \"%s\" %u %" PRIu64 " \"%s\" \"%s\" conn=%s trace=%s%s\n",
        entry->peer, when, line, entry->status, entry->bytes, quoted(text_of(page), from),
        quoted(text_of(request ? request->agent : NULL), agent), conn_name(entry->conn, name),
        entry->trace ? entry->trace : "-", end);
    if (n < 0)
        return 0;
    if (n < LOG_LINE_MAX)
        return (size_t)n;
    text[LOG_LINE_MAX - 1] = '\n';
    return LOG_LINE_MAX;
}

static size_t object(const struct access_log *access_log, const struct access_log_entry *entry,
                     char text[LOG_LINE_MAX])
{
    const struct access_log_request *request = entry->request;
    struct log_field fields[11];
    size_t n = 0;
    fields[n++] = log_word("peer", entry->peer);
    fields[n++] = log_number("status", entry->status);
    fields[n++] = log_number("bytes", entry->bytes);
    if (request) {
        fields[n++] = log_word("method", request->method);
        fields[n++] = log_word("target", request->target);
        if (request->origin[0])
            fields[n++] = log_word("origin", request->origin);
        if (request->agent[0])
            fields[n++] = log_word("agent", request->agent);
    }
    if (entry->end) {
        fields[n++] = log_number("duration_us", (uint64_t)entry->end->duration_us);
        fields[n++] = log_number("bytes_in", entry->end->bytes_in);
        if (entry->end->sent != WS_CLOSE_ABNORMAL)
            fields[n++] = log_number("sent", entry->end->sent);
        if (entry->end->received != WS_CLOSE_ABNORMAL)
            fields[n++] = log_number("received", entry->end->received);
    }
    return log_compose(access_log->log, WS_LOG_INFO, entry->conn, "access", fields, n, "", text);
}

void access_log_line(const struct access_log *access_log, const struct access_log_entry *entry)
{
    char text[LOG_LINE_MAX];
    bool json = log_is_json(access_log->log);
    size_t len = json ? object(access_log, entry, text) : combined(access_log, entry, text);
    if (access_log->spool)
        spool_put(access_log->spool, access_log->file, text, len);
    else
        log_raw(access_log->log, text, len);
}
