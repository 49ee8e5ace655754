/*
 * histogram: counts latencies in buckets of constant relative width (log-linear).
 *
 * Values are nanoseconds, with a relative error of at most 1/1024: three significant digits. The
 * memory, 280 KiB, does not depend on their number. Histograms of threads, and of reports, are
 * merged without loss. No locks.
 */
#ifndef CMD_COMMON_COUNT_HISTOGRAM_H
#define CMD_COMMON_COUNT_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 10,  /* 1024 buckets for each doubling */
    HISTOGRAM_DOUBLINGS = 33, /* 1024 ns * 2^33: more than two hours */
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

/* The same value `count` times. */
void histogram_add_many(struct histogram *histogram, int64_t value, uint64_t count);

/* Adds `count` values to the bucket of `value`, not to `least`, `most` and `sum`: for what was read
 * from a report, which has these beside the buckets. */
void histogram_add_bucket(struct histogram *histogram, int64_t value, uint64_t count);

/* The largest value that is counted in bucket `index`. */
int64_t histogram_bucket_top(unsigned index);

/* Adds `other` to `histogram`. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The value that `percent` (0 to 100) of all values do not exceed; 0 when empty. At most `most`. */
int64_t histogram_percentile(const struct histogram *histogram, double percent);

/* The mean; 0 when empty. */
double histogram_mean(const struct histogram *histogram);

#endif
