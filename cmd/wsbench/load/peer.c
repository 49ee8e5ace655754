#include "cmd/wsbench/load/peer.h"
#include "libws/tls/tls.h"

#include <stdio.h>
#include <string.h>

/* Bytes of a refusal's body that are shown, up to its first line end. */
enum { REFUSAL_BODY = 80 };

static bool may_send(const struct worker *w)
{
    return w->phase == PHASE_LOAD && w->quota > 0;
}

static bool sends(const struct peer *peer)
{
    const struct worker *w = peer->worker;
    return w->settings->mode != MODE_BROADCAST || peer->number - w->first < w->publishers;
}

static int64_t limit_ns(const struct peer *peer)
{
    return peer->worker->settings->timeout_us * NS_PER_US;
}

/* --- sending --- */

/* Has the limit's timer fire at `end_ns`. An armed one is left alone while messages come and go: it
 * fires early, and looks which is the oldest then. */
static void watch_limit(struct peer *peer, int64_t end_ns, int64_t now_ns)
{
    struct ws_loop *loop = peer->worker->loop;
    peer->limited = true;
    ws_loop_arm(loop, &peer->limit, ws_loop_now(loop) + (end_ns - now_ns) / NS_PER_MS + 1);
}

static bool send_one(struct peer *peer, int64_t due_ns)
{
    struct worker *w = peer->worker;
    const struct settings *s = w->settings;
    int64_t now = clock_ns();
    struct payload_head head = {
        .connection = peer->identity,
        .sequence = s->mode == MODE_BROADCAST ? peer->published : peer->flight.next,
        .time = (uint64_t)(due_ns - w->bench->start_ns),
    };
    if (s->mode != MODE_BROADCAST &&
        !flight_prepare(&peer->flight, s->window, limit_ns(peer), &w->totals))
        return false;
    payload_write(w->message, s->size, &head);
    if (ws_conn_send(peer->conn, s->binary ? WS_OP_BINARY : WS_OP_TEXT, WS_SEND_COPY, w->message,
                     s->size) != WS_OK)
        return false;
    w->quota -= s->mode != MODE_CHURN; /* churn counts connections instead */
    if (s->mode == MODE_BROADCAST) {
        peer->published++;
        counter_add(&w->totals.sent, 1);
        histogram_add(&w->totals.lag, now - due_ns);
        return true;
    }
    if (!peer->limited)
        watch_limit(peer, now + limit_ns(peer), now);
    flight_sent(&peer->flight, due_ns, now, &w->totals);
    w->outstanding++;
    return true;
}

void peer_start(struct peer *peer)
{
    const struct settings *s = peer->worker->settings;
    while (peer->open && s->rate == 0 && peer->flight.waiting < s->window &&
           !ws_conn_full(peer->conn) && may_send(peer->worker))
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

static bool window_full(const struct peer *peer)
{
    return peer->flight.waiting >= peer->worker->settings->window;
}

void peer_send_due(struct peer *peer, int64_t now_ns)
{
    const struct worker *w = peer->worker;
    uint32_t senders = worker_senders(w);
    while (peer->open && may_send(w) && !window_full(peer) && !ws_conn_full(peer->conn)) {
        int64_t due_ns = due_time(peer, senders);
        if (due_ns > now_ns || due_ns >= w->bench->end_ns || !send_one(peer, due_ns))
            break;
        peer->due++;
    }
}

void peer_count_unsent(struct peer *peer, int64_t end_ns)
{
    struct worker *w = peer->worker;
    uint32_t senders = worker_senders(w);
    enum unsent cause = !peer->open                ? UNSENT_GONE
                        : window_full(peer)        ? UNSENT_WINDOW
                        : ws_conn_full(peer->conn) ? UNSENT_QUEUE
                                                   : UNSENT_CLIENT;
    for (; w->quota > 0; w->quota--, peer->due++) {
        int64_t due_ns = due_time(peer, senders);
        if (due_ns >= end_ns)
            break;
        w->totals.unsent[cause]++;
        histogram_add(&w->totals.rtt, end_ns - due_ns);
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

/* Fills the places in the window that have become free since `waited` messages were in flight. */
static void refill(struct peer *peer, unsigned waited, int64_t now_ns)
{
    struct worker *w = peer->worker;
    w->outstanding -= waited - peer->flight.waiting;
    if (peer->flight.waiting == waited)
        return;
    if (w->settings->mode == MODE_CHURN)
        peer_leave(peer);
    else if (w->settings->rate)
        peer_send_due(peer, now_ns);
    else
        peer_start(peer);
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
    refill(peer, waited, now);
    worker_check_drained(peer->worker);
}

void peer_init(struct peer *peer, struct worker *worker, uint32_t index)
{
    const struct settings *s = worker->settings;
    uint32_t number = worker->first + index;
    bool publishes = index < worker->publishers;
    *peer = (struct peer){
        .worker = worker,
        .number = number,
        .identity = s->mode != MODE_BROADCAST ? number
                    : publishes               ? worker->first_publisher + index
                                              : (uint32_t)s->publishers + number,
        .limit.fire = on_limit,
    };
    if (s->mode == MODE_BROADCAST)
        peer->heard = worker->heard + (size_t)index * s->publishers;
}

void peer_settle(struct peer *peer)
{
    struct worker *w = peer->worker;
    ws_loop_disarm(w->loop, &peer->limit);
    peer->limited = false;
    w->outstanding -= peer->flight.waiting;
    flight_end(&peer->flight, clock_ns(), limit_ns(peer), &w->totals);
}

static void on_answer(struct peer *peer)
{
    struct worker *w = peer->worker;
    size_t size = w->settings->size;
    struct payload_head head = {.connection = peer->identity};
    enum payload_verdict verdict = payload_judge(&peer->answer, size, &head);
    unsigned waited = peer->flight.waiting;
    int64_t now = clock_ns();
    if (verdict == PAYLOAD_FOREIGN || peer->flight.next == 0)
        w->totals.unasked++;
    else if (verdict == PAYLOAD_DAMAGED || head.connection != peer->identity ||
             !flight_answered(&peer->flight, head.sequence, payload_modulus(size), now, &w->totals))
        flight_damaged(&peer->flight, &w->totals);
    refill(peer, waited, now);
    worker_check_drained(w);
}

static void on_broadcast(struct peer *peer)
{
    struct worker *w = peer->worker;
    struct totals *t = &w->totals;
    struct payload_head head = {0};
    enum payload_verdict verdict = payload_judge(&peer->answer, w->settings->size, &head);
    if (verdict == PAYLOAD_FOREIGN) {
        t->unasked++;
    } else if (verdict == PAYLOAD_DAMAGED || head.connection >= w->settings->publishers) {
        t->corrupted++;
    } else if (head.connection == peer->identity) {
        t->own++;
    } else {
        enum fanout_news news = fanout_received(&peer->heard[head.connection], head.sequence);
        t->duplicated += news == FANOUT_DUPLICATE;
        t->reordered += news == FANOUT_REORDERED;
        if (news == FANOUT_DUPLICATE)
            return;
        counter_add(&t->received, 1);
        histogram_add(&t->rtt, clock_ns() - w->bench->start_ns - (int64_t)head.time);
    }
}

/* Counts a refusal, and keeps the first one's status and the start of its body for the report. */
static void on_refusal(struct worker *w, const struct ws_response *response)
{
    int len = 0;
    tally_add(&w->totals.refusals, response->status, 1);
    if (w->refusal[0])
        return;
    while (len < REFUSAL_BODY && (size_t)len < response->body.len &&
           response->body.p[len] >= 0x20 && response->body.p[len] < 0x7f)
        len++;
    snprintf(w->refusal, sizeof w->refusal, "%s: %u%s%.*s", ws_error_info(WS_E_STATUS)->explanation,
             response->status, len ? ": " : "", len, len ? response->body.p : "");
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = ws_conn_user(conn);
    struct worker *w = peer->worker;
    if (event->type == WS_EVENT_ERROR && event->error == WS_E_STATUS && event->response)
        on_refusal(w, event->response);
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
    w->can_send += sends(peer);
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

/* Does a connection that has ended make place for the next one? */
static bool may_come_again(const struct worker *w)
{
    return w->settings->mode == MODE_CHURN && may_send(w);
}

static bool is_error_code(unsigned code)
{
    return code != WS_CLOSE_NORMAL && code != WS_CLOSE_GOING_AWAY && code != WS_CLOSE_NO_CODE &&
           code != WS_CLOSE_ABNORMAL;
}

/* An open connection ended. A server that answers our close frame with an error, or sends its own
 * at the same moment, has dropped the connection as well. */
static void ended(const struct peer *peer, const struct ws_end *end)
{
    struct totals *t = &peer->worker->totals;
    if (end->by_peer)
        tally_add(&t->server_closes, end->code, 1);
    else if (peer->leaving)
        tally_add(&t->client_closes, end->code, 1);
    t->closed_by_server += end->by_peer;
    if (peer->leaving && !is_error_code(end->code))
        return;
    t->dropped++;
    if (end->error != WS_OK)
        t->causes[end->error]++;
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct peer *peer = ws_conn_user(conn);
    struct worker *w = peer->worker;
    bool was_open = peer->open;
    w->can_send -= was_open && sends(peer);
    peer->conn = NULL;
    peer->open = false;
    compress_count(&w->totals.deflate, conn);
    peer_settle(peer);
    if (!was_open && peer->leaving) {
        w->totals.tried--;
        w->connecting--;
    } else if (!was_open) {
        failed(peer, end->error == WS_OK ? WS_E_LOST : end->error,
               end->error == WS_E_TLS && ws_conn_tls(conn) ? ws_tls_failure(ws_conn_tls(conn))
               : end->error == WS_E_STATUS                 ? w->refusal
                                           : ws_error_info(end->error)->explanation);
        worker_connected(w);
    } else {
        ended(peer, end);
    }
    if (may_come_again(w))
        peer_connect(peer);
    worker_ended(w);
    worker_check_drained(w);
}

static void on_drained(struct ws_conn *conn)
{
    struct peer *peer = ws_conn_user(conn);
    if (peer->worker->settings->mode == MODE_CHURN)
        return;
    if (peer->worker->settings->rate && sends(peer))
        peer_send_due(peer, clock_ns());
    else
        peer_start(peer);
}

const struct ws_handler peer_handler = {
    .open = on_open, .event = on_event, .drained = on_drained, .close = on_close};

/* A name is resolved until one of its addresses has answered, and not for every connection. */
static void keep_address(struct worker *w, const struct ws_conn *conn)
{
    char text[sizeof w->address + 8];
    if (w->bench->proxy.host || w->bench->url.unix_path)
        return;
    const char *from = ws_conn_peer(conn, text, sizeof text);
    char *colon = strrchr(text, ':');
    if (!colon)
        return;
    *colon = '\0';
    if (*from == '[') {
        from++;
        text[strlen(text) - 1] = '\0';
    }
    snprintf(w->address, sizeof w->address, "%s", from);
}

static void on_connected(void *user, struct ws_conn *conn)
{
    struct peer *peer = user;
    int64_t now = clock_ns();
    histogram_add(&peer->worker->totals.connect, now - peer->begun_ns);
    peer->begun_ns = now;
    peer->client = NULL;
    peer->conn = conn;
    if (!peer->worker->address[0])
        keep_address(peer->worker, conn);
}

static void on_failed(void *user, enum ws_error error, const char *detail)
{
    struct peer *peer = user;
    struct worker *w = peer->worker;
    peer->client = NULL;
    failed(peer, error, detail);
    worker_connected(w);
    /* Without memory, trying again at once would fail again at once. */
    if (may_come_again(w) && error != WS_E_NO_MEMORY)
        peer_connect(peer);
    worker_ended(w);
    worker_check_drained(w);
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
    if (w->address[0] && !options.address)
        options.address = w->address;
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
