/*
 * admin: a separate address for health, metrics and /connections (--admin).
 *
 * A second server on the first loop, without WebSockets. It answers while the server itself drains
 * or sheds load. Main thread.
 */
#ifndef CMD_WSSERVE_HTTP_ADMIN_H
#define CMD_WSSERVE_HTTP_ADMIN_H

#include <stdbool.h>

struct server;

/* Listens, if --admin was given. False after a message: it cannot; admin_stop() it in any case. */
bool admin_start(struct server *server);

/* After the server itself has been freed. */
void admin_stop(struct server *server);

/* The URL that it listens on, or NULL. */
const char *admin_url(const struct server *server);

#endif
