/*
 * COMMAND and --dir: a process for each connection.
 *
 * Messages of the client go to its standard input; its output comes back as messages. When the
 * process ends, its last output is sent and the connection closed with its status; when the client
 * leaves, the process gets the end of its input, and after a grace the signals of --kill. If the
 * client closes cleanly, the process may answer until the end of its output before the close is
 * answered.
 */
#include "cmd/common/conn_name.h"
#include "cmd/common/exit.h"
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

/* What a loop's processes share; worker->mode_data. */
struct process_pool {
    struct children children;
    uint8_t memory[CHANNEL_READ_SIZE];
};

/* One process; ws_conn_user(), from the request on. Freed when both the connection and the process
 * have ended. */
struct process {
    struct ws_conn *conn; /* NULL: it has ended */
    struct server *server;
    struct process_pool *pool;
    struct program_place place;
    struct lifecycle life;
    struct channel channel;
    struct framing_reader reader;
    int64_t opened_us;
    uint16_t peer_code; /* of the client's close, which is still to be answered */
    bool got_messages;  /* from the client */
    bool close_relayed; /* jsonl: the process has its record */
};

static struct programs *programs_of(const struct process *process)
{
    return process->server->mode_data;
}

/* Those of the start: none of them is reloadable. */
static const struct settings_process *settings_of(const struct process *process)
{
    return programs_of(process)->settings;
}

static uint32_t grace_of(const struct process *process)
{
    return settings_close_grace_ms(settings_of(process), process->got_messages);
}

/* --- its end --- */

static struct process *process_of(struct lifecycle *life)
{
    return ws_container_of(life, struct process, life);
}

static void on_exited(struct lifecycle *life)
{
    const struct process *process = process_of(life);
    char why[80];
    if (process->conn)
        log_line(process->server->log, lifecycle_failed(life) ? WS_LOG_INFO : WS_LOG_DEBUG,
                 ws_conn_id(process->conn), "process", "%s",
                 program_exit_description(&life->child, why, sizeof why));
}

/* Sends what its output ended with, once. */
static void send_last(struct process *process)
{
    struct framing_message message;
    if (process->conn &&
        relay_last(&process->reader, &message, process->server->log, ws_conn_id(process->conn)))
        relay_out(process->conn, &message, settings_of(process)->binary);
}

/* All its output was sent: closes the connection in its name. */
static void on_finished(struct lifecycle *life, enum ws_error error)
{
    struct process *process = process_of(life);
    unsigned code = process->peer_code ? process->peer_code : WS_CLOSE_NORMAL;
    char why[80] = "";
    (void)error;
    if (!process->conn)
        return;
    send_last(process);
    if (lifecycle_failed(life)) {
        code = WS_CLOSE_INTERNAL;
        program_exit_description(&life->child, why, sizeof why);
    }
    ws_conn_close(process->conn, code, why);
}

static bool is_blocked(struct lifecycle *life)
{
    const struct process *process = process_of(life);
    return process->conn && ws_conn_full(process->conn);
}

static void on_freed(struct lifecycle *life)
{
    struct process *process = process_of(life);
    framing_free(&process->reader);
    program_forget(&process->place);
    free(process);
}

static const struct lifecycle_user life_user = {
    .exited = on_exited,
    .finished = on_finished,
    .blocked = is_blocked,
    .freed = on_freed,
};

/* --- its output --- */

static bool on_channel_ready(struct channel *channel)
{
    return !is_blocked(&ws_container_of(channel, struct process, channel)->life);
}

static void fail(struct process *process, const char *why)
{
    log_line(process->server->log, WS_LOG_WARNING, ws_conn_id(process->conn), "process", "%s", why);
    lifecycle_abort(&process->life);
    ws_conn_close(process->conn, WS_CLOSE_INTERNAL, why);
}

static void on_channel_input(struct channel *channel, uint8_t *data, size_t len)
{
    struct process *process = ws_container_of(channel, struct process, channel);
    struct framing_message message;
    lifecycle_on_input(&process->life);
    if (!process->conn)
        return; /* the client has left: discard the output */
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
                     framing_error(&process->reader));
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
    send_last(process);
    lifecycle_on_input_end(&process->life, why);
}

static void on_channel_drained(struct channel *channel)
{
    const struct process *process = ws_container_of(channel, struct process, channel);
    if (process->conn)
        ws_conn_resume(process->conn);
}

/* It may close its standard input: what clients send is dropped then. */
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
    struct process *process = calloc(1, sizeof *process);
    if (!process) {
        answer_refuse(conn, WS_E_NO_MEMORY, 0);
        return;
    }
    process->conn = conn;
    process->server = server;
    process->pool = worker_of(conn)->mode_data;
    if (!program_find(server->mode_data, request->target, &process->place)) {
        answer_refuse(conn, WS_E_NOT_FOUND, 0);
        free(process);
        return;
    }
    struct lifecycle_target target = program_target(server->mode_data, process->place.program);
    lifecycle_init(&process->life, &life_user, server->log, ws_conn_env(conn)->loop);
    uint32_t wait_ms = lifecycle_ask(&process->life, &target);
    if (wait_ms) {
        answer_busy(conn, wait_ms, process->life.full);
        program_forget(&process->place);
        free(process);
        return;
    }
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
        .https = ws_conn_tls(process->conn) || access_control_https(process->conn, request),
        .unique_id = conn_name(ws_conn_id(process->conn), name),
        .passenv = settings_of(process)->passenv,
    };
    return cgi_environment(&cgi);
}

static bool start_process(struct process *process, const struct ws_request *request, char *error,
                          size_t error_size)
{
    const struct ws_conn_env *env = ws_conn_env(process->conn);
    struct process_pool *pool = process->pool;
    int fds[2];
    char **environment = environment_of(process, request);
    snprintf(error, error_size, "out of memory");
    if (!environment)
        return false;
    bool started = program_start(programs_of(process), process->place.program, &process->life,
                                 ws_conn_id(process->conn), &pool->children, environment, fds,
                                 error, error_size);
    free(environment);
    if (!started)
        return false;
    process->channel.user = &channel_user;
    process->reader.framing = settings_of(process)->framing;
    process->reader.max = env->config.session.max_message;
    if (channel_open(&process->channel, env->loop, fds[0], fds[1], pool->memory,
                     env->config.high_water) == WS_OK) {
        lifecycle_attach(&process->life, &process->channel);
        channel_resume(&process->channel);
        return true;
    }
    close(fds[0]);
    if (fds[1] != fds[0])
        close(fds[1]);
    return false;
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct process *process = ws_conn_user(conn);
    char error[512];
    process->opened_us = ws_clock_us();
    if (start_process(process, event->request, error, sizeof error)) {
        log_line(process->server->log, WS_LOG_DEBUG, ws_conn_id(conn), "process", "%s is number %d",
                 process->place.program->file, (int)process->life.child.pid);
        relay_open(&process->channel, settings_of(process)->framing, conn, event->request);
        return;
    }
    log_line(process->server->log, WS_LOG_ERROR, ws_conn_id(conn), "process", "%s", error);
    lifecycle_give_up(&process->life);
    ws_conn_close(conn, WS_CLOSE_INTERNAL, "COMMAND could not be started");
}

/* --- its input --- */

static void relay_close_once(struct process *process, unsigned code, const void *reason, size_t len,
                             bool clean)
{
    if (!process->close_relayed && process->life.program)
        relay_close(&process->channel, settings_of(process)->framing, process->conn,
                    process->opened_us, code, reason, len, clean);
    process->close_relayed = true;
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct process *process = ws_conn_user(conn);
    if (event->type == WS_EVENT_CLOSE) {
        relay_close_once(process, event->code, event->data, event->len, event->clean);
        if (event->clean && lifecycle_active(&process->life) && process->got_messages) {
            process->peer_code = event->code;
            ws_conn_defer_close_reply(conn);
        }
        lifecycle_close_input(&process->life, grace_of(process));
    } else if (event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK) {
        process->got_messages = true;
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
    relay_close_once(process, end->code, NULL, 0, end->clean);
    process->conn = NULL;
    ws_conn_set_user(conn, NULL);
    lifecycle_release(&process->life, grace_of(process));
}

/* --- the mode --- */

static void configure(const struct settings *settings, struct ws_conn_config *config)
{
    config->session.chunks = framing_takes_pieces(settings->process.framing);
}

static bool start(struct server *server)
{
    struct programs *programs = calloc(1, sizeof *programs);
    bool enough = programs != NULL;
    server->mode_data = programs;
    if (programs && !programs_init(programs, &server->settings->process))
        return false;
    child_prepare();
    for (unsigned i = 0; enough && i < server->worker_count; i++) {
        struct process_pool *pool = calloc(1, sizeof *pool);
        server->workers[i].mode_data = pool;
        if (pool)
            children_init(&pool->children, server->workers[i].env->conn.loop,
                          &server->settings->process.kill);
        enough = pool != NULL;
    }
    if (!enough)
        exit_warn("out of memory");
    return enough;
}

static void leave_loop(struct worker *worker)
{
    struct process_pool *pool = worker->mode_data;
    if (pool)
        children_finish(&pool->children);
    free(pool);
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
