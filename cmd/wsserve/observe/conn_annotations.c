#include "cmd/wsserve/observe/conn_annotations.h"

#include <ws/loop.h>

#include <stdlib.h>

static _Thread_local const struct conn_annotations_table *here;

struct conn_annotations *conn_annotations_find(const struct conn_annotations_table *table,
                                               uint64_t conn)
{
    /* Ids are consecutive: their low bits are as good as a hash, and equal hashes are equal ids. */
    struct ws_hash_node *node = ws_hash_find(&table->nodes, conn);
    return node ? ws_container_of(node, struct conn_annotations, node) : NULL;
}

struct conn_annotations *conn_annotations_find_local(uint64_t conn)
{
    return here ? conn_annotations_find(here, conn) : NULL;
}

struct conn_annotations *conn_annotations_get(struct conn_annotations_table *table, uint64_t conn)
{
    struct conn_annotations *notes = conn_annotations_find(table, conn);
    here = table;
    if (notes)
        return notes;
    notes = calloc(1, sizeof *notes);
    if (notes)
        ws_hash_add(&table->nodes, &notes->node, conn);
    return notes;
}

void conn_annotations_drop(struct conn_annotations_table *table, uint64_t conn)
{
    struct conn_annotations *notes = conn_annotations_find(table, conn);
    if (!notes)
        return;
    ws_hash_remove(&table->nodes, &notes->node);
    free(notes);
    if (table->nodes.count == 0)
        ws_hash_table_free(&table->nodes);
}
