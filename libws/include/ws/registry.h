/*
 * registry: every live connection of a server's loop, by its id. One thread's.
 *
 * Connections are entered by the server and leave by themselves when they end.
 */
#ifndef WS_REGISTRY_H
#define WS_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_conn;
struct ws_registry;

/* The connection of that id, or NULL: it is not on this loop, or has ended. */
struct ws_conn *ws_registry_find(const struct ws_registry *registry, uint64_t id);

/* Calls `visit` with every connection, in no order; it may end the one that it is given. */
void ws_registry_each(const struct ws_registry *registry,
                      void (*visit)(struct ws_conn *conn, void *context), void *context);

/* How many connections there are, and how many of them have done the upgrade. */
size_t ws_registry_count(const struct ws_registry *registry);
size_t ws_registry_open_count(const struct ws_registry *registry);

#ifdef __cplusplus
}
#endif

#endif
