/*
 * plan: which measurements are made: one, one a stage, or as many as --find-rate needs.
 */
#ifndef CMD_WSBENCH_PLAN_H
#define CMD_WSBENCH_PLAN_H

#include "cmd/wsbench/report/report.h"

/* A measurement with its own settings. */
struct measurement {
    struct settings settings;
    struct result result;
    struct verdict verdict;
};

struct plan {
    struct measurement *measurements[STAGES_MAX]; /* owned */
    unsigned count;
};

/* Measures, or reads what was measured (--merge). What could not be started, or read, is a result
 * with a problem. Exits when memory runs out. */
void plan_run(const struct settings *settings, struct plan *plan);

void plan_free(struct plan *plan);

#endif
