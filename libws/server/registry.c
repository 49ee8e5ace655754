#include "libws/server/registry_private.h"

#include "libws/conn/conn_owner.h"
#include <ws/conn.h>

#include <stdlib.h>

struct ws_registry {
    /* Ids come one after the other: their low bits spread them as well as any function. */
    struct ws_hash_table by_id;
    size_t open;
    uint64_t *expected; /* ids that began a handshake, the oldest first; some have finished it */
    size_t expected_count, expected_capacity;
};

static struct ws_conn *conn_of(struct ws_hash_node *by_id)
{
    return ws_conn_of_slot(ws_container_of(by_id, struct ws_conn_slot, by_id));
}

struct ws_registry *ws_registry_new(void)
{
    return calloc(1, sizeof(struct ws_registry));
}

void ws_registry_free(struct ws_registry *registry)
{
    if (!registry)
        return;
    ws_hash_table_free(&registry->by_id);
    free(registry->expected);
    free(registry);
}

void ws_registry_add(struct ws_registry *registry, struct ws_conn *conn, uint64_t id)
{
    ws_hash_add(&registry->by_id, &ws_conn_slot(conn)->by_id, id);
}

void ws_registry_remove(struct ws_registry *registry, struct ws_conn *conn)
{
    ws_hash_remove(&registry->by_id, &ws_conn_slot(conn)->by_id);
    registry->open -= ws_conn_upgraded(conn);
}

void ws_registry_opened(struct ws_registry *registry)
{
    registry->open++;
}

size_t ws_registry_count(const struct ws_registry *registry)
{
    return registry->by_id.count;
}

size_t ws_registry_open_count(const struct ws_registry *registry)
{
    return registry->open;
}

/* Removes connections that have opened or ended from the list. */
static void forget_finished(struct ws_registry *registry)
{
    size_t kept = 0;
    for (size_t i = 0; i < registry->expected_count; i++) {
        const struct ws_conn *conn = ws_registry_find(registry, registry->expected[i]);
        if (conn && !ws_conn_upgraded(conn))
            registry->expected[kept++] = registry->expected[i];
    }
    registry->expected_count = kept;
}

void ws_registry_expect(struct ws_registry *registry, struct ws_conn *conn, size_t max)
{
    /* With space for twice as many, half of the entries have finished: constant time on average. */
    if (registry->expected_count >= 2 * max)
        forget_finished(registry);
    if (registry->expected_count == registry->expected_capacity) {
        size_t capacity = registry->expected_capacity ? registry->expected_capacity * 2 : 64;
        uint64_t *larger = realloc(registry->expected, capacity * sizeof *larger);
        if (!larger)
            return;
        registry->expected = larger;
        registry->expected_capacity = capacity;
    }
    registry->expected[registry->expected_count++] = ws_conn_id(conn);
    if (ws_registry_count(registry) - registry->open <= max)
        return;
    for (size_t i = 0; i < registry->expected_count; i++) {
        struct ws_conn *oldest = ws_registry_find(registry, registry->expected[i]);
        if (!oldest || ws_conn_upgraded(oldest) || ws_conn_failed(oldest) ||
            ws_conn_end(oldest)->error != WS_OK)
            continue;
        ws_conn_fail(oldest, WS_E_HANDSHAKE_TIMEOUT);
        return;
    }
}

struct ws_conn *ws_registry_find(const struct ws_registry *registry, uint64_t id)
{
    struct ws_hash_node *node = ws_hash_find(&registry->by_id, id);
    return node ? conn_of(node) : NULL;
}

void ws_registry_each(const struct ws_registry *registry,
                      void (*visit)(struct ws_conn *conn, void *context), void *context)
{
    for (size_t i = 0; i < ws_hash_chains(&registry->by_id); i++)
        for (struct ws_hash_node *node = ws_hash_chain(&registry->by_id, i), *next; node;
             node = next) {
            next = node->next;
            visit(conn_of(node), context);
        }
}
