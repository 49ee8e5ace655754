/*
 * schedule: when what is sent in the open model is due.
 *
 * A schedule maps a place in it, 0 for the first message, to the time after its start. Even
 * arrivals are at the whole places; Poisson arrivals are at places whose distances are
 * exponentially distributed with the mean 1. Pure functions.
 */
#ifndef CMD_WSBENCH_LOAD_SCHEDULE_H
#define CMD_WSBENCH_LOAD_SCHEDULE_H

#include <stdint.h>

struct schedule {
    double rate;    /* places a second, above 0 */
    double ramp_s;  /* until then it grows from 0, as a straight line */
    double burst;   /* so many places are due at once; 0: no bursts */
    double burst_s; /* the time from one burst to the next */
};

/* Nanoseconds after the start of the schedule, not negative. */
int64_t schedule_time(const struct schedule *schedule, double place);

/* An exponentially distributed number with the mean 1. `*random` is the state of its generator:
 * any number to begin with. */
double schedule_exponential(uint64_t *random);

#endif
