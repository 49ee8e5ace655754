#include "cmd/common/exit.h"
#include "cmd/common/file.h"
#include "cmd/common/record_read.h"
#include "cmd/common/units.h"
#include "cmd/wscat/output/show_http.h"
#include "cmd/wscat/people/slash.h"
#include "cmd/wscat/run/run_private.h"
#include "libws/proto/bytes.h"
#include <ws/utf8.h>

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

bool sending_message(struct run *run, unsigned opcode, unsigned flags, void *data, size_t len)
{
    enum ws_error error = ws_conn_send(run->conn, opcode, flags, data, len);
    if (error == WS_E_CLOSING)
        return false; /* the connection has failed; the CLOSED event follows */
    if (error != WS_OK) {
        exit_warn("%s", ws_error_info(error)->explanation);
        run_next_with(run, ENDING_ENOUGH, WS_EXIT_FAILURE);
        return false;
    }
    run->in_message = flags & WS_SEND_MORE;
    run->stats.sent_bytes += len;
    if (run->in_message)
        return true;
    run->stats.sent++;
    begin_waiting(run);
    return true;
}

/* --- words of the command line --- */

static size_t largest(const struct run *run)
{
    uint64_t max = run->settings->max_message_size;
    return max && max < SIZE_MAX / 4 ? (size_t)max : SIZE_MAX / 4;
}

/* Sends `len` bytes of a word or of the file that it names. */
static bool send_checked(struct run *run, const char *name, void *data, size_t len)
{
    unsigned opcode = settings_opcode(run->settings);
    if (opcode == WS_OP_TEXT && !ws_utf8_valid(data, len)) {
        exit_warn("%s is not UTF-8; --binary sends bytes", name);
        run_next_with(run, ENDING_ENOUGH, WS_EXIT_FAILURE);
        return false;
    }
    return sending_message(run, opcode, WS_SEND_COPY, data, len);
}

static bool send_file(struct run *run, const char *path)
{
    struct ws_bytes *content = NULL;
    bool read = file_read(path, largest(run), &content), sent = false;
    if (read)
        sent = send_checked(run, path, ws_bytes_data(content), content->len);
    else
        run_next_with(run, ENDING_ENOUGH, WS_EXIT_FAILURE);
    ws_bytes_free(&content);
    return sent;
}

/* Sends a message of the command line: "@FILE", "@@text" for "@text", or the word itself. */
static bool send_word(struct run *run, char *word)
{
    if (word[0] == '@' && word[1] != '@')
        return send_file(run, word + 1);
    if (word[0] == '@')
        word++;
    return send_checked(run, "a word of the command line", word, strlen(word));
}

/* --- commands --- */

static bool slash_send(void *context, unsigned opcode, unsigned flags, void *data, size_t len)
{
    return sending_message(context, opcode, flags, data, len);
}

static void slash_ping(void *context, const void *data, size_t len)
{
    struct run *run = context;
    if (ws_conn_ping(run->conn, data, len) == WS_E_CONTROL_TOO_LONG)
        exit_warn("the payload of a ping is at most 125 bytes");
}

static void slash_pong(void *context, const void *data, size_t len)
{
    struct run *run = context;
    if (ws_conn_pong(run->conn, data, len) == WS_E_CONTROL_TOO_LONG)
        exit_warn("the payload of a pong is at most 125 bytes");
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

static const struct slash_ops slash_ops = {slash_send, slash_ping,    slash_pong, slash_close,
                                           slash_raw,  slash_headers, slash_stats};

/* True if the line was a command, and not to be sent. "//x" becomes "/x". */
static bool take_command(struct run *run, char **line, size_t *len)
{
    if (!run->settings->slash)
        return false;
    if (slash_is_command(*line, *len)) {
        slash_run(&slash_ops, run, *line, *len, largest(run));
        return true;
    }
    if (*len > 1 && (*line)[0] == '/') {
        ++*line;
        --*len;
    }
    return false;
}

/* --- standard input --- */

static void on_input(void *context, void *data, size_t len, bool more)
{
    struct run *run = context;
    enum input_form form = run->input.split.form;
    char *line = data;
    if (form == INPUT_LINES && !more && !run->in_message && take_command(run, &line, &len)) {
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

/* A record of --input=jsonl. What was not sent then, such as the opening, is skipped. */
static const char *on_record(void *context, const void *line, size_t len)
{
    struct run *run = context;
    struct record_in record;
    const char *problem = record_read(&record, line, len);
    if (!problem) {
        switch (record.type) {
        case RECORD_TEXT:
        case RECORD_BINARY:
            sending_message(run, record.type == RECORD_TEXT ? WS_OP_TEXT : WS_OP_BINARY,
                            WS_SEND_COPY, (void *)(uintptr_t)record.data, record.len);
            break;
        case RECORD_PING:
        case RECORD_PONG:
            if (record.len > WS_CONTROL_PAYLOAD_MAX)
                problem = "the payload of a ping or pong is at most 125 bytes";
            else if (record.type == RECORD_PING)
                ws_conn_ping(run->conn, record.data, record.len);
            else
                ws_conn_pong(run->conn, record.data, record.len);
            break;
        case RECORD_CLOSE:
            run->close_code = record.code ? record.code : WS_CLOSE_NO_CODE;
            snprintf(run->close_reason, sizeof run->close_reason, "%s",
                     record.reason ? record.reason : "");
            run_next(run, ENDING_ENOUGH);
            break;
        case RECORD_OPEN:
        case RECORD_ERROR:
            break;
        }
    }
    record_in_free(&record);
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

static const struct input_receiver receiver = {on_input, on_record, on_input_end, on_input_error};

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
        if (strcmp(word, "@-") == 0 && !run->input.ended) {
            run->word_is_input = true;
            input_take_whole(&run->input);
            break;
        }
        run->next_word++;
        if (strcmp(word, "@-") == 0)
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
    const struct input_options options = {
        .form = s->input,
        .text = settings_opcode(s) == WS_OP_TEXT,
        .keep_end = s->keep_newline,
        .chunk = (size_t)s->chunk,
        .max = largest(run),
        .edit = !s->no_stdin && (s->execute.count == 0 || !isatty(STDIN_FILENO)),
        .slash = s->slash,
        .history = s->history && strcmp(s->history, "none") != 0 ? s->history : NULL,
    };
    run->delay.fire = on_delay;
    input_init(&run->input, run->loop, &options, &receiver, run);
    show_to_person(&run->show, run->input.editor);
}

void sending_free(struct run *run)
{
    ws_loop_disarm(run->loop, &run->delay);
    input_free(&run->input);
}
