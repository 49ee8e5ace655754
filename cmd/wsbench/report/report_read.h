/*
 * report_read: reads reports in JSON, to compare with one and to add several up.
 */
#ifndef CMD_WSBENCH_REPORT_REPORT_READ_H
#define CMD_WSBENCH_REPORT_REPORT_READ_H

#include "cmd/wsbench/count/result.h"
#include "cmd/wsbench/options/settings.h"

#include <stdbool.h>
#include <stddef.h>

/* What a report says of its own run. */
struct report_run {
    int64_t started_utc_us;       /* 0: it does not say */
    double seconds;               /* connecting and load */
    int status;                   /* its exit code */
    char failure[RESULT_PROBLEM]; /* the first line of its verdict; empty: none */
};

/*
 * Reads the report in `file` and adds it to `result`, which is empty before the first one, and what
 * was asked for to `settings`: mode, URL, connections, threads, rate, … The machines measured at
 * the same time: rates and counts are added, of durations the longest counts. `run` may be NULL.
 * False after writing why, in `size` bytes, to `problem`. Free settings->target with target_free().
 */
bool report_read(const char *file, struct settings *settings, struct result *result,
                 struct report_run *run, char *problem, size_t size);

#endif
