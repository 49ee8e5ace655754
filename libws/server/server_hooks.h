/*
 * server_hooks: how the registry, the hub and overload protection follow a server's connections:
 * the hooks that conn calls, set when the environment of a loop is made. Called by server, and by
 * tests.
 */
#ifndef LIBWS_SERVER_SERVER_HOOKS_H
#define LIBWS_SERVER_SERVER_HOOKS_H

#include <ws/server_env.h>

/* As ws_conn_env_init(), with an empty registry and nothing else of the server's; to be freed when
 * no connection is left. ws_server_new() does it; on its own it is for tests. */
enum ws_error ws_server_env_init(struct ws_server_env *env, struct ws_loop *loop,
                                 const struct ws_conn_config *config,
                                 const struct ws_handler *handler, void *user);
void ws_server_env_free(struct ws_server_env *env);

#endif
