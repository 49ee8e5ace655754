#include "cmd/wsserve/observe/access_log.h"

#include "cmd/common/conn_name.h"
#include "cmd/common/hex.h"
#include "cmd/common/spool.h"
#include "cmd/common/units.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE = 1 << 20, QUOTED_MAX = 1000 };

bool access_open(struct access *access, const struct log *log, const char *path)
{
    *access = (struct access){.log = log};
    if (!path)
        return true;
    access->spool = spool_new(&(struct spool_options){.capacity = QUEUE});
    if (!access->spool)
        return false;
    access->file = spool_open(access->spool, AT_FDCWD, path, 0640, true);
    if (access->file)
        return true;
    int number = errno;
    access_close(access, 0);
    errno = number;
    return false;
}

void access_close(struct access *access, int timeout_ms)
{
    spool_free(access->spool, timeout_ms);
    *access = (struct access){0};
}

void access_reopen(struct access *access)
{
    if (access->spool)
        spool_reopen(access->spool);
}

/* A stranger's text between quotes, "-" where there is none: nothing in it ends them, or the line.
 */
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
    int at = request ? ws_http_find(request->head, request->buffer, name, 0) : -1;
    if (at < 0)
        return (struct ws_str){0};
    return ws_http_value(request->head, request->buffer, (size_t)at);
}

static size_t combined(const struct access *access, const struct access_entry *access_control,
                       char text[LOG_LINE_MAX])
{
    char method[QUOTED_MAX], target[QUOTED_MAX], origin[QUOTED_MAX], agent[QUOTED_MAX];
    char when[64], name[CONN_NAME_MAX];
    const struct ws_request *request = access_control->request;
    time_t seconds = (time_t)((access->log->now ? access->log->now() : units_now_utc()) / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S +0000", &tm);
    char line[QUOTED_MAX * 2 + 16] = "-";
    if (request)
        snprintf(
            line, sizeof line, "%s %s HTTP/1.%u", quoted(request->method, method),
            quoted((struct ws_str){access_control->target, strlen(access_control->target)}, target),
            request->head->minor);
    struct ws_str from = header(request, "Referer");
    if (from.len == 0 && request)
        from = request->origin;
    int n = snprintf(
        text, LOG_LINE_MAX, "%s - - [%s] \"%s\" %u %" PRIu64 " \"%s\" \"%s\" conn=%s trace=%s\n",
        access_control->peer, when, line, access_control->status, access_control->bytes,
        quoted(from, origin), quoted(header(request, "User-Agent"), agent),
        conn_name(access_control->conn, name), access_control->trace ? access_control->trace : "-");
    if (n < 0)
        return 0;
    if (n < LOG_LINE_MAX)
        return (size_t)n;
    text[LOG_LINE_MAX - 1] = '\n';
    return LOG_LINE_MAX;
}

static size_t object(const struct access *access, const struct access_entry *access_control,
                     char text[LOG_LINE_MAX])
{
    const struct ws_request *request = access_control->request;
    struct ws_str agent = header(request, "User-Agent");
    struct log_field fields[8];
    size_t n = 0;
    fields[n++] = log_word("peer", access_control->peer);
    fields[n++] = log_number("status", access_control->status);
    fields[n++] = log_number("bytes", access_control->bytes);
    if (request) {
        fields[n++] = log_text("method", request->method.p, request->method.len);
        fields[n++] = log_word("target", access_control->target);
        if (request->origin.len > 0)
            fields[n++] = log_text("origin", request->origin.p, request->origin.len);
        if (agent.len > 0)
            fields[n++] = log_text("agent", agent.p, agent.len);
    }
    return log_compose(access->log, WS_LOG_INFO, access_control->conn, "access", fields, n, "",
                       text);
}

void access_line(const struct access *access, const struct access_entry *access_control)
{
    char text[LOG_LINE_MAX];
    if (!access->log)
        return;
    bool json = __atomic_load_n(&access->log->format, __ATOMIC_RELAXED) == LOG_JSON;
    size_t len =
        json ? object(access, access_control, text) : combined(access, access_control, text);
    if (access->spool)
        spool_put(access->spool, access->file, text, len);
    else
        log_raw(access->log, text, len);
}
