/*
 * hash_table: the hash table of the whole tree: intrusive entries, found by a 64-bit key.
 *
 * A key is an id, or ws_hash_bytes() of what identifies the entry: several entries may have the
 * same key, which the caller tells apart. Adding cannot fail: without memory for more buckets the
 * chains grow. The table owns its buckets, the caller the entries, which are embedded in what is
 * found (ws_container_of). One thread's at a time.
 *
 *     for (e = ws_hash_find(&table, ws_hash_bytes(name, len)); e; e = ws_hash_next(e))
 *         … is it the one of that name?
 */
#ifndef LIBWS_PROTO_HASH_TABLE_H
#define LIBWS_PROTO_HASH_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct ws_hash_entry {
    struct ws_hash_entry *next; /* in the chain */
    uint64_t key;
};

/* All zero is empty. */
struct ws_hash_table {
    struct ws_hash_entry **buckets; /* NULL: there is one chain, `first` */
    struct ws_hash_entry *first;
    size_t capacity; /* buckets: 0 or a power of two */
    size_t count;    /* entries */
};

/* FNV-1a with a finalizer. */
uint64_t ws_hash_bytes(const void *data, size_t len);

/* Adds `entry` under `key`. It must stay where it is until it is removed. */
void ws_hash_add(struct ws_hash_table *table, struct ws_hash_entry *entry, uint64_t key);

/* Removes `entry`, which must be in the table. */
void ws_hash_remove(struct ws_hash_table *table, struct ws_hash_entry *entry);

/* The first entry with that key, or NULL. */
struct ws_hash_entry *ws_hash_find(const struct ws_hash_table *table, uint64_t key);

/* The next entry with the same key, or NULL. */
struct ws_hash_entry *ws_hash_next(const struct ws_hash_entry *entry);

/* Calls `visit` with every entry, in no order; it may remove the one that it is given. */
void ws_hash_each(struct ws_hash_table *table,
                  void (*visit)(struct ws_hash_entry *entry, void *context), void *context);

/* Frees the buckets and leaves an empty table; entries that are still in it are the caller's. */
void ws_hash_free(struct ws_hash_table *table);

#endif
