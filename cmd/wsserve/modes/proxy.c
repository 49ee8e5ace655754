/*
 * --proxy: the bytes of a TCP or unix service, as websockify carries them.
 *
 * One connection to the service for each client, made before the upgrade is answered, so that a
 * failure is answered in HTTP. What clients send is written as it comes; each read from the service
 * is a binary message. When one side closes, the other gets the end of its input, and may finish.
 */
#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/bridge/lifecycle.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/request/answer.h"
#include "libws/io/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The service; server->mode_data. */
struct service {
    const char *name; /* as it was given */
    const struct settings_process *settings;
    char *host;
    uint16_t port;
    struct sockaddr_un local; /* host is NULL */
    struct attempts attempts; /* of all threads */
    struct backoff backoff;
};

/* One connection to it; ws_conn_user(), from the request on. */
struct upstream {
    struct ws_conn *conn; /* NULL: it has ended */
    struct server *server;
    struct ws_loop *loop;
    uint8_t *memory;
    const struct ws_request *request; /* until it is answered */
    struct ws_resolve *resolve;
    struct addrinfo *addresses, *next; /* to be tried */
    struct ws_watch connecting;
    struct lifecycle life;
    struct channel channel;
    uint16_t peer_code; /* of the client's close, which is still to be answered */
    bool got_messages;  /* from the client */
};

static struct service *service_of(const struct upstream *upstream)
{
    return upstream->server->mode_data;
}

/* --- its end --- */

static struct upstream *upstream_of(struct lifecycle *life)
{
    return ws_container_of(life, struct upstream, life);
}

static void on_finished(struct lifecycle *life, enum ws_error why)
{
    const struct upstream *upstream = upstream_of(life);
    if (!upstream->conn)
        return;
    if (why == WS_OK || why == WS_E_LOST)
        ws_conn_close(upstream->conn, upstream->peer_code ? upstream->peer_code : WS_CLOSE_NORMAL,
                      NULL);
    else
        ws_conn_close(upstream->conn, WS_CLOSE_INTERNAL, "the connection to the service was lost");
}

static bool is_blocked(struct lifecycle *life)
{
    return ws_conn_full(upstream_of(life)->conn);
}

static void on_freed(struct lifecycle *life)
{
    free(upstream_of(life));
}

static const struct lifecycle_user life_user = {
    .finished = on_finished,
    .blocked = is_blocked,
    .freed = on_freed,
};

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
    stop_connecting(upstream);
    lifecycle_release(&upstream->life, 0);
    upstream->conn = NULL;
}

/* --- its output --- */

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
    lifecycle_on_input_end(&ws_container_of(channel, struct upstream, channel)->life, why);
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

/* --- connecting --- */

static void try_next(struct upstream *upstream);

static void answer_unreachable(struct upstream *upstream, const char *why)
{
    static const char body[] = "the service cannot be reached\n";
    struct ws_http_answer answer = {.status = 502, .body = body, .body_len = sizeof body - 1};
    log_line(upstream->server->log, WS_LOG_WARNING, ws_conn_id(upstream->conn), "process",
             "cannot reach %s: %s; answered 502", service_of(upstream)->name, why);
    stop_connecting(upstream);
    lifecycle_fail(&upstream->life);
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
        answer_unreachable(upstream, "out of memory");
        return;
    }
    stop_connecting(upstream);
    lifecycle_attach(&upstream->life, &upstream->channel);
    lifecycle_start_service(&upstream->life);
    upstream->request = NULL;
    /* The handshake may have timed out meanwhile, or the server be shutting down. */
    if (ws_session_state(ws_conn_session(upstream->conn)) == WS_STATE_CONNECTING)
        answer_accept(upstream->conn, request);
    else
        lifecycle_abort(&upstream->life);
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
    answer_unreachable(upstream, strerror(errno));
}

static void on_resolved(void *context, int error, struct addrinfo *addresses)
{
    struct upstream *upstream = context;
    upstream->resolve = NULL;
    upstream->addresses = upstream->next = addresses;
    if (error)
        answer_unreachable(upstream, gai_strerror(error));
    else
        try_next(upstream);
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct server *server = server_of(conn);
    struct service *service = server->mode_data;
    struct lifecycle_target target = {&service->attempts, &service->backoff, service->name};
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (!upstream) {
        answer_refuse(conn, WS_E_NO_MEMORY, 0);
        return;
    }
    upstream->conn = conn;
    upstream->server = server;
    upstream->loop = ws_conn_env(conn)->loop;
    upstream->memory = worker_of(conn)->mode_data;
    upstream->request = request;
    upstream->connecting.fd = -1;
    lifecycle_init(&upstream->life, &life_user, server->log, upstream->loop);
    uint32_t wait_ms = lifecycle_ask(&upstream->life, &target);
    if (wait_ms) {
        answer_busy(conn, wait_ms);
        free(upstream);
        return;
    }
    ws_conn_set_user(conn, upstream);
    if (!service->host) {
        const struct sockaddr *address = (const struct sockaddr *)(const void *)&service->local;
        if (!try_address(upstream, address, sizeof service->local))
            answer_unreachable(upstream, strerror(errno));
        return;
    }
    upstream->resolve =
        ws_resolve_start(upstream->loop, service->host, service->port, on_resolved, upstream);
    if (!upstream->resolve)
        answer_unreachable(upstream, "out of memory");
}

/* --- its input --- */

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct upstream *upstream = ws_conn_user(conn);
    (void)event;
    channel_resume(&upstream->channel);
}

static void on_client_close(struct upstream *upstream, const struct ws_event *event)
{
    uint32_t grace_ms = LIFECYCLE_FOREVER; /* the connection ends without us */
    if (event->clean && upstream->got_messages && lifecycle_active(&upstream->life)) {
        upstream->peer_code = event->code;
        ws_conn_defer_close_reply(upstream->conn);
        grace_ms = settings_close_grace_ms(service_of(upstream)->settings, true);
    }
    lifecycle_close_input(&upstream->life, grace_ms);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct upstream *upstream = ws_conn_user(conn);
    if (!upstream)
        return;
    if (event->type == WS_EVENT_CLOSE) {
        on_client_close(upstream, event);
    } else if (event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK) {
        upstream->got_messages = true;
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
    attempts_init(&service->attempts, 0);
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
        attempts_free(&service->attempts);
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
