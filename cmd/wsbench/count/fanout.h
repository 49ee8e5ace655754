/*
 * fanout: what one receiver of a broadcast has had of one publisher: a bit a message, for the last
 * FANOUT_WINDOW of them. An older message that comes now counts as a duplicate.
 */
#ifndef CMD_WSBENCH_COUNT_FANOUT_H
#define CMD_WSBENCH_COUNT_FANOUT_H

#include <stdint.h>

enum { FANOUT_WINDOW = 512 };

/* All zero: nothing was received. */
struct fanout {
    uint64_t next; /* one more than the highest sequence number that came */
    uint64_t seen[FANOUT_WINDOW / 64];
};

enum fanout_news { FANOUT_NEW, FANOUT_REORDERED, FANOUT_DUPLICATE };

/* Message `sequence` came: for the first time, for the first time but after a later one, or again.
 */
enum fanout_news fanout_received(struct fanout *fanout, uint64_t sequence);

#endif
