/*
 * secure: the certificates of the server, at the start and again whenever SIGHUP says so.
 *
 * Every loop has a context of its own; a reload makes new ones out of the files as they are, and
 * connections keep those that they began with. On loop 0's thread, but where it says otherwise.
 */
#ifndef CMD_WSSERVE_SERVER_CERTIFICATES_H
#define CMD_WSSERVE_SERVER_CERTIFICATES_H

#include <ws/conn.h>

#include <stdbool.h>

struct serve;

struct secure {
    struct ws_tls_context *first; /* until every loop has its own */
    char *passphrase;             /* that was asked for; NULL: none was */
};

/* Before there are loops: reads the files, or makes up a certificate. False after a message. */
bool secure_start(struct serve *serve);

/* Gives a loop its context. Any thread's whose loop it is, or before that runs. */
void secure_join(struct serve *serve, struct ws_conn_env *env);
/* Takes it away: its connections are gone. */
void secure_leave(struct ws_conn_env *env);

/* Once every loop has its own. */
void secure_started(struct serve *serve);

/* Reads the files again. What is wrong with them is logged, and the old certificates stay. */
void secure_reload(struct serve *serve);

void secure_free(struct secure *secure);

#endif
