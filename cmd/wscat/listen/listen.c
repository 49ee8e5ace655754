#include "cmd/wscat/listen/listen.h"

#include "cmd/common/exit.h"
#include "cmd/common/pattern.h"
#include "cmd/common/units.h"
#include "cmd/wscat/input/perform.h"
#include "cmd/wscat/input/word.h"
#include "cmd/wscat/listen/listen_private.h"
#include "cmd/wscat/output/failure.h"
#include "cmd/wscat/output/show_http.h"
#include "cmd/wscat/people/job_control.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 5000 };

static void next(struct listener *l, enum ending_event event);

/* --- input --- */

static void on_input(void *context, void *data, size_t len, bool more)
{
    struct listener *l = context;
    bool whole = !more && !l->in_message;
    char *line = data;
    if (l->settings->slash && whole &&
        slash_take(&everyone_ops, l, &line, &len, settings_largest(l->settings)))
        return;
    l->in_message = more;
    everyone_ops.send(l, settings_opcode(l->settings), more ? WS_SEND_MORE : 0, line, len);
}

static const char *on_record(void *context, const void *line, size_t len)
{
    struct listener *l = context;
    return perform_record(&l->perform, line, len);
}

static void on_input_end(void *context)
{
    struct listener *l = context;
    l->input_ended = true;
    next(l, ENDING_INPUT_ENDED);
}

static void on_input_error(void *context, const char *why)
{
    struct listener *l = context;
    exit_warn("%s", why);
    l->status = WS_EXIT_FAILURE;
    next(l, ENDING_ENOUGH);
}

static const struct input_receiver receiver = {
    .message = on_input, .record = on_record, .end = on_input_end, .error = on_input_error};

/* Input is read while there is a client, so that nothing is lost. */
static void read_input(struct listener *l)
{
    if (l->clients == 0 || l->ending.state != ENDING_TALKING)
        input_stop(&l->input);
    else if (l->settings->no_stdin && !l->input_ended)
        on_input_end(l);
    else
        input_start(&l->input);
}

/* --- clients --- */

static struct listener *listener_of(const struct ws_conn *conn)
{
    return ws_conn_env(conn)->user;
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct listener *l = listener_of(conn);
    const struct ws_http_head *head = request->head;
    struct ws_acceptance acceptance = {
        .subprotocol = ws_request_choose_subprotocol(request, l->settings->target.offered)};
    if (l->settings->common.verbose > 0)
        show_http_head('<', request->buffer + head->start, head->length - head->start);
    ws_conn_set_user(conn, sent_new(&l->show));
    if (request->violation != WS_OK)
        ws_conn_refuse_error(conn, request->violation);
    else
        ws_conn_accept(conn, &acceptance);
}

static void send_words(struct listener *l, struct ws_conn *conn)
{
    unsigned opcode = settings_opcode(l->settings);
    struct word word;
    for (char **text = l->settings->messages; *text; text++) {
        int status = word_read(&word, l->settings, *text);
        if (status == WS_EXIT_OK)
            ws_conn_send(conn, opcode, WS_SEND_COPY, word.data, word.len);
        word_free(&word);
        if (status != WS_EXIT_OK) {
            l->enough = true;
            l->status = status;
            next(l, ENDING_ENOUGH);
            return;
        }
    }
}

static void record_open(struct listener *l, const struct ws_conn *conn)
{
    const struct ws_request *request = ws_session_request(ws_conn_session(conn));
    sent_about(&l->show, conn);
    records_client(&l->show.records, conn, request,
                   ws_request_choose_subprotocol(request, l->settings->target.offered));
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct listener *l = listener_of(conn);
    char peer[128];
    (void)event;
    l->clients++;
    l->moved_ms = ws_loop_now(l->loop);
    sent_opened(ws_conn_user(conn), conn);
    record_open(l, conn);
    if (!l->settings->common.quiet)
        exit_warn("client %" PRIu64 " connected from %s", ws_conn_id(conn),
                  ws_conn_peer(conn, peer, sizeof peer));
    send_words(l, conn);
    read_input(l);
}

static void count_message(struct listener *l, const struct ws_event *event)
{
    const struct settings *s = l->settings;
    l->received++;
    bool counted = s->count && l->received >= s->count;
    bool met = s->expect ? pattern_anywhere(&s->expect_regex, event->data, event->len) : counted;
    if (!met && !counted)
        return;
    l->enough = true;
    if (!met)
        failure_say_unmet(s, l->received);
    l->status = met ? WS_EXIT_OK : WS_EXIT_ASSERTION;
    next(l, ENDING_ENOUGH);
}

static void pause_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_pause(conn);
}

static void resume_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_resume(conn);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct listener *l = listener_of(conn);
    bool data = event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK;
    if (data && l->enough)
        return;
    if (data)
        l->moved_ms = ws_loop_now(l->loop);
    sent_about(&l->show, conn);
    show_event(&l->show, RECORD_IN, event);
    if (event->type == WS_EVENT_ERROR && ws_error_info(event->error)->category == WS_CAT_PROTOCOL)
        show_violation(event);
    if (output_full(&l->output))
        ws_registry_each(l->env->registry, pause_one, NULL);
    if (event->type == WS_EVENT_MESSAGE || (event->type == WS_EVENT_CHUNK && event->last))
        count_message(l, event);
}

static void on_drained(struct ws_conn *conn)
{
    read_input(listener_of(conn));
}

static void say_left(const struct listener *l, const struct ws_conn *conn, const struct ws_end *end)
{
    char why[FAILURE_TEXT_MAX];
    bool answered = end->error == WS_E_SHUTDOWN && end->code != WS_CLOSE_ABNORMAL; /* as we end */
    if (l->settings->common.quiet)
        return;
    if (end->error == WS_OK || answered)
        snprintf(why, sizeof why, "%u", end->code);
    else
        failure_text(l->settings, conn, end->error, why);
    exit_warn("client %" PRIu64 " left: %s", ws_conn_id(conn), why);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct listener *l = listener_of(conn);
    sent_free(ws_conn_user(conn));
    ws_conn_set_user(conn, NULL);
    if (!end->opened)
        return;
    l->clients--;
    say_left(l, conn, end);
    /* One that was full is gone. */
    input_stop(&l->input);
    read_input(l);
}

static const struct ws_handler handler = {
    .request = on_request,
    .open = on_open,
    .event = on_event,
    .drained = on_drained,
    .close = on_close,
};

/* --- the end --- */

static void on_shut(void *context)
{
    next(context, ENDING_CONNECTION_ENDED);
}

static void on_quiet(struct ws_timer *timer)
{
    struct listener *l = ws_container_of(timer, struct listener, quiet);
    int64_t now_ms = ws_loop_now(l->loop);
    int64_t due_ms = ending_silent_at_ms(&l->ending, now_ms, l->moved_ms, output_full(&l->output));
    if (due_ms <= now_ms)
        next(l, ENDING_SILENCE);
    else
        ws_loop_arm(l->loop, &l->quiet, due_ms);
}

static void next(struct listener *l, enum ending_event event)
{
    switch (ending_next(&l->ending, event)) {
    case ENDING_NOTHING:
        break;
    case ENDING_AWAIT_SILENCE:
        on_quiet(&l->quiet);
        break;
    case ENDING_CLOSE:
        input_stop(&l->input);
        everyone_ops.close(l, l->settings->close_code, l->settings->close_reason);
        ws_server_shutdown(l->server, l->settings->close_code, l->settings->close_reason, DRAIN_MS,
                           on_shut);
        break;
    case ENDING_WRITE:
        if (!output_pending(&l->output))
            next(l, ENDING_WRITTEN);
        break;
    case ENDING_STOP:
        everyone_ops.close(l, WS_CLOSE_GOING_AWAY, NULL); /* sent at the end of this batch */
        l->over = true;
        ws_loop_stop(l->loop);
        break;
    }
}

static void on_unblocked(void *context)
{
    struct listener *l = context;
    ws_registry_each(l->env->registry, resume_one, NULL);
}

static void on_written(void *context)
{
    struct listener *l = context;
    editor_show(l->input.editor);
    next(l, ENDING_WRITTEN);
}

static void on_output_failed(void *context, int number)
{
    struct listener *l = context;
    if (number != EPIPE) {
        exit_warn("cannot write to standard output: %s", strerror(number));
        l->status = WS_EXIT_FAILURE;
    }
    l->enough = true;
    on_unblocked(l);
    next(l, ENDING_READER_LEFT);
}

static const struct output_receiver output_receiver = {on_unblocked, on_written, on_output_failed};

static void on_deadline(struct ws_timer *timer)
{
    struct listener *l = ws_container_of(timer, struct listener, deadline);
    failure_say_timeout(l->settings, "");
    l->status = WS_EXIT_TIMEOUT;
    next(l, ENDING_HURRY);
}

static void on_signal(void *context, int signal_number)
{
    struct listener *l = context;
    if (job_control(l->input.editor, signal_number))
        return;
    if (signal_repeat(&l->last_signal, signal_number, ws_clock_us()))
        return;
    l->status = 128 + signal_number;
    next(l, ENDING_HURRY);
}

/* --- the whole run --- */

static void *take_env(void *user, unsigned index, struct ws_server_env *env)
{
    struct listener *l = user;
    (void)index;
    l->env = env;
    if (l->settings->target.tls.context)
        env->tls = ws_tls_context_again(l->settings->target.tls.context);
    return l;
}

static void leave_env(void *user, struct ws_server_env *env)
{
    (void)user;
    ws_tls_context_free(env->tls);
    env->tls = NULL;
}

static bool start(struct listener *l)
{
    char error[256];
    if (!ws_server_listen(l->server, l->settings->where, error, sizeof error)) {
        exit_warn("cannot listen on %s", error);
        return false;
    }
    if (!l->settings->common.quiet)
        exit_warn("listening on %s", ws_server_url(l->server, 0));
    return true;
}

static bool set_up(struct listener *l)
{
    const struct settings *s = l->settings;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, JOB_CONTROL_SIGNALS};
    struct ws_conn_config config;
    wscat_settings_conn_config(s, &config);
    if (sent_wanted(s))
        config.output_filters = &sent_to_clients;
    const struct ws_server_options options = {.config = &config,
                                              .handler = &handler,
                                              .user = l,
                                              .env_user = take_env,
                                              .env_left = leave_env,
                                              .secure = s->target.tls.context != NULL};
    l->quiet.fire = on_quiet;
    l->deadline.fire = on_deadline;
    ending_init(&l->ending, s->wait_us, s->exit_on_eof);
    output_init(&l->output, l->loop, &output_receiver, l);
    show_init(&l->show, s, &l->output);
    input_init(&l->input, l->loop, s, !s->no_stdin, &receiver, l);
    show_to_person(&l->show, l->input.editor);
    l->perform = (struct perform){
        .ops = &everyone_ops, .context = l, .server = true, .quiet = s->common.quiet};
    if (s->timeout_us > 0)
        ws_loop_arm(l->loop, &l->deadline,
                    ws_loop_now(l->loop) + units_milliseconds(s->timeout_us));
    l->server = ws_server_new(l->loop, &options);
    if (!l->server || ws_loop_on_signals(l->loop, signals, sizeof signals / sizeof signals[0],
                                         on_signal, l) != WS_OK) {
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        return false;
    }
    return start(l);
}

int listen_run(struct settings *settings)
{
    struct listener l = {.settings = settings, .status = WS_EXIT_OK};
    exit_ignore_sigpipe();
    if (ws_loop_new(&l.loop) != WS_OK) {
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        return WS_EXIT_FAILURE;
    }
    if (set_up(&l))
        ws_loop_run(l.loop);
    if (l.over && l.status == WS_EXIT_OK && !l.enough && (settings->expect || settings->count)) {
        failure_say_unmet(settings, l.received);
        l.status = WS_EXIT_ASSERTION;
    }
    input_free(&l.input);
    ws_loop_disarm(l.loop, &l.quiet);
    ws_loop_disarm(l.loop, &l.deadline);
    ws_server_free(l.server);
    ws_loop_turn(l.loop, 0);
    output_free(&l.output);
    show_free(&l.show);
    ws_loop_free(l.loop);
    return l.over ? l.status : WS_EXIT_FAILURE;
}
