#include "tests/unit/support_conn.h"

#include "libws/conn/conn_owner.h"

#include <sys/eventfd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

struct ws_conn *idle_conn(struct ws_loop *loop, uint64_t id)
{
    static const struct ws_handler handler;
    static struct ws_conn_env env;
    struct ws_conn_config config;
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    assert_int_equal(ws_conn_env_init(&env, loop, &config, &handler, NULL), WS_OK);
    struct ws_conn *conn = ws_conn_new(&env, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), NULL);
    assert_non_null(conn);
    ws_conn_slot(conn)->by_id.hash = id;
    return conn;
}
