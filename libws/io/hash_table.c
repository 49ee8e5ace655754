#include "libws/io/hash_table.h"

#include <stdlib.h>

enum {
    FIRST_CAPACITY = 64,
    CHAIN = 2, /* nodes a bucket, on average, from which on there are more buckets */
};

static struct ws_hash_node **bucket(const struct ws_hash_table *table, uint64_t hash)
{
    if (!table->buckets)
        return (struct ws_hash_node **)(uintptr_t)&table->first_bucket;
    return &table->buckets[hash & (table->capacity - 1)];
}

void ws_hash_table_free(struct ws_hash_table *table)
{
    free(table->buckets);
    *table = (struct ws_hash_table){0};
}

static void move_chain(struct ws_hash_node *chain, struct ws_hash_table *to)
{
    for (struct ws_hash_node *node = chain, *next; node; node = next) {
        struct ws_hash_node **at = bucket(to, node->hash);
        next = node->next;
        node->next = *at;
        *at = node;
    }
}

static void grow(struct ws_hash_table *table)
{
    struct ws_hash_table larger = {.count = table->count};
    larger.capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY;
    larger.buckets = calloc(larger.capacity, sizeof(struct ws_hash_node *));
    if (!larger.buckets)
        return;
    move_chain(table->first_bucket, &larger);
    for (size_t i = 0; i < table->capacity; i++)
        move_chain(table->buckets[i], &larger);
    free(table->buckets);
    *table = larger;
}

void ws_hash_add(struct ws_hash_table *table, struct ws_hash_node *node, uint64_t hash)
{
    if (table->count >= (table->capacity ? table->capacity * CHAIN : 1))
        grow(table);
    struct ws_hash_node **at = bucket(table, hash);
    node->hash = hash;
    node->next = *at;
    *at = node;
    table->count++;
}

void ws_hash_remove(struct ws_hash_table *table, struct ws_hash_node *node)
{
    struct ws_hash_node **at = bucket(table, node->hash);
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    table->count--;
}

static struct ws_hash_node *first_of(struct ws_hash_node *node, uint64_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct ws_hash_node *ws_hash_find(const struct ws_hash_table *table, uint64_t hash)
{
    return first_of(*bucket(table, hash), hash);
}

struct ws_hash_node *ws_hash_next(const struct ws_hash_node *node)
{
    return first_of(node->next, node->hash);
}

uint64_t ws_hash_bytes(const void *bytes, size_t len)
{
    const uint8_t *byte = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}
