/*
 * child_kill: how a process group is ended, --kill=TERM:1s,KILL, and what signals are called.
 *
 * child carries the steps out; settings reads them. No state.
 */
#ifndef CMD_WSSERVE_BRIDGE_KILL_SEQUENCE_H
#define CMD_WSSERVE_BRIDGE_KILL_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHILD_STEPS_MAX = 8, CHILD_STEP_MS = 1000 };

/* Signals for the whole group, one after the other, each with the time that it gets. The last is
 * always SIGKILL. */
struct child_kill {
    unsigned count;
    struct {
        int signal;
        uint32_t wait_ms;
    } step[CHILD_STEPS_MAX + 1];
};

#define CHILD_KILL_DEFAULT "TERM:1s,KILL"

/* "TERM:1s,KILL": names with or without SIG, or numbers, at most CHILD_STEPS_MAX; a time that is
 * left out is a second. KILL is added where it is missing at the end. False, with `*kill` as it
 * was, for anything else. */
bool child_kill_parse(const char *text, struct child_kill *kill);

/* "SIGTERM" and the like, or "signal 99": constant, or written into the `size` bytes of `text`. */
const char *child_signal_name(int signal_number, char *text, size_t size);

#endif
