/*
 * registry_private: what server does with the registry of a loop, beside looking connections up
 * (<ws/server_env.h>).
 */
#ifndef LIBWS_SERVER_REGISTRY_PRIVATE_H
#define LIBWS_SERVER_REGISTRY_PRIVATE_H

#include "libws/conn/conn_owner.h"
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

/*
 * Connections of a loop in the order in which they were added, which are those that have `flag`
 * set: the list sets and clears it. An id whose connection has lost the flag, or ended, is passed
 * over.
 */
struct ws_id_list {
    uint64_t *ids;
    size_t first, end, capacity;
    size_t count; /* of those that have the flag */
};

/* Adds one that is in the registry and has not the flag. False without memory. */
bool ws_id_list_add(struct ws_id_list *list, const struct ws_registry *registry,
                    struct ws_conn *conn, enum ws_conn_flag flag);

/* Nothing happens if it is not in the list. */
void ws_id_list_remove(struct ws_id_list *list, struct ws_conn *conn, enum ws_conn_flag flag);

/* NULL: the list is empty. */
struct ws_conn *ws_id_list_oldest(struct ws_id_list *list, const struct ws_registry *registry,
                                  enum ws_conn_flag flag);

/* The oldest becomes the newest, and is returned; NULL: the list is empty. */
struct ws_conn *ws_id_list_rotate(struct ws_id_list *list, const struct ws_registry *registry,
                                  enum ws_conn_flag flag);

void ws_id_list_free(struct ws_id_list *list);

#endif
