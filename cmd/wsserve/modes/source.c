#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/server/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 }; /* messages in a row: other connections shall have their turn too */

/* Of one connection. */
struct source {
    struct ws_conn *conn;
    struct ws_timer timer;
    int64_t begun_us;
    uint64_t sent;
};

static const struct settings_operate *settings_of(const struct ws_conn *conn)
{
    return &server_of(conn)->settings->operate;
}

static bool wanted(const struct settings *settings)
{
    return settings->operate.source_size > 0;
}

/* The number of the message, as far as there is room for it, and printable bytes behind it. */
static enum ws_error send_one(struct source *source, size_t size)
{
    struct worker *worker = worker_of(source->conn);
    char digits[32];
    if (!worker->source_message) {
        worker->source_message = malloc(size);
        if (!worker->source_message)
            return WS_E_NO_MEMORY;
        for (size_t i = 0; i < size; i++)
            worker->source_message[i] = (char)('!' + i % 94);
    }
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64 " ", source->sent);
    memcpy(worker->source_message, digits, len < size ? len : size);
    return ws_conn_send(source->conn, WS_OP_TEXT, WS_SEND_COPY, worker->source_message, size);
}

/* How many should have been sent by now. */
static uint64_t due(const struct source *source, uint64_t rate)
{
    if (rate == 0)
        return UINT64_MAX;
    uint64_t us = (uint64_t)(ws_clock_us() - source->begun_us);
    return us / 1000000 * rate + us % 1000000 * rate / 1000000 + 1;
}

/* What is due and has room. To a client that was slow what it missed comes later. */
static void send_due(struct source *source)
{
    const struct settings_operate *settings = settings_of(source->conn);
    uint64_t rate = settings->source_rate, until = due(source, rate);
    struct ws_loop *loop = ws_conn_env(source->conn)->loop;
    if (ws_conn_full(source->conn))
        return; /* on_drained() goes on */
    for (int i = 0; i < BATCH && source->sent < until; i++) {
        enum ws_error error = send_one(source, (size_t)settings->source_size);
        if (error == WS_E_CLOSING)
            return;
        if (error != WS_OK) {
            ws_conn_abort(source->conn, error);
            return;
        }
        source->sent++;
        if (ws_conn_queued(source->conn) > ws_conn_env(source->conn)->config->high_water)
            break;
    }
    if (source->sent < until) {
        ws_loop_arm(loop, &source->timer, ws_loop_now(loop));
        return;
    }
    int64_t next_us = source->begun_us + (int64_t)(source->sent * 1000000 / rate);
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
    source->begun_us = ws_clock_us();
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

static void stop(struct serve *serve)
{
    for (unsigned i = 0; i < serve->worker_count; i++)
        free(serve->workers[i].source_message);
}

const struct mode mode_source = {
    .name = "source",
    .wanted = wanted,
    .handler = {.open = on_open, .drained = on_drained, .close = on_close},
    .chunks = true,
    .stop = stop,
};
