#include "cmd/wsserve/observe/conn_annotations.h"

#include <stdbool.h>
#include <stdlib.h>

static _Thread_local const struct conn_annotations_table *here;

/* Numbers come one after the other: their low bits spread them as well as any function. */
static struct conn_annotations **bucket(const struct conn_annotations_table *table, uint64_t conn)
{
    return &table->buckets[conn & (table->capacity - 1)];
}

struct conn_annotations *conn_annotations_find(const struct conn_annotations_table *table,
                                               uint64_t conn)
{
    if (table->count == 0)
        return NULL;
    struct conn_annotations *notes = *bucket(table, conn);
    while (notes && notes->conn != conn)
        notes = notes->next;
    return notes;
}

struct conn_annotations *conn_annotations_find_local(uint64_t conn)
{
    return here ? conn_annotations_find(here, conn) : NULL;
}

/* Without memory for more buckets the chains grow; false only where there is none at all. */
static bool grow(struct conn_annotations_table *table)
{
    struct conn_annotations_table larger = {.capacity = table->capacity ? table->capacity * 2 : 16,
                                            .count = table->count};
    larger.buckets = calloc(larger.capacity, sizeof *larger.buckets);
    if (!larger.buckets)
        return table->capacity > 0;
    for (size_t i = 0; i < table->capacity; i++)
        for (struct conn_annotations *notes = table->buckets[i], *next; notes; notes = next) {
            struct conn_annotations **to = bucket(&larger, notes->conn);
            next = notes->next;
            notes->next = *to;
            *to = notes;
        }
    free(table->buckets);
    *table = larger;
    return true;
}

struct conn_annotations *conn_annotations_get(struct conn_annotations_table *table, uint64_t conn)
{
    struct conn_annotations *notes = conn_annotations_find(table, conn);
    here = table;
    if (notes)
        return notes;
    if (table->count >= table->capacity && !grow(table))
        return NULL;
    notes = calloc(1, sizeof *notes);
    if (!notes)
        return NULL;
    struct conn_annotations **to = bucket(table, conn);
    notes->conn = conn;
    notes->next = *to;
    *to = notes;
    table->count++;
    return notes;
}

void conn_annotations_drop(struct conn_annotations_table *table, uint64_t conn)
{
    if (table->count == 0)
        return;
    struct conn_annotations **at = bucket(table, conn);
    while (*at && (*at)->conn != conn)
        at = &(*at)->next;
    struct conn_annotations *notes = *at;
    if (!notes)
        return;
    *at = notes->next;
    free(notes);
    if (--table->count == 0) {
        free(table->buckets);
        *table = (struct conn_annotations_table){0};
    }
}
