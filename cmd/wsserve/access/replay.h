/*
 * replay: was this Sec-WebSocket-Key used recently?
 *
 * A client draws a new key for every connection (RFC 6455 4.1), so one that comes twice is a
 * replayed request. Memory is bounded: the newest WS_REPLAY_MAX keys are remembered, as keyed
 * fingerprints, so that collisions cannot be constructed. Any thread.
 */
#ifndef CMD_WSSERVE_ACCESS_REPLAY_H
#define CMD_WSSERVE_ACCESS_REPLAY_H

#include <ws/http.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WS_REPLAY_MAX = 65536 }; /* about 1.5 MiB */

struct ws_replay;

/* Keys count as used for `window_us` microseconds. `max`: how many are remembered at most, 0 means
 * WS_REPLAY_MAX. NULL without memory or randomness. */
struct ws_replay *ws_replay_new(int64_t window_us, size_t max);
void ws_replay_free(struct ws_replay *replay);

/* Is `key` new at `now_us` of the monotonic clock? Then it is remembered from now on; trying an old
 * one again does not prolong its window. */
bool ws_replay_fresh(struct ws_replay *replay, struct ws_str key, int64_t now_us);

/* The number of keys that were evicted before their window ended. */
uint64_t ws_replay_forgotten(struct ws_replay *replay);

#endif
