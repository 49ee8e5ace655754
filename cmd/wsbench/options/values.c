#include "cmd/wsbench/options/values.h"

#include "cmd/common/units.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More is no rate of any machine; times stay exact in a double. */
#define RATE_MAX 1e9

/* Reads a number with an optional k or m, and advances `*text` past it. False if there is none, or
 * it is not in (0, RATE_MAX]. */
static bool read_rate(const char **text, double *rate)
{
    size_t digits = strspn(*text, "0123456789.");
    char *end;
    *rate = strtod(*text, &end);
    if (digits == 0 || end != *text + digits)
        return false;
    if (*end == 'k' || *end == 'm') {
        *rate *= *end == 'k' ? 1e3 : 1e6;
        end++;
    }
    *text = end;
    return *rate > 0 && *rate <= RATE_MAX;
}

const char *values_rate(struct options *options, const struct option_row *row, void *settings,
                        const char *value)
{
    double rate;
    (void)options;
    if (!read_rate(&value, &rate) || *value)
        return "a rate above 0 a second, such as 0.5, 100 or 20k";
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

/* --- pairs: two values with a separator between them --- */

enum { PART_MAX = 32 };

/* Copies what is before the separator to `first`; the rest, or NULL without a separator. */
static const char *split(const char *value, char separator, char first[PART_MAX])
{
    const char *at = strchr(value, separator);
    size_t len = at ? (size_t)(at - value) : strlen(value);
    snprintf(first, PART_MAX, "%.*s", len < PART_MAX ? (int)len : 0, value);
    return at ? at + 1 : NULL;
}

const char *values_size_range(struct options *options, const struct option_row *row, void *settings,
                              const char *value)
{
    static const char expected[] = "a size such as 20 or 1K, or a range such as 100-2K, up to 1G";
    struct size_range range = {0};
    char first[PART_MAX];
    const char *second = split(value, '-', first);
    (void)options;
    if (units_size(first, &range.least) != UNITS_OK)
        return expected;
    range.most = range.least;
    if (second && units_size(second, &range.most) != UNITS_OK)
        return expected;
    if (range.most < range.least || range.most > UINT64_C(1) << 30)
        return expected;
    memcpy((char *)settings + row->offset, &range, sizeof range);
    return NULL;
}

const char *values_burst(struct options *options, const struct option_row *row, void *settings,
                         const char *value)
{
    static const char expected[] = "a number of messages and how often, such as 100:1s";
    struct burst burst = {0};
    char first[PART_MAX];
    const char *second = split(value, ':', first);
    (void)options;
    if (!second || units_count(first, &burst.count) != UNITS_OK || burst.count == 0 ||
        units_duration(second, &burst.every_us) != UNITS_OK || burst.every_us == 0)
        return expected;
    memcpy((char *)settings + row->offset, &burst, sizeof burst);
    return NULL;
}

const char *values_slow_readers(struct options *options, const struct option_row *row,
                                void *settings, const char *value)
{
    static const char expected[] = "a percentage and a delay, such as 10:50ms";
    struct slow_readers slow = {0};
    char first[PART_MAX], *end;
    const char *second = split(value, ':', first);
    (void)options;
    slow.percent = strtod(first, &end);
    if (!second || !strspn(first, "0123456789.") || (*end && strcmp(end, "%") != 0) ||
        !(slow.percent > 0) || slow.percent > 100 ||
        units_duration(second, &slow.delay_us) != UNITS_OK || slow.delay_us == 0)
        return expected;
    memcpy((char *)settings + row->offset, &slow, sizeof slow);
    return NULL;
}

const char *values_sources(struct options *options, const struct option_row *row, void *settings,
                           const char *value)
{
    static const char expected[] = "a list of at most 256 addresses of this machine";
    struct source_list *list = (struct source_list *)(void *)((char *)settings + row->offset);
    (void)options;
    list->count = 0;
    for (const char *at = value; at;) {
        size_t len = strcspn(at, ",");
        unsigned char address[sizeof(struct in6_addr)];
        if (list->count == SOURCES_MAX || len >= SOURCE_TEXT)
            return expected;
        char *text = list->addresses[list->count++];
        snprintf(text, SOURCE_TEXT, "%.*s", (int)len, at);
        if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
            return expected;
        at = at[len] ? at + len + 1 : NULL;
    }
    return NULL;
}

const char *values_stages(struct options *options, const struct option_row *row, void *settings,
                          const char *value)
{
    static const char expected[] =
        "a list of at most 32 stages, such as 100,1k,10k or rate:1k,2k,5k";
    static const char connections[] = "connections:", rate[] = "rate:";
    struct stages stages = {.rates = strncmp(value, rate, sizeof rate - 1) == 0};
    (void)options;
    value += stages.rates                                               ? sizeof rate - 1
             : strncmp(value, connections, sizeof connections - 1) == 0 ? sizeof connections - 1
                                                                        : 0;
    for (;; value++) {
        double *stage = &stages.values[stages.count];
        if (stages.count++ == STAGES_MAX || !read_rate(&value, stage) ||
            (!stages.rates && (*stage != floor(*stage) || *stage > 1e7)))
            return expected;
        if (*value == '\0')
            break;
        if (*value != ',')
            return expected;
    }
    memcpy((char *)settings + row->offset, &stages, sizeof stages);
    return NULL;
}

const char *values_rate_goal(struct options *options, const struct option_row *row, void *settings,
                             const char *value)
{
    static const char expected[] = "a time and a percentile, such as 10ms@p99";
    struct rate_goal goal = {0};
    char first[PART_MAX], *end;
    const char *second = split(value, '@', first);
    (void)options;
    if (!second || units_duration(first, &goal.limit_us) != UNITS_OK || goal.limit_us == 0 ||
        second[0] != 'p' || !strspn(second + 1, "0123456789."))
        return expected;
    goal.percent = strtod(second + 1, &end);
    if (*end || !(goal.percent > 0) || goal.percent > 100)
        return expected;
    memcpy((char *)settings + row->offset, &goal, sizeof goal);
    return NULL;
}
