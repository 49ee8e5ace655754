/*
 * totals: what a loop of wsserve has counted since it started.
 *
 * Each loop counts for itself, without a lock; totals_add() adds them up. server.c, answer.c and
 * instrument.c count, metrics.c and stats.c show. The counters of a live connection are its own
 * until it ends: totals_connection() adds them.
 */
#ifndef CMD_WSSERVE_OBSERVE_TOTALS_H
#define CMD_WSSERVE_OBSERVE_TOTALS_H

#include <ws/conn.h>
#include <ws/deflate.h>
#include <ws/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOTALS_BUCKETS = 12, /* the last has no upper bound */
    TOTALS_CODES = 18,
    TOTALS_STATUSES = 512,
};

/* In microseconds or bytes. */
struct totals_histogram {
    uint64_t buckets[TOTALS_BUCKETS]; /* not cumulative */
    uint64_t sum;
};

enum totals_scale { TOTALS_TIMES, TOTALS_SIZES };

/* What a connection is doing, for the log, the metrics and /connections alike. */
enum totals_state {
    TOTALS_HANDSHAKE, /* it was not upgraded: its request comes, or a plain answer goes */
    TOTALS_OPEN,
    TOTALS_CLOSING, /* it was open */
    TOTALS_STATES,
};

extern const char *const totals_state_names[TOTALS_STATES];

enum totals_state totals_state_of(const struct ws_conn *conn);

struct totals {
    uint64_t tls[2];                     /* full TLS handshakes, and resumed ones */
    uint64_t accepted;                   /* connections */
    uint64_t handshakes[WS_ERROR_COUNT]; /* upgrades by outcome, WS_OK included */
    uint64_t plain[TOTALS_STATUSES];     /* other requests, by status */
    /* Connections that were open: whether the peer ended them, and totals_code_slot() of the codes
     * that were sent and received. */
    uint64_t closed[2][TOTALS_CODES][TOTALS_CODES];
    uint64_t errors[WS_ERROR_COUNT]; /* the same, by error */
    uint64_t messages_in, messages_out, bytes_in, bytes_out;
    uint64_t pings;                 /* that were sent */
    uint64_t sent, dropped, failed; /* deliveries of broadcasts */
    struct ws_deflate_counts deflate;
    struct totals_histogram handshake_us, rtt_us, lag_us, message_bytes;

    /* As of now. */
    uint64_t connections[TOTALS_STATES], queue_bytes, held_bytes, timers;
};

/* Upper bounds of all buckets but the last. */
extern const uint64_t totals_time_bounds[TOTALS_BUCKETS - 1];
extern const uint64_t totals_size_bounds[TOTALS_BUCKETS - 1];

/* Counts `value` in: by times or by sizes. */
void totals_note(struct totals_histogram *histogram, enum totals_scale scale, uint64_t value);

/* The same value `count` times. */
void totals_note_many(struct totals_histogram *histogram, enum totals_scale scale, uint64_t value,
                      unsigned count);

/* How many values are in it. */
uint64_t totals_count(const struct totals_histogram *histogram);

/* The slot of a close code: one for each of 1000 to 1015, one for all of 3000 to 4999, one for the
 * rest. */
unsigned totals_code_slot(unsigned code);

/* "1000", "3000-4999", "other", or "none" of WS_CLOSE_ABNORMAL: a slot's name, written to `text`,
 * which is returned. */
const char *totals_code_name(unsigned slot, char text[16]);

/* A request that asked for no upgrade was answered with `status`. */
void totals_plain(struct totals *totals, unsigned status);

/* A connection ended. */
void totals_ended(struct totals *totals, const struct ws_conn *conn, const struct ws_end *end);

/* What a connection that lives has done so far, and that it is there. */
void totals_connection(struct totals *totals, const struct ws_conn *conn);

void totals_add(struct totals *sum, const struct totals *totals);

#endif
