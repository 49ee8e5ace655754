#include "libws/io/listener.h"

#include "libws/io/address.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct ws_listener *report(char *error, size_t size, const char *where, const char *what)
{
    snprintf(error, size, "%s: %s", where, what);
    return NULL;
}

static char *socket_url(int fd, bool secure)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[64], port[8], authority[80], *url = NULL;
    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return NULL;
    if (address.ss_family == AF_UNIX) {
        struct sockaddr_un un;
        memcpy(&un, &address, sizeof un);
        return asprintf(&url, "%s+unix:%s", secure ? "wss" : "ws", un.sun_path) < 0 ? NULL : url;
    }
    if (getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NULL;
    ws_host_port_format(host, atoi(port), authority, sizeof authority);
    return asprintf(&url, "%s://%s/", secure ? "wss" : "ws", authority) < 0 ? NULL : url;
}

/* Takes over `fd`, which listens; not on failure. */
static struct ws_listener *make(int fd, const char *unix_path, bool secure)
{
    struct ws_listener *listener = calloc(1, sizeof *listener);
    int on = 1;
    if (!listener)
        return NULL;
    listener->url = socket_url(fd, secure);
    bool fine = listener->url != NULL;
    if (unix_path) {
        struct stat status;
        listener->unix_path = strdup(unix_path);
        fine = fine && listener->unix_path && stat(unix_path, &status) == 0;
        if (fine) {
            listener->unix_dev = status.st_dev;
            listener->unix_ino = status.st_ino;
        }
    }
    if (!fine) {
        free(listener->url);
        free(listener->unix_path);
        free(listener);
        return NULL;
    }
    /* What is accepted inherits it. Harmless on a unix socket. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    listener->watch.fd = fd;
    return listener;
}

/* Only one server at a time may look whether a socket is stale, replace it and listen: another
 * would take one that is bound and does not listen yet for stale. The lock is on the folder, so
 * nothing is left of it, and ends with the descriptor. -1: it cannot be had; another holder of it
 * keeps us waiting for LOCK_WAIT_MS at most. */
static int lock_folder(const char *path)
{
    enum { LOCK_WAIT_MS = 3000, LOCK_LOOK_MS = 10 };
    const char *slash = strrchr(path, '/');
    char folder[sizeof((struct sockaddr_un *)0)->sun_path] = ".";
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int waited_ms = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
         waited_ms += LOCK_LOOK_MS) {
        if (waited_ms >= LOCK_WAIT_MS || (errno != EWOULDBLOCK && errno != EINTR)) {
            close(fd);
            return -1;
        }
        usleep(LOCK_LOOK_MS * 1000);
    }
    return fd;
}

/* Removes a socket file whose server is gone; no other file. */
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

/* The socket's own mode limits what bind() gives the path; afterwards it may be more than the umask
 * would leave. No client can connect before listen(). */
static bool bind_unix(int fd, const struct sockaddr_un *address, int mode)
{
    if (mode >= 0 && fchmod(fd, (mode_t)mode) < 0)
        return false;
    if (bind(fd, (const struct sockaddr *)(const void *)address, sizeof *address) < 0)
        return false;
    return mode < 0 || chmod(address->sun_path, (mode_t)mode) == 0;
}

static const char path_unfit[] = "the path is missing or too long";

static bool fits_unix(const char *path)
{
    return path[0] && strlen(path) < sizeof((struct sockaddr_un *)0)->sun_path;
}

static struct ws_listener *listen_unix(const char *where, const char *path, int backlog, int mode,
                                       bool secure, char *error, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    if (!fits_unix(path))
        return report(error, size, where, path_unfit);
    if (stat(path, &status) == 0 && !S_ISSOCK(status.st_mode))
        return report(error, size, where, "there is a file of that name that is no socket");
    strcpy(address.sun_path, path);
    int lock = lock_folder(path);
    remove_stale(path, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool bound = fd >= 0 && bind_unix(fd, &address, mode);
    int number = bound && listen(fd, backlog) == 0 ? 0 : errno;
    if (lock >= 0)
        close(lock);
    if (number) {
        if (bound)
            unlink(path);
        if (fd >= 0)
            close(fd);
        return report(error, size, where, strerror(number));
    }
    struct ws_listener *listener = make(fd, path, secure);
    if (!listener) {
        unlink(path);
        close(fd);
        return report(error, size, where, "out of memory");
    }
    return listener;
}

/* -1: it is no number of a descriptor. */
static int read_fd(const char *digits)
{
    char *end;
    long fd = strtol(digits, &end, 10);
    return *digits < '0' || *digits > '9' || *end || fd > INT32_MAX ? -1 : (int)fd;
}

static struct ws_listener *listen_fd(const char *where, const char *digits, bool secure,
                                     char *error, size_t size)
{
    int fd = read_fd(digits), listening = 0;
    socklen_t len = sizeof listening;
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening)
        return report(error, size, where, "not a listening socket");
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    struct ws_listener *listener = make(fd, NULL, secure);
    return listener ? listener : report(error, size, where, "out of memory");
}

static int open_tcp(const struct addrinfo *address, int backlog, bool ipv6_only)
{
    int on = 1, only = ipv6_only;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* past connections' TIME_WAIT */
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, backlog) < 0) {
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

enum { HOST_MAX = 256 };

/* An IPv6 address has brackets before its port, and a name has no colon. */
static bool split_tcp(const char *where, struct ws_host_port *split, char *error, size_t size)
{
    enum ws_host_port_error wrong =
        ws_host_port_parse((struct ws_str){where, strlen(where)}, split);
    bool colons = memchr(split->host.p, ':', split->host.len) != NULL;
    if (wrong == WS_HOST_PORT_PORT)
        report(error, size, where, "the port is not a number from 0 to 65535");
    else if (colons && !split->bracketed)
        report(error, size, where, "an IPv6 address takes brackets: [ADDRESS]:PORT");
    else if (wrong != WS_HOST_PORT_OK || !split->has_port || split->host.len >= HOST_MAX ||
             split->bracketed != colons)
        report(error, size, where, "expected ADDRESS:PORT, as in 127.0.0.1:8080");
    else
        return true;
    return false;
}

/* Does one of them listen on an IPv4 address, or on all, with that port? */
static bool takes_ipv4(const struct ws_listener *listener, uint16_t port)
{
    for (; listener; listener = listener->next) {
        struct ws_address own;
        char text[WS_ADDRESS_TEXT];
        ws_address_of_socket(listener->watch.fd, &own);
        if (own.port == port && own.kind == WS_ADDRESS_IP &&
            !strchr(ws_address_format(&own, text), ':'))
            return true;
    }
    return false;
}

static struct ws_listener *listen_tcp(const char *where, const struct ws_listener *others,
                                      int backlog, bool secure, char *error, size_t size)
{
    struct ws_host_port split;
    char host[HOST_MAX], port[8];
    if (!split_tcp(where, &split, error, size))
        return NULL;
    snprintf(host, sizeof host, "%.*s", (int)split.host.len, split.host.p);
    snprintf(port, sizeof port, "%u", split.port);

    /* Listening on all addresses must be asked for, as 0.0.0.0 or [::]. */
    if (!host[0])
        strcpy(host, "127.0.0.1");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses;
    int failure = getaddrinfo(host, port, &hints, &addresses);
    if (failure)
        return report(error, size, where, gai_strerror(failure));
    int fd = open_tcp(addresses, backlog, takes_ipv4(others, split.port));
    int number = errno;
    freeaddrinfo(addresses);
    if (fd < 0 && number == EAFNOSUPPORT && strcmp(host, "::") == 0) {
        char everywhere[sizeof "0.0.0.0:65535"];
        snprintf(everywhere, sizeof everywhere, "0.0.0.0:%u", split.port);
        return listen_tcp(everywhere, others, backlog, secure, error, size);
    }
    if (fd < 0)
        return report(error, size, where, strerror(number));
    struct ws_listener *listener = make(fd, NULL, secure);
    if (!listener) {
        close(fd);
        return report(error, size, where, "out of memory");
    }
    return listener;
}

bool ws_listener_check(const char *where, char *error, size_t size)
{
    struct ws_host_port split;
    if (strncmp(where, "unix:", 5) == 0)
        return fits_unix(where + 5) || report(error, size, where, path_unfit);
    if (strncmp(where, "fd:", 3) == 0)
        return read_fd(where + 3) >= 0 || report(error, size, where, "not a descriptor's number");
    return split_tcp(where, &split, error, size);
}

struct ws_listener *ws_listener_open(const char *where, const struct ws_listener *others,
                                     int backlog, int socket_mode, bool secure, char *error,
                                     size_t size)
{
    if (backlog == 0)
        backlog = SOMAXCONN;
    if (strncmp(where, "unix:", 5) == 0)
        return listen_unix(where, where + 5, backlog, socket_mode, secure, error, size);
    if (strncmp(where, "fd:", 3) == 0)
        return listen_fd(where, where + 3, secure, error, size);
    return listen_tcp(where, others, backlog, secure, error, size);
}

void ws_listener_close(struct ws_listener *listener)
{
    struct stat status;
    int fd = listener->watch.fd;
    if (fd < 0)
        return;
    /* The path may have become another server's. */
    if (listener->unix_path && stat(listener->unix_path, &status) == 0 &&
        status.st_dev == listener->unix_dev && status.st_ino == listener->unix_ino)
        unlink(listener->unix_path);
    listener->watch.fd = -1;
    close(fd);
}

void ws_listener_free(struct ws_listener *listener)
{
    if (!listener)
        return;
    ws_listener_close(listener);
    free(listener->url);
    free(listener->unix_path);
    free(listener);
}
