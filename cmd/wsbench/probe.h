/*
 * probe: memory, CPU time and descriptors of the server's process, as the system tells them.
 */
#ifndef CMD_WSBENCH_PROBE_H
#define CMD_WSBENCH_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct probe_sample {
    uint64_t rss;   /* bytes of memory that are resident */
    double cpu_s;   /* seconds of CPU time so far, user and system */
    uint64_t files; /* open descriptors; 0 where that may not be seen */
};

/* False when there is no such process (any more). */
bool probe_read(unsigned pid, struct probe_sample *sample);

/* A server over the time of a run. All zero: not asked for. */
struct probe {
    unsigned pid;
    bool ok;
    struct probe_sample before; /* any connection */
    struct probe_sample loaded; /* all connections open, the load about to begin */
    struct probe_sample after;  /* the load */
    uint64_t rss_most, files_most;
};

/* Takes the first sample; false when there is no such process. */
bool probe_start(struct probe *probe, unsigned pid);

/* Takes one more, into `*sample` unless that is NULL, and for the highest values. */
void probe_look(struct probe *probe, struct probe_sample *sample);

#endif
