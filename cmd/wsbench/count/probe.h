/*
 * probe: reads memory, CPU time and descriptors of the server's process from /proc.
 */
#ifndef CMD_WSBENCH_COUNT_PROBE_H
#define CMD_WSBENCH_COUNT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct probe_sample {
    uint64_t rss;   /* resident memory, bytes */
    double cpu_s;   /* CPU time so far, user and system */
    uint64_t files; /* open descriptors; 0 without permission */
};

/* False if there is no such process (any more). */
bool probe_read(unsigned pid, struct probe_sample *sample);

/* The samples of a run. All zero: no --server-pid. */
struct probe {
    unsigned pid;
    bool ok;
    struct probe_sample before; /* before the first connection */
    struct probe_sample loaded; /* all connections open, before the load */
    struct probe_sample after;  /* after the load */
    struct probe_sample now;    /* the last one */
    uint64_t rss_most, files_most;
};

/* Takes the first sample; false if there is no such process. */
bool probe_start(struct probe *probe, unsigned pid);

/* Takes one more sample, stores it in `*sample` unless that is NULL, and updates the maxima. */
void probe_look(struct probe *probe, struct probe_sample *sample);

#endif
