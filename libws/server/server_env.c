#include <ws/server_env.h>

#include <assert.h>
#include <stddef.h>

static_assert(offsetof(struct ws_server_env, conn) == 0, "ws_server_env() casts");

const struct ws_server_env *ws_server_env(const struct ws_conn *conn)
{
    return (const struct ws_server_env *)(const void *)ws_conn_env(conn);
}
