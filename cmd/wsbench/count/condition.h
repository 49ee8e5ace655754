/*
 * condition: a bound of a metric, as --fail-if and --abort-if take it: rtt.p99>5ms, errors>0,
 * loss>=0.1%, rate<20k.
 */
#ifndef CMD_WSBENCH_COUNT_CONDITION_H
#define CMD_WSBENCH_COUNT_CONDITION_H

#include "cmd/wsbench/count/metric.h"

struct condition {
    const char *text; /* borrowed from the command line */
    struct metric metric;
    bool above, equal; /* ">", "<", and either with "=" */
    double limit;      /* in the unit of the metric */
};

/* Reads `text`. NULL, or what is wrong with it: a clause for "'TEXT': …". Constant. */
const char *condition_read(struct condition *condition, const char *text);

/* Is it met? `*value` is what the result has. False where the result has no such value; then
 * `*measured` is false. */
bool condition_met(const struct condition *condition, const struct result *result, double *value,
                   bool *measured);

#endif
