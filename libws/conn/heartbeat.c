#include <ws/heartbeat.h>

static const uint32_t HOUR_US = 3600u * 1000000u;

void ws_heartbeat_start(struct ws_heartbeat *heartbeat, const struct ws_heartbeat_config *config,
                        int64_t now_ms, uint32_t jitter_ms)
{
    *heartbeat = (struct ws_heartbeat){.heard_ms = now_ms};
    heartbeat->due_ms =
        config->interval_ms ? now_ms + config->interval_ms - jitter_ms / 2 : INT64_MAX;
}

/* While a ping is unanswered: the interval's end, where the next ping is due if an answer came
 * meanwhile, or the answer's, whichever is first. */
static int64_t next_look_ms(const struct ws_heartbeat *heartbeat,
                            const struct ws_heartbeat_config *config, int64_t now_ms)
{
    int64_t look_ms = now_ms + config->interval_ms,
            answer_ms = heartbeat->pinged_ms + config->timeout_ms;
    return config->timeout_ms && answer_ms < look_ms ? answer_ms : look_ms;
}

enum ws_heartbeat_verdict ws_heartbeat_check(struct ws_heartbeat *heartbeat,
                                             const struct ws_heartbeat_config *config,
                                             int64_t now_ms)
{
    if (now_ms < heartbeat->due_ms)
        return WS_HEARTBEAT_WAIT;
    if (heartbeat->pinged_ms && heartbeat->heard_ms >= heartbeat->pinged_ms) {
        /* It lives. The next ping comes an interval after the last. */
        int64_t next_ms = heartbeat->pinged_ms + config->interval_ms;
        heartbeat->pinged_ms = 0;
        heartbeat->missed = 0;
        heartbeat->due_ms = next_ms;
        if (next_ms > now_ms)
            return WS_HEARTBEAT_WAIT;
    }
    if (heartbeat->pinged_ms && now_ms - heartbeat->pinged_ms < config->timeout_ms) {
        heartbeat->due_ms = next_look_ms(heartbeat, config, now_ms);
        return WS_HEARTBEAT_WAIT;
    }
    if (heartbeat->pinged_ms && ++heartbeat->missed >= config->missed_limit)
        return WS_HEARTBEAT_DEAD;
    heartbeat->pinged_ms = now_ms;
    heartbeat->sequence++;
    heartbeat->due_ms = next_look_ms(heartbeat, config, now_ms);
    if (!config->timeout_ms)
        heartbeat->pinged_ms = 0;
    return WS_HEARTBEAT_PING;
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0) {
        at[bytes] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

void ws_heartbeat_payload(struct ws_heartbeat *heartbeat, int64_t now_us,
                          uint8_t payload[WS_HEARTBEAT_PAYLOAD])
{
    heartbeat->sent_us = now_us;
    put(payload, (uint64_t)now_us, 8);
    put(payload + 8, heartbeat->sequence, 4);
}

int64_t ws_heartbeat_pong(struct ws_heartbeat *heartbeat, const uint8_t *payload, size_t len,
                          int64_t now_us)
{
    if (len != WS_HEARTBEAT_PAYLOAD)
        return -1;
    int64_t sent = (int64_t)get(payload, 8);
    uint32_t sequence = (uint32_t)get(payload + 8, 4);
    /* A peer may send any pong, at any time; only the answer to our last ping counts. */
    if (sequence == 0 || sequence != heartbeat->sequence || sent != heartbeat->sent_us ||
        sent > now_us)
        return -1;
    int64_t rtt = now_us - sent;
    uint32_t kept = rtt < 1 ? 1 : rtt > HOUR_US ? HOUR_US : (uint32_t)rtt;
    heartbeat->sent_us = -1; /* it was the answer; another is none */
    heartbeat->rtt.last_us = kept;
    if (heartbeat->rtt.least_us == 0 || kept < heartbeat->rtt.least_us)
        heartbeat->rtt.least_us = kept;
    heartbeat->rtt.smoothed_us =
        heartbeat->rtt.smoothed_us
            ? heartbeat->rtt.smoothed_us - heartbeat->rtt.smoothed_us / 8 + kept / 8
            : kept;
    return rtt;
}
