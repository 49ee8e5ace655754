/*
 * hash_table: an intrusive hash table with chaining: the one for connections by id, addresses and
 * groups by name.
 *
 * The caller embeds a node in its entries, computes the hash and compares the keys: walk
 * ws_hash_find() and ws_hash_next(), which return the nodes of equal hash. Adding never fails:
 * without memory for more buckets the chains grow. One thread's.
 */
#ifndef LIBWS_IO_HASH_TABLE_H
#define LIBWS_IO_HASH_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct ws_hash_node {
    struct ws_hash_node *next;
    uint64_t hash;
};

struct ws_hash_table {
    struct ws_hash_node **buckets; /* NULL: only `first_bucket` */
    struct ws_hash_node *first_bucket;
    size_t capacity; /* of `buckets`: a power of two, or 0 */
    size_t count;
};

/* All zero is an empty table; this frees the buckets of one, not its entries. It is empty then. */
void ws_hash_table_free(struct ws_hash_table *table);

/* Adds `node` under `hash`, of which the low bits choose the bucket. */
void ws_hash_add(struct ws_hash_table *table, struct ws_hash_node *node, uint64_t hash);

/* Removes a node that is in the table. */
void ws_hash_remove(struct ws_hash_table *table, struct ws_hash_node *node);

/* The first node of `hash`, or NULL; and the next of the same hash after `node`, or NULL. */
struct ws_hash_node *ws_hash_find(const struct ws_hash_table *table, uint64_t hash);
struct ws_hash_node *ws_hash_next(const struct ws_hash_node *node);

/* To visit every node, in no order: walks `next` of each of the chains from 0 to ws_hash_chains()
 * - 1. The visited node may be removed, if its `next` was read before; nothing may be added. */
static inline size_t ws_hash_chains(const struct ws_hash_table *table)
{
    return table->capacity ? table->capacity : 1;
}

static inline struct ws_hash_node *ws_hash_chain(const struct ws_hash_table *table, size_t index)
{
    return table->buckets ? table->buckets[index] : table->first_bucket;
}

/* FNV-1a of `len` bytes: for keys that no attacker chooses, or where a long chain costs only its
 * author. */
uint64_t ws_hash_bytes(const void *bytes, size_t len);

#endif
