/*
 * shared: bytes that many connections send: allocated once, counted, freed with the last reference.
 *
 * Write to them while there is one reference; after that they must not change. References may be
 * taken and released on any thread. Used by out, by the queue of a connection and by the hub.
 */
#ifndef WS_SHARED_H
#define WS_SHARED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_shared;

/* Memory for `len` bytes, not initialised, with one reference, the caller's. NULL without memory.
 */
struct ws_shared *ws_shared_new(size_t len);

/* Changes the length, keeping the bytes, and may move them; the caller must have the only
 * reference. Returns what to use from now on; NULL without memory, and `shared` is as it was. */
struct ws_shared *ws_shared_resize(struct ws_shared *shared, size_t len);

/* Takes one more reference. */
void ws_shared_ref(struct ws_shared *shared);

/* Releases a reference; the last one frees the bytes. NULL is allowed. */
void ws_shared_unref(struct ws_shared *shared);

/* The first byte, and how many there are. */
uint8_t *ws_shared_data(struct ws_shared *shared);
size_t ws_shared_len(const struct ws_shared *shared);

/* References at this moment; other threads may change it at once. For tests. */
unsigned ws_shared_refs(const struct ws_shared *shared);

#ifdef __cplusplus
}
#endif

#endif
