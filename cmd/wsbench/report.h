/*
 * report: what was measured, for people and for programs, on standard output.
 */
#ifndef CMD_WSBENCH_REPORT_H
#define CMD_WSBENCH_REPORT_H

#include "cmd/wsbench/bench.h"

void report_text(const struct settings *settings, const struct result *result);
void report_json(const struct settings *settings, const struct result *result);

/* What is wrong with the result, if anything: one line a fault on standard error. Returns the exit
 * code. */
int report_verdict(const struct settings *settings, const struct result *result);

/* The percentiles that are reported. */
enum { REPORT_PERCENTILES = 6 };
extern const double report_percentiles[REPORT_PERCENTILES];

/* Did the client itself use up its cores, so that it may have been the bottleneck? */
bool report_client_busy(const struct result *result);

#endif
