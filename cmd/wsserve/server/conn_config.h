/*
 * conn_config: the config of the server's connections: of the settings, the mode and the observers.
 */
#ifndef CMD_WSSERVE_SERVER_CONN_CONFIG_H
#define CMD_WSSERVE_SERVER_CONN_CONFIG_H

#include <ws/conn.h>

struct server;

/* Builds it from the current settings, at the start and after a reload. Any thread. */
void conn_config_build(const struct server *server, struct ws_conn_config *config);

#endif
