#include "libws/net/server.h"

#include "libws/net/hub.h"
#include "libws/net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPT_BATCH = 64,     /* a wake-up: the connections there are shall have their turn too */
    ACCEPT_PAUSE_MS = 100, /* after the system had no descriptor for us */
    SLOW_FROM = 80,        /* percent of the connections; from there on accepting is slowed down */
    SLOW_PAUSE_MS = 10,
    REFUSABLE = 64, /* beyond the limits these many may hear a polite answer at a time */
    REASON_MAX = 124
};

/* A loop and what is on it. */
struct worker {
    struct ws_registry registry; /* first: left() finds the worker by it */
    struct ws_server *server;
    struct ws_home home;
    struct ws_conn_config config;
    struct ws_loop own; /* but for number 0, which has the caller's */
    pthread_t thread;
    bool running;
    struct ws_note stop;
};

struct ws_server {
    struct ws_loop *loop; /* number 0 */
    struct ws_server_options options;
    struct ws_admission *admission;
    struct ws_listener *listeners;
    struct worker *workers;
    struct ws_hub *hub; /* the first of them, or NULL */
    struct ws_overload *overload;
    unsigned worker_count, next_worker;
    uint64_t last_id;
    struct ws_timer accept_again, drain;
    bool starved; /* no descriptors: said once, until there are some again */
    struct ws_note done_note;
    struct ws_task done_task;
    void (*done)(void *user);
    atomic_bool shutting_down;
    unsigned goodbye_code;
    char goodbye_reason[REASON_MAX];
};

static void warn(struct ws_server *server, const char *message)
{
    if (server->options.warn)
        server->options.warn(server->options.user, message);
}

/* --- a socket's way to its loop --- */

struct deal {
    struct ws_note note;
    struct worker *worker;
    int fd;
    uint64_t id;
    enum ws_error refusal;
    struct ws_visitor *visitor;
};

/* On the worker's thread. */
static void take_in(struct worker *worker, const struct deal *deal)
{
    struct ws_server *server = worker->server;
    struct ws_conn *conn = ws_conn_new(&worker->home, deal->fd, NULL);
    if (!conn) {
        warn(server, "a connection was dropped: out of memory");
        close(deal->fd);
        ws_admission_leave(server->admission, deal->visitor);
        return;
    }
    conn->refusal = deal->refusal;
    if (deal->visitor && ws_conn_side(conn)) {
        conn->side->visitor = deal->visitor;
    } else if (deal->visitor) {
        struct ws_visitor *visitor = deal->visitor;
        ws_admission_attribute(server->admission, NULL, 0, &visitor); /* nobody's from now on */
        conn->refusal = WS_E_NO_MEMORY;
    }
    ws_registry_add(&worker->registry, conn, deal->id);
    if (server->options.max_handshakes)
        ws_registry_expect(&worker->registry, conn, server->options.max_handshakes);
    if (server->options.accepted)
        server->options.accepted(server->options.user, conn);
}

static void on_deal(struct ws_note *note)
{
    struct deal *deal = ws_container_of(note, struct deal, note);
    take_in(deal->worker, deal);
    free(deal);
}

static void deal_out(struct ws_server *server, struct deal *deal)
{
    struct worker *worker = &server->workers[server->next_worker];
    server->next_worker = (server->next_worker + 1) % server->worker_count;
    if (worker->home.loop == server->loop) {
        take_in(worker, deal);
        return;
    }
    struct deal *posted = malloc(sizeof *posted);
    if (!posted) {
        take_in(&server->workers[0], deal);
        return;
    }
    *posted = *deal;
    posted->note.run = on_deal;
    posted->worker = worker;
    ws_loop_post(worker->home.loop, &posted->note);
}

/* --- accepting --- */

static void admit(struct ws_server *server, int fd, const struct sockaddr *address)
{
    const struct ws_server_options *options = &server->options;
    size_t max = options->limits.max_connections;
    if ((max && ws_admission_count(server->admission) >= max + REFUSABLE) ||
        (options->allowed && !options->allowed(options->user, address))) {
        close(fd);
        return;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* harmless on a unix socket */
    struct deal deal = {.fd = fd, .id = ++server->last_id};
    deal.refusal = ws_admission_enter(server->admission, address, ws_clock_us(), &deal.visitor);
    if (deal.refusal == WS_OK && server->overload && ws_overload_shedding(server->overload))
        deal.refusal = WS_E_SHED;
    deal_out(server, &deal);
}

static void watch_listeners(struct ws_server *server, unsigned interest)
{
    for (struct ws_listener *l = server->listeners; l; l = l->next)
        if (l->watch.fd >= 0)
            ws_loop_rewatch(server->loop, &l->watch, interest);
}

static void pause_accepting(struct ws_server *server, int64_t ms)
{
    watch_listeners(server, 0);
    ws_loop_arm(server->loop, &server->accept_again, ws_loop_now(server->loop) + ms);
}

static void on_accept_again(struct ws_timer *timer)
{
    struct ws_server *server = ws_container_of(timer, struct ws_server, accept_again);
    watch_listeners(server, WS_READABLE);
}

/* One line when it begins and one when it is over, however long it takes. */
static void starve(struct ws_server *server, int number)
{
    char message[160];
    if (!server->starved) {
        snprintf(message, sizeof message, "accept: %s; trying again every %d ms", strerror(number),
                 ACCEPT_PAUSE_MS);
        warn(server, message);
    }
    server->starved = true;
    pause_accepting(server, ACCEPT_PAUSE_MS);
}

static void on_acceptable(struct ws_watch *watch, unsigned ready)
{
    struct ws_listener *listener = ws_container_of(watch, struct ws_listener, watch);
    struct ws_server *server = listener->owner;
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
    } address;
    (void)ready;
    for (int i = 0; i < ACCEPT_BATCH && watch->fd >= 0; i++) {
        socklen_t len = sizeof address;
        int fd = accept4(watch->fd, &address.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (server->starved)
                warn(server, "accepting again");
            server->starved = false;
            admit(server, fd, &address.any);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            starve(server, errno);
        return;
    }
    /* Nearly full, and they come in crowds: those who are here get more of the time. */
    if (ws_admission_percent(server->admission) >= SLOW_FROM)
        pause_accepting(server, SLOW_PAUSE_MS);
}

/* --- listening --- */

bool ws_server_listen(struct ws_server *server, const char *where, char *error, size_t size)
{
    struct ws_listener *listener = ws_listener_open(
        where, server->options.backlog,
        server->options.socket_mode ? (int)server->options.socket_mode : -1, error, size);
    struct ws_listener **end = &server->listeners;
    if (!listener)
        return false;
    listener->owner = server;
    listener->watch.ready = on_acceptable;
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

static void on_done(struct ws_task *task)
{
    struct ws_server *server = ws_container_of(task, struct ws_server, done_task);
    if (server->done)
        server->done(server->options.user);
    server->done = NULL;
}

/* On loop 0. */
static void check_done(struct ws_note *note)
{
    struct ws_server *server = ws_container_of(note, struct ws_server, done_note);
    if (ws_admission_count(server->admission) > 0)
        return;
    ws_loop_disarm(server->loop, &server->drain);
    ws_loop_defer(server->loop, &server->done_task);
}

static void on_left(struct ws_registry *registry, struct ws_conn *conn)
{
    struct worker *worker = ws_container_of(registry, struct worker, registry);
    struct ws_server *server = worker->server;
    ws_admission_leave(server->admission, conn->side->visitor);
    if (!atomic_load(&server->shutting_down) || ws_admission_count(server->admission) > 0)
        return;
    /* Only one is the last, and nobody comes any more. */
    if (worker->home.loop == server->loop)
        check_done(&server->done_note);
    else
        ws_loop_post(server->loop, &server->done_note);
}

static void abort_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_abort(conn, WS_E_SHUTDOWN);
}

static void abort_all(struct ws_home *home, void *context)
{
    (void)context;
    ws_registry_each(home->registry, abort_one, NULL);
}

static void on_drained(struct ws_timer *timer)
{
    struct ws_server *server = ws_container_of(timer, struct ws_server, drain);
    ws_server_ask(server, &server->workers[0].home, abort_all, NULL, NULL);
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

static void say_goodbyes(struct ws_home *home, void *context)
{
    ws_registry_each(home->registry, say_goodbye, context);
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
    ws_server_ask(server, &server->workers[0].home, say_goodbyes, NULL, server);
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
    struct ws_note note;
    struct ws_server *server;
    const struct ws_home *asker;
    unsigned next; /* the loop whose turn it is */
    void (*visit)(struct ws_home *home, void *context);
    void (*done)(void *context);
    void *context;
};

static void on_answered(struct ws_note *note)
{
    struct question *question = ws_container_of(note, struct question, note);
    if (question->done)
        question->done(question->context);
    free(question);
}

static void on_question(struct ws_note *note)
{
    struct question *question = ws_container_of(note, struct question, note);
    struct ws_server *server = question->server;
    struct worker *worker = &server->workers[question->next++];
    question->visit(&worker->home, question->context);
    bool last = question->next == server->worker_count;
    if (last)
        question->note.run = on_answered;
    ws_loop_post(last ? question->asker->loop : server->workers[question->next].home.loop,
                 &question->note);
}

bool ws_server_ask(struct ws_server *server, const struct ws_home *asker,
                   void (*visit)(struct ws_home *home, void *context), void (*done)(void *context),
                   void *context)
{
    struct question *question = malloc(sizeof *question);
    if (!question)
        return false;
    *question = (struct question){{NULL, on_question}, server, asker, 0, visit, done, context};
    ws_loop_post(server->workers[0].home.loop, &question->note);
    return true;
}

/* --- beginning and end --- */

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    ws_loop_run(&worker->own);
    return NULL;
}

static void on_stop(struct ws_note *note)
{
    struct worker *worker = ws_container_of(note, struct worker, stop);
    abort_all(&worker->home, NULL);
    ws_loop_stop(worker->home.loop);
}

static bool start_worker(struct ws_server *server, unsigned index)
{
    struct worker *worker = &server->workers[index];
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
    worker->home = (struct ws_home){.loop = loop,
                                    .config = &worker->config,
                                    .handler = options->handler,
                                    .user = options->user,
                                    .registry = &worker->registry};
    if (options->home_user)
        worker->home.user = options->home_user(options->user, index, &worker->home);
    return true;
}

/* What all loops have together. */
static bool join_loops(struct ws_server *server)
{
    struct ws_home *homes[WS_SERVER_LOOPS_MAX];
    for (unsigned i = 0; i < server->worker_count; i++)
        homes[i] = &server->workers[i].home;
    const struct ws_overload_limits *overload = &server->options.overload;
    if (server->options.fan_out && !(server->hub = ws_hub_new(homes, server->worker_count)))
        return false;
    if (overload->max_memory == 0 && overload->shed_start == 0)
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
    server->accept_again.fire = on_accept_again;
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
        struct worker *worker = &server->workers[i];
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
            struct ws_loop *loop = server->workers[i].home.loop;
            busy |= loop->tasks || atomic_load(&loop->notes);
            abort_all(&server->workers[i].home, NULL);
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
            ws_loop_post(server->workers[i].home.loop, &server->workers[i].stop);
            pthread_join(server->workers[i].thread, NULL);
        }
    for (unsigned i = 0; i < server->worker_count; i++)
        abort_all(&server->workers[i].home, NULL);
    if (server->worker_count > 0)
        run_what_is_left(server);
    for (unsigned i = 0; i < server->worker_count && server->options.home_left; i++)
        server->options.home_left(server->options.user, &server->workers[i].home);
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
