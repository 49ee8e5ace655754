/*
 * metric: the numbers of a result by the names that --fail-if, --abort-if, --compare and the CSV
 * report use: rtt.p99, errors, loss, rate, …
 */
#ifndef CMD_WSBENCH_COUNT_METRIC_H
#define CMD_WSBENCH_COUNT_METRIC_H

#include "cmd/wsbench/count/result.h"

#include <stdbool.h>
#include <stddef.h>

enum metric_unit {
    METRIC_COUNT,
    METRIC_TIME,  /* nanoseconds */
    METRIC_RATE,  /* a second */
    METRIC_SHARE, /* percent */
};

enum { METRIC_NAME_MAX = 48 };

/* What a name stands for. */
struct metric {
    char name[METRIC_NAME_MAX];
    enum metric_unit unit;
    int row;        /* private: in the table of histograms or of numbers */
    int part;       /* private: of a histogram: a percentile, the least, … */
    double percent; /* private */
};

/* Finds a name of `len` bytes. False if there is none. */
bool metric_find(struct metric *metric, const char *name, size_t len);

/* False if the result has no such value: a percentile of nothing, a rate of no time. */
bool metric_value(const struct metric *metric, const struct result *result, double *value);

/* The range around a percentile in which that of another sample of the same times would be, with
 * three standard errors on both sides. False if the metric is no percentile. `*high` is infinite
 * where there are too few times above it to say. */
bool metric_range(const struct metric *metric, const struct result *result, double *low,
                  double *high);

/* The histograms by name: index from 0; NULL after the last. */
const char *metric_histogram_name(size_t index);
const struct histogram *metric_histogram(const struct result *result, size_t index);
struct histogram *metric_histogram_mutable(struct result *result, size_t index);

/* The other numbers by name: index from 0; NULL after the last. */
const char *metric_number_name(size_t index);

/* Formats a value with its unit; at most `size` bytes. Returns `text`. */
char *metric_format(enum metric_unit unit, double value, char *text, size_t size);

/* All names in one line, for messages. Constant. */
const char *metric_names(void);

#endif
