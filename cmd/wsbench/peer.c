#include "cmd/wsbench/peer.h"
#include "libws/tls/tls.h"

#include <stdio.h>
#include <string.h>

static bool may_send(const struct worker *w)
{
    return w->phase == PHASE_LOAD && w->quota > 0;
}

/* --- sending --- */

static bool send_one(struct peer *peer, int64_t due_ns)
{
    struct worker *w = peer->worker;
    const struct settings *s = w->settings;
    int64_t now = clock_ns();
    struct payload_head head = {
        .connection = peer->number,
        .sequence = peer->next,
        .time = (uint64_t)(due_ns - w->bench->start_ns),
    };
    payload_write(w->message, s->size, &head);
    if (ws_conn_send(peer->conn, s->binary ? WS_OP_BINARY : WS_OP_TEXT, WS_SEND_COPY, w->message,
                     s->size) != WS_OK)
        return false;
    peer->next++;
    w->quota -= s->mode != MODE_CHURN; /* churn counts connections instead */
    counter_add(&w->totals.sent, 1);
    histogram_add(&w->totals.lag, now - due_ns);
    if (s->mode != MODE_BROADCAST) {
        peer->stamps[(peer->first + peer->count) % s->window] = (struct stamp){due_ns, now};
        peer->count++;
        w->outstanding++;
    }
    return true;
}

void peer_start(struct peer *peer)
{
    const struct settings *s = peer->worker->settings;
    while (peer->open && s->rate == 0 && peer->count < s->window && may_send(peer->worker))
        if (!send_one(peer, clock_ns()))
            break;
}

/* Message k of a worker's schedule belongs to sender k modulo the number of senders. */
static int64_t due_time(const struct peer *peer, uint32_t senders)
{
    const struct worker *w = peer->worker;
    double k = (double)(peer->number - w->first) + (double)peer->due * senders;
    return w->bench->start_ns + (int64_t)(k * w->interval_ns);
}

void peer_send_due(struct peer *peer, int64_t now_ns)
{
    const struct settings *s = peer->worker->settings;
    bool broadcast = s->mode == MODE_BROADCAST;
    uint32_t senders = broadcast ? peer->worker->publishers : peer->worker->count;
    while (peer->open && may_send(peer->worker) && (broadcast || peer->count < s->window)) {
        int64_t due_ns = due_time(peer, senders);
        if (due_ns > now_ns || !send_one(peer, due_ns))
            break;
        peer->due++;
    }
}

void peer_leave(struct peer *peer)
{
    peer->leaving = true;
    if (peer->client) {
        struct worker *w = peer->worker;
        ws_client_cancel(peer->client);
        peer->client = NULL;
        w->connecting--;
        w->alive--;
        w->totals.tried--; /* cancelled: neither opened nor failed */
    } else if (peer->conn && ws_conn_close(peer->conn, WS_CLOSE_NORMAL, NULL) == WS_E_STATE) {
        ws_conn_abort(peer->conn, WS_E_SHUTDOWN);
    }
}

/* --- replies --- */

static void pop_stamps(struct peer *peer, uint64_t n)
{
    struct worker *w = peer->worker;
    peer->first = (unsigned)((peer->first + n) % w->settings->window);
    peer->count -= (unsigned)n;
    peer->expected += n;
    w->outstanding -= n;
}

/* The part of a sequence number that fits into a message of this size. */
static uint64_t visible(uint64_t sequence, size_t size)
{
    return size >= 16 ? sequence : sequence & ((UINT64_C(1) << (4 * size)) - 1);
}

/* Finds the message that this reply belongs to. False if no message is waiting for it. */
static bool match_answer(struct peer *peer)
{
    struct worker *w = peer->worker;
    struct totals *t = &w->totals;
    size_t size = w->settings->size;
    struct payload_head head;
    bool whole = !peer->answer.wrong && peer->answer.len == size &&
                 payload_read(peer->answer.head, size, &head);
    if (peer->count == 0) {
        t->duplicated++;
        return false;
    }
    if (!whole) {
        t->corrupted++;
        return true; /* counted as the reply to the oldest message */
    }
    if (head.sequence == visible(peer->expected, size))
        return true;
    if (size < 16 || head.sequence >= peer->next) {
        t->corrupted++;
        return true;
    }
    if (head.sequence < peer->expected) {
        /* A reply that was counted as lost arrived late, or a reply arrived twice. */
        if (t->lost > 0) {
            t->lost--;
            t->reordered++;
        } else {
            t->duplicated++;
        }
        return false;
    }
    uint64_t skipped = head.sequence - peer->expected;
    t->lost += skipped;
    pop_stamps(peer, skipped);
    return true;
}

static void on_answer(struct peer *peer)
{
    struct worker *w = peer->worker;
    if (match_answer(peer)) {
        const struct stamp *stamp = &peer->stamps[peer->first];
        int64_t now = clock_ns();
        counter_add(&w->totals.received, 1);
        histogram_add(&w->totals.rtt, now - stamp->due_ns);
        histogram_add(&w->totals.rtt_sent, now - stamp->sent_ns);
        pop_stamps(peer, 1);
        if (w->settings->mode == MODE_CHURN)
            peer_leave(peer);
        else if (w->settings->rate)
            peer_send_due(peer, now);
        else
            peer_start(peer);
    }
    worker_check_drained(w);
}

static void on_broadcast(struct peer *peer)
{
    struct worker *w = peer->worker;
    struct payload_head head;
    if (peer->answer.wrong || peer->answer.len != w->settings->size ||
        !payload_read(peer->answer.head, w->settings->size, &head)) {
        w->totals.corrupted++;
    } else if (head.connection == peer->number) {
        w->totals.own++;
    } else {
        counter_add(&w->totals.received, 1);
        histogram_add(&w->totals.rtt, clock_ns() - w->bench->start_ns - (int64_t)head.time);
    }
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = ws_conn_user(conn);
    struct worker *w = peer->worker;
    if (event->type != WS_EVENT_MESSAGE && event->type != WS_EVENT_CHUNK)
        return;
    payload_take(&peer->answer, w->message, w->settings->size, event->data, event->len);
    if (event->type == WS_EVENT_CHUNK && !event->last)
        return;
    if (w->settings->mode == MODE_BROADCAST)
        on_broadcast(peer);
    else
        on_answer(peer);
    peer->answer.len = 0;
    peer->answer.wrong = false;
}

/* --- the connection --- */

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = ws_conn_user(conn);
    struct worker *w = peer->worker;
    (void)event;
    peer->open = true;
    counter_add(&w->totals.opened, 1);
    const struct ws_tls *tls = ws_conn_tls(conn);
    if (tls) {
        histogram_add(&w->totals.tls, ws_tls_handshake_us(tls) * 1000);
        w->totals.resumed += ws_tls_resumed(tls);
    }
    histogram_add(&w->totals.upgrade,
                  clock_ns() - (tls ? ws_tls_established_us(tls) * 1000 : peer->begun_ns));
    if (w->settings->mode == MODE_CHURN) {
        if (w->phase > PHASE_LOAD || !send_one(peer, clock_ns()))
            peer_leave(peer);
    }
    worker_connected(w);
}

static void failed(struct peer *peer, enum ws_error error, const char *detail)
{
    struct totals *t = &peer->worker->totals;
    t->failed++;
    t->causes[error]++;
    if (t->first_error == WS_OK) {
        t->first_error = error;
        snprintf(t->first_detail, sizeof t->first_detail, "%s", detail);
    }
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct peer *peer = ws_conn_user(conn);
    struct worker *w = peer->worker;
    bool was_open = peer->open;
    peer->conn = NULL;
    peer->open = false;
    compress_count(&w->totals.deflate, conn);
    w->outstanding -= peer->count;
    w->totals.lost += peer->count;
    peer->first = peer->count = 0;
    peer->expected = peer->next;
    if (!was_open && peer->leaving) {
        w->totals.tried--;
        w->connecting--;
    } else if (!was_open) {
        failed(peer, end->error == WS_OK ? WS_E_LOST : end->error,
               end->error == WS_E_TLS && ws_conn_tls(conn)
                   ? ws_tls_failure(ws_conn_tls(conn))
                   : ws_error_info(end->error)->explanation);
        worker_connected(w);
    } else if (!peer->leaving) {
        w->totals.dropped++;
        w->totals.closed_by_server += end->by_peer;
        w->totals.causes[end->error == WS_OK ? WS_E_LOST : end->error]++;
    }
    if (w->settings->mode == MODE_CHURN && w->phase == PHASE_LOAD && w->quota > 0)
        peer_connect(peer);
    worker_ended(w);
    worker_check_drained(w);
}

const struct ws_handler peer_handler = {.open = on_open, .event = on_event, .close = on_close};

static void on_connected(void *user, struct ws_conn *conn)
{
    struct peer *peer = user;
    int64_t now = clock_ns();
    histogram_add(&peer->worker->totals.connect, now - peer->begun_ns);
    peer->begun_ns = now;
    peer->client = NULL;
    peer->conn = conn;
}

static void on_failed(void *user, enum ws_error error, const char *detail)
{
    struct peer *peer = user;
    peer->client = NULL;
    failed(peer, error, detail);
    worker_connected(peer->worker);
    worker_ended(peer->worker);
    worker_check_drained(peer->worker);
}

void peer_connect(struct peer *peer)
{
    struct worker *w = peer->worker;
    struct ws_client_options options = {
        .env = &w->env,
        .user = peer,
        .connected = on_connected,
        .failed = on_failed,
    };
    target_client(&w->settings->target, &options);
    options.url = &w->bench->url;
    options.proxy = w->bench->proxy.host ? &w->bench->proxy : NULL;
    options.tls = w->tls;
    peer->leaving = false;
    peer->begun_ns = clock_ns();
    counter_add(&w->totals.tried, 1);
    w->quota -= w->settings->mode == MODE_CHURN;
    w->connecting++;
    w->alive++;
    peer->client = ws_client_connect(&options);
    if (!peer->client)
        on_failed(peer, WS_E_NO_MEMORY, ws_error_info(WS_E_NO_MEMORY)->explanation);
}
