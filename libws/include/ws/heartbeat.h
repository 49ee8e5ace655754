/*
 * heartbeat: pings that find out whether the peer is alive (RFC 6455 section 5.5.2).
 *
 * Two phases: every interval a ping; if nothing at all is heard within the pong's time, another,
 * and after `missed_limit` of those the peer is dead. Any byte that arrives counts as life. The
 * payload is 12 bytes: 8 of monotonic time in microseconds, 4 of sequence number, so that a pong
 * tells its round trip. No clock and no timer of its own: conn asks it when to come back.
 */
#ifndef WS_HEARTBEAT_H
#define WS_HEARTBEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WS_HEARTBEAT_PAYLOAD = 12 };

struct ws_heartbeat_config {
    uint32_t interval_ms; /* 0: no pings */
    uint32_t timeout_ms;  /* for an answer; 0: none is waited for */
    uint32_t missed_limit;
};

/* Round trips in microseconds, an hour at most; 0: none yet. */
struct ws_rtt {
    uint32_t last, least;
    uint32_t smoothed; /* each new one counts an eighth, as TCP has it (RFC 6298 section 2) */
};

struct ws_heartbeat {
    int64_t due; /* the loop's milliseconds; when to look again */
    int64_t heard;
    int64_t pinged;    /* 0: no ping is being waited for */
    uint32_t sequence; /* of the last ping */
    uint16_t missed;
    int64_t sent_us; /* when it was sent, as its payload says */
    struct ws_rtt rtt;
};

enum ws_heartbeat_verdict { WS_HEARTBEAT_WAIT, WS_HEARTBEAT_PING, WS_HEARTBEAT_DEAD };

/* The connection is open; `jitter` below interval_ms spreads the first pings of many. */
void ws_heartbeat_start(struct ws_heartbeat *beat, const struct ws_heartbeat_config *config,
                        int64_t now, uint32_t jitter);

/* Something was received. */
static inline void ws_heartbeat_heard(struct ws_heartbeat *beat, int64_t now)
{
    beat->heard = now;
}

/* What to do at `now`. PING: send one with the payload from ws_heartbeat_payload(). */
enum ws_heartbeat_verdict ws_heartbeat_check(struct ws_heartbeat *beat,
                                             const struct ws_heartbeat_config *config, int64_t now);

/* Writes the payload of the ping that is to be sent at `now_us`. */
void ws_heartbeat_payload(struct ws_heartbeat *beat, int64_t now_us,
                          uint8_t payload[WS_HEARTBEAT_PAYLOAD]);

/* A pong came: if it answers our last ping its round trip in microseconds, else -1. */
int64_t ws_heartbeat_pong(struct ws_heartbeat *beat, const uint8_t *payload, size_t len,
                          int64_t now_us);

#endif
