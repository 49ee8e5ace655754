#include "cmd/wscat/run/run.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wscat/output/failure.h"
#include "cmd/wscat/people/job_control.h"
#include "cmd/wscat/run/run_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the end --- */

static void await_silence(struct run *run)
{
    if (run->ending.state != ENDING_WAITING || run->ending.wait_ms < 0 || !run->opened)
        return;
    int64_t now_ms = ws_loop_now(run->loop);
    bool busy = ws_conn_queued(run->conn) > 0 || output_full(&run->output);
    int64_t due_ms =
        ending_silent_at_ms(&run->ending, now_ms, ws_conn_last_moved_ms(run->conn), busy);
    if (due_ms <= now_ms)
        run_next(run, ENDING_SILENCE);
    else
        ws_loop_arm(run->loop, &run->quiet, due_ms);
}

static void on_quiet(struct ws_timer *timer)
{
    await_silence(ws_container_of(timer, struct run, quiet));
}

/* Starts the closing handshake. */
static void close_connection(struct run *run)
{
    const char *reason = run->close_reason[0] ? run->close_reason : NULL;
    input_stop(&run->input);
    if (!run->opened)
        return;
    if (ws_conn_close(run->conn, run->close_code, reason) == WS_OK)
        show_closing(&run->show, run->close_code);
}

static void stop(struct run *run)
{
    run->over = true;
    if (run->forced >= 0)
        run->status = run->forced;
    ws_loop_stop(run->loop);
}

void run_next(struct run *run, enum ending_event event)
{
    switch (ending_next(&run->ending, event)) {
    case ENDING_NOTHING:
        break;
    case ENDING_AWAIT_SILENCE:
        await_silence(run);
        break;
    case ENDING_CLOSE:
        close_connection(run);
        /* A connection that is not open yet has nothing to say. */
        if (!run->opened) {
            link_end(run);
            run_next(run, ENDING_CONNECTION_ENDED);
        }
        break;
    case ENDING_WRITE:
        input_stop(&run->input);
        if (!output_pending(&run->output))
            run_next(run, ENDING_WRITTEN);
        break;
    case ENDING_STOP:
        close_connection(run); /* the frame is sent at the end of this batch */
        stop(run);
        break;
    }
}

void run_next_with(struct run *run, enum ending_event event, int status)
{
    if (run->forced < 0)
        run->forced = status;
    run_next(run, event);
}

void run_ended(struct run *run, int status)
{
    run->status = run->forced >= 0 ? run->forced : status;
    run_next(run, ENDING_CONNECTION_ENDED);
}

/* --- standard output --- */

static void on_unblocked(void *context)
{
    struct run *run = context;
    if (run->conn)
        ws_conn_resume(run->conn);
}

static void on_written(void *context)
{
    struct run *run = context;
    editor_show(run->input.editor);
    run_next(run, ENDING_WRITTEN);
}

static void on_output_failed(void *context, int number)
{
    struct run *run = context;
    if (number != EPIPE) {
        exit_warn("cannot write to standard output: %s", strerror(number));
        run->forced = WS_EXIT_FAILURE;
    }
    if (run->conn)
        ws_conn_resume(run->conn); /* to read on to the server's close frame */
    run_next_with(run, ENDING_READER_LEFT, WS_EXIT_OK);
}

static const struct output_receiver output_receiver = {on_unblocked, on_written, on_output_failed};

/* --- time and signals --- */

static void on_deadline(struct ws_timer *timer)
{
    struct run *run = ws_container_of(timer, struct run, deadline);
    failure_say_timeout(run->settings, "");
    run->forced = WS_EXIT_TIMEOUT;
    run_next(run, ENDING_HURRY);
}

static void on_signal(void *context, int signal_number)
{
    struct run *run = context;
    if (job_control(run->input.editor, signal_number))
        return;
    if (signal_repeat(&run->last_signal, signal_number, ws_clock_us()))
        return;
    run->forced = 128 + signal_number;
    /* A terminal that is gone: our user has navigated away, so to speak (RFC 6455 7.4.1). */
    if (signal_number == SIGHUP)
        run->close_code = WS_CLOSE_GOING_AWAY;
    run_next(run, ENDING_HURRY);
}

/* --- the whole run --- */

static bool set_up(struct run *run)
{
    const struct settings *s = run->settings;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, JOB_CONTROL_SIGNALS};
    run->quiet.fire = on_quiet;
    run->deadline.fire = on_deadline;
    run->close_code = s->close_code;
    if (s->close_reason)
        snprintf(run->close_reason, sizeof run->close_reason, "%s", s->close_reason);
    ending_init(&run->ending, s->wait_us, s->exit_on_eof);
    output_init(&run->output, run->loop, &output_receiver, run);
    show_init(&run->show, s, &run->output);
    sent_init(&run->sent, &run->show);
    sending_init(run);
    if (s->timeout_us > 0)
        ws_loop_arm(run->loop, &run->deadline,
                    ws_loop_now(run->loop) + units_milliseconds(s->timeout_us));
    enum ws_error error =
        ws_loop_on_signals(run->loop, signals, sizeof signals / sizeof signals[0], on_signal, run);
    if (error != WS_OK)
        exit_warn("%s", ws_error_info(error)->explanation);
    return error == WS_OK && link_start(run);
}

static void tear_down(struct run *run)
{
    if (run->conn)
        stats_take(&run->stats, run->conn);
    link_end(run);
    sending_free(run);
    ws_loop_disarm(run->loop, &run->quiet);
    ws_loop_disarm(run->loop, &run->deadline);
    ws_loop_turn(run->loop, 0);
    sent_ended(&run->sent);
    output_free(&run->output);
    show_free(&run->show);
    free(run->response);
    ws_loop_free(run->loop);
}

int run(struct settings *settings)
{
    struct run run = {.settings = settings, .forced = -1, .status = WS_EXIT_FAILURE};
    exit_ignore_sigpipe();
    enum ws_error error = ws_loop_new(&run.loop);
    if (error != WS_OK) {
        exit_warn("%s", ws_error_info(error)->explanation);
        return WS_EXIT_FAILURE;
    }
    if (set_up(&run))
        ws_loop_run(run.loop);
    /* Where something failed, or the reader has gone, that is known already. */
    if (run.over && run.status == WS_EXIT_OK && !run.output.failure && !settings->common.quiet)
        sending_say_unsent(&run);
    tear_down(&run);
    if (settings->stats)
        stats_print(&run.stats);
    return run.over ? run.status : WS_EXIT_FAILURE;
}
