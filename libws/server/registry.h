/*
 * registry: every live connection of a loop, by its id.
 *
 * A hash table whose chains run through the connections, which leave by themselves when they end.
 * Used by server, hub, and whoever has an id from somewhere. One thread's.
 */
#ifndef LIBWS_SERVER_REGISTRY_H
#define LIBWS_SERVER_REGISTRY_H

#include <ws/conn.h>

#include <stddef.h>
#include <stdint.h>

struct ws_registry {
    struct ws_conn **buckets;
    size_t capacity;      /* of them: a power of two */
    struct ws_conn *only; /* the one bucket before there are more: adding cannot fail */
    size_t count, open;   /* of them, those whose upgrade is done */
    uint64_t *expected;   /* ids that began a handshake, the oldest first; some have finished it */
    size_t expected_count, expected_capacity;
    void (*left)(struct ws_registry *registry, struct ws_conn *conn); /* if set: one has gone */
};

void ws_registry_init(struct ws_registry *registry);

/* It must be empty of connections. */
void ws_registry_free(struct ws_registry *registry);

/* Enters `conn` as `id`, which is no other's. Cannot fail: without memory for more buckets the
 * chains grow. */
void ws_registry_add(struct ws_registry *registry, struct ws_conn *conn, uint64_t id);

/* conn calls it at its end. */
void ws_registry_remove(struct ws_registry *registry, struct ws_conn *conn);

/* conn calls it when the upgrade is done. */
static inline void ws_registry_opened(struct ws_registry *registry)
{
    registry->open++;
}

/* `conn` has its upgrade before it: when more than `max` have, the oldest that has not finished it
 * fails with WS_E_HANDSHAKE_TIMEOUT, so that those who take their time keep nobody out. */
void ws_registry_expect(struct ws_registry *registry, struct ws_conn *conn, size_t max);

/* The connection of that id, or NULL: it is not here, or not any longer. */
struct ws_conn *ws_registry_find(const struct ws_registry *registry, uint64_t id);

/* Calls `visit` with every connection, in no order; it may end the one it is given. */
void ws_registry_each(struct ws_registry *registry, void (*visit)(struct ws_conn *, void *context),
                      void *context);

#endif
