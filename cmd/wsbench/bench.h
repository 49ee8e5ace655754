/*
 * bench: runs the measurement, from the first connection to the report's numbers. It moves the
 * workers through their phases, keeps the time, and shows progress.
 */
#ifndef CMD_WSBENCH_BENCH_H
#define CMD_WSBENCH_BENCH_H

#include "cmd/wsbench/count/totals.h"
#include "cmd/wsbench/options/settings.h"
#include "cmd/wsbench/probe.h"

#include <stdbool.h>

struct result {
    struct totals totals;
    struct probe probe;
    double connect_s;                  /* time until all connections were open */
    double load_s;                     /* duration of the load */
    uint64_t load_sent, load_received; /* messages during the load */
    int signal_number;                 /* the signal that ended the run early; 0: none */
    bool silent;                       /* the load was ended since no answer came any more */
    bool drained;                      /* all outstanding replies arrived in time */
};

/* Runs the measurement. False if it could not be started: prints the reason and sets `*status` to
 * the exit code. */
bool bench_run(const struct settings *settings, struct result *result, int *status);

#endif
