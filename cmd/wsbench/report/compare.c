#include "cmd/wsbench/report/compare.h"

#include "cmd/common/units.h"
#include "cmd/wsbench/count/metric.h"

#include <math.h>
#include <string.h>

/* What the number of samples says about a change of a percentile; empty: it is a difference. */
static const char *doubt(const struct metric *m, const struct result *before,
                         const struct result *now)
{
    double low[2], high[2];
    if (strcmp(m->name, "rtt.max") == 0)
        return "one sample";
    if (!metric_range(m, before, &low[0], &high[0]) || !metric_range(m, now, &low[1], &high[1]))
        return "";
    if (isinf(high[0]) || isinf(high[1]))
        return "too few samples";
    return low[0] <= high[1] && low[1] <= high[0] ? "noise" : "";
}

/* True if its change is marked as noise. */
static bool print_row(const char *name, const struct result *before, const struct result *now,
                      FILE *out)
{
    struct metric m;
    double a, b;
    char old[UNITS_TEXT_MAX], new[UNITS_TEXT_MAX];
    if (!metric_find(&m, name, strlen(name)) || !metric_value(&m, before, &a) ||
        !metric_value(&m, now, &b))
        return false;
    fprintf(out, "%-20s%14s%14s", name, metric_format(m.unit, a, old, sizeof old),
            metric_format(m.unit, b, new, sizeof new));
    const char *why = a > 0 ? doubt(&m, before, now) : "";
    if (a > 0)
        fprintf(out, "%+9.1f%%%s%s", 100 * (b - a) / a, *why ? "   " : "", why);
    fputc('\n', out);
    return strcmp(why, "noise") == 0;
}

static bool same_load(const struct settings *a, const struct settings *b)
{
    return a->mode == b->mode && a->connections == b->connections && a->rate == b->rate &&
           a->window == b->window && a->size.least == b->size.least && a->size.most == b->size.most;
}

void compare_print(const struct settings *settings_before, const struct result *before,
                   const struct settings *settings, const struct result *now, FILE *out)
{
    static const char *const names[] = {
        "rtt.p50", "rtt.p90",       "rtt.p99",         "rtt.p99.9",   "rtt.max", "rtt.mean",
        "rate",    "received_rate", "tcp_connect.p50", "upgrade.p50", "loss",    "errors"};
    fprintf(out, "\n%-20s%14s%14s%10s%s\n", "compared", "before", "now", "change",
            same_load(settings_before, settings) ? "" : "   (another load was asked for)");
    bool noise = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        noise |= print_row(names[i], before, now, out);
    if (noise)
        fprintf(out, "noise: as many samples of the same times differ by as much. Two runs of the "
                     "same differ by more: repeat them before a small change is believed.\n");
}
