#include "cmd/wsbench/bench.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wsbench/limits.h"
#include "cmd/wsbench/load/phases.h"
#include "cmd/wsbench/load/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct run {
    const struct settings *settings;
    struct result *result;
    struct bench bench;
    struct worker *workers;
    unsigned started;
    sigset_t signals;
    bool live;
    uint64_t last_received;
    int64_t last_ns, begun_ns;
};

/* --- progress line --- */

static void snapshot(const struct run *run, uint64_t *opened, uint64_t *sent, uint64_t *received)
{
    *opened = *sent = *received = 0;
    for (unsigned i = 0; i < run->started; i++) {
        *opened += counter_read(&run->workers[i].totals.opened);
        *sent += counter_read(&run->workers[i].totals.sent);
        *received += counter_read(&run->workers[i].totals.received);
    }
}

static void show_live(struct run *run)
{
    uint64_t opened, sent, received;
    char rate[UNITS_TEXT_MAX];
    int64_t now = clock_ns();
    double seconds = (double)(now - run->last_ns) / 1e9;
    probe_look(&run->result->probe, NULL);
    if (!run->live || seconds <= 0)
        return;
    snapshot(run, &opened, &sent, &received);
    units_format_rate((double)(received - run->last_received) / seconds, "msg", rate, sizeof rate);
    fprintf(stderr,
            "\r%4.0f s  %" PRIu64 " opened  %" PRIu64 " sent  %" PRIu64 " received  %s\033[K",
            (double)(now - run->begun_ns) / 1e9, opened, sent, received, rate);
    run->last_received = received;
    run->last_ns = now;
}

/* --- phases --- */

static void enter(struct run *run, enum phase phase)
{
    atomic_store(&run->bench.phase, phase);
    for (unsigned i = 0; i < run->started; i++)
        ws_loop_wake(run->workers[i].loop);
}

/* Waits until `counter` has reached the number of workers, until `deadline_ns` at most (0: no
 * limit). False after a timeout or a signal. */
static bool wait_for(struct run *run, _Atomic unsigned *counter, int64_t deadline_ns)
{
    int64_t second = clock_ns() + NS_PER_SECOND;
    while (!counter || atomic_load(counter) < run->started) {
        int64_t now = clock_ns();
        if (deadline_ns && now >= deadline_ns)
            return false;
        if (now >= second) {
            show_live(run);
            second += NS_PER_SECOND;
        }
        int64_t wait_ns = second - now;
        if (deadline_ns && deadline_ns - now < wait_ns)
            wait_ns = deadline_ns - now;
        if (wait_ns < 0)
            wait_ns = 0;
        struct timespec t = {wait_ns / NS_PER_SECOND, wait_ns % NS_PER_SECOND};
        int number = sigtimedwait(&run->signals, NULL, &t);
        if (number == SIGINT || number == SIGTERM) {
            run->result->signal_number = number;
            return false;
        }
    }
    return true;
}

/* Without a duration the load ends with its last message, or when no answer came for three times
 * as long as one may take: then none will. */
static void wait_for_answers(struct run *run)
{
    int64_t patience_ns = 3 * run->settings->timeout_us * NS_PER_US;
    uint64_t opened, sent, before, received;
    snapshot(run, &opened, &sent, &received);
    do {
        before = received;
        if (wait_for(run, &run->bench.drained, clock_ns() + patience_ns))
            return;
        snapshot(run, &opened, &sent, &received);
    } while (received != before && !run->result->signal_number);
    run->result->silent = !run->result->signal_number;
}

static void load(struct run *run)
{
    const struct settings *s = run->settings;
    struct result *result = run->result;
    uint64_t opened, sent, received;
    bool until_drained = s->mode == MODE_ECHO || s->mode == MODE_CHURN || s->mode == MODE_BROADCAST;

    probe_look(&result->probe, &result->probe.loaded);
    run->bench.start_ns = clock_ns();
    run->bench.end_ns =
        s->duration_us ? run->bench.start_ns + s->duration_us * NS_PER_US : INT64_MAX;
    enter(run, PHASE_LOAD);
    if (s->mode != MODE_CONNECT && s->duration_us == 0)
        wait_for_answers(run);
    else if (s->mode != MODE_CONNECT)
        wait_for(run, until_drained ? &run->bench.drained : NULL, run->bench.end_ns);
    result->load_s = (double)(clock_ns() - run->bench.start_ns) / 1e9;
    snapshot(run, &opened, &sent, &received);
    result->load_sent = sent;
    result->load_received = received;
    probe_look(&result->probe, &result->probe.after);
}

/* Has every broadcast arrived at every receiver? Only the sum over all workers shows it. */
static bool everything_arrived(const struct run *run)
{
    uint64_t opened, sent, received;
    snapshot(run, &opened, &sent, &received);
    return opened > 0 && received >= sent * (opened - 1);
}

static bool drain(struct run *run)
{
    int64_t deadline_ns = clock_ns() + run->settings->timeout_us * NS_PER_US;
    enter(run, PHASE_DRAIN);
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

/* --- setup and results --- */

static bool same_address(const struct addrinfo *a, const struct addrinfo *b)
{
    return a->ai_addrlen == b->ai_addrlen && memcmp(a->ai_addr, b->ai_addr, a->ai_addrlen) == 0;
}

/* The address of `host` in numeric form; `host` itself if it has several, which are tried in turn
 * until one answers (peer.c keeps that one). NULL after an error message. */
static char *look_up(const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char digits[64] = "";
    bool several = false;
    int error = getaddrinfo(host, NULL, &hints, &list);
    if (error == 0) {
        for (const struct addrinfo *i = list; i; i = i->ai_next)
            several |= !same_address(i, list);
        error = getnameinfo(list->ai_addr, list->ai_addrlen, digits, sizeof digits, NULL, 0,
                            NI_NUMERICHOST);
        freeaddrinfo(list);
    }
    if (error != 0) {
        exit_warn("resolve %s: %s", host, gai_strerror(error));
        return NULL;
    }
    return strdup(several ? host : digits);
}

static void forget_names(struct run *run)
{
    free(run->bench.url.host);
    free(run->bench.proxy.host);
}

/* Resolves the name once instead of once per connection. With a proxy it is the proxy's name: the
 * proxy resolves the server's. */
static bool resolve(struct run *run)
{
    const struct target *target = &run->settings->target;
    struct ws_url *url = &run->bench.url;
    *url = target->url;
    run->bench.proxy = target->proxy;
    url->host =
        url->unix_path || target->proxy.host ? strdup(target->url.host) : look_up(target->url.host);
    run->bench.proxy.host = target->proxy.host ? look_up(target->proxy.host) : NULL;
    if (url->host && (run->bench.proxy.host || !target->proxy.host))
        return true;
    forget_names(run);
    return false;
}

/* The share of worker `index` when `total` is split as evenly as possible. */
static uint64_t part(uint64_t total, unsigned index, unsigned workers)
{
    return total / workers + (index < total % workers);
}

static bool start_workers(struct run *run)
{
    const struct settings *s = run->settings;
    bool sends = s->mode == MODE_ECHO || s->mode == MODE_BROADCAST || s->mode == MODE_CHURN;
    /* Workers without a publisher have nothing to send. */
    bool few = s->mode == MODE_BROADCAST && s->publishers < s->threads;
    unsigned senders = few ? (unsigned)s->publishers : s->threads;
    uint32_t first = 0, first_publisher = 0;
    run->workers = calloc(s->threads, sizeof *run->workers);
    if (!run->workers)
        return false;
    for (unsigned i = 0; i < s->threads; i++) {
        struct worker *w = &run->workers[i];
        w->bench = &run->bench;
        w->settings = s;
        w->count = (uint32_t)part(s->connections, i, s->threads);
        w->publishers = (uint32_t)part(s->publishers, i, s->threads);
        w->first = first;
        w->first_publisher = first_publisher;
        first += w->count;
        first_publisher += w->publishers;
        w->quota = !sends || i >= senders ? 0
                   : s->messages          ? part(s->messages, i, senders)
                                          : UINT64_MAX;
        enum ws_error error = ws_loop_new(&w->loop);
        if (error != WS_OK) {
            exit_warn("thread %u: %s", i + 1, ws_error_info(error)->explanation);
            return false;
        }
        int failed = pthread_create(&w->thread, NULL, phases_run, w);
        if (failed) {
            exit_warn("thread %u: %s", i + 1, strerror(failed));
            return false;
        }
        run->started++;
    }
    return true;
}

static void join_workers(struct run *run)
{
    for (unsigned i = 0; i < run->started; i++) {
        pthread_join(run->workers[i].thread, NULL);
        totals_merge(&run->result->totals, &run->workers[i].totals);
    }
    for (unsigned i = 0; run->workers && i < run->settings->threads; i++)
        ws_loop_free(run->workers[i].loop);
    free(run->workers);
    forget_names(run);
}

static void count_lost(struct run *run)
{
    struct totals *t = &run->result->totals;
    if (run->settings->mode == MODE_BROADCAST && t->opened > 0) {
        uint64_t expected = t->sent * (t->opened - 1);
        t->lost = expected > t->received ? expected - t->received : 0;
    }
}

bool bench_run(const struct settings *s, struct result *result, int *status)
{
    struct run run = {.settings = s, .result = result, .bench = {.settings = s}};
    *result = (struct result){0};
    *status = WS_EXIT_FAILURE;
    if (!limits_check(s->connections, &s->target.url))
        return false;
    if (s->server_pid && !probe_start(&result->probe, s->server_pid)) {
        exit_warn("no process has the id %u", s->server_pid);
        return false;
    }
    if (!resolve(&run)) {
        *status = WS_EXIT_CONNECT;
        return false;
    }
    /* The main thread waits for signals; workers report progress with SIGUSR1. */
    sigemptyset(&run.signals);
    sigaddset(&run.signals, SIGINT);
    sigaddset(&run.signals, SIGTERM);
    sigaddset(&run.signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &run.signals, NULL);
    exit_ignore_sigpipe();
    run.live = isatty(STDERR_FILENO) && !s->common.quiet;
    run.begun_ns = run.last_ns = clock_ns();

    bool started = start_workers(&run);
    if (started) {
        bool ready = wait_for(&run, &run.bench.ready, 0);
        result->connect_s = (double)(clock_ns() - run.begun_ns) / 1e9;
        uint64_t opened, sent, received;
        snapshot(&run, &opened, &sent, &received);
        if (ready && (opened > 0 || s->mode == MODE_CHURN)) {
            load(&run);
            result->drained = drain(&run);
        }
    }
    enter(&run, PHASE_CLOSE);
    wait_for(&run, &run.bench.done, 0);
    if (run.live)
        fputs("\r\033[K", stderr);
    join_workers(&run);
    count_lost(&run);
    return started;
}
