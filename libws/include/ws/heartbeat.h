/*
 * heartbeat: pings that detect a dead peer (RFC 6455 section 5.5.2).
 *
 * Two phases: a ping every interval; if nothing at all arrives within the pong's time, another, and
 * after `missed_limit` of those the peer is dead. One ping is unanswered at a time: while the
 * pong's time is longer than the interval, a peer that has not answered yet gets no second ping
 * before it has passed. Any byte that arrives counts as life. The payload is 12 bytes: 8 of
 * monotonic time in microseconds, 4 of sequence number, so that a pong gives its round-trip time.
 * No clock and no timer of its own: the caller passes the time, and checks again at `due_ms`.
 */
#ifndef WS_HEARTBEAT_H
#define WS_HEARTBEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WS_HEARTBEAT_PAYLOAD = 12 };

struct ws_heartbeat_config {
    uint32_t interval_ms;  /* 0: no pings */
    uint32_t timeout_ms;   /* for an answer; 0: none is expected */
    uint32_t missed_limit; /* pings without an answer that make the peer dead; 0 counts as 1 */
};

/* Round trips in microseconds, an hour at most; 0: none yet. */
struct ws_rtt {
    uint32_t last_us, least_us;
    uint32_t smoothed_us; /* each new one counts an eighth, as TCP has it (RFC 6298 section 2) */
};

struct ws_heartbeat {
    int64_t heard_ms;       /* the loop's milliseconds; when the last byte arrived */
    int64_t due_ms;         /* when to check again */
    int64_t pinged_ms : 48; /* when the unanswered ping was sent; 0: none is */
    uint64_t missed : 16;   /* pings in a row without an answer */
    int64_t sent_us;   /* when the last ping was sent, as its payload says; -1: it was answered */
    uint32_t sequence; /* of the last ping */
    struct ws_rtt rtt;
};

enum ws_heartbeat_verdict { WS_HEARTBEAT_WAIT, WS_HEARTBEAT_PING, WS_HEARTBEAT_DEAD };

/* The connection is open; `jitter_ms` below interval_ms spreads the first pings of many. */
void ws_heartbeat_start(struct ws_heartbeat *heartbeat, const struct ws_heartbeat_config *config,
                        int64_t now_ms, uint32_t jitter_ms);

/* Something was received. */
static inline void ws_heartbeat_heard(struct ws_heartbeat *heartbeat, int64_t now_ms)
{
    heartbeat->heard_ms = now_ms;
}

/* What to do at `now_ms`. PING: send one with the payload from ws_heartbeat_payload(). DEAD: the
 * peer missed too many. */
enum ws_heartbeat_verdict ws_heartbeat_check(struct ws_heartbeat *heartbeat,
                                             const struct ws_heartbeat_config *config,
                                             int64_t now_ms);

/* Writes the payload of the ping that is to be sent at `now_us`. */
void ws_heartbeat_payload(struct ws_heartbeat *heartbeat, int64_t now_us,
                          uint8_t payload[WS_HEARTBEAT_PAYLOAD]);

/* A pong came: returns its round trip in microseconds if it answers our last ping, else -1. */
int64_t ws_heartbeat_pong(struct ws_heartbeat *heartbeat, const uint8_t *payload, size_t len,
                          int64_t now_us);

#ifdef __cplusplus
}
#endif

#endif
