/*
 * certificates: the server's TLS certificate and key, read at the start and again on SIGHUP.
 *
 * Every loop has a TLS context of its own; a reload makes new ones, and connections keep those that
 * they began with. Main thread, except where it says otherwise.
 */
#ifndef CMD_WSSERVE_SERVER_CERTIFICATES_H
#define CMD_WSSERVE_SERVER_CERTIFICATES_H

#include <ws/server_env.h>

#include <stdbool.h>

struct server;

/* Before there are loops: reads the files, or generates a certificate. False after a message. */
bool certificates_start(struct server *server);

/* Gives a loop its context, before the loop runs. */
void certificates_join(struct server *server, struct ws_server_env *env);
/* Frees it, once its connections have gone. On the loop's thread. */
void certificates_leave(struct ws_server_env *env);

/* Once every loop has its own. */
void certificates_started(struct server *server);

/* Reads the files again. Errors are logged, and the old certificates stay. */
void certificates_reload(struct server *server);

void certificates_free(struct server *server);

#endif
