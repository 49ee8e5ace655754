#include "libws/io/connector.h"

#include "libws/io/address.h"
#include "libws/io/resolve.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CONNECTION_ATTEMPT_DELAY_MS = 250, /* RFC 8305 section 5 */
    ATTEMPTS_MAX = 8,                  /* addresses that are tried */
};

struct attempt {
    struct ws_watch watch;
    struct ws_connector *connector;
    char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 1]; /* "[::1]:8080", for messages */
};

struct ws_connector {
    struct ws_connector_options options; /* its strings are copies */
    char *unix_path, *host, *label;
    struct sockaddr_storage local; /* ss_family 0: any */
    char interface[IF_NAMESIZE];   /* "": any */
    struct ws_resolve *resolve;
    struct addrinfo *addresses, *next;
    struct attempt attempts[ATTEMPTS_MAX];
    unsigned started, pending; /* attempts; sockets that have not answered */
    struct ws_timer deadline, attempt_delay;
    struct ws_deferred task; /* frees it, or reports a failure from the loop */
    bool finished;
    int64_t started_us, resolved_us;
    struct ws_connector_times times;
    enum ws_error error; /* the last failure, reported if no attempt succeeds */
    char detail[512];
};

static void start_next(struct ws_connector *c);

/* --- the end --- */

static void release(struct ws_connector *c)
{
    free(c->unix_path);
    free(c->host);
    free(c->label);
    free(c);
}

/* Stops everything. Memory goes at the end of the batch: an attempt's event may still be in it. */
static void finish(struct ws_connector *c)
{
    c->finished = true;
    if (c->resolve)
        ws_resolve_cancel(c->resolve);
    c->resolve = NULL;
    for (unsigned i = 0; i < c->started; i++) {
        int fd = ws_loop_unwatch(c->options.loop, &c->attempts[i].watch);
        if (fd >= 0)
            close(fd);
    }
    if (c->addresses)
        freeaddrinfo(c->addresses);
    c->addresses = c->next = NULL;
    ws_loop_disarm(c->options.loop, &c->attempt_delay);
    ws_loop_disarm(c->options.loop, &c->deadline);
    ws_loop_defer(c->options.loop, &c->task);
}

static void report_failure(struct ws_connector *c)
{
    finish(c);
    c->options.failed(c->options.user, c->error, c->detail);
}

static void on_task(struct ws_deferred *task)
{
    struct ws_connector *c = ws_container_of(task, struct ws_connector, task);
    if (c->finished)
        release(c);
    else
        report_failure(c);
}

void ws_connector_cancel(struct ws_connector *c)
{
    if (!c->finished)
        finish(c);
}

const struct ws_connector_times *ws_connector_times(const struct ws_connector *c)
{
    return &c->times;
}

__attribute__((format(printf, 3, 4))) static void note(struct ws_connector *c, enum ws_error error,
                                                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    c->error = error;
    vsnprintf(c->detail, sizeof c->detail, format, args);
    va_end(args);
}

/* --- one attempt --- */

static void attempt_succeeded(struct attempt *attempt)
{
    struct ws_connector *c = attempt->connector;
    int fd = ws_loop_unwatch(c->options.loop, &attempt->watch);
    c->times.connect_us = ws_clock_us() - c->resolved_us;
    finish(c);
    c->options.connected(c->options.user, fd);
}

static void attempt_failed(struct attempt *attempt, int number)
{
    struct ws_connector *c = attempt->connector;
    int fd = ws_loop_unwatch(c->options.loop, &attempt->watch);
    if (fd >= 0)
        close(fd);
    c->pending--;
    note(c, number == EMFILE || number == ENFILE ? WS_E_NO_DESCRIPTORS : WS_E_CONNECT,
         "connect %s%s%s%s: %s", c->label ? "to " : "", c->label ? c->label : "",
         c->label ? " " : "", attempt->name, strerror(number));
    if (c->next)
        start_next(c);
    else if (c->pending == 0)
        ws_loop_defer(c->options.loop, &c->task);
}

static void on_writable(struct ws_watch *watch, unsigned ready)
{
    struct attempt *attempt = ws_container_of(watch, struct attempt, watch);
    int number = 0;
    socklen_t len = sizeof number;
    (void)ready;
    if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &number, &len) < 0)
        number = errno;
    if (number != 0)
        attempt_failed(attempt, number);
    else
        attempt_succeeded(attempt);
}

static socklen_t local_len(const struct ws_connector *c)
{
    return c->local.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void attempt_connection(struct attempt *attempt, const struct sockaddr *address,
                               socklen_t len)
{
    struct ws_connector *c = attempt->connector;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    attempt->watch = (struct ws_watch){.fd = fd, .ready = on_writable};
    c->pending++;
    if (fd < 0) {
        attempt_failed(attempt, errno);
        return;
    }
    int on = 1;
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int result = 0;
    if (c->local.ss_family && address->sa_family != AF_UNIX)
        result = bind(fd, (const struct sockaddr *)&c->local, local_len(c));
    if (c->interface[0] && address->sa_family != AF_UNIX)
        result = setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, c->interface,
                            (socklen_t)strlen(c->interface));
    if (result < 0) {
        attempt_failed(attempt, errno);
        return;
    }
    do
        result = connect(fd, address, len);
    while (result < 0 && errno == EINTR);
    if (result < 0 && errno != EINPROGRESS) {
        attempt_failed(attempt, errno);
        return;
    }
    if (ws_loop_watch(c->options.loop, &attempt->watch, WS_WRITABLE) != WS_OK)
        attempt_failed(attempt, ENOMEM);
}

static struct attempt *new_attempt(struct ws_connector *c)
{
    struct attempt *attempt = &c->attempts[c->started++];
    attempt->connector = c;
    return attempt;
}

/* --- which address, and when --- */

static void start_next(struct ws_connector *c)
{
    const struct addrinfo *address = c->next;
    struct attempt *attempt = new_attempt(c);
    c->next = c->started < ATTEMPTS_MAX ? address->ai_next : NULL;
    ws_socket_address_format(address->ai_addr, attempt->name, sizeof attempt->name);
    if (c->next)
        ws_loop_arm(c->options.loop, &c->attempt_delay,
                    ws_loop_now(c->options.loop) + CONNECTION_ATTEMPT_DELAY_MS);
    attempt_connection(attempt, address->ai_addr, address->ai_addrlen);
}

static void on_attempt_delay(struct ws_timer *timer)
{
    struct ws_connector *c = ws_container_of(timer, struct ws_connector, attempt_delay);
    if (c->next)
        start_next(c);
}

/* Alternates the families, so that a broken one costs one delay and not many (RFC 8305 section 4).
 */
static struct addrinfo *interleave(struct addrinfo *list)
{
    struct addrinfo *heads[2] = {NULL, NULL}, **tails[2] = {&heads[0], &heads[1]};
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

/* Keeps the addresses of the family that was asked for, or that the local address has. */
static struct addrinfo *of_family(struct addrinfo *list, int family)
{
    struct addrinfo *kept = NULL, **tail = &kept;
    for (struct addrinfo *next; list; list = next) {
        next = list->ai_next;
        list->ai_next = NULL;
        if (list->ai_family == family) {
            *tail = list;
            tail = &list->ai_next;
        } else {
            freeaddrinfo(list);
        }
    }
    return kept;
}

static void on_resolved(void *user, int error, struct addrinfo *addresses)
{
    struct ws_connector *c = user;
    c->resolve = NULL;
    c->resolved_us = ws_clock_us();
    c->times.resolve_us = c->resolved_us - c->started_us;
    int family = c->local.ss_family ? c->local.ss_family : c->options.family;
    if (family && error == 0)
        addresses = of_family(addresses, family);
    if (error != 0 || !addresses) {
        note(c, WS_E_RESOLVE, "resolve %s%s%s: %s", c->label ? c->label : "", c->label ? " " : "",
             c->host,
             error                ? gai_strerror(error)
             : family == AF_INET  ? "it has no IPv4 address"
             : family == AF_INET6 ? "it has no IPv6 address"
                                  : "no address");
        report_failure(c);
        return;
    }
    c->addresses = c->next = interleave(addresses);
    start_next(c);
}

static void on_deadline(struct ws_timer *timer)
{
    struct ws_connector *c = ws_container_of(timer, struct ws_connector, deadline);
    note(c, WS_E_CONNECT_TIMEOUT, "%s %s%s%s: no answer within %g s",
         c->resolve ? "resolve"
         : c->label ? "connect to"
                    : "connect",
         c->label ? c->label : "", c->label ? " " : "", c->host ? c->host : c->unix_path,
         c->options.timeout_ms / 1000.0);
    report_failure(c);
}

/* --- the beginning --- */

static bool copy_string(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

static void start_unix(struct ws_connector *c)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct attempt *attempt = new_attempt(c);
    strncpy(address.sun_path, c->unix_path, sizeof address.sun_path - 1);
    snprintf(attempt->name, sizeof attempt->name, "%s", address.sun_path);
    c->resolved_us = c->started_us;
    attempt_connection(attempt, (const struct sockaddr *)(const void *)&address, sizeof address);
}

static void start_name(struct ws_connector *c)
{
    c->resolve = ws_resolve_start(c->options.loop, c->host, c->options.port, on_resolved, c);
    if (c->resolve)
        return;
    note(c, WS_E_NO_MEMORY, "resolve %s: no thread or descriptor for it", c->host);
    ws_loop_defer(c->options.loop, &c->task);
}

struct ws_connector *ws_connector_start(const struct ws_connector_options *options)
{
    struct ws_connector *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->options = *options;
    c->task.run = on_task;
    c->deadline.fire = on_deadline;
    c->attempt_delay.fire = on_attempt_delay;
    c->started_us = ws_clock_us();
    if (options->local)
        c->local = *options->local;
    if (options->interface)
        snprintf(c->interface, sizeof c->interface, "%s", options->interface);
    if (!copy_string(&c->unix_path, options->unix_path) || !copy_string(&c->host, options->host) ||
        !copy_string(&c->label, options->label)) {
        release(c);
        return NULL;
    }
    if (options->timeout_ms)
        ws_loop_arm(options->loop, &c->deadline, ws_loop_now(options->loop) + options->timeout_ms);
    if (options->unix_path)
        start_unix(c);
    else
        start_name(c);
    return c;
}
