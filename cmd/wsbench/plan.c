#include "cmd/wsbench/plan.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wsbench/bench.h"
#include "cmd/wsbench/report/report_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct measurement *add(const struct settings *settings, struct plan *plan)
{
    struct measurement *m = calloc(1, sizeof *m);
    if (!m)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    m->settings = *settings;
    plan->measurements[plan->count++] = m;
    return m;
}

static void measure(struct measurement *m)
{
    bench_run(&m->settings, &m->result);
    verdict_make(&m->settings, &m->result, &m->verdict);
}

/* --- reports of others --- */

/* What is wrong with one of them is wrong with the sum: a machine that measured nothing, or at
 * another time. */
static void judge_run(struct measurement *m, const char *file, const struct report_run *run,
                      const struct report_run *first)
{
    double apart_s = (double)(run->started_utc_us - first->started_utc_us) / 1e6;
    if (run->status)
        verdict_add(&m->verdict, run->status, "%s: exit status %d%s%s", file, run->status,
                    run->failure[0] ? ": " : "", run->failure);
    if (run->started_utc_us && (apart_s > first->seconds || -apart_s > run->seconds))
        verdict_add(&m->verdict, WS_EXIT_OK,
                    "%s: it began %.6g s %s %s: they did not run at the same time, and their rates "
                    "are added all the same",
                    file, fabs(apart_s), apart_s > 0 ? "after" : "before", m->settings.files[0]);
}

/* What was asked for is that of all of them. */
static void merge(struct measurement *m)
{
    struct settings *s = &m->settings;
    struct result *r = &m->result;
    struct report_run *runs = calloc((size_t)s->file_count, sizeof *runs);
    s->connections = s->threads = 0;
    s->duration_us = s->warmup_us = 0;
    if (!runs)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    for (int i = 0; i < s->file_count && !r->problem[0]; i++) {
        if (!report_read(s->files[i], s, r, &runs[i], r->problem, sizeof r->problem))
            r->problem_status = WS_EXIT_FAILURE;
        if (r->started_utc_us == 0 || runs[i].started_utc_us < r->started_utc_us)
            r->started_utc_us = runs[i].started_utc_us;
    }
    verdict_make(s, r, &m->verdict);
    for (int i = 0; i < s->file_count && !r->problem[0]; i++)
        judge_run(m, s->files[i], &runs[i], &runs[0]);
    free(runs);
}

/* --- stages --- */

static void run_stages(const struct settings *settings, struct plan *plan)
{
    const struct stages *stages = &settings->stages;
    for (unsigned i = 0; i < stages->count; i++) {
        struct measurement *m = add(settings, plan);
        if (stages->rates)
            m->settings.rate = stages->values[i];
        else
            settings_set_connections(&m->settings, (uint64_t)stages->values[i]);
        measure(m);
        if (m->result.problem[0] || m->result.signal_number)
            break;
    }
}

/* --- the highest rate --- */

enum { TRIES_MAX = 40 };

/* Does the result keep the goal? The rate has to be reached, too, and nothing may be lost. */
static bool keeps_goal(const struct measurement *m)
{
    const struct rate_goal *goal = &m->settings.goal;
    int64_t time_ns = histogram_percentile(&m->result.totals.rtt, goal->percent);
    return m->verdict.status == WS_EXIT_OK && m->result.totals.rtt.count > 0 &&
           time_ns <= goal->limit_us * 1000;
}

/* The first line that is no remark; NULL: none. */
static const char *first_failure(const struct verdict *v)
{
    for (unsigned i = 0; i < v->count; i++)
        if (!v->note[i])
            return v->lines[i];
    return NULL;
}

/* "1000/s: p99 3.10 ms, 1000/s reached: kept". */
static void show_try(const struct measurement *m, bool kept)
{
    const struct settings *s = &m->settings;
    const char *failure = first_failure(&m->verdict);
    char text[UNITS_TEXT_MAX], rate[UNITS_TEXT_MAX], reached[UNITS_TEXT_MAX];
    if (s->common.quiet)
        return;
    metric_format(METRIC_TIME, (double)histogram_percentile(&m->result.totals.rtt, s->goal.percent),
                  text, sizeof text);
    fprintf(stderr, "%s: p%g %s, %s reached: %s%s%s\n",
            metric_format(METRIC_RATE, s->rate, rate, sizeof rate), s->goal.percent, text,
            metric_format(METRIC_RATE, m->result.rate_per_s, reached, sizeof reached),
            kept ? "kept" : "not kept", failure ? "; " : "", failure ? failure : "");
}

/* The next rate to try: twice the last one until one is too high; then halfway between. 0 when it
 * is known well enough. */
static double next_rate(double kept, double failed, double tried)
{
    enum { EXACT_ENOUGH = 20 }; /* a twentieth */
    if (failed == 0)
        return 2 * tried;
    if (kept == 0)
        return tried > 1 ? tried / 4 : 0;
    return failed - kept > kept / EXACT_ENOUGH ? (kept + failed) / 2 : 0;
}

/* Says it nothing about the rate? The search is over then. */
static bool says_nothing(const struct measurement *m)
{
    return m->result.problem[0] || m->result.signal_number || m->result.totals.opened == 0;
}

/* The last rate that was kept, with why nothing higher was measured. */
static void end_search(struct measurement *best, const struct measurement *last)
{
    struct result *r = &best->result;
    const struct verdict *v = &last->verdict;
    snprintf(r->search_ended, sizeof r->search_ended, "%s", v->count ? v->lines[0] : "");
    r->search_status = v->status;
}

static void find_rate(const struct settings *settings, struct plan *plan)
{
    enum { FIRST = 1000 };
    double kept = 0, failed = 0, rate = settings->rate > 0 ? settings->rate : FIRST;
    struct measurement *best = NULL;
    for (int i = 0; i < TRIES_MAX && rate > 0; i++) {
        struct measurement *m = add(settings, plan);
        m->settings.rate = rate;
        measure(m);
        plan->count = 0;
        bool over = says_nothing(m), good = !over && keeps_goal(m);
        if (!over)
            show_try(m, good);
        if (good)
            kept = rate;
        else if (!over)
            failed = rate;
        if (over && kept > 0)
            end_search(best, m);
        if (good || (over && kept == 0) || !best) {
            free(best);
            best = m;
        } else {
            free(m);
        }
        rate = over ? 0 : next_rate(kept, failed, rate);
    }
    plan->measurements[plan->count++] = best;
    best->result.found_rate = kept;
    best->result.failed_rate = failed;
    verdict_make(&best->settings, &best->result, &best->verdict);
}

void plan_run(const struct settings *settings, struct plan *plan)
{
    *plan = (struct plan){.count = 0};
    if (settings->merge)
        merge(add(settings, plan));
    else if (settings->stages.count > 0)
        run_stages(settings, plan);
    else if (settings->goal.limit_us > 0)
        find_rate(settings, plan);
    else
        measure(add(settings, plan));
}

void plan_free(struct plan *plan)
{
    for (unsigned i = 0; i < plan->count; i++) {
        if (plan->measurements[i]->settings.merge)
            target_free(&plan->measurements[i]->settings.target);
        free(plan->measurements[i]);
    }
    plan->count = 0;
}
