/*
 * clock: the monotonic clock in nanoseconds.
 */
#ifndef CMD_WSBENCH_LOAD_CLOCK_H
#define CMD_WSBENCH_LOAD_CLOCK_H

#include <stdint.h>

#define NS_PER_US     INT64_C(1000)
#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

int64_t clock_ns(void);

#endif
