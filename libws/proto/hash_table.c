#include "libws/proto/hash_table.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

uint64_t ws_hash_bytes(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 33;
}

/* Ids are consecutive and addresses share their beginnings: the multiplication spreads both. */
static size_t index_of(uint64_t key, size_t capacity)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);
}

static struct ws_hash_entry **bucket(struct ws_hash_table *table, uint64_t key)
{
    return table->buckets ? &table->buckets[index_of(key, table->capacity)] : &table->first;
}

static void move_chain(struct ws_hash_entry *entry, struct ws_hash_entry **buckets, size_t capacity)
{
    while (entry) {
        struct ws_hash_entry *next = entry->next;
        struct ws_hash_entry **to = &buckets[index_of(entry->key, capacity)];
        entry->next = *to;
        *to = entry;
        entry = next;
    }
}

static void grow(struct ws_hash_table *table)
{
    size_t capacity = table->buckets ? table->capacity * 2 : FIRST_CAPACITY;
    struct ws_hash_entry **buckets = calloc(capacity, sizeof(struct ws_hash_entry *));
    if (!buckets)
        return;
    move_chain(table->first, buckets, capacity);
    for (size_t i = 0; i < table->capacity; i++)
        move_chain(table->buckets[i], buckets, capacity);
    free(table->buckets);
    table->first = NULL;
    table->buckets = buckets;
    table->capacity = capacity;
}

void ws_hash_add(struct ws_hash_table *table, struct ws_hash_entry *entry, uint64_t key)
{
    if (table->count > table->capacity)
        grow(table);
    struct ws_hash_entry **at = bucket(table, key);
    entry->key = key;
    entry->next = *at;
    *at = entry;
    table->count++;
}

void ws_hash_remove(struct ws_hash_table *table, struct ws_hash_entry *entry)
{
    struct ws_hash_entry **at = bucket(table, entry->key);
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    table->count--;
}

static struct ws_hash_entry *with_key(struct ws_hash_entry *entry, uint64_t key)
{
    while (entry && entry->key != key)
        entry = entry->next;
    return entry;
}

struct ws_hash_entry *ws_hash_find(const struct ws_hash_table *table, uint64_t key)
{
    struct ws_hash_entry *chain =
        table->buckets ? table->buckets[index_of(key, table->capacity)] : table->first;
    return with_key(chain, key);
}

struct ws_hash_entry *ws_hash_next(const struct ws_hash_entry *entry)
{
    return with_key(entry->next, entry->key);
}

static void visit_chain(struct ws_hash_entry *entry,
                        void (*visit)(struct ws_hash_entry *entry, void *context), void *context)
{
    while (entry) {
        struct ws_hash_entry *next = entry->next;
        visit(entry, context);
        entry = next;
    }
}

void ws_hash_each(struct ws_hash_table *table,
                  void (*visit)(struct ws_hash_entry *entry, void *context), void *context)
{
    visit_chain(table->first, visit, context);
    for (size_t i = 0; i < table->capacity; i++)
        visit_chain(table->buckets[i], visit, context);
}

void ws_hash_free(struct ws_hash_table *table)
{
    free(table->buckets);
    *table = (struct ws_hash_table){0};
}
