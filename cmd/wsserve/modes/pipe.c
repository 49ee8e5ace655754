/*
 * --pipe: lines of standard input to every client, what they say to standard output.
 *
 * With --framing=jsonl a server programmed from a shell: what happens comes out as records, and
 * records that go in say what is to be done. Without, standard input is read only while there is
 * somebody to hear it, so that nothing is said to nobody.
 */
#include "cmd/common/exit.h"
#include "cmd/wsserve/bridge/fanout.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_US = 5000000 }; /* at the end, for whoever reads standard output */

/* O_NONBLOCK belongs to the open file, which others share: through /proc a pipe or a terminal gives
 * an open file of our own. What cannot be opened so is used as it is, and may make us wait. */
static int open_again(int fd, int flags, const char *path)
{
    struct stat status;
    int own = -1;
    if (fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
        own = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static void on_ended(struct fan *fan, enum ws_error why)
{
    if (why == WS_E_MESSAGE_TOO_BIG || why == WS_E_NO_MEMORY) {
        log_error(&fan->serve->log, 0, why, "on standard input, which is read no further");
        channel_stop(&fan->channel);
        return;
    }
    log_line(&fan->serve->log, WS_LOG_DEBUG, 0, "process", "standard input has ended");
    fan_finish(fan);
}

/* Who read standard output has seen enough. */
static void on_broken(struct fan *fan)
{
    log_line(&fan->serve->log, WS_LOG_INFO, 0, "process", "nobody reads standard output any more");
    if (!server_draining(fan->serve))
        server_shutdown(fan->serve);
}

static bool start(struct serve *serve)
{
    struct fan *fan = calloc(1, sizeof *fan);
    int in = open_again(STDIN_FILENO, O_RDONLY, "/proc/self/fd/0");
    int out = open_again(STDOUT_FILENO, O_WRONLY, "/proc/self/fd/1");
    enum ws_error error = WS_E_NO_MEMORY;
    serve->mode_data = fan;
    if (fan && in >= 0 && out >= 0) {
        fan->serve = serve;
        fan->life = 1;
        fan->ended = on_ended;
        fan->broken = on_broken;
        fan->needs_audience = serve->settings->process.framing != FRAMING_JSONL;
        error = fan_open(fan, in, out);
    }
    if (error == WS_OK)
        return true;
    close(in);
    close(out);
    exit_warn("cannot use the standard streams: %s", ws_error_info(error)->explanation);
    return false;
}

static void leave(struct worker *worker)
{
    struct fan *fan = worker->serve->mode_data;
    if (!fan || worker->index != 0)
        return;
    struct ws_loop *loop = worker->env->loop;
    int64_t end = ws_clock_us() + PATIENCE_US;
    loop->stopping = false; /* until another signal says so */
    while (channel_queued(&fan->channel) > 0 && ws_clock_us() < end && !loop->stopping)
        ws_loop_turn(loop, 20);
    fan_close(fan);
    ws_loop_turn(loop, 0);
}

static void stop(struct serve *serve)
{
    free(serve->mode_data);
    serve->mode_data = NULL;
}

/* --- the mode --- */

static bool wanted(const struct settings *settings)
{
    return settings->process.pipe;
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    fan_conn_open(server_of(conn)->mode_data, conn, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    fan_conn_event(server_of(conn)->mode_data, conn, event);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    fan_conn_close(server_of(conn)->mode_data, conn, end);
}

const struct mode mode_pipe = {
    .name = "pipe",
    .wanted = wanted,
    .handler = {.open = on_open, .event = on_event, .close = on_close},
    .one_loop = true,
    .reaches_local = true,
    .start = start,
    .leave = leave,
    .stop = stop,
};
