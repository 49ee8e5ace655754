#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 512 }; /* messages in a row, so that other connections are served too */

/* Of one connection. */
struct source {
    struct ws_conn *conn;
    struct ws_timer timer;
    int64_t started_us;
    uint64_t sent;
};

static const struct settings_operate *settings_of(const struct ws_conn *conn)
{
    return &server_of(conn)->settings->operate;
}

/* The message's number, cut to `size`, and printable bytes after it. */
static enum ws_error send_one(struct source *source, size_t size)
{
    struct worker *worker = worker_of(source->conn);
    char digits[32], *message = worker->mode_data;
    if (!message) {
        message = worker->mode_data = malloc(size);
        if (!message)
            return WS_E_NO_MEMORY;
        for (size_t i = 0; i < size; i++)
            message[i] = (char)('!' + i % 94);
    }
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64 " ", source->sent);
    memcpy(message, digits, len < size ? len : size);
    return ws_conn_send(source->conn, WS_OP_TEXT, WS_SEND_COPY, message, size);
}

/* The number of messages that should have been sent by now. */
static uint64_t due(const struct source *source, uint64_t rate)
{
    if (rate == 0)
        return UINT64_MAX;
    uint64_t us = (uint64_t)(ws_clock_us() - source->started_us);
    return us / 1000000 * rate + us % 1000000 * rate / 1000000 + 1;
}

/* Sends what is due and fits; a slow client gets the rest later. */
static void send_due(struct source *source)
{
    const struct settings_operate *settings = settings_of(source->conn);
    uint64_t rate = settings->source_rate, until = due(source, rate);
    struct ws_loop *loop = ws_conn_env(source->conn)->loop;
    if (ws_conn_full(source->conn))
        return; /* on_drained() continues */
    for (int i = 0; i < BATCH && source->sent < until; i++) {
        enum ws_error error = send_one(source, (size_t)settings->source_size);
        if (error == WS_E_CLOSING)
            return;
        if (error != WS_OK) {
            ws_conn_abort(source->conn, error);
            return;
        }
        source->sent++;
        if (ws_conn_queued(source->conn) > ws_conn_env(source->conn)->config.high_water)
            break;
    }
    if (source->sent < until) {
        ws_loop_arm_next(loop, &source->timer);
        return;
    }
    int64_t next_us = source->started_us + (int64_t)(source->sent * 1000000 / rate);
    int64_t wait_ms = (next_us - ws_clock_us() + 999) / 1000;
    ws_loop_arm(loop, &source->timer, ws_loop_now(loop) + (wait_ms > 1 ? wait_ms : 1));
}

static void on_timer(struct ws_timer *timer)
{
    send_due(ws_container_of(timer, struct source, timer));
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct source *source = calloc(1, sizeof *source);
    (void)event;
    if (!source) {
        ws_conn_fail(conn, WS_E_NO_MEMORY);
        return;
    }
    source->conn = conn;
    source->timer.fire = on_timer;
    source->started_us = ws_clock_us();
    ws_conn_set_user(conn, source);
    send_due(source);
}

static void on_drained(struct ws_conn *conn)
{
    if (ws_conn_user(conn))
        send_due(ws_conn_user(conn));
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct source *source = ws_conn_user(conn);
    (void)end;
    if (!source)
        return;
    ws_loop_disarm(ws_conn_env(conn)->loop, &source->timer);
    ws_conn_set_user(conn, NULL);
    free(source);
}

static void stop(struct server *server)
{
    for (unsigned i = 0; i < server->worker_count; i++)
        free(server->workers[i].mode_data);
}

const struct mode mode_source = {
    .handler = {.open = on_open, .drained = on_drained, .close = on_close},
    .chunks = true,
    .stop = stop,
};
