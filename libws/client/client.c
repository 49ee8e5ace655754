#include "libws/client/client_private.h"

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
    ws_url_free(&client->url);
    ws_client_proxy_free(client);
}

/* Stops everything; the memory goes at the end of the batch, since a racer's event may be in it. */
static void end(struct ws_client *client)
{
    client->over = true;
    if (client->resolve)
        ws_resolve_cancel(client->resolve);
    client->resolve = NULL;
    ws_client_race_end(client);
    ws_client_proxy_end(client);
    ws_loop_disarm(client->loop, &client->deadline);
    ws_loop_defer(client->loop, &client->task);
}

void ws_client_fail(struct ws_client *client)
{
    if (client->over)
        return;
    client->options.failed(client->options.user, client->error, client->detail);
    end(client);
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
    if (!client->over) {
        ws_client_fail(client);
        return;
    }
    free_copies(client);
    free(client);
}

void ws_client_cancel(struct ws_client *client)
{
    if (!client->over)
        end(client);
}

const struct ws_client_times *ws_client_times(const struct ws_client *client)
{
    return &client->times;
}

/* --- the steps after --- */

void ws_client_connected(struct ws_client *client, int fd)
{
    if (!client->proxy) {
        ws_client_upgrade(client, fd);
        return;
    }
    ws_client_race_end(client);
    ws_client_proxy_ask(client, fd);
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
    struct ws_request_options request = {
        .target = client->url.target,
        .host = client->url.authority,
        .subprotocols = (const char *const *)client->subprotocols,
        .headers = client->headers,
        .header_count = options->header_count,
    };
    enum ws_error error = WS_OK;
    if (client->url.secure)
        error = ws_conn_secure(conn, options->tls, client->tls_name);
    if (error == WS_OK)
        error = ws_conn_connect(conn, &request);
    options->connected(options->user, conn);
    if (error != WS_OK)
        ws_conn_abort(conn, error);
    end(client);
}

/* --- the steps before --- */

/* The host whose name is looked up. */
static const char *first_host(const struct ws_client *client)
{
    return client->proxy ? client->proxy->host : client->url.host;
}

static void on_deadline(struct ws_timer *timer)
{
    struct ws_client *client = ws_container_of(timer, struct ws_client, deadline);
    double limit = client->options.connect_ms / 1000.0;
    if (ws_client_proxy_asked(client))
        ws_client_note(client, WS_E_CONNECT_TIMEOUT, "proxy %s: no answer within %g s",
                       client->proxy->name, limit);
    else
        ws_client_note(client, WS_E_CONNECT_TIMEOUT, "%s %s%s: no answer within %g s",
                       client->resolve ? "resolve" : "connect",
                       !client->proxy    ? ""
                       : client->resolve ? "the proxy "
                                         : "to the proxy ",
                       first_host(client), limit);
    ws_client_fail(client);
}

static void on_resolved(void *context, int error, struct addrinfo *addresses)
{
    struct ws_client *client = context;
    client->resolve = NULL;
    client->resolved_us = ws_clock_us();
    client->times.resolve_us = client->resolved_us - client->begun_us;
    if (error != 0 || !addresses) {
        ws_client_note(client, WS_E_RESOLVE, "resolve %s%s: %s", client->proxy ? "the proxy " : "",
                       first_host(client), error ? gai_strerror(error) : "no address");
        ws_client_fail(client);
        return;
    }
    ws_client_race(client, addresses);
}

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
    client->url.secure = url->secure;
    client->url.port = url->port;
    if (!copy_string(&client->url.unix_path, url->unix_path) ||
        !copy_string(&client->url.host, url->host) ||
        !copy_string(&client->url.target, url->target) ||
        !copy_string(&client->url.authority, url->authority) ||
        !copy_string(&client->tls_name, options->tls_name ? options->tls_name : url->host))
        return false;
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
    return true;
}

struct ws_client *ws_client_connect(const struct ws_client_options *options)
{
    struct ws_loop *loop = options->env->loop;
    struct ws_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->loop = loop;
    client->task.run = on_task;
    client->deadline.fire = on_deadline;
    client->begun_us = ws_clock_us();
    for (int i = 0; i < WS_RACERS; i++)
        client->racers[i].watch.fd = -1;
    enum ws_error error = WS_E_NO_MEMORY;
    bool copied = copy_options(client, options);
    if (copied)
        error = options->proxy && !client->url.unix_path
                    ? ws_client_proxy_new(client, options->proxy)
                    : WS_OK;
    if (error == WS_E_NO_MEMORY) {
        free_copies(client);
        free(client);
        return NULL;
    }
    if (options->connect_ms)
        ws_loop_arm(loop, &client->deadline, ws_loop_now(loop) + options->connect_ms);
    if (client->url.unix_path) {
        ws_client_race_unix(client);
        return client;
    }
    if (error != WS_OK) {
        ws_client_note(client, error, "'%s' is no host that a proxy could be asked for",
                       client->url.host);
        ws_loop_defer(loop, &client->task);
        return client;
    }
    client->resolve = ws_resolve_start(loop, first_host(client),
                                       client->proxy ? client->proxy->port : client->url.port,
                                       on_resolved, client);
    if (!client->resolve) {
        ws_client_note(client, WS_E_NO_MEMORY, "resolve %s: no thread or descriptor for it",
                       first_host(client));
        ws_loop_defer(loop, &client->task);
    }
    return client;
}
