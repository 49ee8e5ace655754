#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wscat/input/perform.h"
#include "cmd/wscat/input/word.h"
#include "cmd/wscat/output/show_http.h"
#include "cmd/wscat/people/slash.h"
#include "cmd/wscat/run/run_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- may it be sent --- */

/* The connection is open and takes more, and no option says to wait. */
static bool may_send(const struct run *run)
{
    return run->opened && run->ending.state == ENDING_TALKING && !run->input_ended &&
           !run->awaits_reply && !run->delayed && !ws_conn_full(run->conn);
}

static void on_delay(struct ws_timer *timer)
{
    struct run *run = ws_container_of(timer, struct run, delay);
    int64_t left_us = run->delayed_until_us - ws_clock_us();
    if (left_us > 0) { /* the timer was armed by the time when the loop's turn had begun */
        ws_loop_arm(run->loop, timer, ws_loop_now(run->loop) + units_milliseconds(left_us));
        return;
    }
    run->delayed = false;
    sending_continue(run);
}

/* After a whole message: what the options ask to wait for. */
static void begin_waiting(struct run *run)
{
    const struct settings *s = run->settings;
    run->awaits_reply = s->request_reply;
    if (s->send_delay_us > 0) {
        run->delayed = true;
        run->delayed_until_us = ws_clock_us() + s->send_delay_us;
        ws_loop_arm(run->loop, &run->delay,
                    ws_loop_now(run->loop) + units_milliseconds(s->send_delay_us));
    }
}

static void end_input(struct run *run)
{
    if (run->input_ended)
        return;
    run->input_ended = true;
    input_stop(&run->input);
    run_next(run, ENDING_INPUT_ENDED);
}

/* False after an error, which is reported. */
static bool sending_worked(struct run *run, enum ws_error error)
{
    if (error == WS_OK || error == WS_E_CLOSING)
        return error == WS_OK; /* else the connection has failed; the CLOSED event follows */
    exit_warn("%s", ws_error_info(error)->explanation);
    run_next_with(run, ENDING_ENOUGH, WS_EXIT_FAILURE);
    return false;
}

bool sending_message(struct run *run, unsigned opcode, unsigned flags, void *data, size_t len)
{
    if (!sending_worked(run, ws_conn_send(run->conn, opcode, flags, data, len)))
        return false;
    run->in_message = flags & WS_SEND_MORE;
    run->stats.sent_bytes += len;
    if (run->in_message)
        return true;
    run->stats.sent++;
    begin_waiting(run);
    return true;
}

/* --- words of the command line --- */

/* Sends a message of the command line. */
static bool send_word(struct run *run, char *text)
{
    struct word word;
    bool sent = false;
    int status = word_read(&word, run->settings, text);
    if (status == WS_EXIT_OK)
        sent =
            sending_message(run, settings_opcode(run->settings), WS_SEND_COPY, word.data, word.len);
    else
        run_next_with(run, ENDING_ENOUGH, status);
    word_free(&word);
    return sent;
}

/* --- commands --- */

static bool slash_send(void *context, unsigned opcode, unsigned flags, void *data, size_t len)
{
    return sending_message(context, opcode, flags, data, len);
}

static void slash_control(void *context, unsigned opcode, const void *data, size_t len)
{
    struct run *run = context;
    if (opcode == WS_OP_PING)
        ws_conn_ping(run->conn, data, len);
    else
        ws_conn_pong(run->conn, data, len);
}

static void slash_close(void *context, unsigned code, const char *reason)
{
    struct run *run = context;
    run->close_code = code;
    snprintf(run->close_reason, sizeof run->close_reason, "%s", reason);
    run_next(run, ENDING_ENOUGH);
}

static void slash_raw(void *context, const void *data, size_t len)
{
    struct run *run = context;
    ws_conn_send_raw(run->conn, NULL, data, len);
}

static void slash_headers(void *context)
{
    struct run *run = context;
    show_http_head('<', run->response, strlen(run->response));
}

static void slash_stats(void *context)
{
    struct run *run = context;
    stats_take(&run->stats, run->conn);
    stats_print(&run->stats);
}

static const struct slash_ops slash_ops = {slash_send, slash_control, slash_close,
                                           slash_raw,  slash_headers, slash_stats};

/* --- standard input --- */

static void on_input(void *context, void *data, size_t len, bool more)
{
    struct run *run = context;
    enum input_form form = run->input.split.form;
    char *line = data;
    if (run->settings->slash && form == INPUT_LINES && !more && !run->in_message &&
        slash_take(&slash_ops, run, &line, &len, settings_largest(run->settings))) {
        if (!may_send(run))
            input_stop(&run->input);
        return;
    }
    data = line;
    /* Chunks of a byte stream, and pieces, may be masked in place: they are not used again, and are
     * sent before more is read. Lines are copied while masking. */
    unsigned flags = more                   ? WS_SEND_BORROW | WS_SEND_MUTABLE | WS_SEND_MORE
                     : form == INPUT_CHUNKS ? WS_SEND_BORROW | WS_SEND_MUTABLE
                                            : WS_SEND_COPY;
    if (!sending_message(run, settings_opcode(run->settings), flags, data, len)) {
        input_stop(&run->input);
        return;
    }
    if (run->settings->one_message && !more)
        end_input(run);
    else if (!may_send(run))
        input_stop(&run->input); /* sending_continue() goes on */
}

static void on_inputs(void *context, const struct iovec *messages, size_t count)
{
    struct run *run = context;
    size_t sent;
    enum ws_error error =
        ws_conn_send_many(run->conn, settings_opcode(run->settings), messages, count, &sent);
    run->stats.sent += sent;
    for (size_t i = 0; i < sent; i++)
        run->stats.sent_bytes += messages[i].iov_len;
    if (!sending_worked(run, error) || !may_send(run))
        input_stop(&run->input);
}

static const char *on_record(void *context, const void *line, size_t len)
{
    struct run *run = context;
    const char *problem = perform_record(&run->perform, line, len);
    if (!may_send(run))
        input_stop(&run->input);
    return problem;
}

static void on_input_end(void *context)
{
    struct run *run = context;
    if (run->word_is_input) {
        run->word_is_input = false;
        run->next_word++;
        sending_continue(run);
    } else {
        end_input(run);
    }
}

static void on_input_error(void *context, const char *why)
{
    exit_warn("%s", why);
    run_next_with(context, ENDING_ENOUGH, WS_EXIT_FAILURE);
}

static const struct input_receiver one_at_a_time = {
    .message = on_input, .record = on_record, .end = on_input_end, .error = on_input_error};
static const struct input_receiver many_at_a_time = {.message = on_input,
                                                     .messages = on_inputs,
                                                     .record = on_record,
                                                     .end = on_input_end,
                                                     .error = on_input_error};

/* Is nothing to be done between one message and the next? */
static bool takes_many(const struct settings *s)
{
    return !s->slash && !s->request_reply && !s->one_message && s->send_delay_us == 0;
}

/* --- in order --- */

/* Messages on the command line replace standard input; those of --execute precede it, but at a
 * terminal they replace it too, so that no Ctrl-D is needed. */
static bool reads_input(const struct run *run)
{
    const struct settings *s = run->settings;
    return !s->no_stdin && !run->input.ended && !(s->execute.count > 0 && isatty(STDIN_FILENO));
}

void sending_continue(struct run *run)
{
    while (may_send(run) && !run->word_is_input && run->settings->messages[run->next_word]) {
        char *word = run->settings->messages[run->next_word];
        if (settings_is_stdin(word) && !run->input.ended) {
            run->word_is_input = true;
            input_take_whole(&run->input);
            break;
        }
        run->next_word++;
        if (settings_is_stdin(word))
            continue; /* it was sent on an earlier connection */
        if (!send_word(run, word))
            return;
        if (run->settings->one_message)
            end_input(run);
    }
    if (!may_send(run))
        return;
    if (run->word_is_input || reads_input(run))
        input_start(&run->input);
    else
        end_input(run);
}

void sending_note_cut(struct run *run)
{
    run->cut =
        run->ending.state == ENDING_TALKING && reads_input(run) && input_pending(&run->input);
}

void sending_say_unsent(const struct run *run)
{
    size_t count = 0;
    while (run->settings->messages[count])
        count++;
    if (run->next_word < count)
        exit_warn("not sent: %zu of the %zu messages of the command line", count - run->next_word,
                  count);
    if (run->cut)
        exit_warn("the server closed before all of the input was sent: %" PRIu64 " messages were",
                  run->stats.sent);
}

void sending_restart(struct run *run)
{
    input_stop(&run->input);
    ws_loop_disarm(run->loop, &run->delay);
    run->delayed = run->awaits_reply = false;
    if (run->word_is_input)
        return;
    run->next_word = 0;
    /* The words are sent again, also after the end of input. */
    if (run->ending.state == ENDING_WAITING && run->settings->messages[0]) {
        run->input_ended = false;
        ending_reopen(&run->ending);
    }
}

void sending_init(struct run *run)
{
    const struct settings *s = run->settings;
    bool edit = !s->no_stdin && (s->execute.count == 0 || !isatty(STDIN_FILENO));
    run->delay.fire = on_delay;
    input_init(&run->input, run->loop, s, edit, takes_many(s) ? &many_at_a_time : &one_at_a_time,
               run);
    show_to_person(&run->show, run->input.editor);
    run->perform =
        (struct perform){.ops = &slash_ops, .context = run, .quiet = run->settings->common.quiet};
}

void sending_free(struct run *run)
{
    ws_loop_disarm(run->loop, &run->delay);
    input_free(&run->input);
}
