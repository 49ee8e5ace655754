#include "cmd/wsbench/report/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* What HdrHistogram's tools print, with values in milliseconds: plotters of .hgrm files read it. */
void report_hgrm(const struct report *report, FILE *out)
{
    enum { STEPS = 5 }; /* a halving of the distance to 100 % */
    const struct histogram *h = &report->result->totals.rtt;
    double squares = 0, mean = histogram_mean(h);
    uint64_t seen = 0;
    double next = 0; /* the percentile of the next line */
    fprintf(out, "       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->buckets[i] == 0)
            continue;
        double value = (double)histogram_bucket_top(i);
        value = value < (double)h->most ? value : (double)h->most;
        squares += (value - mean) * (value - mean) * (double)h->buckets[i];
        seen += h->buckets[i];
        double reached = (double)seen / (double)h->count;
        while (next <= reached && next < 1 && seen < h->count) {
            fprintf(out, "%12.3f %2.12f %10" PRIu64 " %14.2f\n", value / 1e6, next, seen,
                    1 / (1 - next));
            next += (1 - next) / (2 * STEPS);
        }
    }
    if (h->count > 0)
        fprintf(out, "%12.3f %2.12f %10" PRIu64 "\n", (double)h->most / 1e6, 1.0, h->count);
    fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean / 1e6,
            h->count ? sqrt(squares / (double)h->count) / 1e6 : 0);
    fprintf(out, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n", (double)h->most / 1e6,
            h->count);
    fprintf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", HISTOGRAM_DOUBLINGS,
            1 << HISTOGRAM_SUB_BITS);
}
