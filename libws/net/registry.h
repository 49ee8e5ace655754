/*
 * registry: every live connection of a loop.
 *
 * A list that connections leave by themselves when they end. Used by server. One thread's.
 */
#ifndef LIBWS_NET_REGISTRY_H
#define LIBWS_NET_REGISTRY_H

#include "libws/net/conn.h"

#include <stddef.h>
#include <stdint.h>

/* All zero is empty. `left` is called, if set, whenever one has gone. */
struct ws_registry {
    struct ws_conn *first;
    size_t count;
    uint64_t last_id;
    void (*left)(struct ws_registry *registry);
};

/* Enters `conn` and gives it the next id, from 1. */
void ws_registry_add(struct ws_registry *registry, struct ws_conn *conn);

/* conn calls it at its end. */
void ws_registry_remove(struct ws_registry *registry, struct ws_conn *conn);

/* Calls `visit` with every connection; it may end the one it is given. */
void ws_registry_each(struct ws_registry *registry, void (*visit)(struct ws_conn *, void *context),
                      void *context);

#endif
