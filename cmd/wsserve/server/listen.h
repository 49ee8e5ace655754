/*
 * listen: the sockets that the server listens on: of the options, or passed on by systemd. Main
 * thread.
 */
#ifndef CMD_WSSERVE_SERVER_LISTEN_H
#define CMD_WSSERVE_SERVER_LISTEN_H

#include <stdbool.h>

struct server;

/* The number of sockets that systemd, or another parent, passed to this process from descriptor 3
 * on (sd_listen_fds(3)). Removes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES from the environment:
 * called once, before there are threads. */
int listen_inherited_count(void);

/* Listens on `inherited` sockets and on the addresses of the settings. False after a message. */
bool listen_all(struct server *server, int inherited);

/* Logs the URLs, and writes them where --announce says. False after a message. */
bool listen_announce(const struct server *server);

#endif
