/*
 * --pipe: lines of standard input to every client, their messages to standard output.
 *
 * With --framing=jsonl a server that is programmed from a shell: events are written as records, and
 * records that are read are commands. Without, standard input is read only while a client is
 * connected, so that no line is lost.
 */
#include "cmd/common/pipe.h"
#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/bridge/fanout.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_TIMEOUT_MS = 5000 }; /* at the end, for the reader of standard output */

/* If it cannot be opened again it is used as it is, and may block. */
static int open_again(int fd, int access)
{
    int own = pipe_reopen(fd, access);
    return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static void on_ended(struct fanout *fanout, enum ws_error why)
{
    if (why == WS_E_MESSAGE_TOO_BIG || why == WS_E_NO_MEMORY) {
        log_error(fanout->server->log, 0, why, "on standard input, which is read no further");
        channel_stop(&fanout->channel);
        return;
    }
    log_line(fanout->server->log, WS_LOG_DEBUG, 0, "process", "standard input has ended");
    fanout_finish(fanout);
}

/* The reader of standard output has closed it. */
static void on_broken(struct fanout *fanout)
{
    log_line(fanout->server->log, WS_LOG_INFO, 0, "process",
             "standard output was closed by its reader");
    if (!server_draining(fanout->server))
        fanout->server->shut_down(fanout->server);
}

static bool start(struct server *server)
{
    struct fanout *fanout = calloc(1, sizeof *fanout);
    int in = open_again(STDIN_FILENO, O_RDONLY);
    int out = open_again(STDOUT_FILENO, O_WRONLY);
    const char *problem = in < 0 || out < 0 ? strerror(errno) : NULL;
    enum ws_error error = WS_E_NO_MEMORY;
    server->mode_data = fanout;
    if (fanout && !problem) {
        fanout->server = server;
        fanout->generation = 1;
        fanout->on_end = on_ended;
        fanout->on_broken = on_broken;
        fanout->needs_audience = server->settings->process.framing != FRAMING_JSONL;
        error = fanout_open(fanout, in, out);
    }
    if (error == WS_OK && !problem)
        return true;
    if (!problem)
        problem = ws_error_info(error)->explanation;
    exit_warn("cannot use the standard streams: %s", problem);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return false;
}

static void leave(struct worker *worker)
{
    struct fanout *fanout = worker->server->mode_data;
    if (!fanout || worker->index != 0)
        return;
    struct ws_loop *loop = worker->env->conn.loop;
    int64_t end = ws_clock_us() + (int64_t)FLUSH_TIMEOUT_MS * 1000;
    ws_loop_clear_stop(loop); /* until another signal */
    while (channel_queued(&fanout->channel) > 0 && ws_clock_us() < end && !ws_loop_stopping(loop))
        ws_loop_turn(loop, 20);
    fanout_close(fanout);
    ws_loop_turn(loop, 0);
}

static void stop(struct server *server)
{
    free(server->mode_data);
    server->mode_data = NULL;
}

/* --- the mode --- */

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    fanout_conn_open(server_of(conn)->mode_data, conn, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    fanout_conn_event(server_of(conn)->mode_data, conn, event);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    fanout_conn_close(server_of(conn)->mode_data, conn, end);
}

const struct mode mode_pipe = {
    .handler = {.open = on_open, .event = on_event, .close = on_close},
    .one_loop = true,
    .reaches_local = true,
    .start = start,
    .leave = leave,
    .stop = stop,
};
