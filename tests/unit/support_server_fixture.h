/*
 * support_server_fixture: a server on a loop, what it reported, and clients: what the tests of the
 * server share.
 */
#ifndef TESTS_UNIT_SUPPORT_SERVER_FIXTURE_H
#define TESTS_UNIT_SUPPORT_SERVER_FIXTURE_H

#include "tests/unit/support_net.h"
#include <ws/server.h>

struct server_fixture {
    struct ws_loop *loop;
    struct ws_server *server;
    struct ws_conn_config config; /* of the next server */
    struct ws_conn *newest;       /* connection; NULL once it has ended */
    unsigned descriptors;         /* that were open at the start */
    unsigned accepted, warnings, dones, ends;
    enum ws_error last_end;
    char warning[300], directory[64], error_text[256];
};

extern struct server_fixture server_fx;
#define fx server_fx

/* Set-up and tear-down of a test: a server without limits that echoes, in a folder of its own. */
int server_fixture_start(void **state);
int server_fixture_stop(void **state);

/* Another server, with a limit of connections (0: none); the one before must be freed. */
void make_server(size_t max_connections);
/* Its callbacks, for servers with other options. */
extern const struct ws_handler server_fixture_handler;
void server_echo(struct ws_conn *conn, const struct ws_event *event);
void server_accepted(void *user, struct ws_conn *conn); /* counts in fx.accepted */
void server_done(void *user);                           /* counts in fx.dones */

/* Listens; fails the test when that does not work, or works. */
bool listen_on(const char *where);
void must_listen(const char *where);
void must_not_listen(const char *where, const char *text);
/* "unix:FOLDER/NAME". */
const char *in_directory(const char *name);
unsigned port(size_t index);

/* Connects; -1 when that fails. */
int call(unsigned number);
int call_unix(const char *path);
/* A client of listener `index` that has asked for the upgrade; and a message to it and back. */
void dial(struct peer *end, size_t index);
void echo_over(struct peer *end);

#define FIXTURE_TEST(name)                                                                         \
    cmocka_unit_test_setup_teardown(name, server_fixture_start, server_fixture_stop)

#endif
