/*
 * bench: runs one measurement, from the first connection to the report's numbers. It moves the
 * workers through their phases and keeps the time.
 */
#ifndef CMD_WSBENCH_BENCH_H
#define CMD_WSBENCH_BENCH_H

#include "cmd/wsbench/count/result.h"
#include "cmd/wsbench/options/settings.h"

/* Runs the measurement. What could not be started is a result with a `problem`. `result` is all
 * zero before: its histograms are megabytes, of which most runs touch little. */
void bench_run(const struct settings *settings, struct result *result);

#endif
