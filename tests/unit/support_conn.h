/*
 * support_conn: a connection for tests of what only looks at one.
 */
#ifndef TESTS_UNIT_SUPPORT_CONN_H
#define TESTS_UNIT_SUPPORT_CONN_H

#include <ws/conn.h>

/* A server's connection with that id that nothing is ever received on. It lives until it is aborted
 * and the loop turned. */
struct ws_conn *idle_conn(struct ws_loop *loop, uint64_t id);

#endif
