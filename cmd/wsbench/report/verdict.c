#include "cmd/wsbench/report/verdict.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wsbench/payload/small.h"
#include <ws/close.h>

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *verdict_unsent_text(const struct settings *s, int cause)
{
    bool churn = s->mode == MODE_CHURN && cause == UNSENT_WINDOW;
    return churn ? "all places were taken" : unsent_names[cause].text;
}

bool verdict_client_busy(const struct result *result)
{
    return result->totals.busiest > 0.9;
}

void verdict_add(struct verdict *v, int status, const char *format, ...)
{
    va_list arguments;
    if (status != WS_EXIT_OK && v->status != WS_EXIT_ASSERTION)
        v->status = status;
    if (v->count == VERDICT_LINES)
        return;
    v->note[v->count] = status == WS_EXIT_OK;
    va_start(arguments, format);
    vsnprintf(v->lines[v->count++], VERDICT_TEXT_MAX, format, arguments);
    va_end(arguments);
}

/* Is the metric judged by --fail-if? Then the defaults have no say in it. */
static bool gated(const struct settings *s, const char *metric)
{
    for (size_t i = 0; i < s->fail_if.count; i++)
        if (strcmp(s->failing[i].metric.name, metric) == 0)
            return true;
    return false;
}

static int failure(const struct settings *s, const char *metric)
{
    return gated(s, metric) ? WS_EXIT_OK : WS_EXIT_FAILURE;
}

/* A few messages that were due in the last moment are no miss; one in a hundred is. */
static void judge_rate(const struct settings *s, const struct result *r, struct verdict *v)
{
    uint64_t unsent = totals_unsent(&r->totals);
    uint64_t begun = s->mode == MODE_CHURN ? r->totals.tried : r->totals.sent;
    bool churn = s->mode == MODE_CHURN;
    char causes[VERDICT_TEXT_MAX / 2] = "", rate[32], reached[UNITS_TEXT_MAX];
    size_t len = 0;
    if (s->rate == 0 || unsent * 100 <= begun + unsent)
        return;
    snprintf(rate, sizeof rate, "%.10g", s->rate);
    for (int i = 0; i < UNSENT_CAUSES; i++)
        if (r->totals.unsent[i])
            len +=
                (size_t)snprintf(causes + len, sizeof causes - len, "%s%" PRIu64 " since %s",
                                 len ? ", " : "", r->totals.unsent[i], verdict_unsent_text(s, i));
    verdict_add(v, failure(s, "rate"),
                "the rate of %s/s was not reached: %s; %" PRIu64 " %s were due and not %s (%s)",
                rate,
                units_format_rate(r->rate_per_s, churn ? "conn" : "msg", reached, sizeof reached),
                unsent, churn ? "connections" : "messages", churn ? "begun" : "sent", causes);
}

static void judge_gates(const struct settings *s, const struct result *r, struct verdict *v)
{
    for (size_t i = 0; i < s->fail_if.count; i++) {
        const struct condition *c = &s->failing[i];
        char text[UNITS_TEXT_MAX];
        double value;
        bool measured;
        if (condition_met(c, r, &value, &measured))
            verdict_add(v, WS_EXIT_ASSERTION, "--fail-if='%s': it is %s", c->text,
                        metric_format(c->metric.unit, value, text, sizeof text));
        else if (!measured)
            verdict_add(v, WS_EXIT_ASSERTION, "--fail-if='%s': it was not measured", c->text);
    }
    if (r->aborted)
        verdict_add(v, WS_EXIT_ASSERTION, "the load was ended by --abort-if='%s'", r->aborted);
}

/* What is not known of messages that have no place for it. */
static void judge_size(const struct settings *s, struct verdict *v)
{
    if (!settings_answered(s) || own_any(&s->own) || s->size.most > SMALL_SIZE_MAX)
        return;
    unsigned size = (unsigned)s->size.most, digits = small_digits(size, s->window);
    unsigned long long numbers = small_numbers(digits);
    if (size == 0)
        verdict_add(
            v, WS_EXIT_OK,
            "messages of 0 B are all alike: which of them was lost, duplicated or reordered is not "
            "known");
    else if (numbers < 4 * (unsigned long long)s->window)
        verdict_add(
            v, WS_EXIT_OK,
            "messages of %u B have %llu numbers: an answer that %llu others overtook counts as "
            "another's%s",
            size, numbers, numbers / 2,
            digits == size ? ", and not every changed byte is noticed" : "");
    else if (digits == size)
        verdict_add(
            v, WS_EXIT_OK,
            "messages of %u B have no place for a check: a flipped bit is noticed, not every "
            "changed byte",
            size);
}

/* Were as many sent as was asked for? */
static void judge_number(const struct settings *s, const struct totals *t, struct verdict *v)
{
    uint64_t done = s->mode == MODE_CHURN ? t->tried : t->sent;
    if (!settings_sends(s) || done >= s->messages)
        return;
    if (s->replay_whole)
        verdict_add(v, WS_EXIT_OK,
                    "of the recording's %" PRIu64 " messages for %" PRIu64 " connections %" PRIu64
                    " were sent",
                    s->messages, s->connections, done);
    else
        verdict_add(v, WS_EXIT_OK, "--messages=%" PRIu64 " was not reached: %" PRIu64, s->messages,
                    done);
}

static void judge_messages(const struct settings *s, const struct result *r, struct verdict *v)
{
    const struct totals *t = &r->totals;
    bool sends = settings_sends(s);
    if (r->silent) {
        char limit[UNITS_TEXT_MAX];
        verdict_add(v, WS_EXIT_FAILURE, "no answer for %s: the load was ended",
                    units_format_duration(3 * s->timeout_us, limit, sizeof limit));
    }
    judge_rate(s, r, v);
    judge_size(s, v);
    if (t->lost || t->duplicated || t->reordered || t->corrupted)
        verdict_add(v,
                    failure(s, t->duplicated || t->reordered || t->corrupted ? "errors" : "loss"),
                    "%" PRIu64 " message%s lost, %" PRIu64 " duplicated, %" PRIu64
                    " reordered, %" PRIu64 " corrupted",
                    t->lost, t->lost == 1 ? "" : "s", t->duplicated, t->reordered, t->corrupted);
    /* By chance the check of a damaged one is right for another connection. */
    if (s->mode == MODE_ECHO && t->others > t->corrupted / 2)
        verdict_add(v, WS_EXIT_OK,
                    "at least %" PRIu64
                    " of those were messages of other connections: a server that sends "
                    "each message to all is measured with --mode=broadcast",
                    t->others);
    if (t->retyped > 0)
        verdict_add(v, WS_EXIT_OK, "%" PRIu64 " of those corrupted came as %s", t->retyped,
                    s->binary ? "text, though binary was sent" : "binary, though text was sent");
    if (r->signal_number)
        return;
    judge_number(s, t, v);
    if (s->mode == MODE_SINK && t->sent == 0)
        verdict_add(v, WS_EXIT_FAILURE, "nothing was measured: no message was sent");
    if ((sends || s->mode == MODE_SOURCE) && s->mode != MODE_SINK && t->received == 0)
        verdict_add(v, WS_EXIT_FAILURE, "nothing was measured: no message came%s%s",
                    sends ? " back" : "", t->own ? " to another connection than its sender's" : "");
}

/* It says nothing about the load, and is the server's fault or that of a proxy. */
static void judge_closes(const struct result *r, struct verdict *v)
{
    uint64_t count = tally_count(&r->totals.client_closes, WS_CLOSE_ABNORMAL);
    if (count > 0)
        verdict_add(v, WS_EXIT_OK, "the close frame of %" PRIu64 " connection%s was not answered",
                    count, count == 1 ? "" : "s");
}

/* What --find-rate has found. */
static void judge_goal(const struct settings *s, const struct result *r, struct verdict *v)
{
    char limit[UNITS_TEXT_MAX], found[UNITS_TEXT_MAX], failed[UNITS_TEXT_MAX];
    if (s->goal.limit_us == 0 || (r->found_rate == 0 && r->failed_rate == 0))
        return;
    units_format_duration(s->goal.limit_us, limit, sizeof limit);
    metric_format(METRIC_RATE, r->found_rate, found, sizeof found);
    metric_format(METRIC_RATE, r->failed_rate, failed, sizeof failed);
    if (r->search_ended[0])
        verdict_add(v, r->search_status,
                    "p%g stays at %s or below at %s; the search ended there: %s", s->goal.percent,
                    limit, found, r->search_ended);
    else if (r->found_rate == 0)
        verdict_add(v, WS_EXIT_ASSERTION, "no rate keeps p%g at %s: not even %s", s->goal.percent,
                    limit, failed);
    else if (r->failed_rate == 0)
        verdict_add(v, WS_EXIT_OK, "p%g stays at %s or below at %s, and at more", s->goal.percent,
                    limit, found);
    else
        verdict_add(v, WS_EXIT_OK, "the highest rate that keeps p%g at %s is %s; %s does not",
                    s->goal.percent, limit, found, failed);
}

/* Says when the load began and ended otherwise than was asked for. */
static void judge_times(const struct result *r, struct verdict *v)
{
    char left[UNITS_TEXT_MAX], load[UNITS_TEXT_MAX], late[UNITS_TEXT_MAX];
    if (r->deserted_s > 0)
        verdict_add(
            v, WS_EXIT_OK,
            "no connection was left after %s: the load counts as the %s that it was to last",
            units_format_duration((int64_t)(r->deserted_s * 1e6), left, sizeof left),
            units_format_duration((int64_t)(r->load_s * 1e6), load, sizeof load));
    if (r->late_s > 0)
        verdict_add(v, WS_EXIT_OK, "the load began %s later than --start-at",
                    units_format_duration((int64_t)(r->late_s * 1e6), late, sizeof late));
}

void verdict_make(const struct settings *s, const struct result *r, struct verdict *v)
{
    const struct totals *t = &r->totals;
    *v = (struct verdict){.status = WS_EXIT_OK};
    if (r->problem[0]) {
        verdict_add(v, r->problem_status, "%s", r->problem);
        return;
    }
    if (t->opened == 0 && t->first_error != WS_OK) {
        verdict_add(v, exit_code_for(t->first_error), "no connection could be opened: %s",
                    t->first_detail);
        return;
    }
    if (r->signal_number)
        verdict_add(v, WS_EXIT_OK, "interrupted by %s: what was measured is that until then",
                    r->signal_number == SIGINT ? "SIGINT" : "SIGTERM");
    if (r->too_slow)
        verdict_add(v, WS_EXIT_TIMEOUT,
                    "%" PRIu64 " of %" PRIu64 " connections were open by "
                    "--connect-deadline",
                    (uint64_t)t->opened, s->connections);
    if (t->not_returned)
        verdict_add(v, failure(s, "errors"), "%" PRIu64 " connections had not come back at the end",
                    t->not_returned);
    if (t->failed || (t->dropped && !s->reconnect))
        verdict_add(v, failure(s, "errors"),
                    "%" PRIu64 " connection%s failed, %" PRIu64 " dropped%s%s", t->failed,
                    t->failed == 1 ? "" : "s", t->dropped, t->first_detail[0] ? ": " : "",
                    t->first_detail);
    if (t->unfinished && !r->too_slow && !r->signal_number)
        verdict_add(v, WS_EXIT_OK, "%" PRIu64 " connection%s still being opened at the end",
                    t->unfinished, t->unfinished == 1 ? " was" : "s were");
    if (t->given_up)
        verdict_add(v, WS_EXIT_FAILURE,
                    "%" PRIu64 " connections were given up: their answers are corrupt",
                    t->given_up);
    if (!r->too_slow)
        judge_messages(s, r, v);
    judge_gates(s, r, v);
    judge_goal(s, r, v);
    judge_times(r, v);
    judge_closes(r, v);
    if (verdict_client_busy(r))
        verdict_add(v, WS_EXIT_OK,
                    "the client was busy: it may have been the bottleneck; try more --threads");
    if (r->signal_number)
        v->status = r->signal_number == SIGINT ? WS_EXIT_SIGINT : WS_EXIT_SIGTERM;
}
