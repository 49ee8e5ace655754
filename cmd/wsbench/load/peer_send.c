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
    peer->worker->now_of = NULL;
    int64_t now = peer_now(peer);
    peer->limited = false;
    int64_t next = flight_expire(&peer->flight, now, &peer->worker->totals);
    if (next)
        watch_limit(peer, next, now);
    peer_send_refill(peer);
    worker_check_drained(peer->worker);
}

/* A message that is about to be sent. */
struct outgoing {
    void *data;
    size_t len;
    bool binary;
};

/* One of the user's own: a template in turn, or the next of the recording. False without memory. */
static bool make_own(struct peer *peer, uint64_t sequence, struct outgoing *m)
{
    struct worker *w = peer->worker;
    const struct own *own = &w->settings->own;
    bool ok;
    if (w->text)
        ws_bytes_consume(w->text, ws_bytes_len(w->text));
    if (own->replay.count > 0) {
        const struct replay_message *recorded = &own->replay.messages[sequence];
        m->binary = recorded->binary;
        ok = recorded->len == 0 ||
             ws_bytes_append(&w->text, ws_bytes_data(own->replay.data) + recorded->offset,
                             recorded->len);
    } else {
        const struct template_values values = {
            .seq = sequence, .conn = peer->number, .random = &peer->random};
        ok = template_expand(&own->messages[sequence % own->message_count], &values, &w->text);
    }
    m->len = ws_bytes_len(w->text);
    m->data = w->text ? ws_bytes_data(w->text) : w->payload.message;
    return ok;
}

/* What is to be sent as message `sequence` of the connection. */
static bool make(struct peer *peer, uint64_t sequence, int64_t due_ns, struct outgoing *m)
{
    struct worker *w = peer->worker;
    m->binary = w->settings->binary;
    if (w->own)
        return make_own(peer, sequence, m);
    payload_write(&w->payload, &(struct payload_head){
                                   .connection = peer->identity,
                                   .sequence = sequence,
                                   .time = (uint64_t)(due_ns - w->bench->start_ns),
                               });
    m->data = w->payload.message;
    m->len = w->payload.len;
    return true;
}

/* It was sent: it waits for its answer. */
static void await(struct peer *peer, const struct outgoing *m, int64_t due_ns, int64_t now_ns,
                  bool counted)
{
    struct worker *w = peer->worker;
    uint64_t key;
    if (!peer->limited)
        watch_limit(peer, now_ns + peer->flight.limit_ns, now_ns);
    flight_sent(&peer->flight, 1, due_ns, now_ns, counted);
    if (w->own && match_key(&w->match, m->data, m->len, &key) == MATCH_KEY)
        flight_set_key(&peer->flight, key);
    peer->outstanding++;
    w->outstanding++;
}

/* Messages of the warm-up are none of --messages; a recording has so many in all. Churn counts
 * connections instead. */
static void spend(struct worker *w, uint64_t count, bool counted)
{
    const struct settings *s = w->settings;
    if (s->mode != MODE_CHURN && (counted || s->own.replay.count > 0))
        w->quota -= count;
}

bool peer_send_one(struct peer *peer, int64_t due_ns)
{
    struct worker *w = peer->worker;
    const struct settings *s = w->settings;
    bool answered = w->answered;
    int64_t now = peer_now(peer);
    struct outgoing m;
    if (answered && !flight_prepare(&peer->flight, 1, s->window, &w->totals))
        return false;
    if (!make(peer, answered ? peer->flight.next : peer->published, due_ns, &m))
        return false;
    enum ws_error error = s->mode == MODE_PING
                              ? ws_conn_ping(peer->conn, m.data, m.len)
                              : ws_conn_send(peer->conn, m.binary ? WS_OP_BINARY : WS_OP_TEXT,
                                             WS_SEND_COPY, m.data, m.len);
    if (error != WS_OK)
        return false;
    /* In churn a message is of the warm-up if its connection was. */
    int64_t begun_ns = s->mode == MODE_CHURN ? peer->pace.due_ns : due_ns;
    bool counted = begun_ns >= w->bench->counted_ns;
    spend(w, 1, counted);
    peer->sent_len = m.len;
    if (counted) {
        counter_add(&w->totals.sent, 1);
        counter_add(&w->totals.sent_bytes, m.len);
        if (w->open_model)
            histogram_add(&w->totals.lag, now - due_ns);
        if (w->deliveries)
            deliveries_sent(w->deliveries, due_ns - w->bench->start_ns);
        if (w->deliveries && !peer->slow) /* it needs none of its own */
            deliveries_came(w->deliveries, due_ns - w->bench->start_ns);
    }
    if (answered)
        await(peer, &m, due_ns, now, counted);
    else
        peer->published++;
    return true;
}

/* --- the closed model --- */

/* How many of the window's free places are filled at once; 1: the messages are made one at a time.
 */
static unsigned how_many(const struct peer *peer)
{
    const struct worker *w = peer->worker;
    uint64_t n = w->settings->window - peer->flight.waiting;
    if (!w->answered || w->own || w->settings->mode != MODE_ECHO)
        return 1;
    if (n > w->payload.many)
        n = w->payload.many;
    return (unsigned)(n < w->quota ? n : w->quota);
}

/* The same as `count` times peer_send_one() for messages that are due now, with less work for each.
 * False if not all could be sent. */
static bool send_many(struct peer *peer, unsigned count)
{
    struct worker *w = peer->worker;
    const struct settings *s = w->settings;
    struct flight *f = &peer->flight;
    int64_t now = peer_now(peer);
    size_t len = w->payload.size, sent;
    if (!flight_prepare(f, count, s->window, &w->totals))
        return false;
    payload_write_many(&w->payload,
                       (struct payload_head){
                           .connection = peer->identity,
                           .sequence = f->next,
                           .time = (uint64_t)(now - w->bench->start_ns),
                       },
                       count);
    ws_conn_send_many(peer->conn, s->binary ? WS_OP_BINARY : WS_OP_TEXT, w->payload.each, count,
                      &sent);
    bool counted = now >= w->bench->counted_ns;
    flight_sent(f, (unsigned)sent, now, now, counted);
    if (!peer->limited && sent > 0)
        watch_limit(peer, now + f->limit_ns, now);
    spend(w, sent, counted);
    w->outstanding += sent;
    peer->outstanding += (unsigned)sent;
    if (counted) {
        counter_add(&w->totals.sent, sent);
        counter_add(&w->totals.sent_bytes, sent * len);
    }
    return sent == count;
}

static void fill_window(struct peer *peer)
{
    while (can_send(peer) && peer->flight.waiting < peer->worker->settings->window &&
           !ws_conn_full(peer->conn)) {
        unsigned count = how_many(peer);
        if (!(count > 1 ? send_many(peer, count) : peer_send_one(peer, peer_now(peer))))
            break;
    }
}

/* Sends without answers: as much as the queue takes, but so much at a time that the other
 * connections have their turn; the rest after it. */
static void fill_queue(struct peer *peer)
{
    enum { AT_A_TIME = 256 * 1024, MESSAGES = 1024 };
    struct worker *w = peer->worker;
    size_t bytes = 0;
    for (int i = 0; i < MESSAGES && bytes < AT_A_TIME && can_send(peer); i++) {
        if (!peer_send_one(peer, peer_now(peer)))
            return;
        bytes += peer->sent_len;
    }
    ws_conn_flush_now(peer->conn);
    if (can_send(peer) && !ws_conn_full(peer->conn))
        ws_loop_arm_next(w->loop, &peer->again);
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

/* A recording is played on each connection; after its end nothing is due. */
static void set_recorded_due(struct peer *peer)
{
    const struct worker *w = peer->worker;
    const struct replay *replay = &w->settings->own.replay;
    uint64_t next = w->answered ? peer->flight.next : peer->published;
    peer->pace.due_ns = next < replay->count
                            ? w->bench->start_ns + replay->messages[next].at_us * NS_PER_US
                            : INT64_MAX;
}

static void step(struct peer *peer)
{
    uint32_t senders = worker_senders(peer->worker);
    if (peer->worker->settings->own.replay.count > 0) {
        set_recorded_due(peer);
        return;
    }
    set_due(peer,
            peer->place + senders * (poisson(peer) ? schedule_exponential(&peer->random) : 1));
}

static bool window_full(const struct peer *peer)
{
    return peer->worker->answered && peer->flight.waiting >= peer->worker->settings->window;
}

static void send_due(struct peer *peer)
{
    struct worker *w = peer->worker;
    int64_t now = peer_now(peer);
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
    for (struct pace_entry *entry; (entry = pace_take(pace, now_ns));) {
        w->now_of = NULL; /* it is not sent for what was read */
        send_due(ws_container_of(entry, struct peer, pace));
    }
    worker_check_drained(w);
}

static bool start_schedule(struct worker *w)
{
    const struct settings *s = w->settings;
    uint32_t senders = worker_senders(w);
    uint64_t all = s->mode == MODE_BROADCAST ? s->publishers : s->connections;
    if (senders == 0)
        return true;
    if (s->rate > 0)
        worker_set_schedule(w, s->rate, senders / (double)all);
    if (!pace_open(&w->pace, w->loop, senders, on_due))
        return false;
    for (uint32_t i = 0; i < senders; i++) {
        struct peer *peer = &w->peers[i];
        if (s->own.replay.count > 0)
            set_recorded_due(peer);
        else
            set_due(peer, poisson(peer) ? senders * schedule_exponential(&peer->random) : i);
    }
    for (uint32_t i = 0; i < senders; i++)
        send_due(&w->peers[i]);
    return true;
}

void peer_send_all_due(struct worker *w)
{
    if (!w->pace.open || w->settings->mode == MODE_CHURN || !settings_open_model(w->settings))
        return;
    while (pace_take(&w->pace, INT64_MAX))
        ;
    for (uint32_t i = 0; i < worker_senders(w); i++)
        send_due(&w->peers[i]);
}

void peer_send_note_unsent(struct worker *w, int64_t end_ns)
{
    /* A recording has times of its own: what is not sent is no miss. */
    if (!settings_open_model(w->settings) || !w->pace.open || w->settings->own.replay.count > 0)
        return;
    w->unsent_to_ns = end_ns;
    for (uint32_t i = 0; i < worker_senders(w); i++) {
        struct peer *peer = &w->peers[i];
        peer->unsent = !peer->open                ? UNSENT_GONE
                       : window_full(peer)        ? UNSENT_WINDOW
                       : ws_conn_full(peer->conn) ? UNSENT_QUEUE
                                                  : UNSENT_CLIENT;
    }
}

static void count_unsent(struct peer *peer, int64_t quickest_ns)
{
    struct worker *w = peer->worker;
    for (; w->quota > 0 && peer->pace.due_ns < w->unsent_to_ns; step(peer)) {
        if (peer->pace.due_ns < w->bench->counted_ns)
            continue;
        w->quota--;
        w->totals.unsent[peer->unsent]++;
        if (!peer->slow && (w->answered || w->deliveries))
            histogram_add(&w->totals.rtt, w->unsent_to_ns - peer->pace.due_ns + quickest_ns);
    }
}

void peer_send_count_unsent(struct worker *w)
{
    int64_t quickest_ns = totals_quickest_ns(&w->totals);
    for (uint32_t i = 0; w->unsent_to_ns > 0 && i < worker_senders(w); i++)
        count_unsent(&w->peers[i], quickest_ns);
}

/* --- both --- */

void peer_send_init(struct peer *peer)
{
    peer->limit.fire = on_limit;
    peer->again.fire = on_again;
    peer->random = peer->number;
}

void peer_send_more(struct peer *peer)
{
    const struct settings *s = peer->worker->settings;
    if (s->mode == MODE_CHURN || !peer_sends(peer))
        return;
    if (settings_open_model(s))
        send_due(peer);
    else
        send_closed(peer);
}

bool peer_send_start(struct worker *w)
{
    return settings_open_model(w->settings) ? start_schedule(w) : start_closed(w);
}

void peer_send_refill(struct peer *peer)
{
    struct worker *w = peer->worker;
    if (peer->outstanding == peer->flight.waiting)
        return;
    w->outstanding -= peer->outstanding - peer->flight.waiting;
    peer->outstanding = peer->flight.waiting;
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
    w->outstanding -= peer->outstanding;
    peer->outstanding = 0;
    flight_give_up(&peer->flight, &w->totals);
}

void peer_send_end(struct peer *peer)
{
    peer_send_settle(peer);
    flight_end(&peer->flight, clock_ns(), &peer->worker->totals);
}
