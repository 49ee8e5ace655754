/*
 * compare: the difference of a result to an earlier report.
 */
#ifndef CMD_WSBENCH_REPORT_COMPARE_H
#define CMD_WSBENCH_REPORT_COMPARE_H

#include "cmd/wsbench/count/result.h"
#include "cmd/wsbench/options/settings.h"

#include <stdio.h>

/* Prints a line a metric: before, now, and the change. `before` may have been of another load,
 * which is said: `settings_before` is what was asked for then. */
void compare_print(const struct settings *settings_before, const struct result *before,
                   const struct settings *settings, const struct result *now, FILE *out);

#endif
