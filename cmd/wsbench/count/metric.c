#include "cmd/wsbench/count/metric.h"

#include "cmd/common/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- histograms --- */

static const struct {
    const char *name;
    size_t offset;
} histograms[] = {
    {"rtt", offsetof(struct totals, rtt)},
    {"rtt_uncorrected", offsetof(struct totals, rtt_sent)},
    {"send_lag", offsetof(struct totals, lag)},
    {"dns", offsetof(struct totals, resolve)},
    {"tcp_connect", offsetof(struct totals, connect)},
    {"tls", offsetof(struct totals, tls)},
    {"upgrade", offsetof(struct totals, upgrade)},
    {"back", offsetof(struct totals, back)},
};
enum { HISTOGRAMS = sizeof histograms / sizeof histograms[0] };

enum part { PART_PERCENTILE, PART_MIN, PART_MEAN, PART_MAX, PART_COUNT };

const char *metric_histogram_name(size_t index)
{
    return index < HISTOGRAMS ? histograms[index].name : NULL;
}

struct histogram *metric_histogram_mutable(struct result *result, size_t index)
{
    return (struct histogram *)(void *)((char *)&result->totals + histograms[index].offset);
}

const struct histogram *metric_histogram(const struct result *result, size_t index)
{
    return (const struct histogram *)(const void *)((const char *)&result->totals +
                                                    histograms[index].offset);
}

/* --- numbers --- */

static double errors(const struct result *r)
{
    const struct totals *t = &r->totals;
    return (double)(t->failed + t->dropped + t->given_up + t->lost + t->duplicated + t->reordered +
                    t->corrupted);
}

static double loss(const struct result *r)
{
    double all = (double)(r->totals.received + r->totals.lost);
    return all > 0 ? 100 * (double)r->totals.lost / all : 0;
}

#define COUNTED(name, field)                                                                       \
    static double name(const struct result *r)                                                     \
    {                                                                                              \
        return (double)r->totals.field;                                                            \
    }
COUNTED(tried, tried)
COUNTED(opened, opened)
COUNTED(failed, failed)
COUNTED(dropped, dropped)
COUNTED(sent, sent)
COUNTED(received, received)
COUNTED(lost, lost)
COUNTED(duplicated, duplicated)
COUNTED(reordered, reordered)
COUNTED(corrupted, corrupted)
COUNTED(late, late)
COUNTED(unasked, unasked)
COUNTED(streams, streams)
COUNTED(tcp_connections, connect.count)

static double unsent(const struct result *r)
{
    return (double)totals_unsent(&r->totals);
}

static double a_second(const struct result *r, uint64_t count)
{
    return r->load_s > 0 ? (double)count / r->load_s : 0;
}

static double rate(const struct result *r)
{
    return r->rate_per_s;
}

static double received_rate(const struct result *r)
{
    return a_second(r, r->load_received);
}

static double stream_rate(const struct result *r)
{
    return result_handshakes(r, r->totals.streams);
}

static double tls_rate(const struct result *r)
{
    return result_handshakes(r, r->totals.tls.count);
}

static const struct {
    const char *name;
    enum metric_unit unit;
    double (*value)(const struct result *result);
} numbers[] = {
    {"rate", METRIC_RATE, rate},
    {"received_rate", METRIC_RATE, received_rate},
    {"errors", METRIC_COUNT, errors},
    {"loss", METRIC_SHARE, loss},
    {"tried", METRIC_COUNT, tried},
    {"opened", METRIC_COUNT, opened},
    {"failed", METRIC_COUNT, failed},
    {"dropped", METRIC_COUNT, dropped},
    {"sent", METRIC_COUNT, sent},
    {"received", METRIC_COUNT, received},
    {"lost", METRIC_COUNT, lost},
    {"duplicated", METRIC_COUNT, duplicated},
    {"reordered", METRIC_COUNT, reordered},
    {"corrupted", METRIC_COUNT, corrupted},
    {"late", METRIC_COUNT, late},
    {"unasked", METRIC_COUNT, unasked},
    {"unsent", METRIC_COUNT, unsent},
    {"streams", METRIC_COUNT, streams},
    {"tcp_connections", METRIC_COUNT, tcp_connections},
    {"stream_rate", METRIC_RATE, stream_rate},
    {"tls_rate", METRIC_RATE, tls_rate},
    {"server_memory", METRIC_COUNT, result_server_memory},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

const char *metric_number_name(size_t index)
{
    return index < NUMBERS ? numbers[index].name : NULL;
}

const char *metric_names(void)
{
    return "rtt, rtt_uncorrected, send_lag, dns, tcp_connect, tls, upgrade or back with .p99, "
           ".min, "
           ".mean, "
           ".max or .count; rate, received_rate, errors, loss, tried, opened, failed, dropped, "
           "sent, "
           "received, lost, duplicated, reordered, corrupted, late, unasked, unsent, streams, "
           "tcp_connections, stream_rate, tls_rate, server_memory";
}

/* --- both --- */

static bool is(const char *name, const char *text, size_t len)
{
    return strlen(name) == len && memcmp(name, text, len) == 0;
}

static bool find_part(struct metric *m, const char *text)
{
    static const char *const names[] = {
        [PART_MIN] = "min", [PART_MEAN] = "mean", [PART_MAX] = "max", [PART_COUNT] = "count"};
    for (int part = PART_MIN; part <= PART_COUNT; part++) {
        if (strcmp(names[part], text) != 0)
            continue;
        m->part = part;
        m->unit = part == PART_COUNT ? METRIC_COUNT : METRIC_TIME;
        return true;
    }
    size_t digits = strspn(text + 1, "0123456789.");
    m->percent = strtod(text + 1, NULL);
    m->part = PART_PERCENTILE;
    m->unit = METRIC_TIME;
    return text[0] == 'p' && digits > 0 && text[1 + digits] == '\0' && m->percent <= 100;
}

bool metric_find(struct metric *m, const char *name, size_t len)
{
    *m = (struct metric){.row = -1};
    if (len >= sizeof m->name)
        return false;
    memcpy(m->name, name, len);
    for (int i = 0; i < NUMBERS; i++) {
        if (is(numbers[i].name, name, len)) {
            m->row = HISTOGRAMS + i;
            m->unit = numbers[i].unit;
            return true;
        }
    }
    const char *dot = memchr(name, '.', len);
    for (int i = 0; dot && i < HISTOGRAMS; i++) {
        if (is(histograms[i].name, name, (size_t)(dot - name))) {
            m->row = i;
            return find_part(m, m->name + (dot - name) + 1);
        }
    }
    return false;
}

bool metric_value(const struct metric *m, const struct result *r, double *value)
{
    if (m->row >= HISTOGRAMS) {
        *value = numbers[m->row - HISTOGRAMS].value(r);
        if (numbers[m->row - HISTOGRAMS].value == result_server_memory && *value <= 0)
            return false;
        return m->unit != METRIC_RATE || r->load_s > 0 || r->rate_per_s > 0;
    }
    const struct histogram *h = metric_histogram(r, (size_t)m->row);
    *value = m->part == PART_MIN     ? (double)h->least
             : m->part == PART_MAX   ? (double)h->most
             : m->part == PART_MEAN  ? histogram_mean(h)
             : m->part == PART_COUNT ? (double)h->count
                                     : (double)histogram_percentile(h, m->percent);
    return h->count > 0 || m->part == PART_COUNT;
}

bool metric_range(const struct metric *m, const struct result *r, double *low, double *high)
{
    if (m->row >= HISTOGRAMS || m->part != PART_PERCENTILE)
        return false;
    const struct histogram *h = metric_histogram(r, (size_t)m->row);
    double share = m->percent / 100;
    double error = h->count ? 300 * sqrt(share * (1 - share) / (double)h->count) : 100;
    double above = m->percent + error, below = m->percent - error;
    *low = below > 0 ? (double)histogram_percentile(h, below) : 0;
    *high = above < 100 ? (double)histogram_percentile(h, above) : HUGE_VAL;
    return true;
}

char *metric_format(enum metric_unit unit, double value, char *text, size_t size)
{
    if (unit == METRIC_TIME && value < 1000)
        snprintf(text, size, "%d ns", (int)value);
    else if (unit == METRIC_TIME)
        units_format_duration((int64_t)(value / 1000), text, size);
    else if (unit == METRIC_SHARE)
        snprintf(text, size, "%.3g%%", value);
    else
        snprintf(text, size,
                 unit != METRIC_RATE ? "%.15g"
                 : value < 1e6       ? "%.6g/s"
                                     : "%.4g M/s",
                 unit == METRIC_RATE && value >= 1e6 ? value / 1e6 : value);
    return text;
}
