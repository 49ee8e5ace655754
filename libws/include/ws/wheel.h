/*
 * wheel: a hierarchical timer wheel in milliseconds.
 *
 * Entries are intrusive; arming and cancelling take constant time, and one wake-up serves them all.
 * Invariant: an entry lies on the level of the highest 6-bit digit in which its time differs from
 * the wheel's, in the slot of that digit; so whatever lies on a lower level is due earlier than all
 * that lies above. The wheel has no clock: loop tells it the time. One thread's.
 */
#ifndef WS_WHEEL_H
#define WS_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seven digits of six bits: times up to 2^42 ms, which no process lives to see. */
enum { WS_WHEEL_LEVELS = 7, WS_WHEEL_SLOTS = 64 };

/* All zero: not armed. Embedded in what it is the timer of. */
struct ws_timer {
    struct ws_timer *next;
    struct ws_timer *prev;
    int64_t when : 56; /* milliseconds of the wheel's time */
    uint64_t level : 8;
    void (*fire)(struct ws_timer *timer);
};

struct ws_wheel {
    int64_t now;
    uint64_t occupied[WS_WHEEL_LEVELS]; /* a bit a slot */
    struct ws_timer *slots[WS_WHEEL_LEVELS][WS_WHEEL_SLOTS];
};

/* Empty, at time `now` (not negative). */
void ws_wheel_init(struct ws_wheel *wheel, int64_t now);

/* Has `timer` fire once at `when`, or at the next advance if that has passed; at most 2^35 ms (a
 * year) from now. A timer that is armed is moved. It is not freed; it must stay until it has fired
 * or is cancelled. */
void ws_wheel_arm(struct ws_wheel *wheel, struct ws_timer *timer, int64_t when);

/* Of a timer that is not armed too. */
void ws_wheel_cancel(struct ws_wheel *wheel, struct ws_timer *timer);

static inline bool ws_timer_armed(const struct ws_timer *timer)
{
    return timer->prev != 0;
}

/* How many are armed; for tests, since it looks at all of them. */
size_t ws_wheel_count(const struct ws_wheel *wheel);

/* Brings the time to `now` and fires what is due, in order of time but for equal milliseconds. A
 * timer that fires may arm and cancel any. */
void ws_wheel_advance(struct ws_wheel *wheel, int64_t now);

/* When the wheel next has something to do (never later than the next timer is due), or -1 when
 * nothing is armed. */
int64_t ws_wheel_next(const struct ws_wheel *wheel);

#endif
