#include "libws/server/registry_private.h"

#include "libws/conn/conn_owner.h"
#include <ws/conn.h>

#include <stdlib.h>

struct ws_registry {
    /* Ids come one after the other: their low bits spread them as well as any function. */
    struct ws_hash_table by_id;
    size_t open;
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

/* --- lists by age --- */

static struct ws_conn *flagged(const struct ws_registry *registry, uint64_t id,
                               enum ws_conn_flag flag)
{
    struct ws_conn *conn = ws_registry_find(registry, id);
    return conn && ws_conn_flag(conn, flag) ? conn : NULL;
}

/* Has space for one more: without those that have left, or in more memory. With twice the space
 * that is needed this is constant time on average. */
static bool make_space(struct ws_id_list *list, const struct ws_registry *registry,
                       enum ws_conn_flag flag)
{
    size_t kept = 0;
    if (list->end < list->capacity)
        return true;
    /* One that left and came back is there twice: the flag goes with the first. */
    for (size_t i = list->first; i < list->end; i++) {
        struct ws_conn *conn = flagged(registry, list->ids[i], flag);
        if (!conn)
            continue;
        ws_conn_set_flag(conn, flag, false);
        list->ids[kept++] = list->ids[i];
    }
    for (size_t i = 0; i < kept; i++)
        ws_conn_set_flag(ws_registry_find(registry, list->ids[i]), flag, true);
    list->first = 0;
    list->end = kept;
    if (kept < list->capacity / 2)
        return true;
    size_t capacity = list->capacity ? list->capacity * 2 : 64;
    uint64_t *larger = realloc(list->ids, capacity * sizeof *larger);
    if (larger) {
        list->ids = larger;
        list->capacity = capacity;
    }
    return list->end < list->capacity;
}

bool ws_id_list_add(struct ws_id_list *list, const struct ws_registry *registry,
                    struct ws_conn *conn, enum ws_conn_flag flag)
{
    if (!make_space(list, registry, flag))
        return false;
    list->ids[list->end++] = ws_conn_id(conn);
    list->count++;
    ws_conn_set_flag(conn, flag, true);
    return true;
}

void ws_id_list_remove(struct ws_id_list *list, struct ws_conn *conn, enum ws_conn_flag flag)
{
    if (!ws_conn_flag(conn, flag))
        return;
    ws_conn_set_flag(conn, flag, false);
    list->count--;
}

struct ws_conn *ws_id_list_oldest(struct ws_id_list *list, const struct ws_registry *registry,
                                  enum ws_conn_flag flag)
{
    for (; list->first < list->end; list->first++) {
        struct ws_conn *conn = flagged(registry, list->ids[list->first], flag);
        if (conn)
            return conn;
    }
    return NULL;
}

struct ws_conn *ws_id_list_rotate(struct ws_id_list *list, const struct ws_registry *registry,
                                  enum ws_conn_flag flag)
{
    struct ws_conn *oldest = ws_id_list_oldest(list, registry, flag);
    if (!oldest)
        return NULL;
    list->first++;
    make_space(list, registry, flag); /* there is some: its own */
    list->ids[list->end++] = ws_conn_id(oldest);
    return oldest;
}

void ws_id_list_free(struct ws_id_list *list)
{
    free(list->ids);
    *list = (struct ws_id_list){0};
}
