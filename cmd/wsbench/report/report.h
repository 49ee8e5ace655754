/*
 * report: prints the results on standard output, as text or JSON.
 */
#ifndef CMD_WSBENCH_REPORT_H
#define CMD_WSBENCH_REPORT_H

#include "cmd/wsbench/report/verdict.h"

void report_text(const struct settings *settings, const struct result *result);
void report_json(const struct settings *settings, const struct result *result,
                 const struct verdict *verdict);

/* The reported percentiles. */
enum { REPORT_PERCENTILES = 7 };
extern const double report_percentiles[REPORT_PERCENTILES];

#endif
