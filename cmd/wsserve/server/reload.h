/*
 * reload: SIGHUP: the configuration file, certificates and access rules are read again, and log
 * files reopened. Main thread.
 */
#ifndef CMD_WSSERVE_SERVER_RELOAD_H
#define CMD_WSSERVE_SERVER_RELOAD_H

#include <stdbool.h>

struct options;
struct server;

/* `options` are those of `server->settings`, and must outlive the server. False without memory. */
bool reload_init(struct server *server, const struct options *options);

/* What cannot be read is logged, and stays as it was. */
void reload_all(struct server *server);

/* Frees the settings of all reloads, after everything else. */
void reload_free(struct server *server);

#endif
