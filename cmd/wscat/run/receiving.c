#include "cmd/common/exit.h"
#include "cmd/common/pattern.h"
#include "cmd/wscat/output/failure.h"
#include "cmd/wscat/output/show_http.h"
#include "cmd/wscat/run/run_private.h"
#include <ws/tls.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void take_times(struct run *run, const struct ws_conn *conn)
{
    const struct ws_tls *tls = ws_conn_tls(conn);
    run->stats.opened_us = ws_clock_us();
    run->stats.tls_us = tls ? ws_tls_handshake_us(tls) : -1;
    run->stats.upgrade_us =
        run->stats.opened_us - (tls ? ws_tls_established_us(tls) : run->connected_us);
}

static void record_open(struct run *run, const struct ws_response *response, const char *url)
{
    const struct stats *s = &run->stats;
    const struct record_timing timing = {.dns = s->times.resolve_us,
                                         .tcp = s->times.connect_us,
                                         .proxy = s->times.proxy_us ? s->times.proxy_us : -1,
                                         .tls = s->tls_us,
                                         .upgrade = s->upgrade_us};
    records_open(&run->show.records, response, url, &timing);
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct run *run = ws_conn_user(conn);
    const struct settings *s = run->settings;
    take_times(run, conn);
    if (ws_conn_tls(conn) && s->common.verbose > 0)
        show_http_tls(ws_conn_tls(conn));
    if (s->target.http2 != TARGET_HTTP2_OFF)
        show_http_version(s, conn);
    if (s->common.verbose > 0)
        show_http_response(event->response);
    if (s->include)
        show_http_include(&run->show, event->response);
    if (!s->common.quiet)
        show_http_declined(event->response, s->target.offered, s->compress.wanted);
    free(run->response);
    run->response = strndup(event->response->buffer, event->response->head->length);
    if (!run->response)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    char *url = target_url_shown(&s->target);
    if (run->show.person && !s->common.quiet)
        exit_warn("connected to %s; Ctrl-D or Ctrl-C ends it%s", url ? url : "",
                  s->slash ? ", /help lists commands" : "");
    sent_opened(&run->sent, conn);
    record_open(run, event->response, url);
    free(url);
    run->opened = true;
    run->opened_ms = ws_loop_now(run->loop);
    sending_continue(run);
}

/* Whole messages were received, of which `event` has the last: is that enough? */
static void count_messages(struct run *run, const struct ws_event *event, unsigned count)
{
    const struct settings *s = run->settings;
    run->stats.received += count;
    bool counted = s->count && run->stats.received >= s->count;
    bool met = s->expect ? pattern_anywhere(&s->expect_regex, event->data, event->len) : counted;
    run->enough = met || counted;
    if (run->enough && !met)
        failure_say_unmet(s, run->stats.received);
    if (run->enough) {
        run_next_with(run, ENDING_ENOUGH, met ? WS_EXIT_OK : WS_EXIT_ASSERTION);
    } else if (run->awaits_reply) {
        run->awaits_reply = false;
        sending_continue(run);
    }
}

static void on_message(struct run *run, const struct ws_event *event)
{
    /* What comes after --count or --expect is met, or fails, is not printed. */
    if (run->enough)
        return;
    show_event(&run->show, RECORD_IN, event);
    run->stats.received_bytes += event->len;
    if (output_full(&run->output))
        ws_conn_pause(run->conn);
    if (event->type == WS_EVENT_MESSAGE || event->last)
        count_messages(run, event, 1);
}

static void on_run(struct run *run, const struct ws_event *event)
{
    const struct settings *s = run->settings;
    uint64_t wanted = s->count ? s->count - run->stats.received : event->count;
    unsigned count = wanted < event->count ? (unsigned)wanted : event->count;
    if (run->enough)
        return;
    show_run(&run->show, event, count);
    run->stats.received_bytes += count * event->len;
    if (output_full(&run->output))
        ws_conn_pause(run->conn);
    count_messages(run, event, count);
}

/* A refusal that is followed, or tried again, is no error yet. */
static void on_error(struct run *run, const struct ws_event *event)
{
    const struct ws_error_info *info = ws_error_info(event->error);
    const struct ws_response *response = event->response;
    bool refused = event->error == WS_E_STATUS && response;
    input_stop(&run->input);
    if (refused && run->settings->common.verbose > 0)
        show_http_response(response);
    if (refused && link_note_refusal(run, response))
        return;
    if (event->error == WS_E_HTTP2_UNSUPPORTED && link_note_unsupported(run))
        return;
    if (info->category == WS_CAT_PROTOCOL)
        show_violation(event);
    else if (info->category == WS_CAT_UPGRADE)
        show_http_refusal(&run->settings->target, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct run *run = ws_conn_user(conn);
    switch (event->type) {
    case WS_EVENT_MESSAGE:
    case WS_EVENT_CHUNK:
        on_message(run, event);
        return;
    case WS_EVENT_RUN:
        on_run(run, event);
        return;
    case WS_EVENT_CLOSE:
        input_stop(&run->input);
        if (!run->settings->reconnect) {
            sending_note_cut(run);
            run_next(run, ENDING_PEER_CLOSES);
        }
        break;
    case WS_EVENT_ERROR:
        on_error(run, event);
        break;
    default:
        break;
    }
    show_event(&run->show, RECORD_IN, event);
    if (event->type == WS_EVENT_PONG && ws_conn_pong_matched(conn))
        show_round_trip(&run->show, ws_conn_heartbeat(conn)->rtt.last_us);
}

/* Payload that is printed as it is goes from the socket to the pipe by itself. */
static size_t on_payload(struct ws_conn *conn, int fd, size_t len)
{
    struct run *run = ws_conn_user(conn);
    if (run->enough || !show_is_raw(&run->show))
        return 0;
    size_t moved = output_splice(&run->output, fd, len);
    run->stats.received_bytes += moved;
    if (output_full(&run->output))
        ws_conn_pause(conn);
    return moved;
}

static void on_drained(struct ws_conn *conn)
{
    sending_continue(ws_conn_user(conn));
}

/* Prints why a connection failed, unless it was printed already. */
static void say_failure(const struct run *run, const struct ws_conn *conn, enum ws_error error)
{
    enum ws_category category = ws_error_info(error)->category;
    char text[FAILURE_TEXT_MAX];
    if (run->forced < 0 && error != WS_OK && category != WS_CAT_PROTOCOL &&
        category != WS_CAT_UPGRADE)
        exit_warn("%s", failure_text(run->settings, conn, error, text));
}

/* The exit code of a connection that ended. */
static int exit_status(const struct run *run, const struct ws_end *ended)
{
    const struct settings *s = run->settings;
    if (run->forced >= 0)
        return run->forced;
    if (ended->error != WS_OK)
        return exit_code_for(ended->error);
    if (s->expect || s->count) {
        failure_say_unmet(s, run->stats.received);
        return WS_EXIT_ASSERTION;
    }
    /* A server that only echoes our close code reports no error. */
    if (!ended->by_peer && run->ending.state >= ENDING_CLOSING && ended->code == run->close_code)
        return WS_EXIT_OK;
    return exit_code_for_close(ended->code, ended->clean);
}

static void on_close(struct ws_conn *conn, const struct ws_end *ended)
{
    struct run *run = ws_conn_user(conn);
    bool was_open = run->opened;
    stats_take(&run->stats, conn);
    sent_ended(&run->sent);
    run->conn = NULL;
    run->opened = false;
    if (run->over)
        return;
    bool late = link_quiet(run);
    if (!late && !run->redirect && !run->without_http2)
        say_failure(run, conn, ended->error);
    bool answered = run->ending.state == ENDING_TALKING || run->ending.state == ENDING_WAITING;
    unsigned code = was_open && ended->clean ? ended->code : 0;
    if (answered && run->forced < 0 &&
        (run->redirect || run->without_http2 || run->settings->reconnect)) {
        if (link_again(run, ended->error, code))
            return;
    }
    if (late)
        say_failure(run, conn, ended->error);
    run_ended(run, exit_status(run, ended));
}

const struct ws_handler receiving_handler = {
    .open = on_open,
    .event = on_event,
    .drained = on_drained,
    .close = on_close,
    .payload = on_payload,
};
