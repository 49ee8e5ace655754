#include "cmd/wsbench/load/peer_private.h"

#include <ws/conn.h>

bool peer_sends(const struct peer *peer)
{
    const struct worker *w = peer->worker;
    return settings_sends(w->settings) && peer->number - w->first < worker_senders(w);
}

static bool can_send(const struct peer *peer)
{
    return peer->open && !peer->leaving && !peer->retiring && worker_may_send(peer->worker);
}

static int64_t limit_ns(const struct peer *peer)
{
    return peer->worker->settings->timeout_us * NS_PER_US;
}

/* --- one message --- */

/* Has the limit's timer fire at `end_ns`. An armed one is left alone while messages come and go: it
 * fires early, and looks which is the oldest then. */
static void watch_limit(struct peer *peer, int64_t end_ns, int64_t now_ns)
{
    struct ws_loop *loop = peer->worker->loop;
    peer->limited = true;
    ws_loop_arm(loop, &peer->limit, ws_loop_now(loop) + (end_ns - now_ns) / NS_PER_MS + 1);
}

static void on_limit(struct ws_timer *timer)
{
    struct peer *peer = ws_container_of(timer, struct peer, limit);
    unsigned waited = peer->flight.waiting;
    int64_t now = clock_ns();
    peer->limited = false;
    int64_t next = flight_expire(&peer->flight, now, limit_ns(peer), &peer->worker->totals);
    if (next)
        watch_limit(peer, next, now);
    peer_send_refill(peer, waited);
    worker_check_drained(peer->worker);
}

/* Puts the message that `head` begins on its way. */
static enum ws_error transmit(struct peer *peer, const struct payload_head *head)
{
    struct worker *w = peer->worker;
    payload_write(&w->payload, head);
    if (w->settings->mode == MODE_PING)
        return ws_conn_ping(peer->conn, w->payload.message, w->payload.len);
    return ws_conn_send(peer->conn, w->settings->binary ? WS_OP_BINARY : WS_OP_TEXT, WS_SEND_COPY,
                        w->payload.message, w->payload.len);
}

bool peer_send_one(struct peer *peer, int64_t due_ns)
{
    struct worker *w = peer->worker;
    const struct settings *s = w->settings;
    bool answered = settings_answered(s);
    int64_t now = clock_ns();
    struct payload_head head = {
        .connection = peer->identity,
        .sequence = answered ? peer->flight.next : peer->published,
        .time = (uint64_t)(due_ns - w->bench->start_ns),
    };
    if (answered && !flight_prepare(&peer->flight, s->window, limit_ns(peer), &w->totals))
        return false;
    if (transmit(peer, &head) != WS_OK)
        return false;
    bool counted = due_ns >= w->bench->counted_ns;
    w->quota -= s->mode != MODE_CHURN; /* churn counts connections instead */
    if (counted) {
        counter_add(&w->totals.sent, 1);
        counter_add(&w->totals.sent_bytes, w->payload.len);
        histogram_add(&w->totals.lag, now - due_ns);
    }
    if (!answered) {
        peer->published++;
        return true;
    }
    if (!peer->limited)
        watch_limit(peer, now + limit_ns(peer), now);
    flight_sent(&peer->flight, due_ns, now, counted);
    w->outstanding++;
    return true;
}

/* --- the closed model --- */

static void fill_window(struct peer *peer)
{
    while (can_send(peer) && peer->flight.waiting < peer->worker->settings->window &&
           !ws_conn_full(peer->conn))
        if (!peer_send_one(peer, clock_ns()))
            break;
}

/* Sends without answers: as much as the queue takes, but so much at a time that the other
 * connections have their turn; the rest in the next batch of the loop. */
static void fill_queue(struct peer *peer)
{
    enum { AT_A_TIME = 256 * 1024, MESSAGES = 1024 };
    struct worker *w = peer->worker;
    size_t bytes = 0;
    for (int i = 0; i < MESSAGES && bytes < AT_A_TIME && can_send(peer); i++) {
        if (!peer_send_one(peer, clock_ns()))
            return;
        bytes += w->payload.len;
    }
    ws_conn_flush_now(peer->conn);
    if (can_send(peer) && !ws_conn_full(peer->conn))
        ws_loop_arm(w->loop, &peer->again, ws_loop_now(w->loop));
    worker_check_drained(w);
}

static void on_again(struct ws_timer *timer)
{
    struct peer *peer = ws_container_of(timer, struct peer, again);
    if (can_send(peer) && !ws_conn_full(peer->conn))
        fill_queue(peer);
}

static void send_closed(struct peer *peer)
{
    if (!peer->started || !can_send(peer) || ws_conn_full(peer->conn))
        return;
    if (peer->worker->settings->mode == MODE_SINK)
        fill_queue(peer);
    else
        fill_window(peer);
}

/* --ramp: the connections begin one after the other. */
static void on_start(struct pace *pace, int64_t now_ns)
{
    for (struct pace_entry *entry; (entry = pace_take(pace, now_ns));) {
        struct peer *peer = ws_container_of(entry, struct peer, pace);
        peer->started = true;
        send_closed(peer);
    }
}

static bool start_closed(struct worker *w)
{
    const struct settings *s = w->settings;
    uint32_t senders = worker_senders(w);
    double step_ns = (double)s->ramp_us * 1e3 / (double)s->connections;
    if (s->ramp_us > 0 && !pace_open(&w->pace, w->loop, senders, on_start))
        return false;
    for (uint32_t i = 0; i < senders; i++) {
        struct peer *peer = &w->peers[i];
        peer->started = s->ramp_us == 0;
        peer->pace.due_ns = w->bench->start_ns + (int64_t)((i * s->threads) * step_ns);
        if (peer->started)
            send_closed(peer);
        else
            pace_add(&w->pace, &peer->pace);
    }
    return true;
}

/* --- the open model --- */

static bool poisson(const struct peer *peer)
{
    return peer->worker->settings->arrival == ARRIVAL_POISSON;
}

/* Even arrivals: message k of a worker's schedule belongs to sender k modulo the number of senders.
 * Poisson arrivals: each sender has its own, and together they are Poisson arrivals again. */
static void set_due(struct peer *peer, double place)
{
    const struct worker *w = peer->worker;
    peer->place = place;
    peer->pace.due_ns = w->bench->start_ns + schedule_time(&w->schedule, place);
}

static void step(struct peer *peer)
{
    uint32_t senders = worker_senders(peer->worker);
    set_due(peer,
            peer->place + senders * (poisson(peer) ? schedule_exponential(&peer->random) : 1));
}

static bool window_full(const struct peer *peer)
{
    return settings_answered(peer->worker->settings) &&
           peer->flight.waiting >= peer->worker->settings->window;
}

static void send_due(struct peer *peer)
{
    struct worker *w = peer->worker;
    int64_t now = clock_ns();
    if (peer->pace.waits) /* it is not its time yet */
        return;
    while (can_send(peer) && !window_full(peer) && !ws_conn_full(peer->conn) &&
           peer->pace.due_ns < w->bench->end_ns) {
        if (peer->pace.due_ns > now) {
            pace_add(&w->pace, &peer->pace);
            break;
        }
        if (!peer_send_one(peer, peer->pace.due_ns))
            break;
        step(peer);
    }
}

static void on_due(struct pace *pace, int64_t now_ns)
{
    struct worker *w = ws_container_of(pace, struct worker, pace);
    for (struct pace_entry *entry; (entry = pace_take(pace, now_ns));)
        send_due(ws_container_of(entry, struct peer, pace));
    worker_check_drained(w);
}

static bool start_schedule(struct worker *w)
{
    const struct settings *s = w->settings;
    uint32_t senders = worker_senders(w);
    uint64_t all = s->mode == MODE_BROADCAST ? s->publishers : s->connections;
    if (senders == 0)
        return true;
    worker_set_schedule(w, s->rate, senders / (double)all);
    if (!pace_open(&w->pace, w->loop, senders, on_due))
        return false;
    for (uint32_t i = 0; i < senders; i++) {
        struct peer *peer = &w->peers[i];
        peer->random = peer->number;
        set_due(peer, poisson(peer) ? senders * schedule_exponential(&peer->random) : i);
    }
    for (uint32_t i = 0; i < senders; i++)
        send_due(&w->peers[i]);
    return true;
}

void peer_send_all_due(struct worker *w)
{
    if (!w->pace.open || w->settings->mode == MODE_CHURN || w->settings->rate == 0)
        return;
    while (pace_take(&w->pace, INT64_MAX))
        ;
    for (uint32_t i = 0; i < worker_senders(w); i++)
        send_due(&w->peers[i]);
}

static void count_unsent(struct peer *peer, int64_t end_ns)
{
    struct worker *w = peer->worker;
    enum unsent cause = !peer->open                ? UNSENT_GONE
                        : window_full(peer)        ? UNSENT_WINDOW
                        : ws_conn_full(peer->conn) ? UNSENT_QUEUE
                                                   : UNSENT_CLIENT;
    for (; w->quota > 0 && peer->pace.due_ns < end_ns; w->quota--, step(peer)) {
        if (peer->pace.due_ns < w->bench->counted_ns)
            continue;
        w->totals.unsent[cause]++;
        histogram_add(&w->totals.rtt, end_ns - peer->pace.due_ns);
    }
}

void peer_send_count_unsent(struct worker *w, int64_t end_ns)
{
    for (uint32_t i = 0; w->settings->rate > 0 && w->pace.open && i < worker_senders(w); i++)
        count_unsent(&w->peers[i], end_ns);
}

/* --- both --- */

void peer_send_init(struct peer *peer)
{
    peer->limit.fire = on_limit;
    peer->again.fire = on_again;
}

void peer_send_more(struct peer *peer)
{
    const struct settings *s = peer->worker->settings;
    if (s->mode == MODE_CHURN || !peer_sends(peer))
        return;
    if (s->rate > 0)
        send_due(peer);
    else
        send_closed(peer);
}

bool peer_send_start(struct worker *w)
{
    return w->settings->rate > 0 ? start_schedule(w) : start_closed(w);
}

void peer_send_refill(struct peer *peer, unsigned waited)
{
    struct worker *w = peer->worker;
    w->outstanding -= waited - peer->flight.waiting;
    if (peer->flight.waiting == waited)
        return;
    if (w->settings->mode == MODE_CHURN || (peer->retiring && peer->flight.waiting == 0))
        peer_leave(peer);
    else
        peer_send_more(peer);
}

void peer_send_settle(struct peer *peer)
{
    struct worker *w = peer->worker;
    ws_loop_disarm(w->loop, &peer->limit);
    ws_loop_disarm(w->loop, &peer->again);
    peer->limited = false;
    w->outstanding -= peer->flight.waiting;
    flight_end(&peer->flight, clock_ns(), limit_ns(peer), &w->totals);
}
