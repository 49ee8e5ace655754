/*
 * listener: a listening socket: opened from its textual form, with a URL for messages.
 *
 * TCP sockets, unix sockets, and inherited ones that the parent process opened. Used by server,
 * which watches and accepts. One thread's.
 */
#ifndef LIBWS_IO_LISTENER_H
#define LIBWS_IO_LISTENER_H

#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct ws_listener {
    struct ws_listener *next; /* server's */
    void *owner;              /* server's */
    struct ws_watch watch;    /* its fd is the socket, non-blocking */
    char *url;                /* as a client would type it: "ws://127.0.0.1:8080/" */
    char *unix_path;          /* removed at the end; NULL for others */
    dev_t unix_dev;
    ino_t unix_ino;
};

/* Can `where` be read as one of the forms below? Nothing is looked up or opened. False with one
 * line in `error`, cut to `size` bytes. */
bool ws_listener_check(const char *where, char *error, size_t size);

/*
 * Listens on `where`: "ADDRESS:PORT" (port 0: any that is free; no address: loopback),
 * "[ADDRESS]:PORT", "unix:PATH" (a stale socket is replaced), or "fd:N", a descriptor that listens
 * already and that belongs to the listener from here on. "[::]" takes IPv4 too (as ::ffff:0:0/96),
 * unless one of `others`, a list or NULL, is an IPv4 address with the same port; where the machine
 * has no IPv6 it is 0.0.0.0. `backlog` 0: the system's own. `socket_mode` is the file mode of a
 * unix socket, -1: by the umask; no client can connect before it is set. `secure`: its URL is wss.
 * NULL with one line in `error`, such as "127.0.0.1:80: Permission denied", cut to `size` bytes
 * with its NUL. A port in use is an error.
 */
struct ws_listener *ws_listener_open(const char *where, const struct ws_listener *others,
                                     int backlog, int socket_mode, bool secure, char *error,
                                     size_t size);

/* Closes the socket and removes its path, if that is still this socket; once. It must not be
 * watched any more. The URL stays. */
void ws_listener_close(struct ws_listener *listener);

/* Closes it too. NULL is allowed. */
void ws_listener_free(struct ws_listener *listener);

#endif
