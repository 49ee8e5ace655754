#include "cmd/wsserve/bridge/attempts.h"

enum { BUSY_MS = 1000 }; /* Retry-After when --maxforks is reached */

void attempts_init(struct attempts *attempts, uint64_t max)
{
    *attempts = (struct attempts){.max = max};
    pthread_mutex_init(&attempts->lock, NULL);
}

void attempts_free(struct attempts *attempts)
{
    pthread_mutex_destroy(&attempts->lock);
}

uint32_t attempts_begin(struct attempts *attempts, struct backoff *backoff, int64_t now_ms,
                        unsigned *attempt, bool *full)
{
    uint32_t wait_ms = BUSY_MS;
    pthread_mutex_lock(&attempts->lock);
    *full = attempts->max && attempts->running >= attempts->max;
    if (!*full)
        wait_ms = backoff_ask(backoff, now_ms, attempt);
    if (wait_ms == 0)
        attempts->running++;
    pthread_mutex_unlock(&attempts->lock);
    return wait_ms;
}

bool attempts_report(struct attempts *attempts, struct backoff *backoff, unsigned attempt,
                     enum outcome outcome, int64_t now_ms)
{
    bool closed = false;
    pthread_mutex_lock(&attempts->lock);
    switch (outcome) {
    case OUTCOME_UNKNOWN:
        backoff_unknown(backoff, attempt);
        break;
    case OUTCOME_WORKS:
        backoff_success(backoff, attempt);
        break;
    case OUTCOME_FAILED:
        closed = backoff_failure(backoff, attempt, now_ms);
        break;
    }
    pthread_mutex_unlock(&attempts->lock);
    return closed;
}

void attempts_end(struct attempts *attempts)
{
    pthread_mutex_lock(&attempts->lock);
    attempts->running--;
    pthread_mutex_unlock(&attempts->lock);
}
