/*
 * fanout: what one receiver of a broadcast has had of one publisher: a bit a message, for the last
 * FANOUT_WINDOW of them, and the numbers of those before that did not come. A message that is in
 * neither counts as a duplicate.
 */
#ifndef CMD_WSBENCH_COUNT_FANOUT_H
#define CMD_WSBENCH_COUNT_FANOUT_H

#include <stdint.h>

enum {
    FANOUT_WINDOW = 512,
    FANOUT_MISSING = 4096, /* numbers that are kept; above, the older half is forgotten */
};

/* All zero: nothing was received. */
struct fanout {
    uint64_t next; /* one more than the highest sequence number that came */
    uint64_t seen[FANOUT_WINDOW / 64];
    uint64_t *missing; /* rising; owned, NULL: there was none */
    unsigned missing_count, missing_size;
};

enum fanout_news { FANOUT_NEW, FANOUT_REORDERED, FANOUT_DUPLICATE };

/* Message `sequence` came: for the first time, for the first time but after a later one, or again.
 */
enum fanout_news fanout_received(struct fanout *fanout, uint64_t sequence);

/* Frees the memory; it is all zero then. */
void fanout_free(struct fanout *fanout);

#endif
