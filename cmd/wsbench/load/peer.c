#include "cmd/wsbench/load/peer_private.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/target_hint.h"
#include <ws/tls.h>

#include <stdio.h>
#include <string.h>

static void forget_now(struct ws_deferred *task)
{
    ws_container_of(task, struct worker, now_over)->now_of = NULL;
}

int64_t peer_now(struct peer *peer)
{
    struct worker *w = peer->worker;
    if (w->now_of == peer)
        return w->now_ns;
    w->now_ns = clock_ns();
    w->now_of = peer;
    w->now_over.run = forget_now;
    ws_loop_defer(w->loop, &w->now_over);
    return w->now_ns;
}

/* --- the connection --- */

/* Open, and the first message is answered: the load may use it. */
static void established(struct peer *peer)
{
    struct worker *w = peer->worker;
    peer->open = true;
    peer->greeting = false;
    ws_loop_disarm(w->loop, &peer->retry);
    w->can_send += peer_sends(peer);
    counter_add(&w->totals.opened, 1);
    counter_add(&w->totals.receivers, !peer->received);
    w->timed_receivers += !peer->received && !peer->slow;
    peer->received = true;
    if (w->settings->mode == MODE_CHURN) {
        if (w->phase > PHASE_LOAD ||
            !peer_send_one(peer, w->settings->rate > 0 ? peer->pace.due_ns : clock_ns()))
            peer_leave(peer);
    }
    peer_opened(peer);
    if (w->phase == PHASE_LOAD)
        peer_send_more(peer);
    peer_open_done(w);
}

/* --first-message. False without memory. */
static bool greet(struct peer *peer)
{
    const struct settings *s = peer->worker->settings;
    const struct template_values values = {.conn = peer->number, .random = &peer->random};
    struct ws_bytes *text = NULL;
    bool ok =
        template_expand(&s->own.first, &values, &text) &&
        ws_conn_send(peer->conn, WS_OP_TEXT, WS_SEND_COPY,
                     text ? ws_bytes_data(text) : (uint8_t[1]){0}, ws_bytes_len(text)) == WS_OK;
    ws_bytes_free(&text);
    return ok;
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = ws_conn_user(conn);
    struct worker *w = peer->worker;
    const struct ws_tls *tls = ws_conn_tls(conn);
    uint64_t carrier;
    uint32_t stream;
    bool on_stream = ws_conn_stream(conn, &carrier, &stream);
    (void)event;
    if (w->settings->streams > 0 && !on_stream) {
        ws_conn_abort(conn, WS_E_HTTP2_UNSUPPORTED);
        return;
    }
    w->totals.streams += on_stream;
    if (peer->joined)
        tls = NULL; /* another's handshake */
    if (tls) {
        histogram_add(&w->totals.tls, ws_tls_handshake_us(tls) * 1000);
        w->totals.resumed += ws_tls_resumed(tls);
    }
    histogram_add(&w->totals.upgrade,
                  clock_ns() - (tls ? ws_tls_established_us(tls) * 1000 : peer->begun_ns));
    peer_streams_answered(peer);
    peer->greeting = w->settings->own_options.first_expect;
    peer->unexpected = false;
    if (w->settings->own.has_first && !greet(peer))
        ws_conn_abort(conn, WS_E_NO_MEMORY);
    else if (peer->greeting)
        peer_open_limit(peer);
    else
        established(peer);
}

static void on_greeting(struct peer *peer, const struct ws_event *event)
{
    regmatch_t found;
    if (match_search(&peer->worker->first_expect, event->data, event->len, &found, 1))
        established(peer);
    else
        peer->unexpected = true;
}

/* Keeps what is wrong with it for the close that follows. */
static void note_answer(struct worker *w, const struct ws_event *event)
{
    w->answer = target_hint_answer(event, w->answer_text);
    w->answer_error = event->error;
}

/* The server has closed, or broken the protocol: that is the connection's end for the load. The
 * library answers, and waits for the end of TCP, which may take a second, by itself. */
static void linger(struct peer *peer)
{
    struct ws_conn *conn = peer->conn;
    struct ws_end end = *ws_conn_end(conn);
    if (end.code == 0)
        end.code = WS_CLOSE_ABNORMAL;
    if (peer->lingering)
        ws_conn_abort(peer->lingering, WS_E_SHUTDOWN);
    peer->lingering = conn;
    peer->worker->lingering++;
    peer_over(peer, &end);
}

/* All but the usual answer. */
__attribute__((noinline)) static void on_other(struct peer *peer, const struct ws_event *event)
{
    if (event->type == WS_EVENT_ERROR && event->error == WS_E_STATUS && event->response)
        peer_refused(peer, event->response);
    else if (event->type == WS_EVENT_ERROR)
        note_answer(peer->worker, event);
    peer_streams_answered(peer);
    if ((event->type == WS_EVENT_CLOSE || event->type == WS_EVENT_ERROR) &&
        ws_conn_upgraded(peer->conn)) {
        linger(peer);
        return;
    }
    if (peer->greeting) {
        if (event->type == WS_EVENT_MESSAGE)
            on_greeting(peer, event);
        return;
    }
    if (event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK ||
        (event->type == WS_EVENT_PONG && peer->worker->settings->mode == MODE_PING))
        peer_receive(peer, event);
}

/* Short messages that came together. */
static void on_run(struct peer *peer, const struct ws_event *run)
{
    struct ws_event one = *run;
    one.type = WS_EVENT_MESSAGE;
    for (unsigned i = peer_receive_echoes(peer, run); i < run->count; i++) {
        one.data = run->data + i * WS_RUN_STEP(run->len);
        if (!peer_receive_echo(peer, &one))
            on_other(peer, &one);
    }
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct peer *peer = ws_conn_user(conn);
    if (conn != peer->conn)
        return;
    if (event->type == WS_EVENT_RUN)
        on_run(peer, event);
    else if (!peer_receive_echo(peer, event))
        on_other(peer, event);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct peer *peer = ws_conn_user(conn);
    struct worker *w = peer->worker;
    compress_count(&w->totals.deflate, conn);
    if (peer->conn == conn)
        peer_over(peer, end);
    else
        w->lingering--;
    if (peer->lingering == conn)
        peer->lingering = NULL;
    if (peer->holds_place)
        peer_vacate(peer, true);
    worker_ended(w);
    worker_check_drained(w);
}

static void on_drained(struct ws_conn *conn)
{
    struct peer *peer = ws_conn_user(conn);
    if (conn == peer->conn)
        peer_send_more(peer);
}

/* What one read brought is counted: the next messages leave together. The clock is read for them
 * again, so that the time that the counting took is in no round trip. */
static void on_delivered(struct ws_conn *conn)
{
    struct peer *peer = ws_conn_user(conn);
    peer->worker->now_of = NULL;
    if (conn == peer->conn)
        peer_send_refill(peer);
    worker_check_drained(peer->worker);
}

const struct ws_handler peer_handler = {
    .open = on_open,
    .event = on_event,
    .delivered = on_delivered,
    .drained = on_drained,
    .close = on_close,
};

/* A name is resolved until one of its addresses has answered, and not for every connection. */
static void keep_address(struct worker *w, const struct ws_conn *conn)
{
    char text[sizeof w->address];
    if (w->address[0] || w->bench->url.unix_path || w->bench->proxy.host)
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
    const struct ws_client_times *times = ws_client_times(peer->client);
    struct totals *t = &peer->worker->totals;
    histogram_add(&t->connect, (times->connect_us + times->proxy_us) * 1000);
    keep_address(peer->worker, conn);
    peer->client = NULL;
    peer->conn = conn;
    peer->begun_ns = clock_ns();
}

static void on_failed(void *user, enum ws_error error, const char *detail)
{
    struct peer *peer = user;
    struct worker *w = peer->worker;
    char text[TOTALS_DETAIL], hint[TARGET_HINT_MAX];
    peer->client = NULL;
    snprintf(text, sizeof text, "%s%s", detail,
             target_hint_connect(&w->settings->target, error, hint));
    peer_failed(peer, error, text);
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
    };
    peer_send_init(peer);
    peer_receive_init(peer);
    peer_open_init_one(peer);
    peer->flight.limit_ns = s->timeout_us * NS_PER_US;
    peer->flight.untimed = peer->slow;
    peer->flight.closed = !worker->open_model;
    if (s->mode == MODE_BROADCAST)
        peer->heard = worker->heard + (size_t)index * s->publishers;
}

/* --source-ip, and what stands in for it on loopback. False: the system chooses. */
static bool choose_source(const struct peer *peer, char local[SOURCE_TEXT])
{
    const struct worker *w = peer->worker;
    const struct source_list *list = &w->settings->sources;
    const char *target = w->address[0] ? w->address : w->bench->url.host;
    uint32_t number = w->settings->streams ? peer->number / w->settings->streams : peer->number;
    if (list->count > 0)
        snprintf(local, SOURCE_TEXT, "%s", list->addresses[number % list->count]);
    else if (w->bench->loopback_sources > 1 && strncmp(target, "127.", 4) == 0)
        snprintf(local, SOURCE_TEXT, "127.0.0.%u", 1 + number % w->bench->loopback_sources);
    else
        return false;
    return true;
}

/* A WebSocket over the HTTP/2 connection that `beside` is on. */
static void join(struct peer *peer, const struct ws_client_options *options, struct ws_conn *beside)
{
    peer->begun_ns = clock_ns();
    peer->joined = true;
    enum ws_error error = ws_client_join(options, beside, &peer->conn);
    if (error != WS_OK)
        peer_open_unable(peer, error);
}

static void begin(struct peer *peer, struct ws_client_options *options, struct ws_conn *beside)
{
    struct worker *w = peer->worker;
    char local[SOURCE_TEXT];
    if (beside) {
        join(peer, options, beside);
        return;
    }
    options->proxy = w->bench->proxy.host ? &w->bench->proxy : NULL;
    options->tls = w->tls;
    if (w->address[0] && !options->address)
        options->address = w->address;
    if (choose_source(peer, local))
        options->local_address = local;
    peer->begun_ns = clock_ns();
    peer->client = ws_client_connect(options);
}

void peer_begin(struct peer *peer)
{
    struct worker *w = peer->worker;
    struct ws_client_options options = {
        .env = &w->env,
        .user = peer,
        .connected = on_connected,
        .failed = on_failed,
    };
    struct ws_conn *beside;
    struct own_request request;
    struct ws_url url = w->bench->url;
    peer->opening = true;
    peer->joined = false;
    peer->waits = !peer_streams_find(peer, &beside);
    if (peer->waits)
        return;
    target_client(&w->settings->target, &options);
    options.url = &url;
    bool ok =
        own_request(&w->settings->own, &w->settings->target, peer->number, &peer->random, &request);
    if (request.target)
        url.target = request.target;
    if (request.headers)
        options.headers = request.headers;
    if (ok)
        begin(peer, &options, beside);
    own_request_free(&request);
    if (peer->client || peer->joined)
        return;
    /* Its place stays empty: trying again at once would fail again at once. */
    peer->opening = false;
    peer_count_failed(peer, WS_E_NO_MEMORY, ws_error_info(WS_E_NO_MEMORY)->explanation);
    w->connecting--;
    w->alive--;
}

void peer_connect(struct peer *peer)
{
    struct worker *w = peer->worker;
    peer->leaving = peer->given_up = peer->retiring = false;
    peer->wrong = 0;
    counter_add(&w->totals.tried, 1);
    w->connecting++;
    w->alive++;
    peer_begin(peer);
}

void peer_leave(struct peer *peer)
{
    bool unfinished = !peer->leaving && (peer->client || (peer->conn && !peer->open));
    peer->leaving = true;
    peer->worker->totals.unfinished += unfinished && peer->returning != RETURNING_AWAY;
    if (peer->slow)
        peer_receive_stop(peer);
    if (peer->client || peer->waits || peer->unable) {
        struct worker *w = peer->worker;
        w->totals.tried -= peer->waits; /* it has not begun */
        if (peer->client)
            ws_client_cancel(peer->client);
        peer->client = NULL;
        peer->waits = peer->opening = false;
        peer->unable = WS_OK;
        w->connecting--;
        w->alive--;
    } else if (peer->conn && ws_conn_close(peer->conn, WS_CLOSE_NORMAL, NULL) == WS_E_STATE) {
        ws_conn_abort(peer->conn, WS_E_SHUTDOWN);
    }
}

void peer_abort(struct peer *peer)
{
    peer_leave(peer);
    if (peer->conn)
        ws_conn_abort(peer->conn, WS_E_SHUTDOWN);
    if (peer->lingering)
        ws_conn_abort(peer->lingering, WS_E_SHUTDOWN);
}
