/*
 * overload: overload protection: memory limit and load shedding.
 *
 * One for a server. Connections are charged for their queues and unfinished messages; above
 * `max_memory` the largest holder is evicted, with close code 1013. And while connections, memory
 * or the loops' lag are above the first of two thresholds, until they are below the second, the
 * server sheds load: new connections are refused, and the longest idle one is closed, a few a
 * second.
 */
#ifndef WS_OVERLOAD_H
#define WS_OVERLOAD_H

#include <ws/admission.h>
#include <ws/server_env.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_overload_limits {
    size_t max_memory;    /* bytes; 0: no limit */
    unsigned shed_start;  /* percent; 0: no shedding */
    unsigned shed_stop;   /* percent, below shed_start */
    uint32_t lag_full_ms; /* lag of a loop, twice in a row, that counts as 100 percent; 0: 200 */
    bool watch_lag;       /* loops measure their lag even where nothing is limited */
};

struct ws_overload;

/* For the loops of `envs`, whose `overload` it sets, before they run. NULL without memory. */
struct ws_overload *ws_overload_new(const struct ws_overload_limits *limits,
                                    struct ws_admission *admission,
                                    struct ws_server_env *const *envs, unsigned count);

/* Once the threads are gone. NULL is allowed. */
void ws_overload_free(struct ws_overload *overload);

/* Is it shedding load; and bytes that all connections hold. Of any thread. */
bool ws_overload_shedding(const struct ws_overload *overload);
size_t ws_overload_memory(const struct ws_overload *overload);

/* Hysteresis: on from `start` percent (0: never), off below `stop`. */
bool ws_overload_decide(bool shedding, unsigned percent, unsigned start, unsigned stop);

#ifdef __cplusplus
}
#endif

#endif
