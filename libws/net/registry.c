#include "libws/net/registry.h"

void ws_registry_add(struct ws_registry *registry, struct ws_conn *conn)
{
    conn->id = ++registry->last_id;
    conn->registry = registry;
    conn->prev = NULL;
    conn->next = registry->first;
    if (registry->first)
        registry->first->prev = conn;
    registry->first = conn;
    registry->count++;
}

void ws_registry_remove(struct ws_registry *registry, struct ws_conn *conn)
{
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        registry->first = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    conn->registry = NULL;
    registry->count--;
    if (registry->left)
        registry->left(registry);
}

void ws_registry_each(struct ws_registry *registry, void (*visit)(struct ws_conn *, void *context),
                      void *context)
{
    struct ws_conn *next;
    for (struct ws_conn *conn = registry->first; conn; conn = next) {
        next = conn->next;
        visit(conn, context);
    }
}
