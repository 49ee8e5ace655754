#include <ws/heartbeat.h>

static const uint32_t HOUR_US = 3600u * 1000000u;

void ws_heartbeat_start(struct ws_heartbeat *beat, const struct ws_heartbeat_config *config,
                        int64_t now, uint32_t jitter)
{
    *beat = (struct ws_heartbeat){.heard = now};
    beat->due = config->interval_ms ? now + config->interval_ms - jitter / 2 : INT64_MAX;
}

enum ws_heartbeat_verdict ws_heartbeat_check(struct ws_heartbeat *beat,
                                             const struct ws_heartbeat_config *config, int64_t now)
{
    if (now < beat->due)
        return WS_HEARTBEAT_WAIT;
    if (beat->pinged && beat->heard >= beat->pinged) {
        /* It lives. The next ping comes an interval after the last. */
        int64_t next = beat->pinged + config->interval_ms;
        beat->pinged = 0;
        beat->missed = 0;
        beat->due = next;
        if (next > now)
            return WS_HEARTBEAT_WAIT;
    }
    if (beat->pinged && ++beat->missed >= config->missed_limit)
        return WS_HEARTBEAT_DEAD;
    beat->pinged = now;
    beat->sequence++;
    beat->due = now + (config->timeout_ms ? config->timeout_ms : config->interval_ms);
    if (!config->timeout_ms)
        beat->pinged = 0;
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

void ws_heartbeat_payload(struct ws_heartbeat *beat, int64_t now_us,
                          uint8_t payload[WS_HEARTBEAT_PAYLOAD])
{
    beat->sent_us = now_us;
    put(payload, (uint64_t)now_us, 8);
    put(payload + 8, beat->sequence, 4);
}

int64_t ws_heartbeat_pong(struct ws_heartbeat *beat, const uint8_t *payload, size_t len,
                          int64_t now_us)
{
    if (len != WS_HEARTBEAT_PAYLOAD)
        return -1;
    int64_t sent = (int64_t)get(payload, 8);
    uint32_t sequence = (uint32_t)get(payload + 8, 4);
    /* A peer may send any pong, at any time; only the answer to our last ping is believed. */
    if (sequence == 0 || sequence != beat->sequence || sent != beat->sent_us || sent > now_us)
        return -1;
    int64_t rtt = now_us - sent;
    uint32_t kept = rtt < 1 ? 1 : rtt > HOUR_US ? HOUR_US : (uint32_t)rtt;
    beat->sent_us = -1; /* it was the answer; another is none */
    beat->rtt.last = kept;
    if (beat->rtt.least == 0 || kept < beat->rtt.least)
        beat->rtt.least = kept;
    beat->rtt.smoothed =
        beat->rtt.smoothed ? beat->rtt.smoothed - beat->rtt.smoothed / 8 + kept / 8 : kept;
    return rtt;
}
