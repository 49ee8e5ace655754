#include "cmd/wsbench/report/report.h"

#include "cmd/common/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* --- the spectrum --- */

/* Each step halves what is left to 100 %, as HdrHistogram's percentile output does. */
static void print_spectrum(const struct histogram *h, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    double left = 100;
    fprintf(out, "\nspectrum\n");
    for (int64_t value = -1; value < h->most && left > 1e-7; left /= 2) {
        double percent = 100 - left;
        value = left < 100 ? histogram_percentile(h, percent) : h->least;
        fprintf(out, "  %12.6f%%  %9s\n", percent,
                metric_format(METRIC_TIME, (double)value, text, sizeof text));
    }
    fprintf(
        out, "  %12.6f%%  %9s   mean %s\n", 100.0,
        metric_format(METRIC_TIME, (double)h->most, text, sizeof text),
        metric_format(METRIC_TIME, histogram_mean(h), (char[UNITS_TEXT_MAX]){0}, UNITS_TEXT_MAX));
}

/* --- the drawing --- */

enum {
    ROWS = 20,
    WIDTH = 40, /* characters of the longest bar, each of eight steps */
};

struct drawing {
    double first, factor; /* row i begins at first * factor^i */
    int rows;
    uint64_t counts[ROWS];
};

/* Rows of equal width on a logarithmic scale, from the least value to the 99.9th percentile: a few
 * stragglers must not shrink the rest to one row. They are in the last row. */
static void fill(const struct histogram *h, struct drawing *d)
{
    double last = (double)histogram_percentile(h, 99.9);
    d->first = h->least > 0 ? (double)h->least : 1;
    d->rows = last < d->first * 1.02 ? 1 : ROWS;
    d->factor = pow(last / d->first, 1.0 / d->rows);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->buckets[i] == 0)
            continue;
        double value = (double)histogram_bucket_top(i);
        int row =
            d->rows == 1 || value <= d->first ? 0 : (int)(log(value / d->first) / log(d->factor));
        d->counts[row < d->rows ? row : d->rows - 1] += h->buckets[i];
    }
}

static void print_bar(uint64_t count, uint64_t most, FILE *out)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    uint64_t steps = (uint64_t)((double)count / (double)most * WIDTH * 8 + 0.5);
    for (uint64_t i = 0; i < steps / 8; i++)
        fputs("█", out);
    fputs(eighths[steps % 8], out);
    if (steps == 0 && count > 0)
        fputs("▏", out);
}

static void print_drawing(const struct histogram *h, FILE *out)
{
    struct drawing d = {0};
    char text[UNITS_TEXT_MAX];
    uint64_t most = 1;
    fill(h, &d);
    for (int i = 0; i < d.rows; i++)
        most = d.counts[i] > most ? d.counts[i] : most;
    fprintf(out, "\ndistribution\n");
    for (int i = 0; i < d.rows; i++) {
        double begin = d.first * pow(d.factor, i);
        fprintf(out, "  %9s%s  %5.1f%%  ", metric_format(METRIC_TIME, begin, text, sizeof text),
                i == d.rows - 1 ? " ≤" : "  ", 100 * (double)d.counts[i] / (double)h->count);
        print_bar(d.counts[i], most, out);
        fprintf(out, "\n");
    }
}

void report_latency(const struct histogram *h, FILE *out)
{
    print_spectrum(h, out);
    print_drawing(h, out);
}
