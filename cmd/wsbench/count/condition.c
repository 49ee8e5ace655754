#include "cmd/wsbench/count/condition.h"

#include "cmd/common/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *read_limit(struct condition *c, const char *text)
{
    int64_t us;
    char *end;
    if (c->metric.unit == METRIC_TIME) {
        /* A number alone would be seconds, where most mean milliseconds: such a gate never fires.
         */
        bool unit = text[0] && strchr("smh", text[strlen(text) - 1]);
        if (units_duration(text, &us) != UNITS_OK || !unit)
            return "the limit is no duration such as 5ms";
        c->limit = (double)us * 1e3;
        return NULL;
    }
    if (!strspn(text, "0123456789"))
        return "the limit is no number";
    c->limit = strtod(text, &end);
    if (c->metric.unit == METRIC_SHARE)
        return strcmp(end, "%") == 0 ? NULL : "the limit is no percentage such as 0.1%";
    if (*end == 'k' || *end == 'm') {
        c->limit *= *end == 'k' ? 1e3 : 1e6;
        end++;
    }
    if (c->metric.unit == METRIC_RATE && strcmp(end, "/s") == 0)
        end += 2;
    return *end ? "the limit is no number" : NULL;
}

const char *condition_read(struct condition *c, const char *text)
{
    size_t len = strcspn(text, "<>");
    *c = (struct condition){.text = text};
    if (text[len] == '\0')
        return "a condition is a name, < or >, and a limit, such as rtt.p99>5ms";
    size_t name_len = len;
    while (name_len > 0 && text[name_len - 1] == ' ')
        name_len--;
    if (!metric_find(&c->metric, text, name_len))
        return "there is no such metric";
    const char *at = text + len;
    c->above = *at++ == '>';
    c->equal = *at == '=';
    at += c->equal;
    return read_limit(c, at + strspn(at, " "));
}

bool condition_met(const struct condition *c, const struct result *r, double *value, bool *measured)
{
    *measured = metric_value(&c->metric, r, value);
    if (!*measured)
        return false;
    return c->above ? *value > c->limit || (c->equal && *value == c->limit)
                    : *value < c->limit || (c->equal && *value == c->limit);
}
