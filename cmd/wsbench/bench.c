#include "cmd/wsbench/bench.h"
#include "cmd/common/signal_repeat.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wsbench/limits.h"
#include "cmd/wsbench/load/phases.h"
#include "cmd/wsbench/load/worker.h"
#include "cmd/wsbench/report/progress.h"
#include "cmd/wsbench/resolve.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run {
    const struct settings *settings;
    struct result *result;
    struct bench bench;
    struct worker *workers;
    unsigned started;
    sigset_t signals;
    struct signal_repeat last_signal;
    struct progress progress;
    int64_t begun_ns, next_look_ns, interval_ns;
    int64_t waited_ns;     /* from the begin of the load until no more answers were waited for */
    struct result *so_far; /* owned; for --abort-if */
};

/* --- waiting --- */

static struct progress_counts snapshot(const struct run *run)
{
    struct progress_counts c = {0};
    for (unsigned i = 0; i < run->started; i++) {
        const struct totals *t = &run->workers[i].totals;
        c.opened += counter_read(&t->opened);
        c.sent += counter_read(&t->sent);
        c.received += counter_read(&t->received);
        c.sent_bytes += counter_read(&t->sent_bytes);
        c.received_bytes += counter_read(&t->received_bytes);
    }
    return c;
}

/* The value of --abort-if is that of the second before: the workers copy their totals meanwhile. */
static void judge_abort(struct run *run, const struct progress_counts *counts, int64_t now_ns)
{
    const struct settings *s = run->settings;
    struct result *now = run->so_far;
    if (s->abort_if.count == 0 || run->bench.start_ns == 0 || run->result->aborted)
        return;
    if (!now && !(now = run->so_far = malloc(sizeof *now)))
        return;
    *now = (struct result){.load_s = (double)(now_ns - run->bench.counted_ns) / 1e9,
                           .opening = run->result->opening};
    for (unsigned i = 0; i < run->started; i++)
        worker_add_published(&run->workers[i], &now->totals);
    now->load_sent = counts->sent;
    now->load_received = counts->received;
    result_set_rate(now, false);
    for (size_t i = 0; i < s->abort_if.count && now->totals.tried > 0 && now->load_s > 0; i++) {
        double value;
        bool measured;
        if (condition_met(&s->aborting[i], now, &value, &measured))
            run->result->aborted = s->aborting[i].text;
    }
    atomic_fetch_add(&run->bench.published, 1);
    for (unsigned i = 0; i < run->started; i++)
        ws_loop_wake(run->workers[i].loop);
}

/* What is done once an interval. */
static void look(struct run *run, int64_t now_ns)
{
    struct progress_counts counts = snapshot(run);
    run->next_look_ns += run->interval_ns;
    if (run->next_look_ns <= now_ns) /* this process was stopped for a while */
        run->next_look_ns = now_ns + run->interval_ns;
    probe_look(&run->result->probe, NULL);
    timeline_add(&run->result->timeline, &(struct moment){
                                             .at_s = (double)(now_ns - run->begun_ns) / 1e9,
                                             .opened = counts.opened,
                                             .sent = counts.sent,
                                             .received = counts.received,
                                             .server = run->result->probe.now,
                                         });
    progress_show(&run->progress, now_ns, &counts);
    judge_abort(run, &counts, now_ns);
}

static void enter(struct run *run, enum phase phase)
{
    atomic_store(&run->bench.phase, phase);
    for (unsigned i = 0; i < run->started; i++)
        ws_loop_wake(run->workers[i].loop);
}

/* Waits until `counter` has reached the number of workers, until `deadline_ns` at most (0: no
 * limit). False after a timeout or a signal, and during the load when it is to be aborted. */
static bool wait_for(struct run *run, _Atomic unsigned *counter, int64_t deadline_ns)
{
    while (!counter || atomic_load(counter) < run->started) {
        int64_t now = clock_ns(), wait_ns = run->next_look_ns - now;
        bool loading = atomic_load(&run->bench.phase) == PHASE_LOAD;
        if ((deadline_ns && now >= deadline_ns) || (loading && run->result->aborted))
            return false;
        if (wait_ns <= 0) {
            look(run, now);
            continue;
        }
        if (deadline_ns && deadline_ns - now < wait_ns)
            wait_ns = deadline_ns - now;
        struct timespec t = {wait_ns / NS_PER_SECOND, wait_ns % NS_PER_SECOND};
        int number = sigtimedwait(&run->signals, NULL, &t);
        if ((number == SIGINT || number == SIGTERM) &&
            !signal_repeat(&run->last_signal, number, clock_ns() / 1000)) {
            run->result->signal_number = number;
            return false;
        }
    }
    return true;
}

/* --- the load --- */

/* Without a duration the load ends with its last message, or when no answer came for three times
 * as long as one may take: then none will. */
static void wait_for_answers(struct run *run)
{
    int64_t patience_ns = 3 * run->settings->timeout_us * NS_PER_US;
    uint64_t before, received = snapshot(run).received;
    do {
        before = received;
        if (wait_for(run, &run->bench.drained, clock_ns() + patience_ns))
            return;
        received = snapshot(run).received;
    } while (received != before && !run->result->signal_number && !run->result->aborted);
    run->result->silent = !run->result->signal_number && !run->result->aborted;
}

static void wait_for_load(struct run *run)
{
    const struct settings *s = run->settings;
    _Atomic unsigned *drained = settings_sends(s) ? &run->bench.drained : NULL;
    if (s->mode == MODE_CONNECT)
        return;
    if (s->warmup_us > 0) {
        progress_phase(&run->progress, "warm-up", s->warmup_us);
        wait_for(run, drained, run->bench.counted_ns);
        probe_look(&run->result->probe, &run->result->probe.loaded);
    }
    progress_phase(&run->progress, NULL, s->duration_us);
    if (run->result->signal_number || run->result->aborted)
        return;
    if (s->duration_us == 0)
        wait_for_answers(run);
    else
        wait_for(run, drained, run->bench.end_ns);
}

/* --start-at: the connections are open, and wait. False after a signal. */
static bool wait_for_start(struct run *run)
{
    const struct settings *s = run->settings;
    int64_t left_us = s->start_at_us - units_now_utc();
    if (s->start_at_us == 0)
        return true;
    if (left_us <= 0) {
        run->result->late_s = (double)-left_us / 1e6;
        return true;
    }
    progress_phase(&run->progress, "waiting for the start", left_us);
    wait_for(run, NULL, clock_ns() + left_us * NS_PER_US);
    return run->result->signal_number == 0;
}

/* Was there no connection left to send the rest? Then it was due all the same: to the end of the
 * duration, or a number of messages at a rate. */
static bool ended_without_connections(const struct run *run, uint64_t sent)
{
    const struct settings *s = run->settings;
    bool number_alone = s->messages > 0 && (s->rate == 0 || sent >= s->messages);
    return settings_sends(s) && s->mode != MODE_CHURN && s->own.replay.count == 0 &&
           settings_load_us(s) > 0 && !number_alone && run->result->signal_number == 0 &&
           !run->result->aborted && !run->result->silent;
}

static void load(struct run *run)
{
    const struct settings *s = run->settings;
    struct result *result = run->result;

    probe_look(&result->probe, &result->probe.loaded);
    result->loaded_opened = snapshot(run).opened;
    run->bench.start_ns = clock_ns();
    run->bench.counted_ns = run->bench.start_ns + s->warmup_us * NS_PER_US;
    run->bench.end_ns =
        s->duration_us ? run->bench.counted_ns + s->duration_us * NS_PER_US : INT64_MAX;
    run->bench.last_due_ns = run->bench.counted_ns + settings_load_us(s) * NS_PER_US;
    enter(run, PHASE_LOAD);
    wait_for_load(run);
    int64_t load_ns = clock_ns() - run->bench.counted_ns;
    int64_t whole_ns = settings_load_us(s) * NS_PER_US;
    struct progress_counts counts = snapshot(run);
    if (ended_without_connections(run, counts.sent) && load_ns < whole_ns) {
        result->deserted_s = (double)load_ns / 1e9;
        load_ns = whole_ns;
    }
    result->load_s = load_ns > 0 ? (double)load_ns / 1e9 : 0;
    result->load_sent = counts.sent;
    result->load_received = counts.received;
    result->load_sent_bytes = counts.sent_bytes;
    result->load_received_bytes = counts.received_bytes;
    probe_look(&result->probe, &result->probe.after);
}

/* Has every broadcast arrived at every receiver? Only the sum over all workers shows it. */
static bool everything_arrived(const struct run *run)
{
    struct progress_counts c = snapshot(run);
    uint64_t receivers = 0;
    for (unsigned i = 0; i < run->started; i++)
        receivers += counter_read(&run->workers[i].totals.receivers);
    return receivers > 0 && c.received >= c.sent * (receivers - 1);
}

static bool wait_for_rest(struct run *run)
{
    int64_t deadline_ns = clock_ns() + run->settings->timeout_us * NS_PER_US;
    enter(run, PHASE_DRAIN);
    progress_phase(&run->progress, "waiting for answers", 0);
    /* The sums are comparable only after every worker has stopped sending. */
    if (!wait_for(run, &run->bench.drained, deadline_ns))
        return false;
    while (run->settings->mode == MODE_BROADCAST && !everything_arrived(run)) {
        int64_t now = clock_ns();
        if (now >= deadline_ns || run->result->signal_number)
            return false;
        wait_for(run, NULL, now + 10 * NS_PER_MS);
    }
    return true;
}

static void drain(struct run *run)
{
    run->result->drained = wait_for_rest(run);
    run->waited_ns = clock_ns() - run->bench.start_ns;
}

/* --- setup and results --- */

/* The share of worker `index` when `total` is split as evenly as possible. */
static uint64_t part(uint64_t total, unsigned index, unsigned workers)
{
    return total / workers + (index < total % workers);
}

static void give_share(struct worker *w, const struct settings *s, unsigned index)
{
    /* Workers without a publisher have nothing to send. */
    bool few = s->mode == MODE_BROADCAST && s->publishers < s->threads;
    unsigned senders = few ? (unsigned)s->publishers : s->threads;
    w->settings = s;
    w->count = (uint32_t)part(s->connections, index, s->threads);
    w->publishers = (uint32_t)part(s->publishers, index, s->threads);
    w->quota = !settings_sends(s) || index >= senders ? 0
               : s->messages                          ? part(s->messages, index, senders)
                                                      : UINT64_MAX;
}

__attribute__((format(printf, 3, 4))) static bool problem(struct result *result, int status,
                                                          const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->problem, sizeof result->problem, format, arguments);
    va_end(arguments);
    result->problem_status = status;
    return false;
}

static bool start_workers(struct run *run)
{
    const struct settings *s = run->settings;
    uint32_t first = 0, first_publisher = 0;
    run->workers = calloc(s->threads, sizeof *run->workers);
    if (!run->workers)
        return problem(run->result, WS_EXIT_FAILURE, "out of memory");
    for (unsigned i = 0; i < s->threads; i++) {
        struct worker *w = &run->workers[i];
        w->bench = &run->bench;
        pthread_mutex_init(&w->publish_lock, NULL);
        give_share(w, s, i);
        w->first = first;
        w->first_publisher = first_publisher;
        first += w->count;
        first_publisher += w->publishers;
        enum ws_error error = ws_loop_new(&w->loop);
        if (error != WS_OK)
            return problem(run->result, WS_EXIT_FAILURE, "thread %u: %s", i + 1,
                           ws_error_info(error)->explanation);
        int failed = pthread_create(&w->thread, NULL, phases_run, w);
        if (failed)
            return problem(run->result, WS_EXIT_FAILURE, "thread %u: %s", i + 1, strerror(failed));
        run->started++;
    }
    return true;
}

/* What was waited for broadcasts that did not come. */
static void add_missing(struct run *run)
{
    struct deliveries *all = run->workers ? run->workers[0].deliveries : NULL;
    uint64_t receivers = 0;
    for (unsigned i = 0; i < run->started; i++) {
        receivers += run->workers[i].timed_receivers;
        if (i > 0 && all && run->workers[i].deliveries)
            deliveries_merge(all, run->workers[i].deliveries);
    }
    if (all)
        deliveries_add_missing(all, receivers, run->waited_ns, &run->result->totals.rtt);
}

static void join_workers(struct run *run)
{
    for (unsigned i = 0; i < run->started; i++) {
        pthread_join(run->workers[i].thread, NULL);
        totals_merge(&run->result->totals, &run->workers[i].totals);
    }
    add_missing(run);
    for (unsigned i = 0; i < run->started; i++) {
        free(run->workers[i].published);
        free(run->workers[i].deliveries);
        pthread_mutex_destroy(&run->workers[i].publish_lock);
    }
    for (unsigned i = 0; run->workers && i < run->settings->threads; i++)
        ws_loop_free(run->workers[i].loop);
    free(run->workers);
    resolve_free(&run->bench.url, &run->bench.proxy);
}

/* What the workers cannot know each by itself. */
static void settle_counts(struct run *run)
{
    struct totals *t = &run->result->totals;
    if (run->settings->mode == MODE_SOURCE) { /* what came after the load is none of it */
        atomic_store(&t->received, run->result->load_received);
        atomic_store(&t->received_bytes, run->result->load_received_bytes);
    }
    if (run->settings->mode == MODE_BROADCAST && t->receivers > 0) {
        uint64_t expected = t->sent * (t->receivers - 1);
        t->lost = expected > t->received ? expected - t->received : 0;
    }
}

/* Everything that can fail before the first connection. */
static bool prepare(struct run *run)
{
    const struct settings *s = run->settings;
    struct result *result = run->result;
    char text[RESULT_PROBLEM];
    if (!limits_check(s, text, sizeof text))
        return problem(result, WS_EXIT_FAILURE, "%s", text);
    if (s->server_pid && !probe_start(&result->probe, s->server_pid))
        return problem(result, WS_EXIT_FAILURE, "no process has the id %u", s->server_pid);
    int64_t begun_ns = clock_ns();
    if (!resolve_target(&s->target, &run->bench.url, &run->bench.proxy, text, sizeof text))
        return problem(result, WS_EXIT_CONNECT, "%s", text);
    const char *name = s->target.proxy.host ? s->target.proxy.host : s->target.url.host;
    if (!s->target.url.unix_path && !resolve_is_address(name))
        histogram_add(&result->totals.resolve, clock_ns() - begun_ns);
    /* The main thread waits for signals; workers report progress with SIGUSR1. */
    sigemptyset(&run->signals);
    sigaddset(&run->signals, SIGINT);
    sigaddset(&run->signals, SIGTERM);
    sigaddset(&run->signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &run->signals, NULL);
    exit_ignore_sigpipe();
    run->bench.loopback_sources = limits_loopback_sources(s);
    return true;
}

static void measure(struct run *run)
{
    const struct settings *s = run->settings;
    int64_t begun_ns = run->begun_ns = clock_ns();
    run->interval_ns = (s->interval_us ? s->interval_us : SECONDS(1)) * NS_PER_US;
    run->next_look_ns = begun_ns + run->interval_ns;
    progress_start(&run->progress, s, begun_ns);
    progress_phase(&run->progress, "connecting", 0);
    if (start_workers(run)) {
        int64_t limit_ns = s->connect_deadline_us * NS_PER_US;
        bool ready = wait_for(run, &run->bench.ready, limit_ns ? begun_ns + limit_ns : 0);
        run->result->too_slow = !ready && !run->result->signal_number;
        run->result->connect_s = (double)(clock_ns() - begun_ns) / 1e9;
        if (ready && (snapshot(run).opened > 0 || s->mode == MODE_CHURN) && wait_for_start(run)) {
            load(run);
            drain(run);
        }
    }
    enter(run, PHASE_CLOSE);
    progress_phase(&run->progress, "closing", 0);
    /* A signal while the connections close: the report is wanted at once. */
    if (!wait_for(run, &run->bench.done, 0)) {
        enter(run, PHASE_ABORT);
        while (!wait_for(run, &run->bench.done, 0))
            ;
    }
    progress_end(&run->progress);
    join_workers(run);
    if (!settings_open_model(s)) /* it was left out: see flight.h */
        run->result->totals.rtt_sent = run->result->totals.rtt;
    settle_counts(run);
    result_set_rate(run->result, s->mode == MODE_CONNECT);
    free(run->so_far);
}

void bench_run(const struct settings *s, struct result *result)
{
    struct run run = {.settings = s, .result = result, .bench = {.settings = s}};
    result->started_utc_us = units_now_utc();
    result->opening = s->mode == MODE_CHURN;
    if (prepare(&run))
        measure(&run);
}
