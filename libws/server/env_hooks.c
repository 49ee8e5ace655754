#include "libws/server/env_hooks.h"

#include "libws/server/hub_private.h"
#include "libws/server/overload_private.h"
#include "libws/server/registry_private.h"

static void on_opened(struct ws_conn *conn)
{
    const struct ws_server_env *env = ws_server_env(conn);
    ws_registry_opened(env->registry);
    if (env->hub)
        ws_hub_opened(conn);
}

static void on_drained(struct ws_conn *conn)
{
    if (ws_server_env(conn)->hub)
        ws_hub_caught_up(conn);
}

static void on_ended(struct ws_conn *conn)
{
    const struct ws_server_env *env = ws_server_env(conn);
    if (env->overload)
        ws_overload_release(conn);
    if (env->hub)
        ws_hub_ended(conn);
    ws_registry_remove(env->registry, conn);
    if (env->left)
        env->left((struct ws_server_env *)(uintptr_t)env, conn);
}

enum ws_error ws_server_env_init(struct ws_server_env *env, struct ws_loop *loop,
                                 const struct ws_conn_config *config,
                                 const struct ws_handler *handler, void *user)
{
    *env = (struct ws_server_env){.registry = ws_registry_new()};
    if (!env->registry)
        return WS_E_NO_MEMORY;
    enum ws_error error = ws_conn_env_init(&env->conn, loop, config, handler, user);
    if (error != WS_OK) {
        ws_server_env_free(env);
        return error;
    }
    env->conn.hooks = (struct ws_conn_hooks){
        .opened = on_opened,
        .drained = on_drained,
        .ended = on_ended,
    };
    return WS_OK;
}

void ws_server_env_free(struct ws_server_env *env)
{
    ws_registry_free(env->registry);
    env->registry = NULL;
}
