/*
 * timer: the entry of a loop's timer wheel (libws/io), embedded in its owner. ws_loop_arm() and
 * ws_loop_disarm() (loop.h) use it.
 */
#ifndef WS_TIMER_H
#define WS_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero: not armed. */
struct ws_timer {
    struct ws_timer *next;
    struct ws_timer *prev;
    int64_t when_ms : 56; /* the loop's milliseconds; private to the loop, as `level` */
    uint64_t level : 8;
    void (*fire)(struct ws_timer *timer);
};

static inline bool ws_timer_armed(const struct ws_timer *timer)
{
    return timer->prev != 0;
}

#ifdef __cplusplus
}
#endif

#endif
