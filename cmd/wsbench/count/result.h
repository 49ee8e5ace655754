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

/* A moment of a run. */
struct moment {
    double at_s; /* since its begin */
    uint64_t opened, sent, received;
    struct probe_sample server; /* with --server-pid */
};

/* What was seen of a run over time. Where it becomes long, every second moment is left out, and
 * they are seen half as often from then on. */
enum { TIMELINE_MAX = 1024 };
struct timeline {
    struct moment moments[TIMELINE_MAX];
    unsigned count;
    unsigned every, skipped; /* of so many moments one is kept */
};

void timeline_add(struct timeline *timeline, const struct moment *moment);

struct result {
    struct totals totals;
    struct probe probe;
    struct timeline timeline;
    int64_t started_utc_us;
    double connect_s;       /* time until all connections were open */
    uint64_t loaded_opened; /* connections that had opened by then */
    double rate_per_s;      /* messages sent a second (churn, connect: connections opened) */
    bool opening;           /* connections are opened during the load: churn */
    double load_s;          /* duration of the load, without the warm-up */
    double deserted_s; /* when its last connection was gone, where that ended it early; else 0 */
    uint64_t load_sent, load_received;             /* messages during it */
    uint64_t load_sent_bytes, load_received_bytes; /* their payload */
    int signal_number;              /* the signal that ended the run early; 0: none */
    double found_rate, failed_rate; /* --find-rate: the highest that kept the goal, and the lowest
                                      that did not; 0: there was none */
    char search_ended[RESULT_PROBLEM]; /* --find-rate: why it could not go on; empty: it could */
    int search_status;                 /* the exit code for that */
    bool too_slow;                     /* not all connections were open by --connect-deadline */
    bool silent;                       /* the load was ended since no answer came any more */
    const char *aborted;               /* the condition of --abort-if that ended it; NULL: none */
    double late_s;                     /* it began so much later than --start-at */
    bool drained;                      /* all outstanding replies arrived in time */
    char problem[RESULT_PROBLEM];      /* why it could not be started; empty: it was */
    int problem_status;                /* the exit code for that */
};

/* Sets `rate_per_s` from the counts and times; `connecting`: to connect was all of the load. */
void result_set_rate(struct result *result, bool connecting);

/* A second of the time in which connections were opened: how many of `count`. 0 without one. */
double result_handshakes(const struct result *result, uint64_t count);

/* Bytes of the server's memory that a connection takes which does nothing yet: what its process
 * grew by. 0: not known, since there is no --server-pid, or too few connections to say. */
double result_server_memory(const struct result *result);

#endif
