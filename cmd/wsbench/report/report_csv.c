#include "cmd/wsbench/report/report.h"

#include <stdio.h>
#include <string.h>

/* A metric a line: name and value, times in microseconds; values that there are none of are empty.
 */
static void put(const struct report *report, const char *name, FILE *out)
{
    struct metric metric;
    double value;
    if (!metric_find(&metric, name, strlen(name)))
        return;
    fprintf(out, "%s%s,", name, metric.unit == METRIC_TIME ? "_us" : "");
    if (metric_value(&metric, report->result, &value))
        fprintf(out, "%.15g", metric.unit == METRIC_TIME ? value / 1e3 : value);
    fputc('\n', out);
}

void report_csv(const struct report *report, FILE *out)
{
    const struct percentiles *p = &report->settings->percentiles;
    char name[2 * METRIC_NAME_MAX];
    const char *number, *times;
    fputs("metric,value\n", out);
    for (size_t i = 0; (number = metric_number_name(i)); i++)
        put(report, number, out);
    for (size_t i = 0; (times = metric_histogram_name(i)); i++) {
        static const char *const parts[] = {"count", "min", "mean", "max"};
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
            snprintf(name, sizeof name, "%s.%s", times, parts[k]);
            put(report, name, out);
        }
        for (unsigned k = 0; k < p->count; k++) {
            snprintf(name, sizeof name, "%s.p%g", times, p->values[k]);
            put(report, name, out);
        }
    }
}
