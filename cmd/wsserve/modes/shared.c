/*
 * --shared COMMAND: one process for all.
 *
 * Every client's messages go to its standard input, all that it says to every client. It is started
 * with the server; when it ends, every client is closed with its status, and the next one to come
 * has it started anew.
 */
#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/bridge/cgi.h"
#include "cmd/wsserve/bridge/fanout.h"
#include "cmd/wsserve/bridge/program.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/request/answer.h"
#include "libws/server/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* See process.c. */
enum { LINGER_MS = 1000 };

struct shared {
    struct server *server;
    struct programs programs;
    struct children children;
    struct run *run; /* NULL: it has ended */
    unsigned lives;
};

/* One life of the process. */
struct run {
    struct shared *shared;
    struct fanout fanout;
    struct child child;
    struct ws_timer linger;
    struct ws_deferred task;
    unsigned attempt;
    bool judged, over, gone, concluded;
};

static int64_t now_ms(void)
{
    return ws_clock_us() / 1000;
}

/* --- its end --- */

static void report_outcome(struct run *run, enum program_outcome outcome)
{
    struct shared *shared = run->shared;
    if (run->judged)
        return;
    run->judged = true;
    if (program_outcome(&shared->programs, shared->programs.first, run->attempt, outcome, now_ms()))
        log_line(shared->server->log, WS_LOG_WARNING, 0, "backoff",
                 "%s fails again and again: it is left alone for a while",
                 shared->programs.first->file);
}

struct close_all {
    unsigned code;
    const char *reason;
};

static void say_farewell(struct ws_conn *conn, void *context)
{
    const struct close_all *close_all = context;
    if (ws_conn_upgraded(conn))
        ws_conn_close(conn, close_all->code, close_all->reason);
}

static void finish(struct run *run)
{
    struct shared *shared = run->shared;
    bool failed = !run->child.ended && (run->child.status || run->child.signal);
    char why[80] = "";
    struct close_all close_all = {failed ? WS_CLOSE_INTERNAL : WS_CLOSE_NORMAL, why};
    if (run->concluded)
        return;
    run->concluded = true;
    ws_loop_disarm(shared->children.loop, &run->linger);
    shared->run = NULL;
    fanout_finish(&run->fanout);
    program_exit_description(&run->child, why, sizeof why);
    if (run->over)
        log_line(shared->server->log, failed ? WS_LOG_WARNING : WS_LOG_INFO, 0, "process", "%s",
                 why);
    if (!failed)
        why[0] = '\0';
    ws_registry_each(run->fanout.env->registry, say_farewell, &close_all);
    fanout_close(&run->fanout);
    child_end(&run->child, 0);
}

static void finish_when_drained(struct run *run)
{
    if (!channel_reading(&run->fanout.channel))
        finish(run);
    else if (!run->concluded)
        ws_loop_arm(run->shared->children.loop, &run->linger,
                    ws_loop_now(run->shared->children.loop) + LINGER_MS);
}

static void on_linger(struct ws_timer *timer)
{
    struct run *run = ws_container_of(timer, struct run, linger);
    if (channel_paused(&run->fanout.channel))
        finish_when_drained(run);
    else
        finish(run);
}

static void note_end(struct run *run)
{
    const struct child *child = &run->child;
    run->over = true;
    report_outcome(run, child->ended                     ? PROGRAM_UNKNOWN
                        : child->status || child->signal ? PROGRAM_FAILED
                                                         : PROGRAM_WORKS);
}

static void on_exited(struct child *child)
{
    struct run *run = ws_container_of(child, struct run, child);
    note_end(run);
    finish_when_drained(run);
}

static void on_task(struct ws_deferred *task)
{
    struct run *run = ws_container_of(task, struct run, task);
    ws_loop_disarm(run->shared->children.loop, &run->linger);
    free(run);
}

static void free_if_over(struct run *run)
{
    if (run->gone && run->concluded)
        ws_loop_defer(run->shared->children.loop, &run->task);
}

static void on_gone(struct child *child)
{
    struct run *run = ws_container_of(child, struct run, child);
    run->gone = true;
    program_leave(&run->shared->programs);
    if (!run->over)
        note_end(run);
    finish(run);
    free_if_over(run);
}

/* --- what it says --- */

static void on_heard(struct fanout *fanout)
{
    struct run *run = ws_container_of(fanout, struct run, fanout);
    report_outcome(run, PROGRAM_WORKS);
    if (ws_timer_armed(&run->linger))
        finish_when_drained(run);
}

static void on_ended(struct fanout *fanout, enum ws_error why)
{
    struct run *run = ws_container_of(fanout, struct run, fanout);
    if (why == WS_E_MESSAGE_TOO_BIG || why == WS_E_NO_MEMORY) {
        log_error(run->shared->server->log, 0, why, "written by COMMAND");
        finish(run);
    } else if (run->over) {
        finish(run);
    } else {
        channel_finish(&fanout->channel);
        child_end(&run->child, LINGER_MS);
    }
}

/* --- its beginning --- */

/* False with one line in `error`. */
static bool run_it(struct shared *shared, unsigned attempt, char *error, size_t error_size)
{
    struct cgi_request cgi = {.passenv = shared->server->settings->process.passenv};
    char **environment = cgi_environment(&cgi);
    struct run *run = calloc(1, sizeof *run);
    int fds[2];
    snprintf(error, error_size, "out of memory");
    if (!environment || !run)
        goto failed;
    run->shared = shared;
    run->attempt = attempt;
    run->child.exited = on_exited;
    run->child.gone = on_gone;
    run->linger.fire = on_linger;
    run->task.run = on_task;
    run->fanout.server = shared->server;
    run->fanout.life = ++shared->lives;
    run->fanout.ended = on_ended;
    run->fanout.heard = on_heard;
    if (!program_start(&shared->programs, shared->programs.first, &run->child, &shared->children,
                       environment, fds, error, error_size)) {
        report_outcome(run, PROGRAM_FAILED);
        goto failed;
    }
    free(environment);
    log_line(shared->server->log, WS_LOG_DEBUG, 0, "process", "%s is number %d",
             shared->programs.first->file, (int)run->child.pid);
    if (fanout_open(&run->fanout, fds[0], fds[1]) == WS_OK) {
        shared->run = run;
        return true;
    }
    close(fds[0]);
    if (fds[1] != fds[0])
        close(fds[1]);
    run->concluded = true;
    child_end(&run->child, 0);
    return false;
failed:
    free(environment);
    free(run);
    return false;
}

/* 0: it runs; else how long to wait, in milliseconds. */
static uint32_t need_run(struct shared *shared)
{
    unsigned attempt;
    char error[512];
    if (shared->run)
        return 0;
    uint32_t wait = program_enter(&shared->programs, shared->programs.first, now_ms(), &attempt);
    if (wait || run_it(shared, attempt, error, sizeof error))
        return wait;
    program_leave(&shared->programs);
    log_line(shared->server->log, WS_LOG_ERROR, 0, "process", "%s", error);
    return LINGER_MS;
}

static bool start(struct server *server)
{
    struct shared *shared = calloc(1, sizeof *shared);
    unsigned attempt;
    char error[512];
    server->mode_data = shared;
    if (!shared || !programs_init(&shared->programs, &server->settings->process))
        return false;
    child_prepare();
    shared->server = server;
    children_init(&shared->children, server->workers[0].env->loop, &server->settings->process.kill);
    program_enter(&shared->programs, shared->programs.first, now_ms(), &attempt);
    if (run_it(shared, attempt, error, sizeof error))
        return true;
    exit_warn("%s", error);
    return false;
}

static void leave(struct worker *worker)
{
    struct shared *shared = worker->server->mode_data;
    if (!shared || worker->index != 0 || !shared->children.loop)
        return;
    /* It has its time to end by itself, as with any client that leaves. */
    if (shared->run) {
        channel_finish(&shared->run->fanout.channel);
        child_end(&shared->run->child,
                  settings_close_grace(&worker->server->settings->process, true));
    }
    children_finish(&shared->children);
}

static void stop(struct server *server)
{
    struct shared *shared = server->mode_data;
    if (shared)
        programs_free(&shared->programs);
    free(shared);
    server->mode_data = NULL;
}

/* --- the mode --- */

static struct fanout *fanout_now(const struct ws_conn *conn)
{
    const struct shared *shared = server_of(conn)->mode_data;
    return shared->run ? &shared->run->fanout : NULL;
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct shared *shared = server_of(conn)->mode_data;
    uint32_t wait = need_run(shared);
    if (wait)
        answer_busy(conn, wait);
    else
        answer_accept(conn, request);
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    fanout_conn_open(fanout_now(conn), conn, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    fanout_conn_event(fanout_now(conn), conn, event);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    fanout_conn_close(fanout_now(conn), conn, end);
}

const struct mode mode_shared = {
    .handler = {.request = on_request, .open = on_open, .event = on_event, .close = on_close},
    .one_loop = true,
    .reaches_local = true,
    .start = start,
    .leave = leave,
    .stop = stop,
};
