/*
 * values: reads the arguments of wsbench's options that have a form of their own.
 */
#ifndef CMD_WSBENCH_OPTIONS_VALUES_H
#define CMD_WSBENCH_OPTIONS_VALUES_H

#include "cmd/common/options/options.h"

/* "0.5", "100", "1.5k", "2m": above 0, into the double at the row's offset. */
option_call values_rate;

#endif
