#include "cmd/wsbench/load/peer_private.h"

#include "cmd/common/units.h"

#include <math.h>

/* After so many corrupt answers a connection is given up: it does not become better. */
enum { CORRUPT_MAX = 2000 };

static void count_corrupt(struct peer *peer)
{
    if (++peer->wrong < CORRUPT_MAX || peer->given_up)
        return;
    peer->given_up = true;
    peer->worker->totals.given_up++;
    peer_leave(peer);
}

/* Is it of the type that was sent? */
static inline bool has_type(const struct peer *peer, const struct ws_event *event)
{
    return event->type == WS_EVENT_PONG ||
           event->opcode == (peer->worker->settings->binary ? WS_OP_BINARY : WS_OP_TEXT);
}

/* How many of these messages of `len` bytes, WS_RUN_STEP(len) apart, are the echoes of the first
 * messages that wait, whole, unchanged and in order? They are counted then. */
static inline unsigned take_echoes(struct peer *peer, const uint8_t *data, size_t len,
                                   unsigned count)
{
    struct worker *w = peer->worker;
    unsigned taken = 0, alike, same;
    if (w->own || peer->slow || /* of short ones it may be a later message's with the same digits */
        w->payload.size < PAYLOAD_CHECKED)
        return 0;
    uint64_t received = counter_read(&w->totals.received);
    do {
        alike = flight_alike(&peer->flight, count - taken, peer_now(peer));
        if (alike == 0)
            break;
        const struct payload_head head = {
            .connection = peer->identity,
            .sequence = peer->flight.waiting_from,
            .time = (uint64_t)(flight_first(&peer->flight)->due_ns - w->bench->start_ns),
        };
        same = payload_intact(&w->payload, head, data + taken * WS_RUN_STEP(len), len,
                              WS_RUN_STEP(len), alike);
        if (same > 0)
            flight_first_answered(&peer->flight, same, peer_now(peer), &w->totals);
        taken += same;
    } while (same == alike && taken < count);
    /* Bytes are those of the messages that count: the two rates are of the same. */
    received = counter_read(&w->totals.received) - received;
    counter_add(&w->totals.received_bytes, received * len);
    return taken;
}

bool peer_receive_echo(struct peer *peer, const struct ws_event *event)
{
    return event->type == WS_EVENT_MESSAGE && has_type(peer, event) &&
           take_echoes(peer, event->data, event->len, 1) == 1;
}

unsigned peer_receive_echoes(struct peer *peer, const struct ws_event *run)
{
    return has_type(peer, run) ? take_echoes(peer, run->data, run->len, run->count) : 0;
}

/* Is it an intact message of another connection? A short one does not name its connection, but its
 * check is made with it: a few are tried, enough for a hint. */
static bool belongs_to_another(const struct peer *peer)
{
    enum { TRIED = 64 };
    const struct worker *w = peer->worker;
    uint64_t count = w->settings->connections < TRIED ? w->settings->connections : TRIED;
    if (w->payload.size < PAYLOAD_CHECKED)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct payload_head head = {.connection = i};
        if (i != peer->identity &&
            payload_judge(&peer->answer, &w->payload, &head) == PAYLOAD_INTACT)
            return head.connection != peer->identity;
    }
    return false;
}

static void on_answer(struct peer *peer, const struct ws_event *event)
{
    struct worker *w = peer->worker;
    struct payload_head head = {.connection = peer->identity};
    enum payload_verdict verdict = payload_judge(&peer->answer, &w->payload, &head);
    if (verdict == PAYLOAD_FOREIGN || peer->flight.next == 0) {
        w->totals.unasked++;
    } else if (!has_type(peer, event)) {
        w->totals.retyped++;
        flight_damaged(&peer->flight, &w->totals);
        count_corrupt(peer);
    } else if (verdict == PAYLOAD_DAMAGED || head.connection != peer->identity ||
               !flight_answered(&peer->flight, head.sequence, payload_modulus(&w->payload),
                                peer_now(peer), &w->totals)) {
        w->totals.others += belongs_to_another(peer);
        flight_damaged(&peer->flight, &w->totals);
        count_corrupt(peer);
    }
}

/* An answer to a message of the user's own. */
static void on_own_answer(struct peer *peer, const struct ws_event *event)
{
    struct worker *w = peer->worker;
    uint64_t key = 0, number;
    enum match_result result = match_key(&w->match, event->data, event->len, &key);
    flight_expire(&peer->flight, peer_now(peer), &w->totals);
    if (result != MATCH_NONE && flight_find(&peer->flight, result == MATCH_KEY, key, &number))
        flight_answered(&peer->flight, number, 0, peer_now(peer), &w->totals);
    else
        w->totals.unasked++;
}

static void on_broadcast(struct peer *peer, const struct ws_event *event)
{
    struct worker *w = peer->worker;
    struct totals *t = &w->totals;
    struct payload_head head = {0};
    enum payload_verdict verdict = payload_judge(&peer->answer, &w->payload, &head);
    if (verdict == PAYLOAD_FOREIGN) {
        t->unasked++;
        return;
    }
    bool retyped = !has_type(peer, event);
    if (retyped || verdict == PAYLOAD_DAMAGED || head.connection >= w->settings->publishers) {
        t->corrupted++;
        t->retyped += retyped;
        count_corrupt(peer);
        return;
    }
    int64_t due_ns = w->bench->start_ns + (int64_t)head.time;
    bool counted = due_ns >= w->bench->counted_ns;
    if (head.connection == peer->identity) {
        t->own += counted;
        return;
    }
    enum fanout_news news = fanout_received(&peer->heard[head.connection], head.sequence);
    t->duplicated += counted && news == FANOUT_DUPLICATE;
    t->reordered += counted && news == FANOUT_REORDERED;
    if (news == FANOUT_DUPLICATE || !counted)
        return;
    counter_add(&t->received, 1);
    if (peer->slow)
        return;
    histogram_add(&t->rtt, peer_now(peer) - due_ns);
    if (due_ns <= peer_now(peer)) /* as it always is, but for what the server has made up */
        deliveries_came(w->deliveries, due_ns - w->bench->start_ns);
}

/* --slow-readers: nothing more is read for a while. */
static void pause_reading(struct peer *peer)
{
    struct worker *w = peer->worker;
    ws_conn_pause(peer->conn);
    ws_loop_arm(w->loop, &peer->resume,
                ws_loop_now(w->loop) + units_milliseconds(w->settings->slow.delay_us));
}

static void on_resume(struct ws_timer *timer)
{
    struct peer *peer = ws_container_of(timer, struct peer, resume);
    if (peer->conn)
        ws_conn_resume(peer->conn);
}

void peer_receive_init(struct peer *peer)
{
    double share = peer->worker->settings->slow.percent / 100;
    peer->resume.fire = on_resume;
    /* So many of any range of numbers. */
    peer->slow = floor((peer->number + 1) * share) > floor(peer->number * share);
}

void peer_receive_stop(struct peer *peer)
{
    ws_loop_disarm(peer->worker->loop, &peer->resume);
    if (peer->conn)
        ws_conn_resume(peer->conn);
}

void peer_receive(struct peer *peer, const struct ws_event *event)
{
    struct worker *w = peer->worker;
    uint64_t received = counter_read(&w->totals.received);
    bool own = w->own;
    if (!own)
        payload_take(&peer->answer, &w->payload, event->data, event->len);
    if (event->type == WS_EVENT_CHUNK && !event->last)
        return;
    if (w->settings->mode == MODE_SOURCE)
        counter_add(&w->totals.received, w->warm && w->phase == PHASE_LOAD);
    else if (w->settings->mode == MODE_BROADCAST)
        on_broadcast(peer, event);
    else if (own)
        on_own_answer(peer, event);
    else
        on_answer(peer, event);
    if (w->warm && counter_read(&w->totals.received) != received)
        counter_add(&w->totals.received_bytes,
                    event->type == WS_EVENT_CHUNK ? event->total : event->len);
    if (peer->slow && peer->conn && !peer->leaving && w->phase == PHASE_LOAD)
        pause_reading(peer);
    peer->answer.len = 0;
    peer->answer.offset = 0;
    peer->answer.wrong = false;
}
