#include "cmd/wsserve/observe/conn_annotations.h"

#include <stdbool.h>
#include <stdlib.h>

static _Thread_local const struct extra_table *here;

/* Numbers come one after the other: their low bits spread them as well as any function. */
static struct extra **bucket(const struct extra_table *table, uint64_t conn)
{
    return &table->buckets[conn & (table->capacity - 1)];
}

struct extra *extra_find(const struct extra_table *table, uint64_t conn)
{
    if (table->count == 0)
        return NULL;
    struct extra *extra = *bucket(table, conn);
    while (extra && extra->conn != conn)
        extra = extra->next;
    return extra;
}

struct extra *extra_find_here(uint64_t conn)
{
    return here ? extra_find(here, conn) : NULL;
}

/* Without memory for more buckets the chains grow; false only where there is none at all. */
static bool grow(struct extra_table *table)
{
    struct extra_table larger = {.capacity = table->capacity ? table->capacity * 2 : 16,
                                 .count = table->count};
    larger.buckets = calloc(larger.capacity, sizeof *larger.buckets);
    if (!larger.buckets)
        return table->capacity > 0;
    for (size_t i = 0; i < table->capacity; i++)
        for (struct extra *extra = table->buckets[i], *next; extra; extra = next) {
            struct extra **to = bucket(&larger, extra->conn);
            next = extra->next;
            extra->next = *to;
            *to = extra;
        }
    free(table->buckets);
    *table = larger;
    return true;
}

struct extra *extra_get(struct extra_table *table, uint64_t conn)
{
    struct extra *extra = extra_find(table, conn);
    here = table;
    if (extra)
        return extra;
    if (table->count >= table->capacity && !grow(table))
        return NULL;
    extra = calloc(1, sizeof *extra);
    if (!extra)
        return NULL;
    struct extra **to = bucket(table, conn);
    extra->conn = conn;
    extra->next = *to;
    *to = extra;
    table->count++;
    return extra;
}

void extra_drop(struct extra_table *table, uint64_t conn)
{
    if (table->count == 0)
        return;
    struct extra **at = bucket(table, conn);
    while (*at && (*at)->conn != conn)
        at = &(*at)->next;
    struct extra *extra = *at;
    if (!extra)
        return;
    *at = extra->next;
    free(extra);
    if (--table->count == 0) {
        free(table->buckets);
        *table = (struct extra_table){0};
    }
}
