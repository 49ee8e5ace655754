#include "cmd/wsbench/load/phases.h"

#include "cmd/wsbench/load/peer.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTING_MAX = 128
}; /* concurrent connection attempts: more would only wait in the server's backlog */

static double thread_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- connecting --- */

/* The number of connections that the rate allows so far. */
static uint32_t allowed(const struct worker *w)
{
    uint64_t rate = w->settings->connect_rate;
    if (rate == 0)
        return w->count;
    double share = (double)rate * w->count / (double)w->settings->connections;
    double begun = 1 + (double)(clock_ns() - w->connect_start_ns) / 1e9 * share;
    return begun < w->count ? (uint32_t)begun : w->count;
}

static void connect_more(struct worker *w)
{
    uint32_t limit = allowed(w);
    bool more = w->phase < PHASE_DRAIN && (w->settings->mode != MODE_CHURN || w->quota > 0);
    while (more && w->begun < limit && w->connecting < CONNECTING_MAX) {
        peer_connect(&w->peers[w->begun++]);
        more = w->settings->mode != MODE_CHURN || w->quota > 0;
    }
    if (more && w->begun < w->count && w->connecting < CONNECTING_MAX)
        ws_loop_arm(w->loop, &w->connect_timer, ws_loop_now(w->loop) + 1);
}

static void on_connect_timer(struct ws_timer *timer)
{
    connect_more(ws_container_of(timer, struct worker, connect_timer));
}

/* --- the load --- */

static void wind(struct worker *w)
{
    int64_t due = w->bench->start_ns + (int64_t)((double)w->scheduled * w->interval_ns);
    struct itimerspec when = {
        .it_value = {.tv_sec = due / NS_PER_SECOND, .tv_nsec = due % NS_PER_SECOND},
    };
    timerfd_settime(w->pace.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void on_pace(struct ws_watch *watch, unsigned ready)
{
    struct worker *w = ws_container_of(watch, struct worker, pace);
    uint64_t expirations;
    (void)ready;
    if (read(watch->fd, &expirations, sizeof expirations) < 0 || w->phase != PHASE_LOAD)
        return;
    int64_t now = clock_ns();
    uint64_t passed = (uint64_t)((double)(now - w->bench->start_ns) / w->interval_ns) + 1;
    uint32_t senders = worker_senders(w);
    /* A peer sends all its due messages at once: one pass over the senders is enough. */
    uint64_t rounds = passed - w->scheduled < senders ? passed - w->scheduled : senders;
    for (uint64_t i = 0; i < rounds; i++)
        peer_send_due(&w->peers[(w->scheduled + i) % senders], now);
    if (passed > w->scheduled)
        w->scheduled = passed;
    wind(w);
    worker_check_drained(w);
}

static bool start_pace(struct worker *w)
{
    const struct settings *s = w->settings;
    uint32_t senders = worker_senders(w);
    uint64_t all = s->mode == MODE_BROADCAST ? s->publishers : s->connections;
    if (senders == 0)
        return true;
    w->interval_ns = 1e9 / ((double)s->rate * senders / (double)all);
    w->pace.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    w->pace.ready = on_pace;
    if (w->pace.fd < 0 || ws_loop_watch(w->loop, &w->pace, WS_READABLE) != WS_OK)
        return false;
    wind(w);
    return true;
}

static void start_load(struct worker *w)
{
    const struct settings *s = w->settings;
    w->load_begun_ns = clock_ns();
    w->load_begun_cpu = thread_cpu();
    if (s->mode == MODE_CHURN) {
        w->connect_start_ns = w->load_begun_ns;
        connect_more(w);
    } else if (s->mode == MODE_ECHO || s->mode == MODE_BROADCAST) {
        if (s->rate && !start_pace(w))
            w->status = 1;
        for (uint32_t i = 0; i < w->count && s->mode == MODE_ECHO && !s->rate; i++)
            peer_start(&w->peers[i]);
    }
    worker_check_drained(w);
}

/* What was due before the end of the load and has not had its turn yet. */
static void send_all_due(struct worker *w)
{
    for (uint32_t i = 0; i < worker_senders(w); i++)
        peer_send_due(&w->peers[i], clock_ns());
}

static void end_load(struct worker *w)
{
    double seconds = (double)(clock_ns() - w->load_begun_ns) / 1e9;
    int64_t now = clock_ns(), end_ns = w->bench->end_ns;
    /* A load without connections ends early, and what was still to come of it is due all the same.
     */
    if (end_ns == INT64_MAX || (now < end_ns && w->can_send > 0))
        end_ns = now;
    w->totals.cpu_s = thread_cpu() - w->load_begun_cpu;
    for (uint32_t i = 0; w->pace.fd >= 0 && i < worker_senders(w); i++)
        peer_count_unsent(&w->peers[i], end_ns);
    if (seconds > 0)
        w->totals.busiest = w->totals.cpu_s / seconds;
    if (w->pace.fd >= 0) {
        int fd = ws_loop_unwatch(w->loop, &w->pace);
        close(fd);
    }
}

/* --- phases --- */

static void close_all(struct worker *w)
{
    ws_loop_disarm(w->loop, &w->connect_timer);
    for (uint32_t i = 0; i < w->begun; i++) {
        peer_settle(&w->peers[i]);
        peer_leave(&w->peers[i]);
    }
    if (w->alive == 0)
        ws_loop_stop(w->loop);
}

/* Follows the main thread's phase, one phase at a time. */
static void on_wake(void *context)
{
    struct worker *w = context;
    int phase = atomic_load(&w->bench->phase);
    while (w->phase < phase) {
        if (w->phase == PHASE_LOAD && w->pace.fd >= 0)
            send_all_due(w);
        w->phase++;
        if (w->phase == PHASE_LOAD)
            start_load(w);
        else if (w->phase == PHASE_DRAIN && w->load_begun_ns)
            end_load(w);
        else if (w->phase == PHASE_CLOSE)
            close_all(w);
        if (w->phase == PHASE_DRAIN)
            worker_check_drained(w);
    }
}

static bool set_up(struct worker *w)
{
    const struct settings *s = w->settings;
    w->pace.fd = -1;
    w->connect_timer.fire = on_connect_timer;
    w->connect_more = connect_more;
    ws_loop_on_wake(w->loop, on_wake, w);
    struct ws_conn_config config;
    wsbench_settings_conn_config(s, &config);
    if (ws_conn_env_init(&w->env, w->loop, &config, &peer_handler, w) != WS_OK)
        return false;
    if (s->target.tls.context && !(w->tls = ws_tls_context_again(s->target.tls.context)))
        return false;
    w->message = payload_new(s->size);
    w->peers = calloc(w->count, sizeof *w->peers);
    if (s->mode == MODE_BROADCAST)
        w->heard = calloc(w->count, s->publishers * sizeof *w->heard);
    if (!w->message || !w->peers || (s->mode == MODE_BROADCAST && !w->heard))
        return false;
    for (uint32_t i = 0; i < w->count; i++)
        peer_init(&w->peers[i], w, i);
    return true;
}

void *phases_run(void *argument)
{
    struct worker *w = argument;
    if (set_up(w)) {
        w->connect_start_ns = clock_ns();
        if (w->settings->mode == MODE_CHURN) {
            w->told_ready = true;
            worker_notify_main(&w->bench->ready);
        } else {
            connect_more(w);
        }
        ws_loop_run(w->loop);
        ws_loop_turn(w->loop, 0); /* frees what the last batch deferred */
    } else {
        w->status = 1;
        worker_notify_main(&w->bench->ready);
        worker_notify_main(&w->bench->drained);
    }
    for (uint32_t i = 0; w->peers && i < w->count; i++)
        flight_free(&w->peers[i].flight);
    free(w->peers);
    free(w->heard);
    free(w->message);
    ws_tls_context_free(w->tls);
    worker_notify_main(&w->bench->done);
    return NULL;
}
