/*
 * COMMAND and --dir: a process a connection.
 *
 * What the client sends goes to its standard input, what it writes comes back. Whichever ends first
 * takes the other along: when the process ends, its last output is sent and the connection closed
 * with its status; when the client leaves, the process sees the end of its input, and after a while
 * the signals of --kill. A client that closes in order hears what the program has to say to the end
 * of its input before its close is answered.
 */
#include "cmd/common/conn_name.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/bridge/cgi.h"
#include "cmd/wsserve/bridge/channel.h"
#include "cmd/wsserve/bridge/program.h"
#include "cmd/wsserve/bridge/relay.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/request/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After a process has ended, others may still have its output open: so long nothing is heard of
 * them. */
enum { LINGER_MS = 1000 };

/* What a loop's processes share; worker->mode. */
struct process_pool {
    struct children children;
    uint8_t memory[CHANNEL_READ_SIZE];
};

/* From the request on; gone when both the connection and the process are. */
struct process {
    struct ws_conn *conn; /* NULL: it has ended */
    struct server *server;
    struct process_pool *process_pool;
    struct program_place place;
    unsigned attempt;
    struct child child;
    struct channel channel;
    struct framing_reader reader;
    struct ws_timer linger;
    struct ws_deferred task;
    int64_t opened_us;
    uint16_t peer_code; /* of the client's close, which is still to be answered */
    bool entered;       /* counted in --maxforks */
    bool judged;        /* its backoff knows how it does */
    bool started, over, gone;
    bool said_something; /* the client */
    bool told_close;     /* jsonl: the process knows */
    bool concluded;
};

static struct programs *programs_of(const struct process *process)
{
    return process->server->mode_data;
}

/* Those of the start: none of them changes while the server runs, and server->settings, which may,
 * is the first thread's. */
static const struct settings_process *settings_of(const struct process *process)
{
    return programs_of(process)->settings;
}

static int64_t now_ms(void)
{
    return ws_clock_us() / 1000;
}

/* --- its end --- */

static void on_task(struct ws_deferred *task)
{
    struct process *process = ws_container_of(task, struct process, task);
    ws_loop_disarm(process->process_pool->children.loop, &process->linger);
    channel_close(&process->channel);
    framing_free(&process->reader);
    program_forget(&process->place);
    free(process);
}

/* The channel may have a task queued: ours comes behind it. */
static void free_if_over(struct process *process)
{
    if (process->conn || (process->started && !process->gone))
        return;
    channel_close(&process->channel);
    ws_loop_defer(process->process_pool->children.loop, &process->task);
}

static void report_outcome(struct process *process, enum program_outcome outcome)
{
    struct program *program = process->place.program;
    if (process->judged || !program)
        return;
    process->judged = true;
    if (program_outcome(programs_of(process), program, process->attempt, outcome, now_ms()))
        log_line(process->server->log, WS_LOG_WARNING, 0, "backoff",
                 "%s fails again and again: it is left alone for a while", program->file);
}

static void leave(struct process *process)
{
    if (process->entered)
        program_leave(programs_of(process));
    process->entered = false;
}

static void end_child(struct process *process)
{
    if (!process->started)
        return;
    channel_finish(&process->channel);
    child_end(&process->child, settings_close_grace(settings_of(process), process->said_something));
}

/* All that the process said was sent: the connection is closed in its name. */
static void finish(struct process *process)
{
    struct framing_message message;
    char why[80] = "";
    if (process->concluded)
        return;
    process->concluded = true;
    ws_loop_disarm(process->process_pool->children.loop, &process->linger);
    if (process->conn) {
        unsigned code = process->peer_code ? process->peer_code : WS_CLOSE_NORMAL;
        bool failed = !process->child.ended && (process->child.status || process->child.signal);
        if (framing_end(&process->reader, &message) == FRAMING_MESSAGE)
            relay_out(process->conn, &message, settings_of(process)->binary);
        if (failed) {
            code = WS_CLOSE_INTERNAL;
            program_exit_description(&process->child, why, sizeof why);
        }
        ws_conn_close(process->conn, code, why);
    }
    channel_close(&process->channel);
    child_end(&process->child, 0);
}

/* The process is over; is its output too? */
static void finish_when_drained(struct process *process)
{
    if (!channel_reading(&process->channel))
        finish(process);
    else
        ws_loop_arm(process->process_pool->children.loop, &process->linger,
                    ws_loop_now(process->process_pool->children.loop) + LINGER_MS);
}

static void on_linger(struct ws_timer *timer)
{
    struct process *process = ws_container_of(timer, struct process, linger);
    if (process->conn && ws_conn_full(process->conn))
        finish_when_drained(process);
    else
        finish(process);
}

static void note_end(struct process *process)
{
    const struct child *child = &process->child;
    bool failed = !child->ended && (child->status || child->signal);
    char why[80];
    process->over = true;
    if (!failed)
        report_outcome(process, child->ended ? PROGRAM_UNKNOWN : PROGRAM_WORKS);
    else
        report_outcome(process, PROGRAM_FAILED);
    if (process->conn)
        log_line(process->server->log, failed ? WS_LOG_INFO : WS_LOG_DEBUG,
                 ws_conn_id(process->conn), "process", "%s",
                 program_exit_description(child, why, sizeof why));
}

static void on_exited(struct child *child)
{
    struct process *process = ws_container_of(child, struct process, child);
    note_end(process);
    finish_when_drained(process);
}

static void on_gone(struct child *child)
{
    struct process *process = ws_container_of(child, struct process, child);
    process->gone = true;
    leave(process);
    if (!process->over)
        note_end(process);
    if (process->conn && !process->concluded)
        finish_when_drained(process);
    free_if_over(process);
}

/* --- what it says --- */

static bool on_channel_ready(struct channel *channel)
{
    const struct process *process = ws_container_of(channel, struct process, channel);
    return !process->conn || !ws_conn_full(process->conn);
}

static void fail(struct process *process, const char *why)
{
    log_line(process->server->log, WS_LOG_WARNING, ws_conn_id(process->conn), "process", "%s", why);
    process->concluded = true;
    ws_conn_close(process->conn, WS_CLOSE_INTERNAL, why);
    channel_close(&process->channel);
    child_end(&process->child, 0);
}

static void on_channel_input(struct channel *channel, uint8_t *data, size_t len)
{
    struct process *process = ws_container_of(channel, struct process, channel);
    struct framing_message message;
    report_outcome(process, PROGRAM_WORKS);
    if (ws_timer_armed(&process->linger))
        finish_when_drained(process);
    if (!process->conn)
        return; /* nobody listens any more; but it shall not die of that */
    framing_feed(&process->reader, data, len);
    for (;;) {
        switch (framing_next(&process->reader, &message)) {
        case FRAMING_MESSAGE: {
            enum ws_error error = relay_out(process->conn, &message, settings_of(process)->binary);
            if (error == WS_E_NO_MEMORY)
                ws_conn_abort(process->conn, error);
            break;
        }
        case FRAMING_BAD_RECORD:
            log_line(process->server->log, WS_LOG_WARNING, ws_conn_id(process->conn), "process",
                     "COMMAND wrote a record that cannot be sent: %s",
                     framing_fault(&process->reader));
            break;
        case FRAMING_TOO_LONG:
            fail(process, "COMMAND wrote a message larger than --max-message-size");
            return;
        case FRAMING_NO_MEMORY:
            ws_conn_abort(process->conn, WS_E_NO_MEMORY);
            return;
        case FRAMING_MORE:
            return;
        }
    }
}

static void on_channel_end(struct channel *channel, enum ws_error why)
{
    struct process *process = ws_container_of(channel, struct process, channel);
    (void)why;
    if (process->over) {
        finish(process);
        return;
    }
    /* It has closed its output: most are about to end, and nothing can come of the others. */
    channel_finish(channel);
    child_end(&process->child, LINGER_MS);
}

static void on_channel_drained(struct channel *channel)
{
    struct process *process = ws_container_of(channel, struct process, channel);
    if (process->conn)
        ws_conn_resume(process->conn);
}

/* It does not read any more, which is its right. */
static void on_channel_broken(struct channel *channel, enum ws_error why)
{
    (void)why;
    on_channel_drained(channel);
}

static const struct channel_user channel_user = {
    .ready = on_channel_ready,
    .input = on_channel_input,
    .end = on_channel_end,
    .drained = on_channel_drained,
    .broken = on_channel_broken,
};

/* --- its beginning --- */

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct server *server = server_of(conn);
    struct program_place place;
    unsigned attempt;
    if (!program_find(server->mode_data, request->target, &place)) {
        answer_refuse(conn, WS_E_NOT_FOUND, 0);
        return;
    }
    uint32_t wait = program_enter(server->mode_data, place.program, now_ms(), &attempt);
    if (wait) {
        answer_busy(conn, wait);
        program_forget(&place);
        return;
    }
    struct process *process = calloc(1, sizeof *process);
    if (!process) {
        program_leave(server->mode_data);
        program_forget(&place);
        answer_refuse(conn, WS_E_NO_MEMORY, 0);
        return;
    }
    process->conn = conn;
    process->server = server;
    process->process_pool = worker_of(conn)->mode_data;
    process->place = place;
    process->attempt = attempt;
    process->entered = true;
    process->linger.fire = on_linger;
    process->task.run = on_task;
    ws_conn_set_user(conn, process);
    answer_accept(conn, request);
}

static char **environment_of(const struct process *process, const struct ws_request *request)
{
    char name[CONN_NAME_MAX], address[WS_ADDRESS_TEXT], user[WS_CREDENTIALS_USER] = "";
    struct ws_address client;
    const char *path_info = process->place.path_info;
    access_control_client(process->conn, request, &client);
    access_control_user(process->conn, request, user);
    struct cgi_request cgi = {
        .request = request,
        .script_name = process->place.script_name,
        .path_info = {path_info, path_info ? strlen(path_info) : 0},
        .path_translated = process->place.script_name ? process->place.program->file : NULL,
        .address = ws_address_format(&client, address),
        .port = client.port,
        .user = user[0] ? user : NULL,
        .https = ws_conn_tls(process->conn) != NULL,
        .unique_id = conn_name(ws_conn_id(process->conn), name),
        .passenv = settings_of(process)->passenv,
    };
    return cgi_environment(&cgi);
}

static bool start_process(struct process *process, const struct ws_request *request, char *error,
                          size_t error_size)
{
    const struct ws_conn_config *config = ws_conn_env(process->conn)->config;
    int fds[2];
    char **environment = environment_of(process, request);
    snprintf(error, error_size, "out of memory");
    if (!environment)
        return false;
    process->child.exited = on_exited;
    process->child.gone = on_gone;
    process->channel.user = &channel_user;
    process->reader.framing = settings_of(process)->framing;
    process->reader.max = config->session.max_message;
    process->started =
        program_start(programs_of(process), process->place.program, &process->child,
                      &process->process_pool->children, environment, fds, error, error_size);
    free(environment);
    if (!process->started)
        return false;
    if (channel_open(&process->channel, ws_conn_env(process->conn)->loop, fds[0], fds[1],
                     process->process_pool->memory, config->high_water) == WS_OK) {
        channel_resume(&process->channel);
        return true;
    }
    close(fds[0]);
    if (fds[1] != fds[0])
        close(fds[1]);
    process->concluded = true;
    child_end(&process->child, 0);
    return false;
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct process *process = ws_conn_user(conn);
    char error[512];
    process->opened_us = ws_clock_us();
    if (start_process(process, event->request, error, sizeof error)) {
        log_line(process->server->log, WS_LOG_DEBUG, ws_conn_id(conn), "process", "%s is number %d",
                 process->place.program->file, (int)process->child.pid);
        relay_open(&process->channel, settings_of(process)->framing, conn, event->request);
        return;
    }
    log_line(process->server->log, WS_LOG_ERROR, ws_conn_id(conn), "process", "%s", error);
    report_outcome(process, PROGRAM_FAILED);
    ws_conn_close(conn, WS_CLOSE_INTERNAL, "COMMAND could not be started");
}

/* --- what the client says --- */

static void tell_close(struct process *process, unsigned code, const void *reason, size_t len,
                       bool clean)
{
    if (!process->told_close && process->started)
        relay_close(&process->channel, settings_of(process)->framing, process->conn,
                    process->opened_us, code, reason, len, clean);
    process->told_close = true;
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct process *process = ws_conn_user(conn);
    if (event->type == WS_EVENT_CLOSE) {
        tell_close(process, event->code, event->data, event->len, event->clean);
        if (event->clean && process->started && !process->concluded && process->said_something) {
            process->peer_code = event->code;
            ws_conn_defer_close_reply(conn);
        }
        end_child(process);
    } else if (event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK) {
        process->said_something = true;
        enum ws_error error = relay_in(&process->channel, settings_of(process)->framing, conn,
                                       process->opened_us, event);
        if (error == WS_E_NO_MEMORY || error == WS_E_MESSAGE_TOO_BIG)
            ws_conn_fail(conn, error);
        else if (channel_full(&process->channel))
            ws_conn_pause(conn);
    }
}

static void on_drained(struct ws_conn *conn)
{
    struct process *process = ws_conn_user(conn);
    channel_resume(&process->channel);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct process *process = ws_conn_user(conn);
    if (!process)
        return;
    tell_close(process, end->code, NULL, 0, end->clean);
    process->conn = NULL;
    ws_conn_set_user(conn, NULL);
    if (process->started) {
        /* Output that nobody hears is read all the same. */
        channel_resume(&process->channel);
        end_child(process);
    } else {
        report_outcome(process, PROGRAM_UNKNOWN);
        leave(process);
    }
    free_if_over(process);
}

/* --- all of them --- */

static void configure(const struct settings *settings, struct ws_conn_config *config)
{
    config->session.chunks = framing_takes_pieces(settings->process.framing);
}

static bool start(struct server *server)
{
    struct programs *programs = calloc(1, sizeof *programs);
    bool good = programs && programs_init(programs, &server->settings->process);
    server->mode_data = programs;
    child_prepare();
    for (unsigned i = 0; good && i < server->worker_count; i++) {
        struct process_pool *process_pool = calloc(1, sizeof *process_pool);
        server->workers[i].mode_data = process_pool;
        if (process_pool)
            children_init(&process_pool->children, server->workers[i].env->loop,
                          &server->settings->process.kill);
        good = process_pool != NULL;
    }
    return good;
}

static void leave_loop(struct worker *worker)
{
    struct process_pool *process_pool = worker->mode_data;
    if (process_pool)
        children_finish(&process_pool->children);
    free(process_pool);
    worker->mode_data = NULL;
}

static void stop(struct server *server)
{
    if (server->mode_data)
        programs_free(server->mode_data);
    free(server->mode_data);
    server->mode_data = NULL;
}

const struct mode mode_process = {
    .handler =
        {
            .request = on_request,
            .open = on_open,
            .event = on_event,
            .drained = on_drained,
            .close = on_close,
        },
    .reaches_local = true,
    .start = start,
    .leave = leave_loop,
    .stop = stop,
    .configure = configure,
};
