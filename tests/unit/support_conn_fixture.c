#include "tests/unit/support_conn_fixture.h"

#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

struct conn_fixture fx;

static void enter(enum where where, const struct ws_event *event)
{
    assert_int_equal(fx.inside, 0); /* never from inside one of the handler's own calls */
    fx.inside++;
    if (fx.acted)
        fx.events_after += where != AT_CLOSE;
    if (fx.act)
        fx.act(&fx, where, event);
    fx.inside--;
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    fx.requests++;
    enter(AT_REQUEST, NULL);
    if (fx.pending)
        return;
    if (request->violation != WS_OK)
        ws_conn_refuse_error(conn, request->violation);
    else
        ws_conn_accept(conn, NULL);
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    assert_ptr_equal(conn, fx.conn);
    record_event(&fx.record, event);
    enter(AT_OPEN, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    record_event(&fx.record, event);
    if (fx.echo && (event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK)) {
        enum ws_error error = ws_conn_reply(conn, event);
        assert_true(error == WS_OK || error == WS_E_CLOSING);
    }
    enter(AT_EVENT, event);
}

static void on_drained(struct ws_conn *conn)
{
    (void)conn;
    fx.record.drained++;
    enter(AT_DRAINED, NULL);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    assert_ptr_equal(conn, fx.conn);
    fx.record.ends++;
    fx.record.end = *end;
    enter(AT_CLOSE, NULL);
    fx.conn = NULL;
}

int fixture_start(void **state)
{
    (void)state;
    memset(&fx, 0, sizeof fx);
    ws_conn_config_init(&fx.config, WS_ROLE_SERVER);
    fx.handler = (struct ws_handler){.request = on_request,
                                     .open = on_open,
                                     .event = on_event,
                                     .drained = on_drained,
                                     .close = on_close};
    fx.echo = true;
    fx.far.fd = -1;
    return ws_loop_new(&fx.loop) == WS_OK ? 0 : -1;
}

void connect_pair(int fds[2])
{
    enum ws_role role = fx.config.session.role;
    assert_int_equal(ws_conn_env_init(&fx.env, fx.loop, &fx.config, &fx.handler, NULL), WS_OK);
    far_init(&fx.far, fds[1], role == WS_ROLE_SERVER ? WS_ROLE_CLIENT : WS_ROLE_SERVER);
    fx.conn = ws_conn_new(&fx.env, fds[0], NULL);
    assert_non_null(fx.conn);
}

void connect_ends(void)
{
    int fds[2];
    socket_pair(fds);
    connect_pair(fds);
}

void disconnect_pair(void)
{
    far_free(&fx.far);
    if (fx.conn) {
        fx.act = NULL;
        ws_conn_abort(fx.conn, WS_E_SHUTDOWN);
        ws_loop_turn(fx.loop, 0);
    }
    assert_null(fx.conn);
    assert_int_equal(fx.record.ends, 1);
    record_free(&fx.record);
    fx.requests = fx.acted = fx.events_after = 0;
}

int fixture_stop(void **state)
{
    (void)state;
    ws_loop_turn(fx.loop, 0);
    ws_loop_free(fx.loop);
    return 0;
}

void open_it(void)
{
    if (fx.config.session.role == WS_ROLE_CLIENT) {
        struct ws_request_options options = {.target = "/", .host = "test"};
        assert_int_equal(ws_conn_connect(fx.conn, &options), WS_OK);
    } else {
        far_connect(&fx.far);
    }
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.opens == 1 && fx.record.opens == 1);
}

void connect_and_open(void)
{
    connect_ends();
    open_it();
}

/* The closing handshake from the far end, and both ends gone. */
void close_and_disconnect(void)
{
    far_close(&fx.far, 1000);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1 && (fx.far.eof || !fx.conn));
    if (fx.far.fd >= 0)
        close(fx.far.fd);
    fx.far.fd = -1;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_OK);
    assert_true(fx.record.end.clean && fx.record.end.opened && fx.record.end.by_peer);
    assert_int_equal(fx.record.end.code, 1000);
    disconnect_pair();
}

void fixture_turn(int times)
{
    while (times-- > 0)
        ws_loop_turn(fx.loop, 0);
}
