#include "cmd/wsbench/report/progress.h"

#include "cmd/common/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Without --interval. */
enum { TERMINAL_S = 1, PLAIN_S = 10 };

/* A call that is early by less is in time. */
enum { EARLY_NS = 50 * 1000 * 1000 };

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void progress_start(struct progress *p, const struct settings *s, int64_t now_ns)
{
    bool terminal = isatty(STDERR_FILENO);
    int64_t us = s->interval_us ? s->interval_us : SECONDS(terminal ? TERMINAL_S : PLAIN_S);
    *p = (struct progress){
        .shown = !s->common.quiet,
        .terminal = terminal,
        .interval_ns = us * 1000,
        .next_ns = now_ns + us * 1000,
        .begun_ns = now_ns,
        .last_ns = now_ns,
    };
}

void progress_phase(struct progress *p, const char *name, int64_t duration_us)
{
    p->phase = name;
    p->phase_begun_ns = now();
    p->phase_ns = duration_us * 1000;
}

/* "12 s of 30 s, 18 s left": where in the load, or the phase that the run is in. */
static void describe(const struct progress *p, int64_t now_ns, char *text, size_t size)
{
    char done[UNITS_TEXT_MAX], all[UNITS_TEXT_MAX], left[UNITS_TEXT_MAX];
    int64_t in_ns = now_ns - p->phase_begun_ns, left_ns = p->phase_ns - in_ns;
    units_format_duration(in_ns / 1000000000 * 1000000, done, sizeof done);
    if (p->phase_ns == 0 || left_ns < 0) {
        snprintf(text, size, "%s%s%s", p->phase ? p->phase : "", p->phase ? " " : "", done);
        return;
    }
    units_format_duration(p->phase_ns / 1000, all, sizeof all);
    int64_t step_ns = left_ns < 10000000000 ? 100000000 : 1000000000; /* tenths, or seconds */
    left_ns = (left_ns + step_ns / 2) / step_ns * step_ns;
    units_format_duration(left_ns / 1000, left, sizeof left);
    snprintf(text, size, "%s%s%3d%%, %s left of %s", p->phase ? p->phase : "", p->phase ? " " : "",
             (int)(100 * in_ns / p->phase_ns), left, all);
}

void progress_show(struct progress *p, int64_t now_ns, const struct progress_counts *c)
{
    char where[4 * UNITS_TEXT_MAX], sent[UNITS_TEXT_MAX], received[UNITS_TEXT_MAX];
    double seconds = (double)(now_ns - p->last_ns) / 1e9;
    if (!p->shown || seconds <= 0 || now_ns + EARLY_NS < p->next_ns)
        return;
    p->next_ns = now_ns + p->interval_ns;
    describe(p, now_ns, where, sizeof where);
    units_format_rate((double)(c->sent - p->last.sent) / seconds, "msg", sent, sizeof sent);
    units_format_rate((double)(c->received - p->last.received) / seconds, "msg", received,
                      sizeof received);
    fprintf(stderr, "%s%s  %" PRIu64 " opened  %s sent  %s received%s", p->terminal ? "\r" : "",
            where, c->opened, sent, received, p->terminal ? "\033[K" : "\n");
    p->last = *c;
    p->last_ns = now_ns;
}

void progress_end(struct progress *p)
{
    if (p->shown && p->terminal)
        fputs("\r\033[K", stderr);
}
