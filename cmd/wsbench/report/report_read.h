/*
 * report_read: reads reports in JSON, to compare with one and to add several up.
 */
#ifndef CMD_WSBENCH_REPORT_REPORT_READ_H
#define CMD_WSBENCH_REPORT_REPORT_READ_H

#include "cmd/wsbench/count/result.h"
#include "cmd/wsbench/options/settings.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads the report in `file` and adds it to `result`, which is empty before the first one, and what
 * was asked for to `settings`: mode, URL, connections, threads, rate, … The machines measured at
 * the same time: rates and counts are added, of durations the longest counts. False after writing
 * why, in `size` bytes, to `problem`. Free settings->target with target_free().
 */
bool report_read(const char *file, struct settings *settings, struct result *result, char *problem,
                 size_t size);

#endif
