/*
 * report: prints results: as text for people, as JSON, as CSV, or as HdrHistogram's percentiles.
 */
#ifndef CMD_WSBENCH_REPORT_REPORT_H
#define CMD_WSBENCH_REPORT_REPORT_H

#include "cmd/common/json.h"
#include "cmd/wsbench/report/verdict.h"

#include <stdio.h>

/* A measurement to report; all borrowed. */
struct report {
    const struct settings *settings;
    const struct result *result;
    const struct verdict *verdict;
};

void report_text(const struct report *report, FILE *out);
/* --stages: a column each. */
void report_stages_text(const struct report *reports, unsigned count, FILE *out);
/* A column each. */
void report_csv(const struct report *reports, unsigned count, FILE *out);
void report_hgrm(const struct report *report, FILE *out);
/* Adds an object; `json->failed` is set when memory runs out. */
void report_json(const struct report *report, struct json *json);

/* --latency: the full spectrum of a histogram, and a drawing of its distribution. */
void report_latency(const struct histogram *histogram, FILE *out);

#endif
