#include "libws/server/server_private.h"

#include "libws/conn/conn_owner.h"
#include <ws/conn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- listening --- */

bool ws_server_listen(struct ws_server *server, const char *where, char *error, size_t size)
{
    struct ws_listener *listener =
        ws_listener_open(where, server->listeners, server->options.backlog,
                         server->options.socket_mode ? (int)server->options.socket_mode : -1,
                         server->options.secure, error, size);
    struct ws_listener **end = &server->listeners;
    if (!listener)
        return false;
    listener->owner = server;
    listener->watch.ready = ws_server_on_acceptable;
    if (ws_loop_watch(server->loop, &listener->watch, WS_READABLE) != WS_OK) {
        ws_listener_free(listener);
        snprintf(error, size, "%s: cannot be watched", where);
        return false;
    }
    while (*end)
        end = &(*end)->next;
    *end = listener;
    return true;
}

const char *ws_server_url(const struct ws_server *server, size_t index)
{
    const struct ws_listener *listener = server->listeners;
    while (listener && index-- > 0)
        listener = listener->next;
    return listener ? listener->url : NULL;
}

void ws_server_stop_listening(struct ws_server *server)
{
    ws_loop_disarm(server->loop, &server->accept_again);
    for (struct ws_listener *l = server->listeners; l; l = l->next) {
        if (l->watch.fd >= 0)
            ws_loop_rewatch(server->loop, &l->watch, 0);
        ws_listener_close(l);
    }
}

/* --- the end of a connection, and of all --- */

static void on_done(struct ws_deferred *task)
{
    struct ws_server *server = ws_container_of(task, struct ws_server, done_task);
    void (*done)(void *user) = server->done;
    server->done = NULL;
    if (done)
        done(server->options.user); /* which may free the server */
}

/* On loop 0. */
static void check_done(struct ws_async *note)
{
    struct ws_server *server = ws_container_of(note, struct ws_server, done_note);
    if (ws_admission_count(server->admission) > atomic_load(&server->late))
        return;
    ws_server_stop_listening(server);
    ws_loop_disarm(server->loop, &server->drain);
    ws_loop_defer(server->loop, &server->done_task);
}

static void on_left(struct ws_server_env *env, struct ws_conn *conn)
{
    struct ws_worker *worker = ws_container_of(env, struct ws_worker, env);
    struct ws_server *server = worker->server;
    bool draining = atomic_load(&server->shutting_down);
    /* Before it is released: other loops must never see fewer connections than late ones, lest two
     * of them post the note. A last one that is missed meanwhile is noticed here. */
    if (ws_conn_flag(conn, WS_CONN_LATE))
        atomic_fetch_sub(&server->late, 1);
    ws_server_on_ended(conn);
    ws_admission_release(server->admission);
    if (!draining || ws_admission_count(server->admission) > atomic_load(&server->late))
        return;
    if (env->conn.loop == server->loop)
        check_done(&server->done_note);
    else
        ws_loop_post(server->loop, &server->done_note);
}

static void abort_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_flush_now(conn); /* its close frame may be of this very turn */
    ws_conn_abort(conn, WS_E_SHUTDOWN);
}

static void abort_all(struct ws_server_env *env, void *context)
{
    (void)context;
    ws_registry_each(env->registry, abort_one, NULL);
}

static void on_drained(struct ws_timer *timer)
{
    struct ws_server *server = ws_container_of(timer, struct ws_server, drain);
    ws_server_stop_listening(server);
    ws_server_visit(&server->ending, server, abort_all, NULL);
}

/* It was waiting for something that will not happen any more. */
static void resume(struct ws_conn *conn)
{
    ws_conn_unblock(conn, WS_BLOCK_HANDLER);
    ws_conn_unblock(conn, WS_BLOCK_HUB);
}

static void close_one(struct ws_conn *conn, void *context)
{
    const struct ws_server *server = context;
    ws_conn_record_error(conn, WS_E_SHUTDOWN);
    enum ws_error error = ws_conn_close(conn, server->close_code, server->close_reason);
    if (error == WS_OK || error == WS_E_CLOSING)
        resume(conn);
    else /* it has asked for nothing yet, or code or reason may not be sent */
        ws_conn_fail(conn, WS_E_SHUTDOWN);
}

static void close_all(struct ws_server_env *env, void *context)
{
    ws_registry_each(env->registry, close_one, context);
}

void ws_server_shutdown(struct ws_server *server, unsigned code, const char *reason,
                        uint32_t drain_ms, void (*done)(void *user))
{
    server->done = done;
    server->close_code = code;
    size_t len = reason ? strlen(reason) : 0;
    if (len > WS_CLOSE_REASON_MAX) /* cut between two characters */
        for (len = WS_CLOSE_REASON_MAX; len > 0 && ((uint8_t)reason[len] & 0xC0) == 0x80;)
            len--;
    snprintf(server->close_reason, sizeof server->close_reason, "%.*s", (int)len,
             reason ? reason : "");
    atomic_store(&server->shutting_down, true);
    if (!server->options.accept_while_draining)
        ws_server_stop_listening(server);
    if (ws_admission_count(server->admission) == 0) {
        ws_loop_defer(server->loop, &server->done_task);
        return;
    }
    ws_server_visit(&server->closing, server, close_all, server);
    ws_loop_arm(server->loop, &server->drain, ws_loop_now(server->loop) + drain_ms);
}

size_t ws_server_count(const struct ws_server *server)
{
    return ws_admission_count(server->admission);
}

const struct ws_overload *ws_server_overload(const struct ws_server *server)
{
    return server->overload;
}

struct ws_admission *ws_server_admission(struct ws_server *server)
{
    return server->admission;
}

/* --- beginning and end --- */

static void *run_worker(void *argument)
{
    struct ws_worker *worker = argument;
    ws_loop_run(worker->own);
    return NULL;
}

static void on_stop(struct ws_async *note)
{
    struct ws_worker *worker = ws_container_of(note, struct ws_worker, stop);
    abort_all(&worker->env, NULL);
    ws_loop_stop(worker->env.conn.loop);
}

static bool start_worker(struct ws_server *server, unsigned index)
{
    struct ws_worker *worker = &server->workers[index];
    const struct ws_server_options *options = &server->options;
    if (index > 0 && ws_loop_new(&worker->own) != WS_OK)
        return false;
    if (ws_server_env_init(&worker->env, index == 0 ? server->loop : worker->own, options->config,
                           options->handler, options->user) != WS_OK) {
        ws_loop_free(worker->own);
        return false;
    }
    server->worker_count++;
    worker->server = server;
    worker->env.left = on_left;
    worker->env.dismissed = ws_server_give_up_place;
    worker->env.conn.hooks.requested = ws_server_on_requested;
    worker->env.conn.hooks.sent_all = ws_server_on_sent_all;
    worker->env.conn.hooks.carried = ws_server_on_carried;
    worker->stop.run = on_stop;
    if (options->env_user)
        worker->env.conn.user = options->env_user(options->user, index, &worker->env);
    return true;
}

/* What all loops share. */
static bool join_loops(struct ws_server *server)
{
    struct ws_server_env *envs[WS_SERVER_LOOPS_MAX];
    for (unsigned i = 0; i < server->worker_count; i++)
        envs[i] = &server->workers[i].env;
    const struct ws_overload_limits *overload = &server->options.overload;
    if (server->options.fan_out && !(server->hub = ws_hub_new(envs, server->worker_count)))
        return false;
    if (overload->max_memory == 0 && overload->shed_start == 0 && !overload->watch_lag)
        return true;
    server->overload = ws_overload_new(overload, server->admission, envs, server->worker_count);
    return server->overload != NULL;
}

struct ws_server *ws_server_new(struct ws_loop *loop, const struct ws_server_options *options)
{
    struct ws_server *server = calloc(1, sizeof *server);
    unsigned loops = options->loops ? options->loops : 1;
    if (!server)
        return NULL;
    server->loop = loop;
    server->options = *options;
    server->accept_again.fire = ws_server_on_accept_again;
    server->drain.fire = on_drained;
    server->done_task.run = on_done;
    server->done_note.run = check_done;
    server->admission = ws_admission_new(&options->limits);
    server->workers = calloc(loops, sizeof *server->workers);
    bool fine = server->admission && server->workers && loops <= WS_SERVER_LOOPS_MAX;
    for (unsigned i = 0; i < loops && fine; i++)
        fine = start_worker(server, i);
    fine = fine && join_loops(server);
    for (unsigned i = 1; i < loops && fine; i++) {
        struct ws_worker *worker = &server->workers[i];
        fine = worker->running = pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
    }
    if (fine)
        return server;
    ws_server_free(server);
    return NULL;
}

/* The threads have ended: calls that they left in each other's loops are run here. */
static void run_remaining(struct ws_server *server)
{
    for (bool busy = true; busy;) {
        busy = false;
        for (unsigned i = 0; i < server->worker_count; i++) {
            struct ws_loop *loop = server->workers[i].env.conn.loop;
            busy |= ws_loop_busy(loop);
            abort_all(&server->workers[i].env, NULL);
            ws_loop_turn(loop, 0);
        }
    }
}

void ws_server_free(struct ws_server *server)
{
    if (!server)
        return;
    ws_server_stop_listening(server);
    ws_loop_disarm(server->loop, &server->drain);
    atomic_store(&server->shutting_down, false);
    for (unsigned i = 1; i < server->worker_count; i++)
        if (server->workers[i].running) {
            ws_loop_post(server->workers[i].env.conn.loop, &server->workers[i].stop);
            pthread_join(server->workers[i].thread, NULL);
        }
    for (unsigned i = 0; i < server->worker_count; i++)
        abort_all(&server->workers[i].env, NULL);
    if (server->worker_count > 0)
        run_remaining(server);
    for (unsigned i = 0; i < server->worker_count && server->options.env_left; i++)
        server->options.env_left(server->options.user, &server->workers[i].env);
    ws_hub_free(server->hub);
    ws_overload_free(server->overload);
    for (unsigned i = 0; i < server->worker_count; i++) {
        ws_id_list_free(&server->workers[i].unfinished);
        ws_id_list_free(&server->workers[i].waiting);
        ws_server_env_free(&server->workers[i].env);
        ws_loop_free(server->workers[i].own);
    }
    for (struct ws_listener *l = server->listeners, *next; l; l = next) {
        next = l->next;
        ws_listener_free(l);
    }
    ws_admission_free(server->admission);
    free(server->workers);
    free(server);
}
