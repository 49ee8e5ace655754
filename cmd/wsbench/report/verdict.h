/*
 * verdict: what is wrong with a result, in sentences, and the exit code that follows.
 */
#ifndef CMD_WSBENCH_REPORT_VERDICT_H
#define CMD_WSBENCH_REPORT_VERDICT_H

#include "cmd/wsbench/count/result.h"
#include "cmd/wsbench/options/settings.h"

enum { VERDICT_LINES = 12, VERDICT_TEXT_MAX = 400 };

struct verdict {
    int status; /* the exit code */
    unsigned count;
    bool note[VERDICT_LINES];                    /* no error: not printed with --quiet */
    char lines[VERDICT_LINES][VERDICT_TEXT_MAX]; /* one a problem; without control characters */
};

void verdict_make(const struct settings *settings, const struct result *result,
                  struct verdict *verdict);

/* Adds a line; `status` is its exit code, 0 for a remark. */
__attribute__((format(printf, 3, 4))) void verdict_add(struct verdict *verdict, int status,
                                                       const char *format, ...);

/* True if the client used up its cores, so that it may have been the bottleneck. */
bool verdict_client_busy(const struct result *result);

/* The text of `cause`, an enum unsent, in the words of the mode. */
const char *verdict_unsent_text(const struct settings *settings, int cause);

#endif
