#include "libws/server/server_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- listening --- */

bool ws_server_listen(struct ws_server *server, const char *where, char *error, size_t size)
{
    struct ws_listener *listener =
        ws_listener_open(where, server->options.backlog,
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
    if (server->done)
        server->done(server->options.user);
    server->done = NULL;
}

/* On loop 0. */
static void check_done(struct ws_async *note)
{
    struct ws_server *server = ws_container_of(note, struct ws_server, done_note);
    if (ws_admission_count(server->admission) > 0)
        return;
    ws_loop_disarm(server->loop, &server->drain);
    ws_loop_defer(server->loop, &server->done_task);
}

static void on_left(struct ws_registry *registry, struct ws_conn *conn)
{
    struct ws_worker *worker = ws_container_of(registry, struct ws_worker, registry);
    struct ws_server *server = worker->server;
    ws_admission_release(server->admission, conn->cold->client_entry);
    if (!atomic_load(&server->shutting_down) || ws_admission_count(server->admission) > 0)
        return;
    /* Only one is the last, and nobody comes any more. */
    if (worker->env.loop == server->loop)
        check_done(&server->done_note);
    else
        ws_loop_post(server->loop, &server->done_note);
}

static void abort_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_abort(conn, WS_E_SHUTDOWN);
}

static void abort_all(struct ws_conn_env *env, void *context)
{
    (void)context;
    ws_registry_each(env->registry, abort_one, NULL);
}

static void on_drained(struct ws_timer *timer)
{
    struct ws_server *server = ws_container_of(timer, struct ws_server, drain);
    ws_server_ask(server, &server->workers[0].env, abort_all, NULL, NULL);
}

static void say_goodbye(struct ws_conn *conn, void *context)
{
    const struct ws_server *server = context;
    if (conn->end.error == WS_OK)
        conn->end.error = WS_E_SHUTDOWN;
    enum ws_error error = ws_conn_close(conn, server->goodbye_code, server->goodbye_reason);
    if (error == WS_E_STATE)
        ws_conn_fail(conn, WS_E_SHUTDOWN);
    else
        ws_conn_resume(conn); /* whoever waited for something else hears of it now */
}

static void say_goodbyes(struct ws_conn_env *env, void *context)
{
    ws_registry_each(env->registry, say_goodbye, context);
}

void ws_server_shutdown(struct ws_server *server, unsigned code, const char *reason,
                        uint32_t drain_ms, void (*done)(void *user))
{
    server->done = done;
    server->goodbye_code = code;
    snprintf(server->goodbye_reason, sizeof server->goodbye_reason, "%s", reason ? reason : "");
    atomic_store(&server->shutting_down, true);
    ws_server_stop_listening(server);
    if (ws_admission_count(server->admission) == 0) {
        ws_loop_defer(server->loop, &server->done_task);
        return;
    }
    ws_server_ask(server, &server->workers[0].env, say_goodbyes, NULL, server);
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

/* --- questions to the loops --- */

struct question {
    struct ws_async note;
    struct ws_server *server;
    const struct ws_conn_env *asker;
    unsigned next; /* the loop whose turn it is */
    void (*visit)(struct ws_conn_env *env, void *context);
    void (*done)(void *context);
    void *context;
};

static void on_answered(struct ws_async *note)
{
    struct question *question = ws_container_of(note, struct question, note);
    if (question->done)
        question->done(question->context);
    free(question);
}

static void on_question(struct ws_async *note)
{
    struct question *question = ws_container_of(note, struct question, note);
    struct ws_server *server = question->server;
    struct ws_worker *worker = &server->workers[question->next++];
    question->visit(&worker->env, question->context);
    bool last = question->next == server->worker_count;
    if (last)
        question->note.run = on_answered;
    ws_loop_post(last ? question->asker->loop : server->workers[question->next].env.loop,
                 &question->note);
}

bool ws_server_ask(struct ws_server *server, const struct ws_conn_env *asker,
                   void (*visit)(struct ws_conn_env *env, void *context),
                   void (*done)(void *context), void *context)
{
    struct question *question = malloc(sizeof *question);
    if (!question)
        return false;
    *question = (struct question){{NULL, on_question}, server, asker, 0, visit, done, context};
    ws_loop_post(server->workers[0].env.loop, &question->note);
    return true;
}

/* --- beginning and end --- */

static void *run_worker(void *argument)
{
    struct ws_worker *worker = argument;
    ws_loop_run(&worker->own);
    return NULL;
}

static void on_stop(struct ws_async *note)
{
    struct ws_worker *worker = ws_container_of(note, struct ws_worker, stop);
    abort_all(&worker->env, NULL);
    ws_loop_stop(worker->env.loop);
}

static bool start_worker(struct ws_server *server, unsigned index)
{
    struct ws_worker *worker = &server->workers[index];
    const struct ws_server_options *options = &server->options;
    struct ws_loop *loop = index == 0 ? server->loop : &worker->own;
    if (index > 0 && ws_loop_init(loop) != WS_OK)
        return false;
    server->worker_count++;
    worker->server = server;
    worker->config = *options->config;
    ws_registry_init(&worker->registry);
    worker->registry.left = on_left;
    worker->stop.run = on_stop;
    worker->env = (struct ws_conn_env){.loop = loop,
                                       .config = &worker->config,
                                       .handler = options->handler,
                                       .user = options->user,
                                       .registry = &worker->registry};
    if (options->env_user)
        worker->env.user = options->env_user(options->user, index, &worker->env);
    return true;
}

/* What all loops have together. */
static bool join_loops(struct ws_server *server)
{
    struct ws_conn_env *homes[WS_SERVER_LOOPS_MAX];
    for (unsigned i = 0; i < server->worker_count; i++)
        homes[i] = &server->workers[i].env;
    const struct ws_overload_limits *overload = &server->options.overload;
    if (server->options.fan_out && !(server->hub = ws_hub_new(homes, server->worker_count)))
        return false;
    if (overload->max_memory == 0 && overload->shed_start == 0 && !overload->watch_lag)
        return true;
    server->overload = ws_overload_new(overload, server->admission, homes, server->worker_count);
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

/* The threads are gone: what they left in each other's loops is run here. */
static void run_what_is_left(struct ws_server *server)
{
    for (bool busy = true; busy;) {
        busy = false;
        for (unsigned i = 0; i < server->worker_count; i++) {
            struct ws_loop *loop = server->workers[i].env.loop;
            busy |= loop->tasks || atomic_load(&loop->notes);
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
            ws_loop_post(server->workers[i].env.loop, &server->workers[i].stop);
            pthread_join(server->workers[i].thread, NULL);
        }
    for (unsigned i = 0; i < server->worker_count; i++)
        abort_all(&server->workers[i].env, NULL);
    if (server->worker_count > 0)
        run_what_is_left(server);
    for (unsigned i = 0; i < server->worker_count && server->options.env_left; i++)
        server->options.env_left(server->options.user, &server->workers[i].env);
    ws_hub_free(server->hub);
    ws_overload_free(server->overload);
    for (unsigned i = 0; i < server->worker_count; i++) {
        ws_registry_free(&server->workers[i].registry);
        if (i > 0)
            ws_loop_free(&server->workers[i].own);
    }
    for (struct ws_listener *l = server->listeners, *next; l; l = next) {
        next = l->next;
        ws_listener_free(l);
    }
    ws_admission_free(server->admission);
    free(server->workers);
    free(server);
}
