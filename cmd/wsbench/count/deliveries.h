/*
 * deliveries: how long was waited for the broadcasts that did not come. What is lost shows only in
 * the sum over all receivers, so what was due and what came is counted by when it was due, in
 * slots; the difference is what is missing.
 */
#ifndef CMD_WSBENCH_COUNT_DELIVERIES_H
#define CMD_WSBENCH_COUNT_DELIVERIES_H

#include "cmd/common/count/histogram.h"

#include <stdbool.h>
#include <stdint.h>

enum { DELIVERIES_SLOTS = 4096 };

/* All zero is empty: slots of DELIVERIES_SLOT_NS. When a message is due after the last one, each
 * becomes twice as long. */
#define DELIVERIES_SLOT_NS INT64_C(1000000)

struct deliveries {
    unsigned doublings;
    struct {
        uint64_t sent; /* messages; each is due to every receiver */
        uint64_t came; /* to one of them, or from one: a sender needs none of its own */
    } slots[DELIVERIES_SLOTS];
};

/* A message was sent, or came to a receiver; `due_ns` since the start of the load. */
void deliveries_sent(struct deliveries *deliveries, int64_t due_ns);
void deliveries_came(struct deliveries *deliveries, int64_t due_ns);

/* Adds `other` to `deliveries`. */
void deliveries_merge(struct deliveries *deliveries, const struct deliveries *other);

/* Adds to `times` what each of `receivers` has waited for what did not come, to `end_ns`. */
void deliveries_add_missing(const struct deliveries *deliveries, uint64_t receivers, int64_t end_ns,
                            struct histogram *times);

#endif
