/*
 * histogram: counts latencies in buckets of constant relative width.
 *
 * Values are nanoseconds, with a relative error of at most 1/128. The memory, a few kilobytes, does
 * not depend on their number. Histograms of several threads are merged at the end. No locks.
 */
#ifndef CMD_WSBENCH_COUNT_HISTOGRAM_H
#define CMD_WSBENCH_COUNT_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 7,   /* 128 buckets for each doubling */
    HISTOGRAM_DOUBLINGS = 36, /* 128 ns * 2^36: more than two hours */
    HISTOGRAM_BUCKETS = (HISTOGRAM_DOUBLINGS + 1) << HISTOGRAM_SUB_BITS,
};

/* All zero is empty. */
struct histogram {
    uint64_t count;
    int64_t least, most; /* exact values */
    double sum;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* A negative value counts as 0; a value above the last bucket counts in it. */
void histogram_add(struct histogram *histogram, int64_t value);

/* Adds `other` to `histogram`. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The value that `percent` (0 to 100) of all values do not exceed; 0 when empty. At most `most`. */
int64_t histogram_percentile(const struct histogram *histogram, double percent);

/* The mean; 0 when empty. */
double histogram_mean(const struct histogram *histogram);

#endif
