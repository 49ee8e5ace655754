/*
 * admin: the address of its own for health, metrics and /connections (--admin).
 *
 * A second server on the first loop, without WebSockets. Whoever drains or sheds still answers
 * there. Called by serve.c.
 */
#ifndef CMD_WSSERVE_HTTP_ADMIN_H
#define CMD_WSSERVE_HTTP_ADMIN_H

#include <stdbool.h>

struct serve;

/* Listens, if it was asked for. False when it cannot, and has said why. */
bool admin_start(struct serve *serve);

/* After the server itself has been freed. */
void admin_stop(struct serve *serve);

#endif
