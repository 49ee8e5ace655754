#include "libws/client/client_private.h"

#include "libws/conn/conn_owner.h"
#include "libws/http2/http2.h"
#include "libws/io/address.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the end of it --- */

static void free_copies(struct ws_client *client)
{
    for (char **p = client->subprotocols; p && *p; p++)
        free(*p);
    free(client->subprotocols);
    for (size_t i = 0; client->headers && i < client->options.header_count; i++) {
        free((char *)(uintptr_t)client->headers[i].name);
        free((char *)(uintptr_t)client->headers[i].value);
    }
    free(client->headers);
    free(client->tls_name);
    free(client->address);
    ws_url_free(&client->url);
    ws_client_proxy_free(client);
}

/* Stops everything. Memory goes at the end of the batch, which may still have an event of it. */
static void finish(struct ws_client *client)
{
    client->finished = true;
    if (client->connector)
        ws_connector_cancel(client->connector);
    client->connector = NULL;
    ws_client_proxy_end(client);
    ws_loop_disarm(client->loop, &client->deadline);
    ws_loop_defer(client->loop, &client->task);
}

void ws_client_fail(struct ws_client *client)
{
    if (client->finished)
        return;
    if (client->options.failed)
        client->options.failed(client->options.user, client->error, client->detail);
    finish(client);
}

void ws_client_note(struct ws_client *client, enum ws_error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    client->error = error;
    vsnprintf(client->detail, sizeof client->detail, format, args);
    va_end(args);
}

static void on_task(struct ws_deferred *task)
{
    struct ws_client *client = ws_container_of(task, struct ws_client, task);
    if (!client->finished) {
        ws_client_fail(client);
        return;
    }
    free_copies(client);
    free(client);
}

void ws_client_cancel(struct ws_client *client)
{
    if (!client->finished)
        finish(client);
}

const struct ws_client_times *ws_client_times(const struct ws_client *client)
{
    return &client->times;
}

/* --- once connected --- */

/* Sends the request, to be answered by `deadline_ms`; 0: no limit. */
static enum ws_error ask(struct ws_conn *conn, const struct ws_client_options *options,
                         int64_t deadline_ms)
{
    const struct ws_request_options request = {
        .target = options->url->target,
        .host = options->url->authority,
        .subprotocols = options->subprotocols,
        .headers = options->headers,
        .header_count = options->header_count,
    };
    enum ws_error error = ws_conn_connect(conn, &request);
    if (deadline_ms)
        ws_conn_limit_handshake(conn, deadline_ms);
    return error;
}

void ws_client_upgrade(struct ws_client *client, int fd)
{
    const struct ws_client_options *options = &client->options;
    struct ws_conn *conn = ws_conn_new(options->env, fd, options->user);
    if (!conn) {
        close(fd);
        ws_client_note(client, WS_E_NO_MEMORY, "%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        ws_client_fail(client);
        return;
    }
    enum ws_error error = WS_OK;
    if (client->url.secure)
        error = ws_conn_secure(conn, options->tls, client->tls_name);
    else if (options->http2_prior)
        ws_conn_use_http2(conn);
    if (error == WS_OK)
        error = ask(conn, options, client->deadline_ms);
    if (options->connected)
        options->connected(options->user, conn);
    if (error != WS_OK)
        ws_conn_abort(conn, error);
    finish(client);
}

enum ws_error ws_client_may_join(const struct ws_conn *beside)
{
    return ws_conn_may_share(beside);
}

enum ws_error ws_client_join(const struct ws_client_options *options, struct ws_conn *beside,
                             struct ws_conn **conn)
{
    int64_t now_ms = ws_loop_now(options->env->loop);
    enum ws_error error = ws_conn_new_beside(beside, options->env, options->user, conn);
    if (error != WS_OK)
        return error;
    error = ask(*conn, options, options->connect_ms ? now_ms + options->connect_ms : 0);
    if (error != WS_OK)
        ws_conn_abort(*conn, error);
    return WS_OK;
}

/* --- connecting --- */

static void take_times(struct ws_client *client)
{
    const struct ws_connector_times *times = ws_connector_times(client->connector);
    client->times.resolve_us = times->resolve_us;
    client->times.connect_us = times->connect_us;
    client->connector = NULL;
}

static void on_connected(void *user, int fd)
{
    struct ws_client *client = user;
    take_times(client);
    if (!client->proxy) {
        ws_client_upgrade(client, fd);
        return;
    }
    if (client->deadline_ms)
        ws_loop_arm(client->loop, &client->deadline, client->deadline_ms);
    ws_client_proxy_ask(client, fd);
}

static void on_failed(void *user, enum ws_error error, const char *detail)
{
    struct ws_client *client = user;
    take_times(client);
    ws_client_note(client, error, "%s", detail);
    ws_client_fail(client);
}

static void on_deadline(struct ws_timer *timer)
{
    struct ws_client *client = ws_container_of(timer, struct ws_client, deadline);
    ws_client_note(client, WS_E_CONNECT_TIMEOUT, "proxy %s: no answer within %g s",
                   client->proxy->name, client->options.connect_ms / 1000.0);
    ws_client_fail(client);
}

static bool start_connector(struct ws_client *client)
{
    const struct ws_connector_options options = {
        .loop = client->loop,
        .unix_path = client->url.unix_path,
        .host = client->proxy     ? client->proxy->host
                : client->address ? client->address
                                  : client->url.host,
        .port = client->proxy ? client->proxy->port : client->url.port,
        .family = client->options.family,
        .local = &client->local,
        .interface = client->interface,
        .timeout_ms = client->options.connect_ms,
        .label = client->proxy ? "the proxy" : NULL,
        .user = client,
        .connected = on_connected,
        .failed = on_failed,
    };
    client->connector = ws_connector_start(&options);
    return client->connector != NULL;
}

/* --- the beginning --- */

static bool copy_string(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

static bool copy_options(struct ws_client *client, const struct ws_client_options *options)
{
    const struct ws_url *url = options->url;
    size_t count = 0;
    client->options = *options;
    client->options.proxy = NULL;
    client->options.url = &client->url;
    client->url.secure = url->secure;
    client->url.port = url->port;
    if (!copy_string(&client->url.unix_path, url->unix_path) ||
        !copy_string(&client->url.host, url->host) ||
        !copy_string(&client->url.target, url->target) ||
        !copy_string(&client->url.authority, url->authority) ||
        !copy_string(&client->address, options->address) ||
        !copy_string(&client->tls_name, options->tls_name ? options->tls_name : url->host))
        return false;
    client->tls_name[strcspn(client->tls_name, "%")] = '\0'; /* no certificate has a zone */
    while (options->subprotocols && options->subprotocols[count])
        count++;
    client->subprotocols = calloc(count + 1, sizeof *client->subprotocols);
    client->headers = calloc(options->header_count + 1, sizeof *client->headers);
    if (!client->subprotocols || !client->headers)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!copy_string(&client->subprotocols[i], options->subprotocols[i]))
            return false;
    for (size_t i = 0; i < options->header_count; i++) {
        char *name = NULL, *value = NULL;
        bool copied = copy_string(&name, options->headers[i].name) &&
                      copy_string(&value, options->headers[i].value);
        client->headers[i] = (struct ws_header){name, value};
        if (!copied)
            return false;
    }
    client->options.subprotocols = (const char *const *)client->subprotocols;
    client->options.headers = client->headers;
    return true;
}

static bool read_local_address(struct ws_client *client, const char *text)
{
    struct ws_address address;
    if (!text)
        return true;
    if (ws_address_parse((struct ws_str){text, strlen(text)}, &address))
        ws_address_to_socket(&address, &client->local);
    else if (if_nametoindex(text) != 0 && strlen(text) < sizeof client->interface)
        memcpy(client->interface, text, strlen(text) + 1);
    else
        return false;
    return true;
}

/* Copies the options and starts the first step. On failure there is nothing to free but what was
 * copied; WS_E_ARGUMENT has its detail. */
static enum ws_error start(struct ws_client *client, const struct ws_client_options *options)
{
    if (!copy_options(client, options))
        return WS_E_NO_MEMORY;
    if (!read_local_address(client, options->local_address)) {
        ws_client_note(client, WS_E_ARGUMENT, "'%s' is neither an address nor an interface",
                       options->local_address);
        return WS_E_ARGUMENT;
    }
    if (client->url.secure && !options->tls) {
        ws_client_note(client, WS_E_ARGUMENT, "a wss URL needs a TLS context");
        return WS_E_ARGUMENT;
    }
    if (options->http2_prior && !client->url.secure && !ws_http2_supported()) {
        ws_client_note(client, WS_E_ARGUMENT, "this library was built without HTTP/2");
        return WS_E_ARGUMENT;
    }
    if (options->proxy && !client->url.unix_path) {
        enum ws_error error = ws_client_proxy_new(client, options->proxy);
        if (error == WS_E_ARGUMENT)
            ws_client_note(client, error, "'%s' is no host that a proxy could be asked for",
                           client->url.host);
        if (error != WS_OK)
            return error;
    }
    return start_connector(client) ? WS_OK : WS_E_NO_MEMORY;
}

struct ws_client *ws_client_connect(const struct ws_client_options *options)
{
    struct ws_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->loop = options->env->loop;
    client->task.run = on_task;
    client->deadline.fire = on_deadline;
    if (options->connect_ms)
        client->deadline_ms = ws_loop_now(client->loop) + options->connect_ms;
    switch (start(client, options)) {
    case WS_OK:
        return client;
    case WS_E_ARGUMENT:
        ws_loop_defer(client->loop, &client->task); /* reports it from the loop */
        return client;
    default:
        free_copies(client);
        free(client);
        return NULL;
    }
}
