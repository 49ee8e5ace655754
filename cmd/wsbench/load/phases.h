/*
 * phases: what a worker does in each phase: connect, send at the rate that was asked for, drain,
 * close.
 */
#ifndef CMD_WSBENCH_LOAD_PHASES_H
#define CMD_WSBENCH_LOAD_PHASES_H

/* The thread's function; `argument` is its worker. Sets the worker's totals. */
void *phases_run(void *argument);

#endif
