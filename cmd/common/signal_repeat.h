/*
 * signal_repeat: tells a second SIGINT or SIGTERM of a user from one that came twice.
 *
 * timeout(1) sends its signal to the program and then to the program's group, so that it arrives
 * twice; so does a shell's script that forwards the signal that its group got. A user is not that
 * fast. Any tool may call it.
 */
#ifndef CMD_COMMON_SIGNAL_REPEAT_H
#define CMD_COMMON_SIGNAL_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

enum { SIGNAL_REPEAT_US = 50000 };

/* Starts as all zero. */
struct signal_repeat {
    int number; /* of the last one that counted; 0: none yet */
    int64_t at_us;
};

/* True if the signal, which arrived at `now_us` by ws_clock_us(), is the last one once more, and is
 * to be ignored: the same SIGINT or SIGTERM within SIGNAL_REPEAT_US. */
bool signal_repeat(struct signal_repeat *last, int number, int64_t now_us);

#endif
