/*
 * values: reads the arguments of wsbench's options that have a form of their own.
 */
#ifndef CMD_WSBENCH_OPTIONS_VALUES_H
#define CMD_WSBENCH_OPTIONS_VALUES_H

#include "cmd/common/options/options.h"

enum { PERCENTILES_MAX = 16 };

/* In rising order, as reports have them. */
struct percentiles {
    double values[PERCENTILES_MAX];
    unsigned count;
};

/* "50,99,99.9": into the struct percentiles at the row's offset. */
option_call values_percentiles;

/* "2026-01-31T12:00:00Z", the same without Z in local time, "12:00:00" today, "@1769860800.5":
 * microseconds since 1970, into the int64_t at the row's offset. */
option_call values_time;

/* "0.5", "100", "1.5k", "2m": above 0, into the double at the row's offset. */
option_call values_rate;

#endif
