/*
 * --shared COMMAND: one process for all.
 *
 * Every client's messages go to its standard input, its output goes to every client. It is started
 * with the server; when it ends, every client is closed with its status, and the next client has it
 * started again.
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
#include <ws/server_env.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* server->mode_data. */
struct shared {
    struct server *server;
    struct programs programs;
    struct children children;
    struct run *run; /* NULL: it does not run */
    unsigned generation;
};

/* One run of the program. */
struct run {
    struct shared *shared;
    struct fanout fanout;
    struct lifecycle life;
};

static struct run *run_of(struct lifecycle *life)
{
    return ws_container_of(life, struct run, life);
}

/* --- its end --- */

struct close_all {
    unsigned code;
    const char *reason;
};

static void close_one(struct ws_conn *conn, void *context)
{
    const struct close_all *close_all = context;
    if (ws_conn_upgraded(conn))
        ws_conn_close(conn, close_all->code, close_all->reason);
}

static void on_finished(struct lifecycle *life, enum ws_error error)
{
    struct run *run = run_of(life);
    struct shared *shared = run->shared;
    bool failed = lifecycle_failed(life);
    char why[80] = "";
    struct close_all close_all = {failed ? WS_CLOSE_INTERNAL : WS_CLOSE_NORMAL, why};
    (void)error;
    shared->run = NULL;
    fanout_finish(&run->fanout);
    program_exit_description(&life->child, why, sizeof why);
    if (life->exited)
        log_line(shared->server->log, failed ? WS_LOG_WARNING : WS_LOG_INFO, 0, "process", "%s",
                 why);
    if (!failed)
        why[0] = '\0';
    ws_registry_each(run->fanout.env->registry, close_one, &close_all);
    fanout_close(&run->fanout);
    lifecycle_release(life, 0);
}

static bool is_blocked(struct lifecycle *life)
{
    return channel_paused(&run_of(life)->fanout.channel);
}

static void on_freed(struct lifecycle *life)
{
    struct run *run = run_of(life);
    fanout_close(&run->fanout);
    free(run);
}

static const struct lifecycle_user life_user = {
    .finished = on_finished,
    .blocked = is_blocked,
    .freed = on_freed,
};

/* --- its output --- */

static void on_input(struct fanout *fanout)
{
    lifecycle_on_input(&ws_container_of(fanout, struct run, fanout)->life);
}

static void on_input_end(struct fanout *fanout, enum ws_error why)
{
    struct run *run = ws_container_of(fanout, struct run, fanout);
    if (why == WS_E_MESSAGE_TOO_BIG || why == WS_E_NO_MEMORY) {
        log_error(run->shared->server->log, 0, why, "written by COMMAND");
        lifecycle_finish(&run->life);
    } else {
        fanout_finish(fanout);
        lifecycle_on_input_end(&run->life, why);
    }
}

/* --- its beginning --- */

/* False with one line in `error`. */
static bool start_program(struct run *run, char *error, size_t error_size)
{
    struct shared *shared = run->shared;
    struct cgi_request cgi = {.passenv = shared->programs.settings->passenv};
    char **environment = cgi_environment(&cgi);
    int fds[2];
    snprintf(error, error_size, "out of memory");
    if (!environment)
        return false;
    bool started = program_start(&shared->programs, shared->programs.first, &run->life, 0,
                                 &shared->children, environment, fds, error, error_size);
    free(environment);
    if (!started)
        return false;
    log_line(shared->server->log, WS_LOG_DEBUG, 0, "process", "%s is number %d",
             shared->programs.first->file, (int)run->life.child.pid);
    snprintf(error, error_size, "out of memory");
    if (fanout_open(&run->fanout, fds[0], fds[1]) == WS_OK) {
        lifecycle_attach(&run->life, &run->fanout.channel);
        return true;
    }
    close(fds[0]);
    if (fds[1] != fds[0])
        close(fds[1]);
    return false;
}

/* 0: it runs now. Else the milliseconds to wait; with one line in `error`, which is "" where it is
 * only backed off. */
static uint32_t start_run(struct shared *shared, char *error, size_t error_size)
{
    struct lifecycle_target target = program_target(&shared->programs, shared->programs.first);
    struct run *run = calloc(1, sizeof *run);
    if (!run) {
        snprintf(error, error_size, "out of memory");
        return LIFECYCLE_LINGER_MS;
    }
    error[0] = '\0';
    run->shared = shared;
    run->fanout.server = shared->server;
    run->fanout.generation = ++shared->generation;
    run->fanout.on_end = on_input_end;
    run->fanout.on_input = on_input;
    lifecycle_init(&run->life, &life_user, shared->server->log, shared->children.loop);
    uint32_t wait_ms = lifecycle_ask(&run->life, &target);
    if (wait_ms) {
        free(run);
        return wait_ms;
    }
    if (start_program(run, error, error_size)) {
        error[0] = '\0';
        shared->run = run;
        return 0;
    }
    lifecycle_give_up(&run->life);
    lifecycle_release(&run->life, 0);
    return LIFECYCLE_LINGER_MS;
}

static bool start(struct server *server)
{
    struct shared *shared = calloc(1, sizeof *shared);
    char error[512];
    server->mode_data = shared;
    if (!shared)
        exit_warn("out of memory");
    if (!shared || !programs_init(&shared->programs, &server->settings->process))
        return false;
    child_prepare();
    shared->server = server;
    children_init(&shared->children, server->workers[0].env->conn.loop,
                  &server->settings->process.kill);
    if (start_run(shared, error, sizeof error) == 0)
        return true;
    exit_warn("%s", error);
    return false;
}

static void leave(struct worker *worker)
{
    struct shared *shared = worker->server->mode_data;
    if (!shared || worker->index != 0 || !shared->children.loop)
        return;
    if (shared->run)
        lifecycle_release(&shared->run->life,
                          settings_close_grace_ms(shared->programs.settings, true));
    shared->run = NULL;
    children_finish(&shared->children);
}

static void stop(struct server *server)
{
    struct shared *shared = server->mode_data;
    if (shared && shared->programs.settings)
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
    char error[512] = "";
    uint32_t wait_ms = shared->run ? 0 : start_run(shared, error, sizeof error);
    if (error[0])
        log_line(shared->server->log, WS_LOG_ERROR, 0, "process", "%s", error);
    if (wait_ms)
        answer_busy(conn, wait_ms, false);
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
