#include "cmd/wsbench/load/peer_private.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/target_hint.h"
#include <ws/tls.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Bytes of a refusal's body that are shown, up to its first line end. */
enum { REFUSAL_BODY = 80 };

/* --- failures --- */

/* -v: each failure as it happens. */
static void show_failure(const struct peer *peer, const char *what, const char *detail)
{
    if (peer->worker->settings->common.verbose > 0)
        exit_warn("connection %" PRIu32 ": %s%s%s", peer->number + 1, what, *detail ? ": " : "",
                  detail);
}

void peer_refused(struct peer *peer, const struct ws_response *response)
{
    struct worker *w = peer->worker;
    char text[sizeof w->refusal];
    int len = 0;
    tally_add(&w->totals.refusals, response->status, 1);
    while (len < REFUSAL_BODY && (size_t)len < response->body.len &&
           response->body.p[len] >= 0x20 && response->body.p[len] < 0x7f)
        len++;
    snprintf(text, sizeof text, "%s: %u%s%s%.*s", ws_error_info(WS_E_STATUS)->explanation,
             response->status, target_hint_status(&w->settings->target, response->status),
             len ? ": " : "", len, len ? response->body.p : "");
    show_failure(peer, text, "");
    if (!w->refusal[0])
        memcpy(w->refusal, text, sizeof text);
}

void peer_count_failed(struct peer *peer, enum ws_error error, const char *detail)
{
    struct totals *t = &peer->worker->totals;
    if (error != WS_E_STATUS) /* shown with its body */
        show_failure(peer, detail, "");
    if (peer->returning == RETURNING_AWAY) /* it is tried until the end of the load */
        return;
    t->failed++;
    t->causes[error]++;
    if (t->first_error == WS_OK) {
        t->first_error = error;
        snprintf(t->first_detail, sizeof t->first_detail, "%s", detail);
    }
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
    char code[64];
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
    snprintf(code, sizeof code, "close code %u (%s)", end->code, ws_close_name(end->code));
    const char *what = end->by_peer ? "closed by the server" : "lost";
    const char *why = end->error == WS_OK ? code : ws_error_info(end->error)->explanation;
    show_failure(peer, what, why);
    if (!t->first_detail[0])
        snprintf(t->first_detail, sizeof t->first_detail, "%s: %s", what, why);
}

/* --- the end --- */

void peer_vacate(struct peer *peer, bool was_open)
{
    struct worker *w = peer->worker;
    peer->holds_place = false;
    if (w->settings->mode != MODE_CHURN)
        peer_open_again(peer, was_open);
    if (w->settings->mode == MODE_CHURN && w->phase == PHASE_LOAD)
        peer_open_vacated(peer);
    worker_check_drained(w);
}

static void did_not_open(struct peer *peer, enum ws_error error, const char *detail)
{
    peer_count_failed(peer, error, detail);
    peer_streams_failed(peer, error, detail);
    peer_open_done(peer->worker);
    peer_vacate(peer, false);
}

void peer_failed(struct peer *peer, enum ws_error error, const char *detail)
{
    struct worker *w = peer->worker;
    did_not_open(peer, error, detail);
    worker_ended(w);
    worker_check_drained(w);
}

/* Why the connection did not open, written to `text`, or constant. */
static const char *why_not_open(const struct ws_conn *conn, enum ws_error error,
                                char text[TOTALS_DETAIL])
{
    const struct peer *peer = ws_conn_user(conn);
    uint64_t carrier;
    uint32_t stream;
    if (error == WS_E_TLS && ws_conn_tls(conn)) {
        snprintf(text, TOTALS_DETAIL, "%s%s", ws_tls_failure(ws_conn_tls(conn)),
                 target_hint_tls(ws_tls_rejection(ws_conn_tls(conn))));
        return text;
    }
    if (error == WS_E_STATUS)
        return peer->worker->refusal;
    if (error != WS_E_HTTP2 && peer->worker->answer && peer->worker->answer_error == error)
        return peer->worker->answer;
    if (error == WS_E_HTTP2_UNSUPPORTED && !ws_conn_stream(conn, &carrier, &stream))
        return "the server speaks no HTTP/2, which --streams needs";
    return settings_explain(peer->worker->settings, error);
}

void peer_over(struct peer *peer, const struct ws_end *end)
{
    struct worker *w = peer->worker;
    struct ws_conn *conn = peer->conn;
    bool was_open = peer->open, greeting = peer->greeting;
    w->can_send -= was_open && peer_sends(peer);
    peer->conn = NULL;
    peer->open = peer->greeting = false;
    ws_loop_disarm(w->loop, &peer->retry);
    peer_send_end(peer);
    peer_receive_stop(peer);
    ws_loop_disarm(w->loop, &peer->life);
    if (!was_open && peer->leaving) {
        w->connecting--;
    } else if (!was_open) {
        enum ws_error error = end->error == WS_OK ? WS_E_LOST : end->error;
        char why[TOTALS_DETAIL];
        bool ungreeted = greeting && error == WS_E_CONNECT_TIMEOUT;
        did_not_open(peer, error,
                     !ungreeted         ? why_not_open(conn, error, why)
                     : peer->unexpected ? "what came did not match --first-expect"
                                        : "nothing came that could match --first-expect");
        return;
    } else {
        ended(peer, end);
    }
    /* A server has a limit for streams, and one counts until its end. */
    peer->holds_place = w->settings->streams > 0 && peer->lingering == conn;
    if (!peer->holds_place)
        peer_vacate(peer, was_open);
}
