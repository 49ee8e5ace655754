#include "cmd/wscat/run.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wscat/input.h"
#include "cmd/wscat/output.h"
#include "cmd/wscat/show.h"
#include "cmd/wscat/stats.h"
#include "libws/proto/bytes.h"
#include "libws/tls/tls.h"
#include <ws/client.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_READ_SIZE = 64 * 1024 };

struct run {
    const struct settings *settings;
    struct ws_loop *loop;
    struct ws_conn_env env;
    struct ws_client *client; /* while connecting */
    struct ws_conn *conn;     /* from then to the end */
    struct input input;
    struct output output;
    struct show show;
    struct ws_timer quiet;    /* --wait, after the end of input */
    struct ws_timer deadline; /* --timeout */
    int64_t connected_us;
    struct stats stats;
    bool input_ended;
    bool satisfied; /* --count or --expect is met */
    bool leaving;   /* our close frame was sent */
    bool over;
    int forced; /* the exit code, if decided before the connection ended, or -1 */
    int status;
};

/* --- closing --- */

static void end(struct run *run, int status)
{
    run->status = run->forced >= 0 ? run->forced : status;
    run->over = true;
    ws_loop_stop(run->loop);
}

/* Starts the closing handshake. Messages that arrive before the server's close frame are still
 * printed. */
static void leave(struct run *run)
{
    const struct settings *s = run->settings;
    input_stop(&run->input);
    if (run->leaving || !run->conn)
        return;
    run->leaving = true;
    ws_loop_disarm(run->loop, &run->quiet);
    if (ws_conn_close(run->conn, s->close_code, s->close_reason) == WS_OK)
        show_close_sent(&run->show, s->close_code, s->close_reason);
}

static void leave_with(struct run *run, int status)
{
    run->forced = status;
    if (run->conn)
        leave(run);
    else
        end(run, status);
}

/* --- --wait --- */

static void wait_for_quiet(struct run *run)
{
    const struct settings *s = run->settings;
    if (run->leaving || !run->conn)
        return;
    if (s->exit_on_eof) {
        leave(run);
        return;
    }
    if (s->wait_us == UNITS_NEVER)
        return;
    /* The time of silence starts at the last byte in either direction, but not before everything
     * has been sent and printed. */
    int64_t now = ws_loop_now(run->loop),
            due = ws_conn_last_moved_ms(run->conn) + s->wait_us / 1000;
    if (ws_conn_queued(run->conn) > 0 || output_full(&run->output))
        due = now + (s->wait_us > 0 ? s->wait_us / 1000 : 10);
    if (due <= now)
        leave(run);
    else
        ws_loop_arm(run->loop, &run->quiet, due);
}

static void on_quiet(struct ws_timer *timer)
{
    wait_for_quiet(ws_container_of(timer, struct run, quiet));
}

/* --- sending --- */

static bool send_message(struct run *run, unsigned opcode, unsigned flags, void *data, size_t len)
{
    const struct settings *s = run->settings;
    if (s->jsonl || s->common.verbose >= 2)
        show_sent(&run->show, opcode, data, len); /* before the payload is masked in place */
    enum ws_error error = ws_conn_send(run->conn, opcode, flags, data, len);
    if (error == WS_E_CLOSING)
        return false; /* the connection has failed; the CLOSED event follows */
    if (error != WS_OK) {
        exit_warn("%s", ws_error_info(error)->explanation);
        leave_with(run, WS_EXIT_FAILURE);
        return false;
    }
    run->stats.sent++;
    run->stats.sent_bytes += len;
    return true;
}

static void on_input_end(void *context)
{
    struct run *run = context;
    run->input_ended = true;
    if (run->conn)
        wait_for_quiet(run);
}

static bool on_input(void *context, void *data, size_t len)
{
    struct run *run = context;
    /* Chunks of a byte stream may be masked in place: they are not used again, and are sent before
     * more is read. Lines are copied while masking. */
    unsigned flags =
        run->settings->input == INPUT_CHUNKS ? WS_SEND_BORROW | WS_SEND_MUTABLE : WS_SEND_COPY;
    if (!send_message(run, settings_opcode(run->settings), flags, data, len))
        return false;
    if (run->settings->one_message) {
        input_stop(&run->input);
        on_input_end(run);
        return false;
    }
    /* The send queue is full; on_drained() continues. */
    if (ws_conn_full(run->conn))
        input_stop(&run->input);
    return !ws_conn_full(run->conn);
}

static void on_input_error(void *context, const char *why)
{
    struct run *run = context;
    exit_warn("%s", why);
    leave_with(run, WS_EXIT_FAILURE);
}

static const struct input_receiver receiver = {on_input, on_input_end, on_input_error};

static void start_input(struct run *run)
{
    if (run->conn && !run->leaving && !run->input_ended && !ws_conn_full(run->conn))
        input_start(&run->input);
}

/* Reads the file of "@FILE"; false after an error message. */
static bool read_file(const char *path, size_t max, struct ws_bytes **content)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status) < 0 || S_ISDIR(status.st_mode)) {
        exit_warn("%s: %s", path, file ? strerror(EISDIR) : strerror(errno));
        if (file)
            fclose(file);
        return false;
    }
    size_t n;
    do {
        if (!ws_bytes_reserve(content, FILE_READ_SIZE))
            exit_die(WS_EXIT_FAILURE, "out of memory");
        uint8_t *end = ws_bytes_data(*content) + (*content)->len;
        n = fread(end, 1, FILE_READ_SIZE, file);
        (*content)->len += n;
    } while (n > 0 && (*content)->len <= max);
    bool too_large = (*content)->len > max, failed = ferror(file) || too_large;
    if (failed)
        exit_warn("%s: %s", path, too_large ? "larger than --max-message-size" : strerror(errno));
    fclose(file);
    return !failed;
}

/* Sends a message of the command line. */
static bool send_word(struct run *run, char *word)
{
    unsigned opcode = settings_opcode(run->settings);
    if (word[0] != '@')
        return send_message(run, opcode, WS_SEND_COPY, word, strlen(word));
    struct ws_bytes *content = NULL;
    bool sent = false;
    if (read_file(word + 1, (size_t)run->settings->max_message_size, &content))
        sent = send_message(run, opcode, WS_SEND_COPY, ws_bytes_data(content), content->len);
    else
        leave_with(run, WS_EXIT_FAILURE);
    ws_bytes_free(&content);
    return sent;
}

static void send_words(struct run *run)
{
    for (char **word = run->settings->messages; *word; word++) {
        if (!send_word(run, *word))
            return;
        if (run->settings->one_message) {
            on_input_end(run);
            return;
        }
    }
    /* Messages on the command line replace standard input; those of --execute precede it, but at a
     * terminal they replace it too, so that no Ctrl-D is needed. */
    bool executed = run->settings->execute.count > 0;
    if (run->settings->no_stdin || (executed && isatty(STDIN_FILENO)))
        on_input_end(run);
    else
        start_input(run);
}

/* --- receiving --- */

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct run *run = ws_conn_user(conn);
    run->stats.opened_us = ws_clock_us();
    const struct ws_tls *tls = ws_conn_tls(conn);
    run->stats.tls_us = tls ? ws_tls_handshake_us(tls) : -1;
    run->stats.upgrade_us =
        run->stats.opened_us - (tls ? ws_tls_established_us(tls) : run->connected_us);
    if (tls && run->settings->common.verbose > 0)
        show_tls(tls);
    run->show.tls_us = run->stats.tls_us;
    run->stats.times = run->show.times;
    run->show.upgrade_us = run->stats.upgrade_us;
    show_open(&run->show, event);
    send_words(run);
}

static bool matches(const struct settings *s, const struct ws_event *event)
{
    char *text = strndup((const char *)event->data, event->len);
    if (!text)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    bool found = regexec(&s->expect_regex, text, 0, NULL, 0) == 0;
    free(text);
    return found;
}

static void on_message(struct run *run, const struct ws_event *event)
{
    const struct settings *s = run->settings;
    if (run->satisfied)
        return;
    show_event(&run->show, event);
    run->stats.received_bytes += event->len;
    if (output_full(&run->output))
        ws_conn_pause(run->conn);
    if (event->type == WS_EVENT_CHUNK && !event->last)
        return;
    run->stats.received++;
    if (s->expect ? matches(s, event) : s->count && run->stats.received >= s->count) {
        run->satisfied = true;
        leave_with(run, WS_EXIT_OK);
    } else if (s->expect && s->count && run->stats.received >= s->count) {
        leave_with(run, WS_EXIT_ASSERTION);
    }
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct run *run = ws_conn_user(conn);
    switch (event->type) {
    case WS_EVENT_MESSAGE:
    case WS_EVENT_CHUNK:
        on_message(run, event);
        return;
    case WS_EVENT_CLOSE:
        input_stop(&run->input);
        break;
    case WS_EVENT_ERROR:
        input_stop(&run->input);
        if (ws_error_info(event->error)->category == WS_CAT_PROTOCOL)
            show_violation(event);
        else if (ws_error_info(event->error)->category == WS_CAT_UPGRADE)
            show_refusal(event);
        break;
    default:
        break;
    }
    show_event(&run->show, event);
}

static void on_drained(struct ws_conn *conn)
{
    start_input(ws_conn_user(conn));
}

static void on_relief(void *context)
{
    struct run *run = context;
    if (run->conn)
        ws_conn_resume(run->conn);
}

/* Decides the exit code of a connection that ended, and prints the error unless it was printed
 * already. */
static int exit_status(const struct run *run, const struct ws_conn *conn,
                       const struct ws_end *ended)
{
    const struct settings *s = run->settings;
    const struct ws_error_info *info = ws_error_info(ended->error);
    if (run->forced >= 0)
        return run->forced;
    if (ended->error != WS_OK) {
        if (ended->error == WS_E_TLS && ws_conn_tls(conn))
            exit_warn("TLS failed: %s", ws_tls_failure(ws_conn_tls(conn)));
        else if (info->category != WS_CAT_PROTOCOL && info->category != WS_CAT_UPGRADE)
            exit_warn("%s%s", info->explanation,
                      ended->error == WS_E_LOST || ended->error == WS_E_RESET ? " (1006)" : "");
        return exit_code_for(ended->error);
    }
    if (s->expect || s->count) {
        if (s->expect)
            exit_warn("no message matched '%s' (%" PRIu64 " received)", s->expect,
                      run->stats.received);
        else
            exit_warn("%" PRIu64 " messages received, %" PRIu64 " expected", run->stats.received,
                      s->count);
        return WS_EXIT_ASSERTION;
    }
    /* A server that only echoes our close code reports no error. */
    if (!ended->by_peer && run->leaving && ended->code == s->close_code)
        return WS_EXIT_OK;
    return exit_code_for_close(ended->code, ended->clean);
}

static void on_close(struct ws_conn *conn, const struct ws_end *ended)
{
    struct run *run = ws_conn_user(conn);
    stats_take(&run->stats, conn);
    run->conn = NULL;
    end(run, exit_status(run, conn, ended));
}

static const struct ws_handler handler = {
    .open = on_open,
    .event = on_event,
    .drained = on_drained,
    .close = on_close,
};

static void on_connected(void *user, struct ws_conn *conn)
{
    struct run *run = user;
    run->conn = conn;
    run->show.times = *ws_client_times(run->client);
    show_connected(&run->show);
    run->client = NULL;
    run->connected_us = ws_clock_us();
}

static void on_failed(void *user, enum ws_error error, const char *detail)
{
    struct run *run = user;
    run->client = NULL;
    exit_warn("%s", detail);
    end(run, exit_code_for(error));
}

/* --- time and signals --- */

static void on_deadline(struct ws_timer *timer)
{
    struct run *run = ws_container_of(timer, struct run, deadline);
    char limit[UNITS_TEXT_MAX];
    exit_warn("timeout: not done within %s (--timeout)",
              units_format_duration(run->settings->timeout_us, limit, sizeof limit));
    run->forced = WS_EXIT_TIMEOUT;
    leave(run);
    end(run, WS_EXIT_TIMEOUT);
}

static void on_signal(void *context, int signal_number)
{
    struct run *run = context;
    run->forced = signal_number == SIGINT ? WS_EXIT_SIGINT : WS_EXIT_SIGTERM;
    leave(run); /* the frame is sent at the end of this batch */
    end(run, run->forced);
}

/* --- the whole run --- */

static bool set_up(struct run *run)
{
    const struct settings *s = run->settings;
    struct ws_conn_config config;
    static const int signals[] = {SIGINT, SIGTERM};
    run->quiet.fire = on_quiet;
    run->deadline.fire = on_deadline;
    bool text = settings_opcode(s) == WS_OP_TEXT;
    size_t max = s->max_message_size ? (size_t)s->max_message_size : SIZE_MAX / 4;
    input_init(&run->input, run->loop, s->input, text, max, &receiver, run);
    output_init(&run->output, run->loop, on_relief, run);
    show_init(&run->show, s, &run->output);
    wscat_settings_conn_config(s, &config);
    if (ws_conn_env_init(&run->env, run->loop, &config, &handler, run) != WS_OK) {
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        return false;
    }
    if (s->timeout_us > 0)
        ws_loop_arm(run->loop, &run->deadline,
                    ws_loop_now(run->loop) + (s->timeout_us + 999) / 1000);

    struct ws_client_options options = {
        .env = &run->env,
        .user = run,
        .connected = on_connected,
        .failed = on_failed,
    };
    target_client(&s->target, &options);
    enum ws_error error = ws_loop_on_signals(run->loop, signals, 2, on_signal, run);
    run->client = error == WS_OK ? ws_client_connect(&options) : NULL;
    if (!run->client)
        exit_warn("%s", ws_error_info(error == WS_OK ? WS_E_NO_MEMORY : error)->explanation);
    return run->client != NULL;
}

int run(const struct settings *settings)
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
    output_finish(&run.output);

    if (run.client)
        ws_client_cancel(run.client);
    if (run.conn) {
        stats_take(&run.stats, run.conn);
        ws_conn_abort(run.conn, WS_E_SHUTDOWN);
    }
    run.status = run.over ? run.status : WS_EXIT_FAILURE;
    int status = run.status;
    input_free(&run.input);
    ws_loop_disarm(run.loop, &run.quiet);
    ws_loop_disarm(run.loop, &run.deadline);
    ws_loop_turn(run.loop, 0);
    output_free(&run.output);
    show_free(&run.show);
    ws_loop_free(run.loop);
    if (settings->stats)
        stats_print(&run.stats);
    return status;
}
