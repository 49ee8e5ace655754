/*
 * values: reads the arguments of wsbench's options that have a form of their own.
 */
#ifndef CMD_WSBENCH_OPTIONS_VALUES_H
#define CMD_WSBENCH_OPTIONS_VALUES_H

#include "cmd/common/options/options.h"

#include <stdbool.h>
#include <stdint.h>

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

enum { STAGES_MAX = 32 };
struct stages {
    bool rates; /* else numbers of connections */
    double values[STAGES_MAX];
    unsigned count; /* 0: no stages */
};

/* "100,1k,10k" or "connections:100,1k": numbers of connections; "rate:1k,2.5k": rates. Into the
 * struct stages at the row's offset. */
option_call values_stages;

struct rate_goal {
    int64_t limit_us; /* 0: none is looked for */
    double percent;
};

/* "10ms@p99": into the struct rate_goal at the row's offset. */
option_call values_rate_goal;

struct size_range {
    uint64_t least, most; /* bytes */
};

/* "20", "1K", "100-2K": into the struct size_range at the row's offset. */
option_call values_size_range;

struct burst {
    uint64_t count;
    int64_t every_us; /* 0: no bursts */
};

/* "100:1s": into the struct burst at the row's offset. */
option_call values_burst;

struct slow_readers {
    double percent; /* of the connections */
    int64_t delay_us;
};

/* "10:50ms", "0.5%:1s": into the struct slow_readers at the row's offset. */
option_call values_slow_readers;

enum { SOURCES_MAX = 256, SOURCE_TEXT = 46 };
struct source_list {
    char addresses[SOURCES_MAX][SOURCE_TEXT];
    unsigned count;
};

/* "10.0.0.1,10.0.0.2": into the struct source_list at the row's offset. */
option_call values_sources;

/* "0.5", "100", "1.5k", "2m": above 0, into the double at the row's offset. */
option_call values_rate;

#endif
