#include "libws/conn/conn_private.h"

#include <stdlib.h>
#include <string.h>

/*
 * A carrier is a connection like others below its session: it receives and sends through TLS, has a
 * queue and deadlines. In the place of the session it has HTTP/2, whose streams are the sockets of
 * the connections that it carries.
 */

/* --- beginning --- */

static bool begin_carrying(struct ws_conn *conn)
{
    const struct ws_conn_config *config = &conn_env(conn)->config;
    struct ws_conn_cold *cold = ws_conn_cold(conn);
    uint32_t max_head = config->session.max_head;
    const struct ws_http2_options options = {
        .role = config->session.role,
        .secure = cold && cold->tls,
        .max_streams = config->max_streams,
        .window = config->high_water < WS_STREAM_WINDOW_MAX ? (uint32_t)config->high_water
                                                            : WS_STREAM_WINDOW_MAX,
        .max_head = max_head                  ? max_head
                    : ws_conn_is_client(conn) ? WS_HTTP_RESPONSE_MAX
                                              : WS_HTTP_REQUEST_MAX,
    };
    if (!cold || !(cold->http2 = ws_http2_new(&options))) {
        ws_conn_abort(conn, WS_E_NO_MEMORY);
        return false;
    }
    ws_conn_enter(conn, WS_LIFE_CARRYING);
    ws_loop_defer(conn_env(conn)->loop, &conn->task); /* sends the SETTINGS */
    return true;
}

/* Puts the session on `stream`. */
static void attach(struct ws_conn *conn, struct ws_conn *carrier, struct ws_http2_stream *stream)
{
    conn->cold->stream = stream;
    conn->cold->carrier = carrier;
    conn->has_peer = carrier->has_peer;
    conn->peer_port = carrier->peer_port;
    memcpy(conn->peer_ip, carrier->peer_ip, sizeof conn->peer_ip);
    ws_http2_stream_set_owner(stream, conn);
    ws_session_over_http2(&conn->session);
}

/* A client's carrier has no handler: those who connected know of what it carries only. */
static struct ws_conn *make_hidden_carrier(const struct ws_conn *conn)
{
    static const struct ws_handler none;
    struct ws_conn_env *env = malloc(sizeof *env);
    if (!env)
        return NULL;
    *env = *conn_env(conn);
    env->handler = &none;
    env->user = NULL;
    env->hooks = (struct ws_conn_hooks){0};
    env->config.output_filters = NULL;
    env->config.on_state_change = NULL;
    struct ws_conn *carrier = ws_conn_make(env, NULL);
    if (carrier && ws_conn_cold(carrier)) {
        carrier->cold->own_env = env;
        return carrier;
    }
    free(carrier);
    free(env);
    return NULL;
}

/* The socket, and TLS, go from the connection to its new carrier; what is queued does not. */
static void hand_over_wire(struct ws_conn *conn, struct ws_conn *carrier)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    carrier->watch.fd = ws_loop_unwatch(conn_env(conn)->loop, &conn->watch);
    carrier->cold->tls = conn->cold->tls;
    carrier->cold->sealed = conn->cold->sealed;
    carrier->counters = conn->counters;
    carrier->has_peer = conn->has_peer;
    carrier->peer_port = conn->peer_port;
    memcpy(carrier->peer_ip, conn->peer_ip, sizeof carrier->peer_ip);
    conn->cold->tls = NULL;
    conn->cold->sealed = (struct ws_queue){0};
    if (scratch->sealer == conn)
        scratch->sealer = carrier;
}

/* Client: a carrier takes the place of `conn`, which moves to a stream of it. */
static struct ws_conn *put_on_stream(struct ws_conn *conn)
{
    struct ws_conn *carrier = ws_conn_cold(conn) ? make_hidden_carrier(conn) : NULL;
    struct ws_http2_stream *stream = NULL;
    if (!carrier) {
        ws_conn_abort(conn, WS_E_NO_MEMORY);
        return conn;
    }
    hand_over_wire(conn, carrier);
    if (ws_loop_watch(conn_env(carrier)->loop, &carrier->watch, WS_READABLE) == WS_OK &&
        begin_carrying(carrier))
        stream = ws_http2_open(carrier->cold->http2);
    if (stream)
        attach(conn, carrier, stream);
    else
        ws_conn_abort(carrier, WS_E_NO_MEMORY);
    ws_loop_defer(conn_env(conn)->loop, &conn->task);
    return carrier;
}

struct ws_conn *ws_conn_choose_http(struct ws_conn *conn)
{
    const struct ws_tls *tls = conn->cold->tls;
    if (!tls || conn->life != WS_LIFE_UPGRADING || !ws_tls_http2(tls))
        return conn;
    if (ws_conn_is_client(conn))
        return put_on_stream(conn);
    begin_carrying(conn);
    return conn;
}

void ws_conn_use_http2(struct ws_conn *conn)
{
    put_on_stream(conn);
}

enum ws_error ws_conn_may_share(const struct ws_conn *beside)
{
    const struct ws_conn *carrier = beside->cold->carrier;
    return carrier && ws_conn_is_client(carrier) && carrier->life == WS_LIFE_CARRYING
               ? ws_http2_may_open(carrier->cold->http2)
               : WS_E_STATE;
}

enum ws_error ws_conn_new_beside(struct ws_conn *beside, const struct ws_conn_env *env, void *user,
                                 struct ws_conn **conn)
{
    struct ws_conn *carrier = beside->cold->carrier;
    enum ws_error error = ws_conn_may_share(beside);
    *conn = NULL;
    if (error != WS_OK)
        return error;
    struct ws_conn *made = ws_conn_make(env, user);
    struct ws_http2_stream *stream =
        made && ws_conn_cold(made) ? ws_http2_open(carrier->cold->http2) : NULL;
    if (!stream) {
        if (made)
            ws_conn_destroy(made);
        return WS_E_NO_MEMORY;
    }
    attach(made, carrier, stream);
    ws_conn_arm(made);
    *conn = made;
    return WS_OK;
}

bool ws_conn_waits_for_magic(struct ws_conn *conn, const uint8_t *data, size_t len)
{
    enum { ENOUGH = 3 }; /* no method of HTTP/1.1 begins like that */
    uint8_t earlier[ENOUGH];
    size_t before = conn->magic_seen, seen = before;
    memcpy(earlier, ws_http2_magic, sizeof earlier);
    for (; len > 0 && seen < ENOUGH && *data == earlier[seen]; data++, len--)
        seen++;
    if (len == 0 && seen < ENOUGH) {
        conn->magic_seen = seen & 3;
        return true;
    }
    conn->may_be_http2 = false;
    if (seen == ENOUGH) {
        if (begin_carrying(conn) && before > 0)
            ws_conn_carry(conn, earlier, before);
    } else if (before > 0) {
        struct ws_event event;
        ws_session_feed(&conn->session, earlier, before, 0);
        ws_session_next(&conn->session, &event); /* too little for any event */
    }
    return false;
}

/* --- the memory of what is to be sent: carriers of a loop take turns with it --- */

static void swap(struct ws_out *a, struct ws_out *b)
{
    struct ws_out other = *a;
    *a = *b;
    *b = other;
}

static void borrow_memory(struct ws_conn *carrier)
{
    struct ws_out *out = ws_http2_out(carrier->cold->http2);
    if (!out->scratch && out->bytes == 0)
        swap(out, &conn_env(carrier)->scratch->carried);
}

static void return_memory(struct ws_conn *carrier)
{
    struct ws_out *out = ws_http2_out(carrier->cold->http2);
    struct ws_out *shared = &conn_env(carrier)->scratch->carried;
    if (!shared->scratch)
        swap(out, shared);
    ws_out_free(out);
}

/* --- streams --- */

static void open_stream(struct ws_conn *carrier, struct ws_http2_stream *stream)
{
    const struct ws_conn_env *env = conn_env(carrier);
    struct ws_conn *conn = env->hooks.carried ? ws_conn_make(env, NULL) : NULL;
    if (!conn || !ws_conn_cold(conn)) {
        free(conn);
        ws_http2_stream_free(stream);
        return;
    }
    attach(conn, carrier, stream);
    env->hooks.carried(conn);
    ws_conn_settle(conn);
}

/* Nothing more comes or goes on any of them, because of `why`. */
static void cut_streams(struct ws_conn *carrier, enum ws_error why)
{
    ws_conn_record_error(carrier, why);
    ws_http2_cut(carrier->cold->http2, why);
}

void ws_conn_carry(struct ws_conn *carrier, uint8_t *data, size_t len)
{
    struct ws_http2 *http2 = carrier->cold->http2;
    struct ws_http2_piece piece;
    enum ws_error error;
    if (carrier->life != WS_LIFE_CARRYING)
        return;
    carrier->in_read_cycle = true;
    borrow_memory(carrier);
    ws_http2_feed(http2, data, len, ws_clock_us());
    while ((error = ws_http2_next(http2, &piece)) == WS_OK) {
        struct ws_conn *conn = ws_http2_stream_owner(piece.stream);
        conn->counters.bytes_in += piece.len;
        ws_heartbeat_heard(&conn->heartbeat, ws_loop_now(conn_env(conn)->loop));
        ws_conn_on_received(conn, piece.data, piece.len, piece.len);
    }
    if (error == WS_MORE && ws_conn_is_client(carrier))
        error = ws_http2_websockets(http2);
    if (error != WS_MORE && error != WS_OK)
        cut_streams(carrier, error);
    ws_conn_serve_streams(carrier);
    ws_conn_settle(carrier);
}

bool ws_conn_streams_ready(const struct ws_conn *conn)
{
    return ws_conn_carries(conn) && ws_http2_any_ready(conn->cold->http2);
}

static size_t space(const struct ws_conn *carrier)
{
    size_t high = conn_env(carrier)->config.high_water, waiting = ws_conn_waiting(carrier);
    return waiting < high ? high - waiting : 0;
}

void ws_conn_serve_streams(struct ws_conn *carrier)
{
    struct ws_http2 *http2 = carrier->cold->http2;
    struct ws_http2_stream *stream;
    unsigned ready;
    if (!ws_conn_usable(carrier))
        return;
    carrier->in_read_cycle = true;
    borrow_memory(carrier);
    ws_http2_set_space(http2, space(carrier));
    /* What is ready once more after that is so in the loop's next turn. */
    size_t turns = ws_http2_stream_count(http2) + conn_env(carrier)->config.max_streams + 1;
    for (; turns > 0; turns--) {
        if (!(stream = ws_http2_next_ready(http2, &ready)))
            break;
        struct ws_conn *conn = ws_http2_stream_owner(stream);
        if (conn)
            ws_conn_on_ready(&conn->watch, ready);
        else
            open_stream(carrier, stream);
    }
    if (ws_conn_is_client(carrier) && ws_http2_stream_count(http2) == 0)
        ws_http2_go_away(http2, WS_OK);
    enum ws_error error = ws_http2_write(http2);
    if (error == WS_E_NO_MEMORY) { /* what it holds is needed: no lingering */
        ws_conn_abort(carrier, error);
        ws_out_clear(ws_http2_out(http2)); /* lest another carrier send it */
    } else {
        if (error != WS_OK)
            cut_streams(carrier, error);
        ws_conn_send_out(carrier, ws_http2_out(http2));
    }
    ws_conn_send_records(carrier);
    return_memory(carrier);
    ws_http2_set_space(http2, space(carrier));
    carrier->in_read_cycle = false;
}

/* --- the end --- */

void ws_conn_carrier_ended(struct ws_conn *carrier, enum ws_error why)
{
    carrier->peer_eof = true;
    if (carrier->life >= WS_LIFE_LINGERING) {
        ws_conn_set_failed(carrier);
        ws_conn_settle(carrier);
        return;
    }
    cut_streams(carrier, why);
    ws_conn_serve_streams(carrier);
    ws_conn_forget_waiting(carrier);
    ws_conn_settle(carrier);
}

void ws_conn_end_streams(struct ws_conn *carrier)
{
    struct ws_http2 *http2 = carrier->cold->http2;
    struct ws_http2_stream *stream;
    enum ws_error why = carrier->end.error == WS_OK ? WS_E_LOST : carrier->end.error;
    ws_http2_cut(http2, why); /* which also ends those that have no owner */
    while ((stream = ws_http2_any_stream(http2))) {
        struct ws_conn *conn = ws_http2_stream_owner(stream);
        ws_conn_record_error(conn, why);
        ws_conn_set_failed(conn);
        ws_conn_settle(conn);
    }
}

void ws_conn_carrier_left(struct ws_conn *carrier)
{
    if (ws_http2_stream_count(carrier->cold->http2) > 0)
        return;
    carrier->phase_started_ms = ws_loop_now(conn_env(carrier)->loop);
    if (conn_env(carrier)->hooks.sent_all)
        conn_env(carrier)->hooks.sent_all(carrier);
}

/* --- ws/conn.h, conn_owner.h --- */

struct ws_conn *ws_conn_carrier(const struct ws_conn *conn)
{
    return conn->cold->carrier;
}

bool ws_conn_is_carrier(const struct ws_conn *conn)
{
    return ws_conn_carries(conn);
}

bool ws_conn_stream(const struct ws_conn *conn, uint64_t *carrier_id, uint32_t *stream_id)
{
    const struct ws_conn_cold *cold = conn->cold;
    if (!cold->stream)
        return false;
    *carrier_id = ws_conn_id(cold->carrier);
    *stream_id = ws_http2_stream_id(cold->stream);
    return true;
}

const char *ws_conn_cut_by(const struct ws_conn *conn, char text[WS_CUT_BY_MAX])
{
    static_assert(WS_CUT_BY_MAX == (int)WS_HTTP2_CODE_TEXT, "the same text");
    const struct ws_conn_cold *cold = conn->cold;
    text[0] = '\0';
    return cold->stream  ? ws_http2_stream_cut_by(cold->stream, text)
           : cold->http2 ? ws_http2_ended_by(cold->http2, text)
                         : text;
}
