/*
 * attempts: may a program or a service be started, or connected to, now? Backoff after failures,
 * and
 * --maxforks; shared by all threads, under one lock.
 *
 * Each attempt is asked for with attempts_begin(), has its outcome reported once, and ends with
 * attempts_end().
 */
#ifndef CMD_WSSERVE_BRIDGE_ATTEMPTS_H
#define CMD_WSSERVE_BRIDGE_ATTEMPTS_H

#include "cmd/wsserve/bridge/backoff.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct attempts {
    pthread_mutex_t lock; /* of `running`, and of the backoff of each target */
    uint64_t running;
    uint64_t max; /* running at a time; 0: no limit */
};

void attempts_init(struct attempts *attempts, uint64_t max);
void attempts_free(struct attempts *attempts);

/* 0: it may begin, and `*attempt` identifies it; else the milliseconds to wait, and `*full` says
 * whether --maxforks is why. `now_ms` of the monotonic clock, here and below; `backoff` is the
 * target's. */
uint32_t attempts_begin(struct attempts *attempts, struct backoff *backoff, int64_t now_ms,
                        unsigned *attempt, bool *full);

enum outcome {
    OUTCOME_UNKNOWN, /* it ended before it could work or fail */
    OUTCOME_WORKS,
    OUTCOME_FAILED,
};

/* Reports the outcome, once an attempt. True when the target is backed off from now on. */
bool attempts_report(struct attempts *attempts, struct backoff *backoff, unsigned attempt,
                     enum outcome outcome, int64_t now_ms);

/* It does not run any more. */
void attempts_end(struct attempts *attempts);

#endif
