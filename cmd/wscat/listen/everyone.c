#include "cmd/common/exit.h"
#include "cmd/wscat/listen/listen_private.h"

#include <inttypes.h>

struct message {
    struct listener *listener;
    unsigned opcode, flags;
    const void *data;
    size_t len;
};

static void send_to(struct ws_conn *conn, void *context)
{
    const struct message *m = context;
    if (!ws_conn_upgraded(conn))
        return;
    ws_conn_send(conn, m->opcode, WS_SEND_COPY | m->flags, (void *)(uintptr_t)m->data, m->len);
    /* A slow client slows down the input; see on_drained(). */
    if (ws_conn_full(conn))
        input_stop(&m->listener->input);
}

static bool send_all(void *context, unsigned opcode, unsigned flags, void *data, size_t len)
{
    struct listener *l = context;
    struct message message = {l, opcode, flags & WS_SEND_MORE, data, len};
    l->moved_ms = ws_loop_now(l->loop);
    ws_registry_each(l->env->registry, send_to, &message);
    return true;
}

static void control_one(struct ws_conn *conn, void *context)
{
    const struct message *m = context;
    if (m->opcode == WS_OP_PING)
        ws_conn_ping(conn, m->data, m->len);
    else
        ws_conn_pong(conn, m->data, m->len);
}

static void control_all(void *context, unsigned opcode, const void *data, size_t len)
{
    struct listener *l = context;
    struct message message = {l, opcode, 0, data, len};
    ws_registry_each(l->env->registry, control_one, &message);
}

struct closing {
    unsigned code;
    const char *reason;
};

static void close_one(struct ws_conn *conn, void *context)
{
    const struct closing *closing = context;
    struct sent *sent = ws_conn_user(conn);
    if (ws_conn_close(conn, closing->code, closing->reason) == WS_OK && sent)
        sent->closing = closing->code;
}

static void close_all(void *context, unsigned code, const char *reason)
{
    struct listener *l = context;
    struct closing closing = {code, reason};
    ws_registry_each(l->env->registry, close_one, &closing);
}

static void raw_one(struct ws_conn *conn, void *context)
{
    const struct message *m = context;
    ws_conn_send_raw(conn, NULL, m->data, m->len);
}

static void raw_all(void *context, const void *data, size_t len)
{
    struct listener *l = context;
    struct message message = {l, 0, 0, data, len};
    ws_registry_each(l->env->registry, raw_one, &message);
}

static void print_headers(void *context)
{
    (void)context;
    exit_warn("in listen mode there is no response; -v shows the requests");
}

static void print_stats(void *context)
{
    struct listener *l = context;
    exit_warn("%" PRIu64 " client%s connected, %" PRIu64 " message%s received", l->clients,
              l->clients == 1 ? "" : "s", l->received, l->received == 1 ? "" : "s");
}

const struct slash_ops everyone_ops = {send_all, control_all,   close_all,
                                       raw_all,  print_headers, print_stats};
