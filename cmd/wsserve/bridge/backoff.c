#include "cmd/wsserve/bridge/backoff.h"

uint32_t backoff_ask(struct backoff *b, int64_t now_ms, unsigned *attempt)
{
    if (b->wait_ms) {
        if (now_ms < b->until_ms)
            return (uint32_t)(b->until_ms - now_ms);
        if (b->probing && now_ms - b->probe_started_ms >= BACKOFF_PROBE_MS) {
            backoff_success(b, b->generation);
        } else if (b->probing) {
            return BACKOFF_FIRST_MS;
        } else {
            b->probing = true;
            b->probe_started_ms = now_ms;
            b->generation++;
        }
    }
    *attempt = b->generation;
    return 0;
}

void backoff_success(struct backoff *b, unsigned attempt)
{
    if (attempt != b->generation)
        return;
    b->failures = 0;
    b->wait_ms = 0;
    b->probing = false;
}

bool backoff_failure(struct backoff *b, unsigned attempt, int64_t now_ms)
{
    if (attempt != b->generation)
        return false;
    if (!b->probing && ++b->failures < BACKOFF_FAILURES)
        return false;
    b->wait_ms = b->wait_ms ? b->wait_ms * 2 : BACKOFF_FIRST_MS;
    if (b->wait_ms > BACKOFF_LONGEST_MS)
        b->wait_ms = BACKOFF_LONGEST_MS;
    b->until_ms = now_ms + b->wait_ms;
    b->probing = false;
    b->generation++;
    return true;
}

void backoff_unknown(struct backoff *b, unsigned attempt)
{
    if (attempt == b->generation)
        b->probing = false;
}
