#include "cmd/wsbench/options/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More is no rate of any machine; times stay exact in a double. */
#define RATE_MAX 1e9

const char *values_rate(struct options *options, const struct option_row *row, void *settings,
                        const char *value)
{
    static const char expected[] = "a rate above 0 a second, such as 0.5, 100 or 20k";
    size_t digits = strspn(value, "0123456789.");
    char *end;
    (void)options;
    double rate = strtod(value, &end);
    if (digits == 0 || end != value + digits)
        return expected;
    if (*end == 'k' || *end == 'm') {
        rate *= *end == 'k' ? 1e3 : 1e6;
        end++;
    }
    if (*end || !(rate > 0) || rate > RATE_MAX)
        return expected;
    memcpy((char *)settings + row->offset, &rate, sizeof rate);
    return NULL;
}

const char *values_percentiles(struct options *options, const struct option_row *row,
                               void *settings, const char *value)
{
    static const char expected[] = "a rising list of at most 16 percentiles, such as 50,99,99.9";
    struct percentiles list = {.count = 0};
    double before = 0;
    (void)options;
    for (const char *at = value;; at++) {
        size_t digits = strspn(at, "0123456789.");
        char *end;
        double percent = strtod(at, &end);
        if (digits == 0 || end != at + digits || list.count == PERCENTILES_MAX ||
            !(percent > before) || percent > 100)
            return expected;
        list.values[list.count++] = before = percent;
        at = end;
        if (*at == '\0')
            break;
        if (*at != ',')
            return expected;
    }
    memcpy((char *)settings + row->offset, &list, sizeof list);
    return NULL;
}

const char *values_time(struct options *options, const struct option_row *row, void *settings,
                        const char *value)
{
    static const char expected[] =
        "a time such as 2026-01-31T12:00:00Z, 12:00:00 (today) or @1769860800";
    time_t now = time(NULL);
    struct tm parts = {0};
    int64_t us;
    (void)options;
    localtime_r(&now, &parts);
    parts.tm_isdst = -1;
    if (*value == '@') {
        char *end;
        double seconds = strtod(value + 1, &end);
        if (!strspn(value + 1, "0123456789") || *end || !(seconds < 1e11))
            return expected;
        us = (int64_t)(seconds * 1e6);
    } else {
        const char *end =
            strptime(value, strchr(value, '-') ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &parts);
        if (!end || (*end && strcmp(end, "Z") != 0) || (*end && !strchr(value, '-')))
            return expected;
        us = (int64_t)(*end ? timegm(&parts) : mktime(&parts)) * 1000000;
    }
    if (us <= 0)
        return expected;
    memcpy((char *)settings + row->offset, &us, sizeof us);
    return NULL;
}
