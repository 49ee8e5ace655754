/*
 * backoff: what fails again and again is left alone for a while.
 *
 * In front of a COMMAND that dies at once or a service that cannot be reached: after a few failures
 * in a row nobody is let through for a second, then one, the probe. When the probe does well the
 * way is open again; when it fails too the wait doubles, up to half a minute. process, shared and
 * proxy ask before each attempt and tell how it went. No clock of its own; one struct, one lock's.
 */
#ifndef CMD_WSSERVE_BRIDGE_BACKOFF_H
#define CMD_WSSERVE_BRIDGE_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BACKOFF_FAILURES = 3,       /* in a row, before anybody has to wait */
    BACKOFF_FIRST_MS = 1000,    /* the first wait */
    BACKOFF_LONGEST_MS = 30000, /* which doubles up to this */
    BACKOFF_PROBE_MS = 5000,    /* a probe that nothing was heard of for so long is doing well */
};

/* All zero: nothing has failed yet. */
struct backoff {
    unsigned failures;   /* in a row */
    unsigned generation; /* of attempts: those begun before the last change of mind do not count */
    int64_t until;       /* nobody before this */
    int64_t probe_begun;
    bool probing;
    uint32_t wait_ms; /* the last wait; 0: the way is open */
};

/*
 * May something be tried now, at `now_ms` of a monotonic clock? 0: yes, and `*attempt` names the
 * attempt, whose outcome is to be told below, once. Else the milliseconds after which to ask again.
 */
uint32_t backoff_ask(struct backoff *backoff, int64_t now_ms, unsigned *attempt);

/* It does what it should. */
void backoff_success(struct backoff *backoff, unsigned attempt);

/* It failed. True when this is what closes the way, or keeps it closed: worth a line in the log. */
bool backoff_failure(struct backoff *backoff, unsigned attempt, int64_t now_ms);

/* It ended before anybody could tell. */
void backoff_unknown(struct backoff *backoff, unsigned attempt);

#endif
