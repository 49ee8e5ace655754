/*
 * support_conn_fixture: a connection on a loop, what its handler heard, and the far end of its
 * socket: what the tests of conn share.
 */
#ifndef TESTS_UNIT_SUPPORT_CONN_FIXTURE_H
#define TESTS_UNIT_SUPPORT_CONN_FIXTURE_H

#include "tests/unit/support_net.h"

enum where { AT_REQUEST, AT_OPEN, AT_EVENT, AT_DRAINED, AT_CLOSE, PLACES };

struct conn_fixture {
    struct ws_loop *loop;
    struct ws_conn_config config;
    struct ws_handler handler;
    struct ws_conn_env env;
    struct ws_conn *conn; /* NULL once its close was called */
    struct record record;
    struct peer far;
    bool echo;
    bool pending; /* requests are answered later */
    unsigned requests, inside;
    void (*act)(struct conn_fixture *f, enum where where, const struct ws_event *event);
    /* What a test wants to be done where. */
    enum where at;
    enum ws_event_type at_event;
    unsigned acted, events_after;
    int what;
};

extern struct conn_fixture fx;

/* Set-up and tear-down of a test: a server's config, an echo as handler, no connection yet. */
int fixture_start(void **state);
int fixture_stop(void **state);

/* Makes the connection from fx.config on fds[0], with the far end on fds[1]; or on a socket pair.
 */
void connect_pair(int fds[2]);
void connect_ends(void);
/* Ends both, however far they were. */
void disconnect_pair(void);
/* Does the upgrade. */
void open_it(void);
void connect_and_open(void);
/* The closing handshake from the far end, and both ends gone. */
void close_and_disconnect(void);
/* Turns the loop, without waiting. */
void fixture_turn(int times);

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)

#endif
