#include "libws/net/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ACCEPT_BATCH = 64,     /* a wake-up: the connections there are shall have their turn too */
    ACCEPT_PAUSE_MS = 100, /* after the system had no descriptor for us */
    REFUSABLE = 64         /* beyond max_connections these many may hear a polite 503 at a time */
};

struct listener {
    struct listener *next;
    struct ws_server *server;
    struct ws_watch watch;
    char *url;
    char *unix_path; /* removed at the end; NULL for others */
    dev_t unix_dev;
    ino_t unix_ino;
};

struct ws_server {
    struct ws_registry registry; /* first: left() finds the server by it */
    struct ws_loop *loop;
    struct ws_conn_config config;
    struct ws_home home;
    uint64_t last_id;
    struct ws_server_options options;
    struct listener *listeners;
    struct ws_timer accept_again, drain;
    struct ws_task done_task;
    void (*done)(void *user);
    bool shutting_down;
};

static void warn(struct ws_server *server, const char *message)
{
    if (server->options.warn)
        server->options.warn(server->options.user, message);
}

/* --- accepting --- */

static void add(struct ws_server *server, int fd)
{
    const struct ws_server_options *options = &server->options;
    size_t max = options->max_connections;
    if (max && server->registry.count >= max + REFUSABLE) {
        close(fd);
        return;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* harmless on a unix socket */
    struct ws_conn *conn = ws_conn_new(&server->home, fd, NULL);
    if (!conn) {
        warn(server, "a connection was dropped: out of memory");
        close(fd);
        return;
    }
    if (max && server->registry.count >= max)
        conn->refusal = WS_E_TOO_MANY_CONNECTIONS;
    ws_registry_add(&server->registry, conn, ++server->last_id);
    if (options->accepted)
        options->accepted(options->user, conn);
}

static void pause_accepting(struct ws_server *server)
{
    for (struct listener *l = server->listeners; l; l = l->next)
        ws_loop_rewatch(server->loop, &l->watch, 0);
    ws_loop_arm(server->loop, &server->accept_again, ws_loop_now(server->loop) + ACCEPT_PAUSE_MS);
}

static void on_accept_again(struct ws_timer *timer)
{
    struct ws_server *server = ws_container_of(timer, struct ws_server, accept_again);
    for (struct listener *l = server->listeners; l; l = l->next)
        ws_loop_rewatch(server->loop, &l->watch, WS_READABLE);
}

static void on_acceptable(struct ws_watch *watch, unsigned ready)
{
    struct listener *listener = ws_container_of(watch, struct listener, watch);
    struct ws_server *server = listener->server;
    (void)ready;
    for (int i = 0; i < ACCEPT_BATCH && watch->fd >= 0; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            add(server, fd);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        char message[160];
        snprintf(message, sizeof message, "accept: %s; trying again in %d ms", strerror(errno),
                 ACCEPT_PAUSE_MS);
        warn(server, message);
        pause_accepting(server);
        return;
    }
}

/* --- listening --- */

static bool complain(char *error, size_t size, const char *where, const char *what)
{
    snprintf(error, size, "%s: %s", where, what);
    return false;
}

/* Takes over `fd`, listening. */
static bool add_listener(struct ws_server *server, int fd, char *url, const char *unix_path)
{
    struct listener *listener = calloc(1, sizeof *listener);
    struct listener **end = &server->listeners;
    if (!listener || !url)
        goto fail;
    listener->server = server;
    listener->url = url;
    listener->watch.fd = fd;
    listener->watch.ready = on_acceptable;
    if (unix_path) {
        struct stat status;
        listener->unix_path = strdup(unix_path);
        if (!listener->unix_path || stat(unix_path, &status) < 0)
            goto fail;
        listener->unix_dev = status.st_dev;
        listener->unix_ino = status.st_ino;
    }
    if (ws_loop_watch(server->loop, &listener->watch, WS_READABLE) != WS_OK)
        goto fail;
    while (*end)
        end = &(*end)->next;
    *end = listener;
    return true;
fail:
    if (listener)
        free(listener->unix_path);
    free(listener);
    free(url);
    return false;
}

static char *socket_url(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[64], port[8], *url = NULL;
    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return NULL;
    if (address.ss_family == AF_UNIX) {
        struct sockaddr_un un;
        memcpy(&un, &address, sizeof un);
        return asprintf(&url, "ws+unix:%s", un.sun_path) < 0 ? NULL : url;
    }
    if (getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NULL;
    bool v6 = address.ss_family == AF_INET6;
    return asprintf(&url, v6 ? "ws://[%s]:%s/" : "ws://%s:%s/", host, port) < 0 ? NULL : url;
}

/* A socket file that nobody listens on any more is in the way, and nothing else is. */
static void remove_stale(const char *path, const struct sockaddr_un *address)
{
    struct stat status;
    if (stat(path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)(const void *)address, sizeof *address) < 0 &&
        errno == ECONNREFUSED)
        unlink(path);
    close(fd);
}

static bool listen_unix(struct ws_server *server, const char *where, const char *path, char *error,
                        size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) == 0 || strlen(path) >= sizeof address.sun_path)
        return complain(error, size, where, "the path is missing or too long");
    strcpy(address.sun_path, path);
    remove_stale(path, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int backlog = server->options.backlog ? server->options.backlog : SOMAXCONN;
    if (fd < 0 || bind(fd, (struct sockaddr *)(void *)&address, sizeof address) < 0 ||
        listen(fd, backlog) < 0) {
        int number = errno;
        if (fd >= 0)
            close(fd);
        return complain(error, size, where, strerror(number));
    }
    if (!add_listener(server, fd, socket_url(fd), path)) {
        unlink(path);
        close(fd);
        return complain(error, size, where, "out of memory");
    }
    return true;
}

static bool listen_fd(struct ws_server *server, const char *where, const char *digits, char *error,
                      size_t size)
{
    char *end;
    long fd = strtol(digits, &end, 10);
    int listening = 0;
    socklen_t len = sizeof listening;
    if (end == digits || *end || fd < 0 || fd > INT32_MAX ||
        getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening)
        return complain(error, size, where, "not a listening socket");
    fcntl((int)fd, F_SETFL, fcntl((int)fd, F_GETFL) | O_NONBLOCK);
    fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    if (!add_listener(server, (int)fd, socket_url((int)fd), NULL))
        return complain(error, size, where, "out of memory");
    return true;
}

static int open_tcp(const struct addrinfo *address, int backlog)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* past connections' TIME_WAIT */
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, backlog) < 0) {
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

static bool listen_tcp(struct ws_server *server, const char *where, char *error, size_t size)
{
    const char *colon = strrchr(where, ':');
    size_t host_len = colon ? (size_t)(colon - where) : 0;
    char host[256];
    if (!colon || host_len >= sizeof host)
        return complain(error, size, where, "expected ADDRESS:PORT");
    /* getaddrinfo() would take 70000 for 4464. */
    size_t digits = strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > 5 || colon[1 + digits] || atoi(colon + 1) > 65535)
        return complain(error, size, where, "the port is not a number from 0 to 65535");
    bool v6 = host_len >= 2 && where[0] == '[' && where[host_len - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(v6 ? host_len - 2 : host_len), where + (v6 ? 1 : 0));

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses;
    int failure = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &addresses);
    if (failure)
        return complain(error, size, where, gai_strerror(failure));
    int fd = open_tcp(addresses, server->options.backlog ? server->options.backlog : SOMAXCONN);
    int number = errno;
    freeaddrinfo(addresses);
    if (fd < 0)
        return complain(error, size, where, strerror(number));
    if (!add_listener(server, fd, socket_url(fd), NULL)) {
        close(fd);
        return complain(error, size, where, "out of memory");
    }
    return true;
}

bool ws_server_listen(struct ws_server *server, const char *where, char *error, size_t size)
{
    if (strncmp(where, "unix:", 5) == 0)
        return listen_unix(server, where, where + 5, error, size);
    if (strncmp(where, "fd:", 3) == 0)
        return listen_fd(server, where, where + 3, error, size);
    return listen_tcp(server, where, error, size);
}

const char *ws_server_url(const struct ws_server *server, size_t index)
{
    const struct listener *listener = server->listeners;
    while (listener && index-- > 0)
        listener = listener->next;
    return listener ? listener->url : NULL;
}

static void close_listener(struct listener *listener)
{
    struct stat status;
    /* The path may be another server's by now. */
    if (listener->unix_path && stat(listener->unix_path, &status) == 0 &&
        status.st_dev == listener->unix_dev && status.st_ino == listener->unix_ino)
        unlink(listener->unix_path);
    int fd = ws_loop_unwatch(listener->server->loop, &listener->watch);
    if (fd >= 0)
        close(fd);
}

void ws_server_stop_listening(struct ws_server *server)
{
    ws_loop_disarm(server->loop, &server->accept_again);
    for (struct listener *l = server->listeners; l; l = l->next)
        if (l->watch.fd >= 0)
            close_listener(l);
}

/* --- the end --- */

static void on_done(struct ws_task *task)
{
    struct ws_server *server = ws_container_of(task, struct ws_server, done_task);
    if (server->done)
        server->done(server->options.user);
    server->done = NULL;
}

static void on_left(struct ws_registry *registry)
{
    struct ws_server *server = ws_container_of(registry, struct ws_server, registry);
    if (server->shutting_down && registry->count == 0) {
        ws_loop_disarm(server->loop, &server->drain);
        ws_loop_defer(server->loop, &server->done_task);
    }
}

static void abort_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_abort(conn, WS_E_SHUTDOWN);
}

static void on_drained(struct ws_timer *timer)
{
    struct ws_server *server = ws_container_of(timer, struct ws_server, drain);
    ws_registry_each(&server->registry, abort_one, NULL);
}

struct goodbye {
    unsigned code;
    const char *reason;
};

static void say_goodbye(struct ws_conn *conn, void *context)
{
    const struct goodbye *goodbye = context;
    if (conn->end.error == WS_OK)
        conn->end.error = WS_E_SHUTDOWN;
    enum ws_error error = ws_conn_close(conn, goodbye->code, goodbye->reason);
    if (error == WS_E_STATE)
        ws_conn_fail(conn, WS_E_SHUTDOWN);
    else
        ws_conn_resume(conn); /* whoever waited for something else hears of it now */
}

void ws_server_shutdown(struct ws_server *server, unsigned code, const char *reason,
                        uint32_t drain_ms, void (*done)(void *user))
{
    struct goodbye goodbye = {code, reason};
    server->done = done;
    server->shutting_down = true;
    ws_server_stop_listening(server);
    if (server->registry.count == 0) {
        ws_loop_defer(server->loop, &server->done_task);
        return;
    }
    ws_registry_each(&server->registry, say_goodbye, &goodbye);
    ws_loop_arm(server->loop, &server->drain, ws_loop_now(server->loop) + drain_ms);
}

size_t ws_server_count(const struct ws_server *server)
{
    return server->registry.count;
}

struct ws_server *ws_server_new(struct ws_loop *loop, const struct ws_server_options *options)
{
    struct ws_server *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    server->loop = loop;
    server->options = *options;
    server->config = *options->config;
    ws_registry_init(&server->registry);
    server->home = (struct ws_home){
        .loop = loop,
        .config = &server->config,
        .handler = options->handler,
        .user = options->home_user ? options->home_user(options->user, 0, &server->home)
                                   : options->user,
        .registry = &server->registry};
    server->registry.left = on_left;
    server->accept_again.fire = on_accept_again;
    server->drain.fire = on_drained;
    server->done_task.run = on_done;
    return server;
}

void ws_server_free(struct ws_server *server)
{
    if (!server)
        return;
    ws_server_stop_listening(server);
    ws_loop_disarm(server->loop, &server->drain);
    server->shutting_down = false;
    ws_registry_each(&server->registry, abort_one, NULL);
    ws_loop_turn(server->loop, 0);
    for (struct listener *l = server->listeners, *next; l; l = next) {
        next = l->next;
        free(l->url);
        free(l->unix_path);
        free(l);
    }
    ws_registry_free(&server->registry);
    free(server);
}
