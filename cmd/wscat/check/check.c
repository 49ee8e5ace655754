#include "cmd/wscat/check/check.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/common/options/target_hint.h"
#include "cmd/common/units.h"
#include "cmd/wscat/check/cause.h"
#include "cmd/wscat/output/failure.h"
#include <ws/client.h>
#include <ws/tls.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MS = 5000, /* for what must be answered */
    ECHO_MS = 2000,   /* for what only an echo server answers */
    LARGE = 1 << 20,
};

struct check {
    struct settings *settings;
    struct ws_loop *loop;
    struct ws_conn_env env;
    struct ws_client *client;
    struct ws_conn *conn;
    struct ws_deflate_config deflate;
    struct ws_timer limit;    /* of the present step */
    int64_t limit_ms;         /* how long that is */
    struct ws_timer deadline; /* --timeout */
    enum check_step step;
    int64_t begun_us; /* the present step */
    bool compressed;  /* the present connection is for CHECK_COMPRESSION */
    bool echoes;      /* an echo server is at the other end */
    bool closing;
    uint8_t *message; /* that an echo is awaited of */
    size_t len;
    bool other_echo;              /* one came that is not the message */
    size_t other_len, differs_at; /* its length, and how many bytes at its beginning are right */
    enum check_finding finding;   /* about the failure */
    bool failed;                  /* a step has, after which others came */
    int status;
    bool over;
};

static void begin(struct check *c, enum check_step step);

/* --- results --- */

__attribute__((format(printf, 3, 4))) static void print(const struct check *c, const char *verdict,
                                                        const char *format, ...)
{
    char detail[512], text[HEX_ESCAPE_GROWTH * sizeof detail + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    /* Some of it may come from the server. */
    hex_escape(detail, strlen(detail), 0, text, sizeof text, NULL);
    printf("%-5s %-12s %s\n", verdict, check_step_name(c->step), text);
    /* Once the reader of a pipe has left, the exit status still says what was found. */
    if (fflush(stdout) != 0 && errno != EPIPE)
        exit_stdout_failed();
}

static void finish(struct check *c, int status)
{
    if (c->over)
        return;
    c->over = true;
    c->status = status == WS_EXIT_OK && c->failed ? WS_EXIT_ASSERTION : status;
    ws_loop_stop(c->loop);
}

static void print_failure(struct check *c, unsigned status, const char *detail)
{
    print(c, "FAIL", "%s", detail);
    printf("      usual cause: %s\n", check_cause(c->step, status, c->finding));
    c->failed = true;
}

/* A step has failed, and there can be no other. */
__attribute__((format(printf, 3, 4))) static void failed(struct check *c, unsigned status,
                                                         const char *format, ...)
{
    char detail[512];
    va_list args;
    if (c->over)
        return;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    print_failure(c, status, detail);
    finish(c, WS_EXIT_ASSERTION);
}

static const char *elapsed(const struct check *c, char text[UNITS_TEXT_MAX])
{
    return units_format_duration(ws_clock_us() - c->begun_us, text, UNITS_TEXT_MAX);
}

/* --- steps --- */

static void set_limit(struct check *c, int64_t ms)
{
    c->limit_ms = ms;
    ws_loop_arm(c->loop, &c->limit, ws_loop_now(c->loop) + ms);
}

/* The step has passed: to the next. */
static void next(struct check *c)
{
    ws_loop_disarm(c->loop, &c->limit);
    free(c->message);
    c->message = NULL;
    c->other_echo = false;
    if (c->step + 1 == CHECK_STEPS)
        finish(c, WS_EXIT_OK);
    else
        begin(c, c->step + 1);
}

/* Each step's is another, so that a late echo is not taken for that of the next step. */
static bool make_message(struct check *c, size_t len)
{
    char text[64];
    int size =
        snprintf(text, sizeof text, "%s: wscat checks this endpoint. ", check_step_name(c->step));
    c->message = malloc(len);
    c->len = len;
    for (size_t i = 0; c->message && i < len; i++)
        c->message[i] = (uint8_t)text[i % (size_t)size];
    if (!c->message)
        finish(c, WS_EXIT_FAILURE);
    return c->message != NULL;
}

/* A step's ping says which it is of: only its own pong answers it (5.5.3). */
static void send_ping(struct check *c)
{
    const char *name = check_step_name(c->step);
    ws_conn_ping(c->conn, name, strlen(name));
}

static bool is_its_pong(const struct check *c, const struct ws_event *event)
{
    const char *name = check_step_name(c->step);
    return event->len == strlen(name) && memcmp(event->data, name, event->len) == 0;
}

/* Sends the message, and a ping after it: an echo is awaited, or else that the connection lives. */
static void send_message(struct check *c, size_t len, size_t fragment)
{
    if (!make_message(c, len))
        return;
    size_t at = 0;
    for (; fragment && len - at > fragment; at += fragment)
        ws_conn_send(c->conn, WS_OP_TEXT, WS_SEND_COPY | WS_SEND_MORE, c->message + at, fragment);
    ws_conn_send(c->conn, WS_OP_TEXT, WS_SEND_COPY, c->message + at, len - at);
    if (!c->echoes && c->step != CHECK_ECHO)
        send_ping(c);
}

static void check_subprotocol(struct check *c, const struct ws_response *response)
{
    c->step = CHECK_SUBPROTOCOL;
    if (!c->settings->target.offered)
        print(c, "-", "none was offered (--subprotocol)");
    else if (response->subprotocol.len == 0)
        print_failure(c, 0, "the server chose none of those offered");
    else
        print(c, "ok", "%.*s", (int)response->subprotocol.len, response->subprotocol.p);
    next(c); /* the connection is fit for the other steps in any case */
}

static bool connect_now(struct check *c);

static void begin(struct check *c, enum check_step step)
{
    c->step = step;
    c->begun_us = ws_clock_us();
    set_limit(c, ANSWER_MS);
    switch (step) {
    case CHECK_ECHO:
        set_limit(c, ECHO_MS);
        send_message(c, 40, 0);
        break;
    case CHECK_PING:
        send_ping(c);
        break;
    case CHECK_FRAGMENTS:
        send_message(c, 60, 20);
        break;
    case CHECK_LARGE:
        send_message(c, LARGE, 0);
        break;
    case CHECK_IDLE:
        set_limit(c, units_milliseconds(c->settings->check_idle_us));
        break;
    case CHECK_CLOSE:
        c->closing = true;
        ws_conn_close(c->conn, WS_CLOSE_NORMAL, NULL);
        break;
    case CHECK_COMPRESSION:
        c->compressed = true;
        set_limit(c, 2 * ANSWER_MS);
        if (!connect_now(c))
            finish(c, WS_EXIT_FAILURE);
        break;
    default:
        break;
    }
}

/* --- what happens --- */

enum { ALIKE = 8 }; /* bytes at the beginning, that are no chance */

static void wrong_echo(struct check *c)
{
    c->finding = CHECK_FOUND_OTHER_ECHO;
    if (c->other_len != c->len)
        failed(c, 0, "the echo has %zu bytes, not %zu", c->other_len, c->len);
    else
        failed(c, 0, "the echo differs at byte %zu of %zu", c->differs_at + 1, c->len);
}

static void on_limit(struct ws_timer *timer)
{
    struct check *c = ws_container_of(timer, struct check, limit);
    char limit[UNITS_TEXT_MAX];
    units_format_duration(c->limit_ms * 1000, limit, sizeof limit);
    if (c->step == CHECK_ECHO && !(c->other_echo && c->differs_at >= ALIKE)) {
        print(c, "-", "no echo within %s: what is sent is not compared", limit);
        next(c);
    } else if (c->step == CHECK_IDLE && !c->closing) {
        /* The silence is over: is the connection still there? */
        c->closing = true;
        send_ping(c);
        set_limit(c, ANSWER_MS);
    } else if (c->other_echo) {
        wrong_echo(c);
    } else {
        failed(c, 0, "no answer within %s", limit);
    }
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct check *c = ws_conn_user(conn);
    char text[UNITS_TEXT_MAX], tls[128] = "";
    if (c->compressed) {
        if (event->response->extensions.len == 0) {
            print(c, "-", "declined");
            finish(c, WS_EXIT_OK);
        } else {
            send_message(c, 4096, 0);
        }
        return;
    }
    if (ws_conn_tls(conn))
        snprintf(tls, sizeof tls, ", %s", ws_tls_version(ws_conn_tls(conn)));
    print(c, "ok", "101 after %s%s", elapsed(c, text), tls);
    check_subprotocol(c, event->response);
}

static bool is_echo(const struct check *c, const struct ws_event *event)
{
    return event->type == WS_EVENT_MESSAGE && c->message && event->len == c->len &&
           memcmp(event->data, c->message, c->len) == 0;
}

/* Of the messages that came instead of the echo it keeps the one that is most like it. Those that
 * have neither its length nor its beginning are others that the server sends. */
static void note_other(struct check *c, const struct ws_event *event)
{
    size_t same = 0, shorter = event->len < c->len ? event->len : c->len;
    while (same < shorter && event->data[same] == c->message[same])
        same++;
    if (event->len != c->len && same < ALIKE && same < shorter)
        return;
    if (c->other_echo && same <= c->differs_at)
        return;
    c->other_echo = true;
    c->other_len = event->len;
    c->differs_at = same;
}

static void on_pong(struct check *c)
{
    char text[UNITS_TEXT_MAX];
    bool alive = c->step == CHECK_FRAGMENTS || c->step == CHECK_LARGE;
    if (c->step == CHECK_PING || (c->step == CHECK_IDLE && c->closing)) {
        print(c, "ok", "answered after %s", elapsed(c, text));
        c->closing = false;
        next(c);
    } else if (alive && !c->echoes) {
        print(c, "ok", "accepted");
        next(c);
    } else if (c->step == CHECK_COMPRESSION && !c->echoes) {
        print(c, "ok", "permessage-deflate");
        finish(c, WS_EXIT_OK);
    }
}

static void refused(struct check *c, const struct ws_response *response)
{
    const struct ws_http_head *head = response->head;
    struct ws_str to = {"", 0};
    int location = ws_http_find(head, response->buffer, "Location", 0);
    if (location >= 0)
        to = ws_http_value(head, response->buffer, (size_t)location);
    failed(c, response->status, "the server answers %u instead of 101%s%.*s", response->status,
           to.len ? ", and points to " : "", (int)to.len, to.p);
}

static void tls_failed(struct check *c, const struct ws_conn *conn)
{
    char text[FAILURE_TEXT_MAX];
    c->step = CHECK_TLS;
    if (ws_conn_tls(conn) && ws_tls_rejection(ws_conn_tls(conn)) == WS_TLS_REJECTED_OURS)
        c->finding = CHECK_FOUND_CERTIFICATE;
    failed(c, 0, "%s", failure_text(c->settings, conn, WS_E_TLS, text));
}

static void on_error(struct check *c, const struct ws_conn *conn, const struct ws_event *event)
{
    char answer[TARGET_ANSWER_MAX];
    const struct ws_response *response = event->response;
    struct ws_str detail = {"", 0};
    if (event->error == WS_E_TLS) {
        tls_failed(c, conn);
        return;
    }
    if (response && response->cause)
        detail = (struct ws_str){response->cause, strlen(response->cause)};
    if (ws_error_info(event->error)->category == WS_CAT_PROTOCOL) {
        c->finding = CHECK_FOUND_VIOLATION;
    } else if (event->error == WS_E_SUBPROTOCOL_UNSOLICITED) {
        c->step = CHECK_SUBPROTOCOL;
        c->finding = CHECK_FOUND_SUBPROTOCOL;
        if (response)
            detail = response->subprotocol;
    } else if (event->error == WS_E_EXTENSION_UNSOLICITED) {
        c->finding = CHECK_FOUND_EXTENSION;
        if (response)
            detail = response->extensions;
    }
    failed(c, 0, "%s%s%.*s", target_hint_answer(event, answer), detail.len ? ": " : "",
           (int)detail.len, detail.len ? detail.p : "");
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct check *c = ws_conn_user(conn);
    char text[UNITS_TEXT_MAX];
    if (is_echo(c, event)) {
        c->echoes = true;
        print(c, "ok", "%sechoed after %s%s",
              c->step == CHECK_COMPRESSION ? "permessage-deflate, " : "", elapsed(c, text),
              event->opcode == WS_OP_TEXT ? "" : ", as a binary message: text was sent");
        next(c);
    } else if (event->type == WS_EVENT_MESSAGE && c->message &&
               (c->echoes || c->step == CHECK_ECHO)) {
        note_other(c, event);
    } else if (event->type == WS_EVENT_PONG && is_its_pong(c, event)) {
        on_pong(c);
    } else if (event->type == WS_EVENT_ERROR && event->response && event->error == WS_E_STATUS) {
        refused(c, event->response);
    } else if (event->type == WS_EVENT_ERROR) {
        on_error(c, conn, event);
    }
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct check *c = ws_conn_user(conn);
    char text[UNITS_TEXT_MAX], why[FAILURE_TEXT_MAX];
    c->conn = NULL;
    if (c->over)
        return;
    if (c->step == CHECK_CLOSE && end->clean) {
        print(c, "ok", "answered with %u after %s", end->code, elapsed(c, text));
        next(c);
    } else if (end->error != WS_OK) {
        failed(c, 0, "%s, after %s", failure_text(c->settings, conn, end->error, why),
               elapsed(c, text));
    } else {
        failed(c, 0, "closed by the server with %u after %s", end->code, elapsed(c, text));
    }
}

static const struct ws_handler handler = {.open = on_open, .event = on_event, .close = on_close};

/* --- connecting --- */

static void on_connected(void *user, struct ws_conn *conn)
{
    struct check *c = user;
    char resolve[UNITS_TEXT_MAX], connect[UNITS_TEXT_MAX];
    const struct ws_client_times *times = ws_client_times(c->client);
    c->conn = conn;
    if (!c->compressed) {
        print(c, "ok", "name %s, connection %s",
              units_format_duration(times->resolve_us, resolve, sizeof resolve),
              units_format_duration(times->connect_us, connect, sizeof connect));
        c->step = CHECK_UPGRADE;
        c->begun_us = ws_clock_us();
    }
    c->client = NULL;
}

static void on_failed(void *user, enum ws_error error, const char *detail)
{
    struct check *c = user;
    char text[FAILURE_TEXT_MAX];
    c->client = NULL;
    if (c->compressed)
        c->finding = CHECK_FOUND_UNREACHABLE;
    failed(c, 0, "%s", failure_to_connect(c->settings, error, detail, text));
}

static bool connect_now(struct check *c)
{
    struct ws_conn_config config;
    wscat_settings_conn_config(c->settings, &config);
    config.session.frames = config.session.chunks = false;
    config.idle_ms = 0;
    config.heartbeat.interval_ms = 0;
    ws_deflate_config_init(&c->deflate);
    c->deflate.threshold = 0;
    config.session.deflate = c->compressed ? &c->deflate : NULL;
    if (ws_conn_env_init(&c->env, c->loop, &config, &handler, c) != WS_OK)
        return false;
    struct ws_client_options options = {
        .env = &c->env, .user = c, .connected = on_connected, .failed = on_failed};
    target_client(&c->settings->target, &options);
    c->client = ws_client_connect(&options);
    return c->client != NULL;
}

/* --- the whole check --- */

static void on_deadline(struct ws_timer *timer)
{
    struct check *c = ws_container_of(timer, struct check, deadline);
    char where[64];
    snprintf(where, sizeof where, ", in step %s", check_step_name(c->step));
    failure_say_timeout(c->settings, where);
    finish(c, WS_EXIT_TIMEOUT);
}

static void on_signal(void *context, int signal_number)
{
    finish(context, 128 + signal_number);
}

static bool set_up(struct check *c)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    c->limit.fire = on_limit;
    c->deadline.fire = on_deadline;
    if (c->settings->timeout_us > 0)
        ws_loop_arm(c->loop, &c->deadline,
                    ws_loop_now(c->loop) + units_milliseconds(c->settings->timeout_us));
    c->begun_us = ws_clock_us();
    return ws_loop_on_signals(c->loop, signals, 3, on_signal, c) == WS_OK && connect_now(c);
}

int check_run(struct settings *settings)
{
    struct check c = {.settings = settings, .status = WS_EXIT_FAILURE};
    exit_ignore_sigpipe();
    if (ws_loop_new(&c.loop) != WS_OK) {
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        return WS_EXIT_FAILURE;
    }
    if (set_up(&c))
        ws_loop_run(c.loop);
    else
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
    c.over = true;
    ws_loop_disarm(c.loop, &c.limit);
    ws_loop_disarm(c.loop, &c.deadline);
    if (c.client)
        ws_client_cancel(c.client);
    if (c.conn)
        ws_conn_close(c.conn, WS_CLOSE_NORMAL, NULL);
    ws_loop_turn(c.loop, 0);
    if (c.conn)
        ws_conn_abort(c.conn, WS_E_SHUTDOWN);
    ws_loop_turn(c.loop, 0);
    free(c.message);
    ws_loop_free(c.loop);
    return exit_flush_stdout(c.status);
}
