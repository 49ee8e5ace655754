/*
 * --proxy: the bytes of a TCP or unix service, as websockify carries them.
 *
 * One connection to the service for each client, made before the upgrade is answered, so that a
 * failure is answered in HTTP. What clients send is written as it comes; each read from the service
 * is a binary message. When one side closes, the other gets the end of its input, and may finish.
 */
#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/bridge/lifecycle.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/request/answer.h"
#include "libws/io/address.h"
#include "libws/io/connector.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* When --handshake-timeout, which limits the whole, is longer. */
enum { CONNECT_TIMEOUT_MS = 10000 };

/* The service; server->mode_data. */
struct service {
    const char *name; /* as it was given */
    const struct settings_process *settings;
    const char *unix_path; /* of a unix socket; NULL: host and port */
    char *host;
    uint16_t port;
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
    struct ws_connector *connector;   /* NULL: not connecting */
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

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct upstream *upstream = ws_conn_user(conn);
    (void)end;
    if (!upstream)
        return;
    ws_conn_set_user(conn, NULL);
    if (upstream->connector)
        ws_connector_cancel(upstream->connector);
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

static const struct channel_user channel_user = {on_ready, on_input, on_end, on_channel_drained,
                                                 on_broken};

/* --- connecting --- */

static void answer_unreachable(struct upstream *upstream, enum ws_error error, const char *why)
{
    log_line(upstream->server->log, WS_LOG_WARNING, ws_conn_id(upstream->conn), "process",
             "cannot reach %s: %s", service_of(upstream)->name, why);
    if (ws_error_info(error)->category == WS_CAT_RESOURCE)
        lifecycle_give_up(&upstream->life);
    else
        lifecycle_fail(&upstream->life);
    answer_refuse(upstream->conn, WS_E_SERVICE_UNREACHABLE, 0);
}

static void on_connected(void *user, int fd)
{
    struct upstream *upstream = user;
    const struct ws_request *request = upstream->request;
    upstream->connector = NULL;
    upstream->channel.user = &channel_user;
    if (channel_open(&upstream->channel, upstream->loop, fd, fd, upstream->memory,
                     ws_conn_env(upstream->conn)->config.high_water) != WS_OK) {
        close(fd);
        answer_unreachable(upstream, WS_E_NO_MEMORY, "out of memory");
        return;
    }
    lifecycle_attach(&upstream->life, &upstream->channel);
    lifecycle_start_service(&upstream->life);
    upstream->request = NULL;
    /* The handshake may have timed out meanwhile, or the server be shutting down. */
    if (ws_session_state(ws_conn_session(upstream->conn)) == WS_STATE_CONNECTING)
        answer_accept(upstream->conn, request);
    else
        lifecycle_abort(&upstream->life);
}

static void on_connect_failed(void *user, enum ws_error error, const char *detail)
{
    struct upstream *upstream = user;
    upstream->connector = NULL;
    answer_unreachable(upstream, error, detail);
}

static void connect_upstream(struct upstream *upstream)
{
    const struct service *service = service_of(upstream);
    const struct ws_connector_options options = {
        .loop = upstream->loop,
        .unix_path = service->unix_path,
        .host = service->host,
        .port = service->port,
        .timeout_ms = CONNECT_TIMEOUT_MS,
        .user = upstream,
        .connected = on_connected,
        .failed = on_connect_failed,
    };
    upstream->connector = ws_connector_start(&options);
    if (!upstream->connector)
        answer_unreachable(upstream, WS_E_NO_MEMORY, "out of memory");
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
    lifecycle_init(&upstream->life, &life_user, server->log, upstream->loop);
    uint32_t wait_ms = lifecycle_ask(&upstream->life, &target);
    if (wait_ms) {
        answer_busy(conn, wait_ms, upstream->life.full);
        free(upstream);
        return;
    }
    ws_conn_set_user(conn, upstream);
    connect_upstream(upstream);
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
    if (!service) {
        exit_warn("out of memory");
        return false;
    }
    attempts_init(&service->attempts, 0);
    service->name = name;
    service->settings = &server->settings->process;
    if (strncmp(name, "unix:", 5) == 0) {
        service->unix_path = name + 5;
    } else {
        struct ws_host_port where; /* settings have checked it */
        ws_host_port_parse((struct ws_str){name + 4, strlen(name + 4)}, &where);
        service->host = strndup(where.host.p, where.host.len);
        service->port = where.port;
    }
    bool good = service->unix_path || service->host;
    for (unsigned i = 0; good && i < server->worker_count; i++)
        good = (server->workers[i].mode_data = malloc(CHANNEL_READ_SIZE)) != NULL;
    if (!good)
        exit_warn("out of memory");
    return good;
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
