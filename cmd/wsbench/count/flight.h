/*
 * flight: the messages of one connection, from when they are sent until it is known what became of
 * them. It counts them into the worker's totals.
 *
 * Every message is remembered by its sequence number: waiting, answered or lost. So received + lost
 * is sent at any time after the last one was settled, and an answer that comes twice, late or out
 * of order is seen as what it is, also where a server does all of that at once. A lost message
 * keeps its place in the memory, not in the window: when its answer comes after its time limit, the
 * message stays lost, and the answer is counted as late.
 *
 * The memory is a ring that holds at least FLIGHT_LEAST messages and twice the window. It grows
 * while the oldest one still waits (an answer overtaken by many), to FLIGHT_MOST at most. Lost
 * messages that leave it are kept apart: their answers may come after thousands of others.
 */
#ifndef CMD_WSBENCH_COUNT_FLIGHT_H
#define CMD_WSBENCH_COUNT_FLIGHT_H

#include "cmd/wsbench/count/totals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FLIGHT_LEAST = 64,
    FLIGHT_MOST = 1 << 18, /* 8 MiB for a connection whose server answers all but the oldest */
    FLIGHT_OVERDUE = 4096, /* lost messages outside the ring; above, the oldest is forgotten */
};

enum fate {
    FATE_WAITING,
    FATE_ANSWERED,
    /* The others are lost. */
    FATE_LOST,    /* no answer came in time */
    FATE_DAMAGED, /* for a damaged answer, which may be another's: one of its own that comes in time
                   * makes up for it */
    FATE_LATE,    /* its answer came too late */
};

struct flight_message {
    int64_t due_ns, sent_ns;
    unsigned alike; /* so many, with this one, were sent with it and follow it */
    uint8_t fate;   /* an enum fate */
    bool counted;   /* false: of the warm-up. What becomes of it is in no total */
    bool keyed;     /* it is found by its key */
    uint64_t key;
};

/* A lost message that has left the ring. */
struct flight_overdue {
    uint64_t number;
    struct flight_message message;
};

struct flight {
    struct flight_message *ring;    /* owned; message k is at k modulo `size` */
    uint64_t size;                  /* a power of two; 0: nothing was sent yet */
    uint64_t oldest, next;          /* sequence numbers: [oldest, next) are remembered */
    uint64_t waiting_from;          /* no message before it waits */
    uint64_t answered_to;           /* one more than the highest that was answered */
    unsigned waiting;               /* messages in flight */
    struct flight_overdue *overdue; /* owned; a ring too, by number; NULL: there was none */
    unsigned overdue_size, overdue_first, overdue_count;
    int64_t limit_ns; /* an answer that takes as long is too late */
    bool closed;      /* messages are due when they are sent: rtt_sent, which is the same
                       * as rtt, is left out */
    bool untimed;     /* its times are in no histogram */
};

/* Makes sure that the next `count` messages, FLIGHT_LEAST / 2 at most, can be remembered; it is
 * `window` wide. False without memory. */
bool flight_prepare(struct flight *flight, unsigned count, unsigned window, struct totals *totals);

/* The next `count` messages, from `flight->next` on, were sent: they wait from here on. After
 * flight_prepare(). */
void flight_sent(struct flight *flight, unsigned count, int64_t due_ns, int64_t now_ns,
                 bool counted);

/* The message `flight->next - 1` is found by `key` from here on. */
void flight_set_key(struct flight *flight, uint64_t key);

/* Whose answer is it? `*number` is the oldest message that waits, with `keyed` of those with this
 * key. If none waits, it is the oldest that is lost without an answer; with `keyed` the last such
 * one, or else the last that was answered. False if it is none's. */
bool flight_find(const struct flight *flight, bool keyed, uint64_t key, uint64_t *number);

/* A whole answer came, to the message whose number is `sequence` modulo `modulus` (a power of two;
 * 0: the number is complete). Counts it as received, reordered, duplicated or late, and the times
 * of one that is received. False if no message can have that number: nothing is counted. */
bool flight_answered(struct flight *flight, uint64_t sequence, uint64_t modulus, int64_t now_ns,
                     struct totals *totals);

/* The first message that waits, whose number is `flight->waiting_from`; NULL: none does. */
static inline const struct flight_message *flight_first(const struct flight *flight)
{
    return flight->waiting > 0 ? &flight->ring[flight->waiting_from & (flight->size - 1)] : NULL;
}

/* How many messages, from that one on and `most` at most, wait, and were sent with it by one call
 * of flight_sent(). 0 if their time is up. */
unsigned flight_alike(const struct flight *flight, unsigned most, int64_t now_ns);

/* Whole answers came to the first `count` of them, at least one and in time: the same as
 * flight_answered() with the number of each. */
void flight_first_answered(struct flight *flight, unsigned count, int64_t now_ns,
                           struct totals *totals);

/* A damaged answer came, which is none: the oldest message that waits is given up, so that its
 * place in the window is free. If that was another's answer, its own makes up for it. */
void flight_damaged(struct flight *flight, struct totals *totals);

/* Gives up the messages whose time is up. Returns when the next one will be due for that, 0 when
 * none waits. */
int64_t flight_expire(struct flight *flight, int64_t now_ns, struct totals *totals);

/* No more answers are waited for: what waits is lost. One that comes all the same is late. */
void flight_give_up(struct flight *flight, struct totals *totals);

/* No more answers can come: what waits is lost, and everything is forgotten. Lost messages enter
 * the times with the age that they have reached, the limit at most. Numbers go on, so that an
 * answer on the next connection is not taken for one of these. */
void flight_end(struct flight *flight, int64_t now_ns, struct totals *totals);

/* Frees the memory; the flight can be used again. */
void flight_free(struct flight *flight);

#endif
