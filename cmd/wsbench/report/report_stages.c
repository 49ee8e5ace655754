#include "cmd/wsbench/report/report.h"

#include "cmd/common/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMN = 12 };

static const char *const rows[] = {"rtt.p50",       "rtt.p90",         "rtt.p99",     "rtt.p99.9",
                                   "rtt.max",       "tcp_connect.p50", "upgrade.p50", "rate",
                                   "received_rate", "unsent",          "loss",        "errors"};

/* What a column is of. */
static void label(const struct report *report, char *text, size_t size)
{
    const struct settings *s = report->settings;
    if (s->stages.rates)
        metric_format(METRIC_RATE, s->rate, text, size);
    else
        snprintf(text, size, "%" PRIu64 " conn", s->connections);
}

void report_stages_text(const struct report *reports, unsigned count, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    fprintf(out, "%-16s", "");
    for (unsigned i = 0; i < count; i++) {
        label(&reports[i], text, sizeof text);
        fprintf(out, "%*s", COLUMN, text);
    }
    fprintf(out, "\n");
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct metric metric;
        metric_find(&metric, rows[row], strlen(rows[row]));
        fprintf(out, "%-16s", rows[row]);
        for (unsigned i = 0; i < count; i++) {
            double value;
            bool measured = metric_value(&metric, reports[i].result, &value);
            fprintf(out, "%*s", COLUMN,
                    measured ? metric_format(metric.unit, value, text, sizeof text) : "-");
        }
        fprintf(out, "\n");
    }
    for (unsigned i = 0; i < count; i++) {
        label(&reports[i], text, sizeof text);
        for (unsigned k = 0; k < reports[i].verdict->count; k++)
            fprintf(out, "%-16s%s\n", text, reports[i].verdict->lines[k]);
    }
}
