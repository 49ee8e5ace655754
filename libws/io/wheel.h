/*
 * wheel: a hierarchical timer wheel in milliseconds. Private to the loop.
 *
 * Entries (struct ws_timer) are intrusive; arming and cancelling take constant time,
 * and one wake-up serves them all. Invariant: an entry lies on the level of the highest 6-bit digit
 * in which its time differs from the wheel's, in the slot of that digit; so everything on a lower
 * level is due before everything above. The wheel has no clock: the loop sets its time. One
 * thread's.
 */
#ifndef LIBWS_IO_WHEEL_H
#define LIBWS_IO_WHEEL_H

#include <ws/timer.h>

#include <stddef.h>
#include <stdint.h>

/* Seven digits of six bits: times up to 2^42 ms, longer than any process lives. */
enum { WS_WHEEL_LEVELS = 7, WS_WHEEL_SLOTS = 64 };

struct ws_wheel {
    int64_t now_ms;
    uint64_t occupied[WS_WHEEL_LEVELS]; /* a bit a slot */
    struct ws_timer *slots[WS_WHEEL_LEVELS][WS_WHEEL_SLOTS];
    struct ws_timer *next; /* those that wait for no time, in the order in which they were armed;
                            * their when_ms is the round in which they were */
    int64_t round;         /* grows with each ws_wheel_fire_next() */
};

/* Empty, at time `now_ms` (not negative). */
void ws_wheel_init(struct ws_wheel *wheel, int64_t now_ms);

/* As ws_loop_arm(). */
void ws_wheel_arm(struct ws_wheel *wheel, struct ws_timer *timer, int64_t when_ms);

/* As ws_loop_arm_next(). */
void ws_wheel_arm_next(struct ws_wheel *wheel, struct ws_timer *timer);

/* Fires those of ws_wheel_arm_next(). One that is armed meanwhile waits for the next call. */
void ws_wheel_fire_next(struct ws_wheel *wheel);

/* Allowed for a timer that is not armed. */
void ws_wheel_cancel(struct ws_wheel *wheel, struct ws_timer *timer);

/* How many are armed; for tests, since it looks at all of them. */
size_t ws_wheel_count(const struct ws_wheel *wheel);

/* Brings the time to `now_ms` and fires what is due, in order of time except for equal
 * milliseconds. A timer that fires may arm and cancel any. */
void ws_wheel_advance(struct ws_wheel *wheel, int64_t now_ms);

/* When the wheel next has something to do (never later than the next timer is due), or -1 when
 * nothing is armed for a time. */
int64_t ws_wheel_next(const struct ws_wheel *wheel);

#endif
