/*
 * registry_private: what server does with the registry of a loop, beside looking connections up
 * (<ws/server_env.h>).
 */
#ifndef LIBWS_SERVER_REGISTRY_PRIVATE_H
#define LIBWS_SERVER_REGISTRY_PRIVATE_H

#include <ws/server_env.h>

/* NULL without memory. */
struct ws_registry *ws_registry_new(void);

/* It must have no connections. NULL is allowed. */
void ws_registry_free(struct ws_registry *registry);

/* Enters `conn` as `id`, which is unique and not 0. Cannot fail. */
void ws_registry_add(struct ws_registry *registry, struct ws_conn *conn, uint64_t id);

/* At its end. */
void ws_registry_remove(struct ws_registry *registry, struct ws_conn *conn);

/* The upgrade of a connection is done. */
void ws_registry_opened(struct ws_registry *registry);

/* `conn` begins its upgrade: when more than `max` have not finished theirs, the oldest of them
 * fails with WS_E_HANDSHAKE_TIMEOUT, so that slow handshakes keep no other client out. */
void ws_registry_expect(struct ws_registry *registry, struct ws_conn *conn, size_t max);

#endif
