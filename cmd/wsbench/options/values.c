#include "cmd/wsbench/options/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
