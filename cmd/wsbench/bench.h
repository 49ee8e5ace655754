/*
 * bench: a run from the first connection to the report's numbers. It moves the workers through
 * their phases, keeps the time, and shows how it goes.
 */
#ifndef CMD_WSBENCH_BENCH_H
#define CMD_WSBENCH_BENCH_H

#include "cmd/wsbench/probe.h"
#include "cmd/wsbench/settings.h"
#include "cmd/wsbench/totals.h"

#include <stdbool.h>

struct result {
    struct totals totals;
    struct probe probe;
    double connect_s;                  /* until all connections were open */
    double load_s;                     /* that the load lasted */
    uint64_t load_sent, load_received; /* of totals, while it lasted */
    int signal_number;                 /* that ended it early; 0: none */
    bool drained;                      /* everything outstanding was answered in time */
};

/* Runs it. False when it could not be begun: the exit code is in `*status`, and the reason was
 * said. */
bool bench_run(const struct settings *settings, struct result *result, int *status);

#endif
