/*
 * tally: how often each of a few numbers occurred: close codes, HTTP statuses.
 */
#ifndef CMD_WSBENCH_COUNT_TALLY_H
#define CMD_WSBENCH_COUNT_TALLY_H

#include <stdint.h>

enum { TALLY_ROWS = 16 }; /* different numbers; what comes after that is counted together */

/* All zero is empty. */
struct tally {
    struct {
        unsigned number;
        uint64_t count;
    } rows[TALLY_ROWS]; /* in the order of their first occurrence */
    unsigned used;
    uint64_t others;
};

void tally_add(struct tally *tally, unsigned number, uint64_t count);

/* How often it occurred. */
uint64_t tally_count(const struct tally *tally, unsigned number);

/* Adds `other` to `tally`. */
void tally_merge(struct tally *tally, const struct tally *other);

#endif
