#include "libws/server/registry.h"

#include <stdlib.h>

/* Ids come one after the other: their low bits spread them as well as any function. */
static struct ws_conn **bucket(const struct ws_registry *registry, uint64_t id)
{
    return &registry->buckets[id & (registry->capacity - 1)];
}

void ws_registry_init(struct ws_registry *registry)
{
    *registry = (struct ws_registry){.capacity = 1};
    registry->buckets = &registry->only;
}

void ws_registry_free(struct ws_registry *registry)
{
    if (registry->buckets != &registry->only)
        free(registry->buckets);
    free(registry->expected);
}

static void grow(struct ws_registry *registry)
{
    struct ws_registry larger = *registry;
    larger.capacity = registry->capacity < 16 ? 64 : registry->capacity * 2;
    larger.buckets = calloc(larger.capacity, sizeof *larger.buckets);
    if (!larger.buckets)
        return;
    for (size_t i = 0; i < registry->capacity; i++)
        for (struct ws_conn *conn = registry->buckets[i], *next; conn; conn = next) {
            struct ws_conn **to = bucket(&larger, conn->id);
            next = conn->next;
            conn->next = *to;
            *to = conn;
        }
    if (registry->buckets != &registry->only)
        free(registry->buckets);
    *registry = larger;
}

void ws_registry_add(struct ws_registry *registry, struct ws_conn *conn, uint64_t id)
{
    if (registry->count >= registry->capacity)
        grow(registry);
    struct ws_conn **to = bucket(registry, id);
    conn->id = id;
    conn->registered = true;
    conn->next = *to;
    *to = conn;
    registry->count++;
}

void ws_registry_remove(struct ws_registry *registry, struct ws_conn *conn)
{
    struct ws_conn **at = bucket(registry, conn->id);
    while (*at != conn)
        at = &(*at)->next;
    *at = conn->next;
    conn->registered = false;
    registry->count--;
    registry->open -= conn->opened;
    if (registry->left)
        registry->left(registry, conn);
}

/* Takes those who have finished, one way or the other, off the list. */
static void forget_finished(struct ws_registry *registry)
{
    size_t kept = 0;
    for (size_t i = 0; i < registry->expected_count; i++) {
        const struct ws_conn *conn = ws_registry_find(registry, registry->expected[i]);
        if (conn && !conn->opened)
            registry->expected[kept++] = registry->expected[i];
    }
    registry->expected_count = kept;
}

void ws_registry_expect(struct ws_registry *registry, struct ws_conn *conn, size_t max)
{
    /* With room for twice as many, half of what is looked through has gone: constant on average. */
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
    registry->expected[registry->expected_count++] = conn->id;
    if (registry->count - registry->open <= max)
        return;
    for (size_t i = 0; i < registry->expected_count; i++) {
        struct ws_conn *oldest = ws_registry_find(registry, registry->expected[i]);
        if (!oldest || oldest->opened || oldest->failed || oldest->end.error != WS_OK)
            continue;
        ws_conn_fail(oldest, WS_E_HANDSHAKE_TIMEOUT);
        return;
    }
}

struct ws_conn *ws_registry_find(const struct ws_registry *registry, uint64_t id)
{
    struct ws_conn *conn = *bucket(registry, id);
    while (conn && conn->id != id)
        conn = conn->next;
    return conn;
}

void ws_registry_each(struct ws_registry *registry, void (*visit)(struct ws_conn *, void *context),
                      void *context)
{
    for (size_t i = 0; i < registry->capacity; i++)
        for (struct ws_conn *conn = registry->buckets[i], *next; conn; conn = next) {
            next = conn->next;
            visit(conn, context);
        }
}
