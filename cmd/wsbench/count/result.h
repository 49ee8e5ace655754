/*
 * result: what a measurement found: the totals, and what belongs to the run as a whole.
 */
#ifndef CMD_WSBENCH_COUNT_RESULT_H
#define CMD_WSBENCH_COUNT_RESULT_H

#include "cmd/wsbench/count/probe.h"
#include "cmd/wsbench/count/totals.h"

#include <stdbool.h>
#include <stdint.h>

enum { RESULT_PROBLEM = 400 };

struct result {
    struct totals totals;
    struct probe probe;
    int64_t started_utc_us;
    double connect_s;                              /* time until all connections were open */
    double load_s;                                 /* duration of the load, without the warm-up */
    uint64_t load_sent, load_received;             /* messages during it */
    uint64_t load_sent_bytes, load_received_bytes; /* their payload */
    int signal_number;            /* the signal that ended the run early; 0: none */
    bool silent;                  /* the load was ended since no answer came any more */
    bool drained;                 /* all outstanding replies arrived in time */
    char problem[RESULT_PROBLEM]; /* why it could not be started; empty: it was */
    int problem_status;           /* the exit code for that */
};

#endif
