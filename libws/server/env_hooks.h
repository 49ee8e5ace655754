/*
 * env_hooks: makes the environment of a loop, whose connections report to its registry, hub and
 * overload protection.
 */
#ifndef LIBWS_SERVER_ENV_HOOKS_H
#define LIBWS_SERVER_ENV_HOOKS_H

#include <ws/server_env.h>

/* As ws_conn_env_init(), with an empty registry and nothing else of the server's. */
enum ws_error ws_server_env_init(struct ws_server_env *env, struct ws_loop *loop,
                                 const struct ws_conn_config *config,
                                 const struct ws_handler *handler, void *user);

/* When no connection is left. */
void ws_server_env_free(struct ws_server_env *env);

#endif
