/*
 * replay: has this Sec-WebSocket-Key been used a moment ago?
 *
 * A key is drawn anew for every connection (RFC 6455 4.1), so one that comes twice is a recorded
 * request. Memory is bounded: the newest WS_REPLAY_MAX keys are remembered, as fingerprints made
 * with a secret of this run, so that nobody can choose two that collide. Any thread may call it.
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

/* Is `key` new at `now_us`, of the monotonic clock? It is remembered from now on if it is; one that
 * is not is remembered no longer for being tried again. */
bool ws_replay_fresh(struct ws_replay *replay, struct ws_str key, int64_t now_us);

/* How many keys were forgotten before their time, for want of room. */
uint64_t ws_replay_forgotten(struct ws_replay *replay);

#endif
