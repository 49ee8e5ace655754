/*
 * pace: wakes a worker when something of its schedule is due.
 *
 * Entries that wait for their time are in a heap; a timer with nanosecond resolution fires for the
 * first of them. Used by one worker, on its thread.
 */
#ifndef CMD_WSBENCH_LOAD_PACE_H
#define CMD_WSBENCH_LOAD_PACE_H

#include <ws/loop.h>

#include <stdbool.h>
#include <stdint.h>

/* Something that waits for its time; embedded in its owner. */
struct pace_entry {
    int64_t due_ns; /* may change only while it does not wait */
    bool waits;
};

/* All zero: not open. */
struct pace {
    struct ws_loop *loop;
    struct ws_watch timer;
    bool open;
    int64_t wound_ns;         /* what the timer is set to; 0: nothing */
    struct pace_entry **heap; /* by due_ns, the first first; owned */
    uint32_t count;
    void (*due)(struct pace *pace, int64_t now_ns); /* the timer fired */
};

/* Opens the timer, for `entries` entries at most. False without descriptors or memory. */
bool pace_open(struct pace *pace, struct ws_loop *loop, uint32_t entries,
               void (*due)(struct pace *pace, int64_t now_ns));

/* Closes it; the entries no longer wait. Allowed where it is not open. */
void pace_close(struct pace *pace);

/* It waits from here on. Once. */
void pace_add(struct pace *pace, struct pace_entry *entry);

/* Takes out the first entry that is due at `now_ns`; NULL if none is. */
struct pace_entry *pace_take(struct pace *pace, int64_t now_ns);

/* Has `due` called at `when_ns` of the monotonic clock at the latest. */
void pace_wake_at(struct pace *pace, int64_t when_ns);

#endif
