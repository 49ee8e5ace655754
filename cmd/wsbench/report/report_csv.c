#include "cmd/wsbench/report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A metric a line: its name, and its value in each report, times in microseconds. Values that there
 * are none of are empty. */
static void put(const struct report *reports, unsigned count, const char *name, FILE *out)
{
    struct metric metric;
    if (!metric_find(&metric, name, strlen(name)))
        return;
    fprintf(out, "%s%s", name, metric.unit == METRIC_TIME ? "_us" : "");
    for (unsigned i = 0; i < count; i++) {
        double value;
        fputc(',', out);
        if (metric_value(&metric, reports[i].result, &value))
            fprintf(out, "%.15g", metric.unit == METRIC_TIME ? value / 1e3 : value);
    }
    fputc('\n', out);
}

static void put_head(const struct report *reports, unsigned count, FILE *out)
{
    const struct stages *stages = &reports[0].settings->stages;
    fputs("metric", out);
    for (unsigned i = 0; i < count; i++)
        if (stages->count == 0)
            fputs(",value", out);
        else if (stages->rates)
            fprintf(out, ",%.15g/s", reports[i].settings->rate);
        else
            fprintf(out, ",%" PRIu64, reports[i].settings->connections);
    fputc('\n', out);
}

void report_csv(const struct report *reports, unsigned count, FILE *out)
{
    const struct percentiles *p = &reports[0].settings->percentiles;
    char name[2 * METRIC_NAME_MAX];
    const char *number, *times;
    put_head(reports, count, out);
    for (size_t i = 0; (number = metric_number_name(i)); i++)
        put(reports, count, number, out);
    for (size_t i = 0; (times = metric_histogram_name(i)); i++) {
        static const char *const parts[] = {"count", "min", "mean", "max"};
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
            snprintf(name, sizeof name, "%s.%s", times, parts[k]);
            put(reports, count, name, out);
        }
        for (unsigned k = 0; k < p->count; k++) {
            snprintf(name, sizeof name, "%s.p%g", times, p->values[k]);
            put(reports, count, name, out);
        }
    }
}
