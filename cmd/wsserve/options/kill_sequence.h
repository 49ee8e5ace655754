/*
 * kill_sequence: how a process group is ended (--kill=TERM:1s,KILL), and the names of signals.
 *
 * bridge/child carries it out. No state.
 */
#ifndef CMD_WSSERVE_OPTIONS_KILL_SEQUENCE_H
#define CMD_WSSERVE_OPTIONS_KILL_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KILL_STEPS_MAX = 8, KILL_STEP_MS = 1000 };

/* Signals for the whole group, in this order, each with the time until the next one. The last is
 * always SIGKILL. */
struct kill_sequence {
    unsigned count;
    struct {
        int signal;
        uint32_t wait_ms;
    } step[KILL_STEPS_MAX + 1];
};

#define KILL_SEQUENCE_DEFAULT "TERM:1s,KILL"

/* "TERM:1s,KILL": names with or without SIG, or numbers, at most KILL_STEPS_MAX; a time that is
 * left out is a second. KILL is added where it is missing at the end. False, with `*kill` as it
 * was, for anything else. */
bool kill_sequence_parse(const char *text, struct kill_sequence *kill);

/* "SIGTERM" and the like, or "signal 99": constant, or written into the `size` bytes of `text`. */
const char *kill_signal_name(int signal_number, char *text, size_t size);

#endif
