/*
 * backoff: how long to wait before the next attempt at something that keeps failing.
 *
 * For a COMMAND that exits at once or a service that cannot be reached: after BACKOFF_FAILURES
 * failures in a row attempts are refused for a second, then one is let through as a probe. If it
 * works all attempts are allowed again; if it fails the wait doubles, up to BACKOFF_LONGEST_MS.
 * Pure functions of a caller's clock; attempts.h has the lock.
 */
#ifndef CMD_WSSERVE_BRIDGE_BACKOFF_H
#define CMD_WSSERVE_BRIDGE_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BACKOFF_FAILURES = 3,       /* in a row, before attempts are refused */
    BACKOFF_FIRST_MS = 1000,    /* the first wait */
    BACKOFF_LONGEST_MS = 30000, /* which doubles up to this */
    BACKOFF_PROBE_MS = 5000,    /* a probe without an outcome for this long has worked */
};

/* All zero: nothing has failed yet. */
struct backoff {
    unsigned failures;   /* in a row */
    unsigned generation; /* of attempts; outcomes of older ones are ignored */
    int64_t until_ms;    /* attempts are refused before this */
    int64_t probe_started_ms;
    bool probing;
    uint32_t wait_ms; /* the last wait; 0: attempts are allowed */
};

/*
 * May an attempt be made at `now_ms` of a monotonic clock? 0: yes, and `*attempt` identifies it;
 * one of the functions below reports its outcome, once. Else the milliseconds after which to ask
 * again.
 */
uint32_t backoff_ask(struct backoff *backoff, int64_t now_ms, unsigned *attempt);

/* The attempt works. */
void backoff_success(struct backoff *backoff, unsigned attempt);

/* It failed. True if attempts are refused from now on, or for longer: worth a log line. */
bool backoff_failure(struct backoff *backoff, unsigned attempt, int64_t now_ms);

/* It ended before its outcome was known. */
void backoff_unknown(struct backoff *backoff, unsigned attempt);

#endif
