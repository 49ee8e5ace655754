#include "cmd/wsbench/load/peer_private.h"

/* Concurrent connection attempts: more would only wait in the server's backlog. */
enum { CONNECTING_MAX = 128 };

/* --- the connections of all modes but churn --- */

/* The number of connections that the rate allows so far. */
static uint32_t allowed(const struct worker *w)
{
    double rate = w->settings->connect_rate;
    if (rate == 0)
        return w->count;
    double share = rate * w->count / (double)w->settings->connections;
    double begun = 1 + (double)(clock_ns() - w->connect_start_ns) / 1e9 * share;
    return begun < w->count ? (uint32_t)begun : w->count;
}

static void connect_more(struct worker *w)
{
    uint32_t limit = allowed(w);
    if (w->phase >= PHASE_DRAIN)
        return;
    while (w->begun < limit && w->connecting < CONNECTING_MAX)
        peer_connect(&w->peers[w->begun++]);
    if (w->begun < w->count && w->connecting < CONNECTING_MAX)
        ws_loop_arm(w->loop, &w->connect_timer, ws_loop_now(w->loop) + 1);
    if (!w->told_ready && w->begun == w->count && w->connecting == 0) {
        w->told_ready = true;
        worker_notify_main(&w->bench->ready);
    }
}

static void on_connect_timer(struct ws_timer *timer)
{
    connect_more(ws_container_of(timer, struct worker, connect_timer));
}

/* --- churn --- */

/* When the next connection is due: at its time in the schedule; without one, now. */
static int64_t next_due(const struct worker *w, int64_t now_ns)
{
    return w->pace.open ? w->bench->start_ns + schedule_time(&w->schedule, w->place) : now_ns;
}

static void step(struct worker *w)
{
    bool poisson = w->settings->arrival == ARRIVAL_POISSON && w->settings->rate > 0;
    w->place += poisson ? schedule_exponential(&w->random) : 1;
}

static void fill_places(struct worker *w, int64_t now_ns)
{
    bool open_model = w->settings->rate > 0;
    while (w->idle && worker_may_send(w) && (open_model || w->connecting < CONNECTING_MAX)) {
        int64_t due_ns = next_due(w, now_ns);
        if (due_ns >= w->bench->end_ns)
            break;
        if (due_ns > now_ns) {
            pace_wake_at(&w->pace, due_ns);
            break;
        }
        struct peer *peer = w->idle;
        w->idle = peer->next_idle;
        w->quota--;
        step(w);
        peer->pace.due_ns = open_model ? due_ns : now_ns;
        peer_connect(peer);
    }
}

static void on_due(struct pace *pace, int64_t now_ns)
{
    struct worker *w = ws_container_of(pace, struct worker, pace);
    fill_places(w, now_ns);
    worker_check_drained(w);
}

bool peer_open_churn(struct worker *w)
{
    const struct settings *s = w->settings;
    double rate = s->rate > 0 ? s->rate : s->connect_rate;
    for (uint32_t i = w->count; i-- > 0;) {
        w->peers[i].next_idle = w->idle;
        w->idle = &w->peers[i];
    }
    w->begun = w->count;
    w->connect_start_ns = clock_ns();
    if (rate > 0) {
        w->schedule.rate = rate * w->count / (double)s->connections;
        w->random = w->first;
        if (s->arrival == ARRIVAL_POISSON)
            step(w);
        if (!pace_open(&w->pace, w->loop, 0, on_due))
            return false;
    }
    fill_places(w, w->connect_start_ns);
    return true;
}

void peer_open_vacated(struct peer *peer)
{
    struct worker *w = peer->worker;
    peer->next_idle = w->idle;
    w->idle = peer;
    fill_places(w, clock_ns());
}

void peer_open_count_unsent(struct worker *w, int64_t end_ns)
{
    if (!w->pace.open || w->settings->rate == 0)
        return;
    for (; w->quota > 0; w->quota--, step(w)) {
        int64_t due_ns = next_due(w, end_ns);
        if (due_ns >= end_ns)
            break;
        if (due_ns < w->bench->counted_ns)
            continue;
        w->totals.unsent[w->idle ? UNSENT_CLIENT : UNSENT_WINDOW]++;
        histogram_add(&w->totals.rtt, end_ns - due_ns);
    }
}

/* --- both --- */

void peer_open_init(struct worker *w)
{
    w->connect_timer.fire = on_connect_timer;
}

void peer_open_start(struct worker *w)
{
    w->connect_start_ns = clock_ns();
    if (w->settings->mode == MODE_CHURN) {
        w->told_ready = true;
        worker_notify_main(&w->bench->ready);
    } else {
        connect_more(w);
    }
}

void peer_open_done(struct worker *w)
{
    w->connecting--;
    if (w->settings->mode == MODE_CHURN)
        fill_places(w, clock_ns());
    else
        connect_more(w);
}

void peer_open_stop(struct worker *w)
{
    ws_loop_disarm(w->loop, &w->connect_timer);
}
