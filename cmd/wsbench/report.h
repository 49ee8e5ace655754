/*
 * report: prints the results on standard output, as text or JSON.
 */
#ifndef CMD_WSBENCH_REPORT_H
#define CMD_WSBENCH_REPORT_H

#include "cmd/wsbench/bench.h"

void report_text(const struct settings *settings, const struct result *result);
void report_json(const struct settings *settings, const struct result *result);

/* Prints one line on standard error for each problem of the result. Returns the exit code. */
int report_verdict(const struct settings *settings, const struct result *result);

/* The reported percentiles. */
enum { REPORT_PERCENTILES = 6 };
extern const double report_percentiles[REPORT_PERCENTILES];

/* True if the client used up its cores, so that it may have been the bottleneck. */
bool report_client_busy(const struct result *result);

#endif
