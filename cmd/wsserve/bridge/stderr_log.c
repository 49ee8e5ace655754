#include "cmd/wsserve/bridge/stderr_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 4096, READS = 16 }; /* reads a wake-up, so that others get their turn */

static void put_line(struct stderr_log *log)
{
    const char *slash = strrchr(log->target.file, '/');
    size_t len = log->len;
    log->len = 0;
    if (len > 0 && log->line[len - 1] == '\r')
        len--;
    if (len > 0)
        log_line(log->target.log, WS_LOG_INFO, log->target.conn, "process", "%s: %.*s",
                 slash ? slash + 1 : log->target.file, (int)len, log->line);
}

static void take(struct stderr_log *log, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n' || log->len == sizeof log->line)
            put_line(log);
        if (data[i] != '\n')
            log->line[log->len++] = data[i] ? data[i] : '?'; /* a NUL would end the line */
    }
}

/* Reads what is there. False at the end of the pipe. */
static bool drain(struct stderr_log *log)
{
    char data[READ_SIZE];
    for (int i = 0; i < READS; i++) {
        ssize_t n = read(log->watch.fd, data, sizeof data);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        take(log, data, (size_t)n);
    }
    return true;
}

static void end(struct stderr_log *log)
{
    put_line(log);
    close(ws_loop_unwatch(log->loop, &log->watch));
    log->loop = NULL;
}

static void on_readable(struct ws_watch *watch, unsigned ready)
{
    struct stderr_log *log = ws_container_of(watch, struct stderr_log, watch);
    (void)ready;
    if (!drain(log))
        end(log);
}

int stderr_log_pipe(const struct stderr_target *target, int *reader)
{
    int fds[2];
    if (!target->log)
        return open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    *reader = fds[0];
    return fds[1];
}

bool stderr_log_open(struct stderr_log *log, struct ws_loop *loop, int fd,
                     const struct stderr_target *target)
{
    log->target = *target;
    log->len = 0;
    log->watch = (struct ws_watch){.fd = fd, .ready = on_readable};
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
        ws_loop_watch(loop, &log->watch, WS_READABLE) != WS_OK)
        return false;
    log->loop = loop;
    return true;
}

void stderr_log_close(struct stderr_log *log)
{
    if (!log->loop)
        return;
    drain(log);
    end(log);
}
