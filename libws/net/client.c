#include "libws/net/client.h"

#include "libws/net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    RACERS = 8,         /* addresses tried side by side */
    HEAD_START_MS = 250 /* RFC 8305 section 5 */
};

struct racer {
    struct ws_watch watch;
    struct ws_client *client;
    char name[INET6_ADDRSTRLEN + 10]; /* "[::1]:8080", for messages */
};

struct ws_client {
    struct ws_loop *loop;
    struct ws_client_options options; /* its pointers into the caller's memory point to copies */
    struct ws_url url;
    char **subprotocols;
    struct ws_header *headers;
    struct ws_resolve *resolve;
    struct addrinfo *addresses, *next;
    struct racer racers[RACERS];
    unsigned racing; /* sockets that have not answered */
    unsigned started;
    struct ws_timer deadline, head_start;
    struct ws_task task; /* frees it, or tells of a failure that came before the loop ran */
    bool over;
    int64_t begun_us, resolved_us;
    struct ws_client_times times;
    enum ws_error error; /* the last failure, reported if nothing works out */
    char detail[256];
};

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
    ws_url_free(&client->url);
}

/* Stops everything; the memory goes at the end of the batch, since a racer's event may be in it. */
static void end(struct ws_client *client)
{
    client->over = true;
    if (client->resolve)
        ws_resolve_cancel(client->resolve);
    client->resolve = NULL;
    for (unsigned i = 0; i < client->started; i++) {
        int fd = ws_loop_unwatch(client->loop, &client->racers[i].watch);
        if (fd >= 0)
            close(fd);
    }
    if (client->addresses)
        freeaddrinfo(client->addresses);
    client->addresses = NULL;
    ws_loop_disarm(client->loop, &client->deadline);
    ws_loop_disarm(client->loop, &client->head_start);
    ws_loop_defer(client->loop, &client->task);
}

static void fail(struct ws_client *client)
{
    if (client->over)
        return;
    client->options.failed(client->options.user, client->error, client->detail);
    end(client);
}

__attribute__((format(printf, 3, 4))) static void note(struct ws_client *client,
                                                       enum ws_error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    client->error = error;
    vsnprintf(client->detail, sizeof client->detail, format, args);
    va_end(args);
}

static void on_task(struct ws_task *task)
{
    struct ws_client *client = ws_container_of(task, struct ws_client, task);
    if (!client->over) {
        fail(client);
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

/* --- the race --- */

static void start_next(struct ws_client *client);

/* A socket is connected: the others are dropped, and the upgrade begins. */
static void win(struct racer *racer)
{
    struct ws_client *client = racer->client;
    const struct ws_client_options *options = &client->options;
    int fd = ws_loop_unwatch(client->loop, &racer->watch);
    client->times.connect_us = ws_clock_us() - client->resolved_us;

    struct ws_conn *conn = ws_conn_new(options->home, fd, options->user);
    if (!conn) {
        close(fd);
        note(client, WS_E_NO_MEMORY, "%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        fail(client);
        return;
    }
    struct ws_request_options request = {
        .target = client->url.target,
        .host = client->url.authority,
        .subprotocols = (const char *const *)client->subprotocols,
        .headers = client->headers,
        .header_count = options->header_count,
    };
    enum ws_error error = ws_conn_connect(conn, &request);
    options->connected(options->user, conn);
    if (error != WS_OK)
        ws_conn_abort(conn, error);
    end(client);
}

static void lose(struct racer *racer, int number)
{
    struct ws_client *client = racer->client;
    int fd = ws_loop_unwatch(client->loop, &racer->watch);
    if (fd >= 0)
        close(fd);
    client->racing--;
    note(client, WS_E_CONNECT, "connect %s: %s", racer->name, strerror(number));
    if (client->next)
        start_next(client);
    else if (client->racing == 0)
        ws_loop_defer(client->loop, &client->task);
}

static void on_connected(struct ws_watch *watch, unsigned ready)
{
    struct racer *racer = ws_container_of(watch, struct racer, watch);
    int number = 0;
    socklen_t len = sizeof number;
    (void)ready;
    if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &number, &len) < 0)
        number = errno;
    if (number != 0)
        lose(racer, number);
    else
        win(racer);
}

static void name_address(struct racer *racer, const struct sockaddr *address)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        snprintf(racer->name, sizeof racer->name, "%s:%u", host, ntohs(v4.sin_port));
    } else {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        snprintf(racer->name, sizeof racer->name, "[%s]:%u", host, ntohs(v6.sin6_port));
    }
}

/* Sets one socket off. */
static void race(struct ws_client *client, const struct sockaddr *address, socklen_t len)
{
    struct racer *racer = &client->racers[client->started++];
    racer->client = client;
    racer->watch.ready = on_connected;
    racer->watch.fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    client->racing++;
    if (racer->watch.fd < 0) {
        lose(racer, errno);
        return;
    }
    if (address->sa_family != AF_UNIX) {
        int on = 1;
        setsockopt(racer->watch.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    int result;
    do
        result = connect(racer->watch.fd, address, len);
    while (result < 0 && errno == EINTR);
    if (result < 0 && errno != EINPROGRESS) {
        lose(racer, errno);
        return;
    }
    if (ws_loop_watch(client->loop, &racer->watch, WS_WRITABLE) != WS_OK)
        lose(racer, ENOMEM);
}

static void start_next(struct ws_client *client)
{
    const struct addrinfo *address = client->next;
    client->next = client->started + 1 < RACERS ? address->ai_next : NULL;
    name_address(&client->racers[client->started], address->ai_addr);
    if (client->next)
        ws_loop_arm(client->loop, &client->head_start, ws_loop_now(client->loop) + HEAD_START_MS);
    race(client, address->ai_addr, address->ai_addrlen);
}

static void on_head_start(struct ws_timer *timer)
{
    struct ws_client *client = ws_container_of(timer, struct ws_client, head_start);
    if (client->next)
        start_next(client);
}

static void on_deadline(struct ws_timer *timer)
{
    struct ws_client *client = ws_container_of(timer, struct ws_client, deadline);
    const char *step = client->resolve ? "resolve" : "connect";
    note(client, WS_E_CONNECT_TIMEOUT, "%s %s: no answer within %g s", step, client->url.host,
         client->options.connect_ms / 1000.0);
    fail(client);
}

/* --- the steps before --- */

/* The families take turns, so that one that is broken costs one head start and not many (RFC 8305
 * section 4). */
static struct addrinfo *interleave(struct addrinfo *list)
{
    struct addrinfo *heads[2] = {NULL, NULL}, **tails[2] = {&heads[0], &heads[1]};
    if (!list)
        return NULL;
    int first = list->ai_family;
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        int which = a->ai_family != first;
        *tails[which] = a;
        tails[which] = &a->ai_next;
    }
    *tails[0] = *tails[1] = NULL;
    struct addrinfo *result = NULL, **tail = &result;
    while (heads[0] || heads[1]) {
        for (int i = 0; i < 2; i++) {
            if (!heads[i])
                continue;
            *tail = heads[i];
            tail = &heads[i]->ai_next;
            heads[i] = heads[i]->ai_next;
        }
    }
    *tail = NULL;
    return result;
}

static void on_resolved(void *context, int error, struct addrinfo *addresses)
{
    struct ws_client *client = context;
    client->resolve = NULL;
    client->resolved_us = ws_clock_us();
    client->times.resolve_us = client->resolved_us - client->begun_us;
    if (error != 0 || !addresses) {
        note(client, WS_E_RESOLVE, "resolve %s: %s", client->url.host,
             error ? gai_strerror(error) : "no address");
        fail(client);
        return;
    }
    client->addresses = client->next = interleave(addresses);
    start_next(client);
}

static void start_unix(struct ws_client *client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, client->url.unix_path, sizeof address.sun_path - 1);
    snprintf(client->racers[0].name, sizeof client->racers[0].name, "%.*s",
             (int)sizeof client->racers[0].name - 1, client->url.unix_path);
    client->resolved_us = client->begun_us;
    race(client, (const struct sockaddr *)(const void *)&address, sizeof address);
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
    client->url.secure = url->secure;
    client->url.port = url->port;
    if (!copy_string(&client->url.unix_path, url->unix_path) ||
        !copy_string(&client->url.host, url->host) ||
        !copy_string(&client->url.target, url->target) ||
        !copy_string(&client->url.authority, url->authority))
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
    struct ws_loop *loop = options->home->loop;
    struct ws_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->loop = loop;
    client->task.run = on_task;
    client->deadline.fire = on_deadline;
    client->head_start.fire = on_head_start;
    client->begun_us = ws_clock_us();
    for (int i = 0; i < RACERS; i++)
        client->racers[i].watch.fd = -1;
    if (!copy_options(client, options)) {
        free_copies(client);
        free(client);
        return NULL;
    }
    if (options->connect_ms)
        ws_loop_arm(loop, &client->deadline, ws_loop_now(loop) + options->connect_ms);
    if (client->url.unix_path) {
        start_unix(client);
        return client;
    }
    client->resolve =
        ws_resolve_start(loop, client->url.host, client->url.port, on_resolved, client);
    if (!client->resolve) {
        note(client, WS_E_NO_MEMORY, "resolve %s: no thread or descriptor for it",
             client->url.host);
        ws_loop_defer(loop, &client->task);
    }
    return client;
}
