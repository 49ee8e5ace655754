/*
 * progress: what is shown on standard error while a measurement runs: a live line on a terminal,
 * elsewhere a line every interval.
 */
#ifndef CMD_WSBENCH_REPORT_PROGRESS_H
#define CMD_WSBENCH_REPORT_PROGRESS_H

#include "cmd/wsbench/options/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct progress_counts {
    uint64_t opened, sent, received, sent_bytes, received_bytes;
};

struct progress {
    bool shown, terminal;
    int64_t interval_ns, next_ns;
    int64_t begun_ns;       /* of the run */
    int64_t phase_begun_ns; /* of the phase, whose duration is known or 0 */
    int64_t phase_ns;
    const char *phase; /* NULL: the load */
    struct progress_counts last;
    int64_t last_ns;
};

void progress_start(struct progress *progress, const struct settings *settings, int64_t now_ns);

/* A phase of the run begins: its name (NULL: the load) and its duration, 0 where it has none. */
void progress_phase(struct progress *progress, const char *name, int64_t duration_us);

/* Shows it, if it is time for that. */
void progress_show(struct progress *progress, int64_t now_ns, const struct progress_counts *counts);

/* Removes the live line. */
void progress_end(struct progress *progress);

#endif
