/*
 * --proxy: the bytes of a TCP or unix service, as websockify carries them.
 *
 * A connection to the service for each client, made before the upgrade is answered: whoever cannot
 * be served hears so in HTTP. What clients send is written as it comes, what the service sends is a
 * binary message for each read. When one side has said all, the other is told, and may finish.
 */
#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/bridge/backoff.h"
#include "cmd/wsserve/bridge/channel.h"
#include "cmd/wsserve/bridge/program.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/request/answer.h"
#include "libws/io/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Where the service is; server->mode_data. */
struct service {
    const char *name; /* as it was given */
    const struct settings_process *settings;
    char *host;
    uint16_t port;
    struct sockaddr_un local; /* host is NULL */
    pthread_mutex_t lock;     /* of what all threads share: */
    struct backoff backoff;
};

/* conn->user, from the request on. */
struct upstream {
    struct ws_conn *conn; /* NULL: it has ended */
    struct server *server;
    struct ws_loop *loop;
    uint8_t *memory;
    const struct ws_request *request; /* until it is answered */
    struct ws_resolve *resolve;
    struct addrinfo *addresses, *next; /* to be tried */
    struct ws_watch connecting;
    struct channel channel;
    struct ws_timer patience; /* for the service's last words */
    struct ws_deferred task;
    unsigned attempt;
    uint16_t peer_code; /* of the client's close, which is still to be answered */
    bool judged, said_something, concluded;
};

static struct service *service_of(const struct upstream *upstream)
{
    return upstream->server->mode_data;
}

static int64_t now_ms(void)
{
    return ws_clock_us() / 1000;
}

static void report_outcome(struct upstream *upstream, enum program_outcome outcome)
{
    struct service *service = service_of(upstream);
    bool closed = false;
    if (upstream->judged)
        return;
    upstream->judged = true;
    pthread_mutex_lock(&service->lock);
    if (outcome == PROGRAM_WORKS)
        backoff_success(&service->backoff, upstream->attempt);
    else if (outcome == PROGRAM_UNKNOWN)
        backoff_unknown(&service->backoff, upstream->attempt);
    else
        closed = backoff_failure(&service->backoff, upstream->attempt, now_ms());
    pthread_mutex_unlock(&service->lock);
    if (closed)
        log_line(upstream->server->log, WS_LOG_WARNING, 0, "backoff",
                 "%s fails again and again: it is left alone for a while", service->name);
}

/* --- its end --- */

static void finish(struct upstream *upstream, unsigned code, const char *why)
{
    if (upstream->concluded)
        return;
    upstream->concluded = true;
    ws_loop_disarm(upstream->loop, &upstream->patience);
    channel_close(&upstream->channel);
    if (upstream->conn)
        ws_conn_close(upstream->conn, code, why);
}

static unsigned answer_of(const struct upstream *upstream)
{
    return upstream->peer_code ? upstream->peer_code : WS_CLOSE_NORMAL;
}

static void on_patience(struct ws_timer *timer)
{
    struct upstream *upstream = ws_container_of(timer, struct upstream, patience);
    finish(upstream, answer_of(upstream), NULL);
}

static void on_task(struct ws_deferred *task)
{
    struct upstream *upstream = ws_container_of(task, struct upstream, task);
    free(upstream);
}

static void stop_connecting(struct upstream *upstream)
{
    if (upstream->resolve)
        ws_resolve_cancel(upstream->resolve);
    upstream->resolve = NULL;
    if (upstream->addresses)
        freeaddrinfo(upstream->addresses);
    upstream->addresses = NULL;
    if (upstream->connecting.fd >= 0)
        close(ws_loop_unwatch(upstream->loop, &upstream->connecting));
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct upstream *upstream = ws_conn_user(conn);
    (void)end;
    if (!upstream)
        return;
    ws_conn_set_user(conn, NULL);
    upstream->conn = NULL;
    report_outcome(upstream, PROGRAM_UNKNOWN);
    stop_connecting(upstream);
    ws_loop_disarm(upstream->loop, &upstream->patience);
    channel_close(&upstream->channel);
    ws_loop_defer(upstream->loop, &upstream->task);
}

/* --- what the service says --- */

static bool on_ready(struct channel *channel)
{
    return !ws_conn_full(ws_container_of(channel, struct upstream, channel)->conn);
}

static void on_input(struct channel *channel, uint8_t *data, size_t len)
{
    struct upstream *upstream = ws_container_of(channel, struct upstream, channel);
    enum ws_error error = ws_conn_send(upstream->conn, WS_OP_BINARY, WS_SEND_COPY, data, len);
    if (error == WS_E_NO_MEMORY)
        ws_conn_abort(upstream->conn, error);
}

static void on_end(struct channel *channel, enum ws_error why)
{
    struct upstream *upstream = ws_container_of(channel, struct upstream, channel);
    if (why == WS_E_LOST)
        finish(upstream, answer_of(upstream), NULL);
    else
        finish(upstream, WS_CLOSE_INTERNAL, "the connection to the service was lost");
}

static void on_channel_drained(struct channel *channel)
{
    ws_conn_resume(ws_container_of(channel, struct upstream, channel)->conn);
}

static void on_broken(struct channel *channel, enum ws_error why)
{
    (void)why;
    on_channel_drained(channel);
}

static const struct channel_user user = {on_ready, on_input, on_end, on_channel_drained, on_broken};

/* --- reaching it --- */

static void try_next(struct upstream *upstream);

static void give_up(struct upstream *upstream, const char *why)
{
    static const char body[] = "the service behind this cannot be reached\n";
    struct ws_http_answer answer = {.status = 502, .body = body, .body_len = sizeof body - 1};
    log_line(upstream->server->log, WS_LOG_WARNING, ws_conn_id(upstream->conn), "process",
             "cannot reach %s: %s; answered 502", service_of(upstream)->name, why);
    stop_connecting(upstream);
    report_outcome(upstream, PROGRAM_FAILED);
    answer_send(upstream->conn, &answer);
}

static void on_reached(struct upstream *upstream, int fd)
{
    int on = 1;
    const struct ws_request *request = upstream->request;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* harmless on a unix socket */
    upstream->channel.user = &user;
    if (channel_open(&upstream->channel, upstream->loop, fd, fd, upstream->memory,
                     ws_conn_env(upstream->conn)->config->high_water) != WS_OK) {
        close(fd);
        give_up(upstream, "out of memory");
        return;
    }
    stop_connecting(upstream);
    report_outcome(upstream, PROGRAM_WORKS);
    upstream->request = NULL;
    /* It may have been given up meanwhile: the handshake took too long, or the server ends. */
    if (ws_session_state(ws_conn_session(upstream->conn)) == WS_STATE_CONNECTING)
        answer_accept(upstream->conn, request);
    else
        channel_close(&upstream->channel);
}

static void on_writable(struct ws_watch *watch, unsigned ready)
{
    struct upstream *upstream = ws_container_of(watch, struct upstream, connecting);
    int failed = 0;
    socklen_t size = sizeof failed;
    (void)ready;
    getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &failed, &size);
    int fd = ws_loop_unwatch(upstream->loop, watch);
    if (failed == 0) {
        on_reached(upstream, fd);
        return;
    }
    close(fd);
    errno = failed;
    try_next(upstream);
}

/* False with errno; else it is under way, or done. */
static bool try_address(struct upstream *upstream, const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (connect(fd, address, len) == 0) {
        on_reached(upstream, fd);
        return true;
    }
    if (errno == EINPROGRESS) {
        upstream->connecting.fd = fd;
        upstream->connecting.ready = on_writable;
        if (ws_loop_watch(upstream->loop, &upstream->connecting, WS_WRITABLE) == WS_OK)
            return true;
        upstream->connecting.fd = -1;
        errno = ENOMEM;
    }
    int why = errno;
    close(fd);
    errno = why;
    return false;
}

static void try_next(struct upstream *upstream)
{
    while (upstream->next) {
        const struct addrinfo *at = upstream->next;
        upstream->next = at->ai_next;
        if (try_address(upstream, at->ai_addr, at->ai_addrlen))
            return;
    }
    give_up(upstream, strerror(errno));
}

static void on_resolved(void *context, int error, struct addrinfo *addresses)
{
    struct upstream *upstream = context;
    upstream->resolve = NULL;
    upstream->addresses = upstream->next = addresses;
    if (error)
        give_up(upstream, gai_strerror(error));
    else
        try_next(upstream);
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct server *server = server_of(conn);
    struct service *service = server->mode_data;
    unsigned attempt;
    pthread_mutex_lock(&service->lock);
    uint32_t wait = backoff_ask(&service->backoff, now_ms(), &attempt);
    pthread_mutex_unlock(&service->lock);
    if (wait) {
        answer_busy(conn, wait);
        return;
    }
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (!upstream) {
        answer_refuse(conn, WS_E_NO_MEMORY, 0);
        return;
    }
    *upstream = (struct upstream){
        .conn = conn,
        .server = server,
        .loop = ws_conn_env(conn)->loop,
        .memory = worker_of(conn)->mode_data,
        .request = request,
        .connecting = {.fd = -1},
        .patience = {.fire = on_patience},
        .task = {.run = on_task},
        .attempt = attempt,
    };
    ws_conn_set_user(conn, upstream);
    if (!service->host) {
        const struct sockaddr *address = (const struct sockaddr *)(const void *)&service->local;
        if (!try_address(upstream, address, sizeof service->local))
            give_up(upstream, strerror(errno));
        return;
    }
    upstream->resolve =
        ws_resolve_start(upstream->loop, service->host, service->port, on_resolved, upstream);
    if (!upstream->resolve)
        give_up(upstream, "out of memory");
}

/* --- what the client says --- */

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct upstream *upstream = ws_conn_user(conn);
    (void)event;
    channel_resume(&upstream->channel);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct upstream *upstream = ws_conn_user(conn);
    if (!upstream)
        return;
    if (event->type == WS_EVENT_CLOSE) {
        channel_finish(&upstream->channel);
        if (event->clean && upstream->said_something && !upstream->concluded) {
            upstream->peer_code = event->code;
            ws_conn_defer_close_reply(conn);
            ws_loop_arm(upstream->loop, &upstream->patience,
                        ws_loop_now(upstream->loop) +
                            settings_close_grace(service_of(upstream)->settings, true));
        }
    } else if (event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK) {
        upstream->said_something = true;
        if (channel_write(&upstream->channel, event->data, event->len) == WS_E_NO_MEMORY)
            ws_conn_fail(conn, WS_E_NO_MEMORY);
        else if (channel_full(&upstream->channel))
            ws_conn_pause(conn);
    }
}

static void on_drained(struct ws_conn *conn)
{
    struct upstream *upstream = ws_conn_user(conn);
    channel_resume(&upstream->channel);
}

/* --- the mode --- */

static bool start(struct server *server)
{
    const char *name = server->settings->process.proxy;
    struct service *service = calloc(1, sizeof *service);
    server->mode_data = service;
    if (!service)
        return false;
    pthread_mutex_init(&service->lock, NULL);
    service->name = name;
    service->settings = &server->settings->process;
    if (strncmp(name, "unix:", 5) == 0) {
        service->local.sun_family = AF_UNIX;
        snprintf(service->local.sun_path, sizeof service->local.sun_path, "%s", name + 5);
    } else {
        const char *host = name + 4, *colon = strrchr(host, ':');
        size_t len = (size_t)(colon - host);
        if (host[0] == '[' && colon[-1] == ']') {
            host++;
            len -= 2;
        }
        service->host = strndup(host, len);
        units_port(colon + 1, &service->port);
        if (!service->host)
            return false;
    }
    for (unsigned i = 0; i < server->worker_count; i++) {
        server->workers[i].mode_data = malloc(CHANNEL_READ_SIZE);
        if (!server->workers[i].mode_data) {
            exit_warn("out of memory");
            return false;
        }
    }
    return true;
}

static void leave(struct worker *worker)
{
    free(worker->mode_data);
    worker->mode_data = NULL;
}

static void stop(struct server *server)
{
    struct service *service = server->mode_data;
    if (service) {
        free(service->host);
        pthread_mutex_destroy(&service->lock);
    }
    free(service);
    server->mode_data = NULL;
}

const struct mode mode_proxy = {
    .handler =
        {
            .request = on_request,
            .open = on_open,
            .event = on_event,
            .drained = on_drained,
            .close = on_close,
        },
    .chunks = true,
    .reaches_local = true,
    .start = start,
    .leave = leave,
    .stop = stop,
};
