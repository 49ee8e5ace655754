#include "cmd/wsbench/load/peer_private.h"

#include "cmd/common/units.h"

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
    if (!w->reported_ready && w->begun == w->count && w->connecting == 0) {
        w->reported_ready = true;
        worker_notify_main(&w->bench->ready);
    }
}

static void on_connect_timer(struct ws_timer *timer)
{
    connect_more(ws_container_of(timer, struct worker, connect_timer));
}

/* --- churn --- */

static int64_t scheduled(const struct worker *w)
{
    return w->bench->start_ns + schedule_time(&w->schedule, w->place);
}

/* When the next connection is due: at its time in the schedule; without one, now. */
static int64_t next_due(const struct worker *w, int64_t now_ns)
{
    return w->pace.open ? scheduled(w) : now_ns;
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
        peer->pace.due_ns = open_model ? due_ns : now_ns;
        w->quota -= peer->pace.due_ns >= w->bench->counted_ns;
        step(w);
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
        worker_set_schedule(w, rate, w->count / (double)s->connections);
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

void peer_open_note_unsent(struct worker *w, int64_t end_ns)
{
    if (!w->pace.open || w->settings->rate == 0)
        return;
    w->unsent_to_ns = end_ns;
    w->connections_unsent = w->idle ? UNSENT_CLIENT : UNSENT_WINDOW;
}

void peer_open_count_unsent(struct worker *w)
{
    int64_t quickest_ns = totals_quickest_ns(&w->totals), end_ns = w->unsent_to_ns;
    for (; end_ns > 0 && w->quota > 0; step(w)) {
        int64_t due_ns = scheduled(w);
        if (due_ns >= end_ns)
            break;
        if (due_ns < w->bench->counted_ns)
            continue;
        w->quota--;
        w->totals.unsent[w->connections_unsent]++;
        histogram_add(&w->totals.rtt, end_ns - due_ns + quickest_ns);
    }
}

/* --- connections that come back --- */

enum { RETRY_FIRST_MS = 20, RETRY_MOST_MS = 1000 };

static void mark_away(struct peer *peer)
{
    struct bench *bench = peer->worker->bench;
    peer->returning = RETURNING_AWAY;
    if (atomic_fetch_add(&bench->away, 1) == 0)
        atomic_store(&bench->away_since_ns, clock_ns());
}

/* It is back, or is given up. */
static void stop_returning(struct peer *peer, bool back)
{
    struct worker *w = peer->worker;
    if (peer->returning == RETURNING_NOT)
        return;
    w->coming_back--;
    if (peer->returning == RETURNING_AWAY) {
        w->totals.returned += back;
        w->totals.not_returned += !back;
        if (atomic_fetch_sub(&w->bench->away, 1) == 1 && back)
            histogram_add(&w->totals.back, clock_ns() - atomic_load(&w->bench->away_since_ns));
    } else {
        w->totals.renewed += back;
    }
    peer->returning = RETURNING_NOT;
}

/* Connects again; or it was not able to; or, with --first-expect, the message that was to come did
 * not. */
static void on_retry(struct ws_timer *timer)
{
    struct peer *peer = ws_container_of(timer, struct peer, retry);
    enum ws_error unable = peer->unable;
    peer->unable = WS_OK;
    if (peer->greeting)
        ws_conn_abort(peer->conn, WS_E_CONNECT_TIMEOUT);
    else if (unable != WS_OK)
        peer_failed(peer, unable, ws_error_info(unable)->explanation);
    else
        peer_connect(peer);
}

void peer_open_unable(struct peer *peer, enum ws_error error)
{
    struct worker *w = peer->worker;
    peer->unable = error;
    ws_loop_arm(w->loop, &peer->retry, ws_loop_now(w->loop) + 1);
}

void peer_open_limit(struct peer *peer)
{
    struct worker *w = peer->worker;
    ws_loop_arm(w->loop, &peer->retry,
                ws_loop_now(w->loop) + units_milliseconds(w->settings->target.connect_timeout_us));
}

void peer_open_again(struct peer *peer, bool was_open)
{
    struct worker *w = peer->worker;
    const struct settings *s = w->settings;
    bool reconnect = s->reconnect && !peer->given_up;
    if (w->phase > PHASE_LOAD || (was_open && !peer->retiring && !reconnect) ||
        (!was_open && (peer->returning == RETURNING_NOT || !reconnect))) {
        stop_returning(peer, false);
        return;
    }
    if (was_open) {
        w->coming_back++;
        peer->delay_ms = 0;
    }
    if (was_open && peer->retiring) {
        peer->returning = RETURNING_RENEWED;
    } else if (peer->returning != RETURNING_AWAY) {
        mark_away(peer);
    }
    ws_loop_arm(w->loop, &peer->retry, ws_loop_now(w->loop) + peer->delay_ms);
    peer->delay_ms = peer->delay_ms == 0 ? RETRY_FIRST_MS : 2 * peer->delay_ms;
    if (peer->delay_ms > RETRY_MOST_MS)
        peer->delay_ms = RETRY_MOST_MS;
}

static void on_life(struct ws_timer *timer)
{
    struct peer *peer = ws_container_of(timer, struct peer, life);
    if (peer->worker->phase != PHASE_LOAD || !peer->open || peer->leaving)
        return;
    peer->retiring = true;
    if (peer->flight.waiting == 0)
        peer_leave(peer);
}

void peer_opened(struct peer *peer)
{
    struct worker *w = peer->worker;
    int64_t lifetime_us = w->settings->lifetime_us;
    stop_returning(peer, true);
    if (lifetime_us > 0 && w->settings->mode != MODE_CHURN)
        ws_loop_arm(w->loop, &peer->life, ws_loop_now(w->loop) + units_milliseconds(lifetime_us));
}

void peer_open_init_one(struct peer *peer)
{
    peer->retry.fire = on_retry;
    peer->life.fire = on_life;
}

void peer_open_end(struct worker *w)
{
    for (uint32_t i = 0; i < w->count && w->coming_back > 0; i++) {
        ws_loop_disarm(w->loop, &w->peers[i].retry);
        stop_returning(&w->peers[i], false);
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
        w->reported_ready = true;
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
    for (uint32_t i = 0; i < w->count; i++) {
        ws_loop_disarm(w->loop, &w->peers[i].retry);
        ws_loop_disarm(w->loop, &w->peers[i].life);
    }
    ws_loop_disarm(w->loop, &w->connect_timer);
}
