#include "tests/unit/support_server_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

struct server_fixture server_fx;

void server_echo(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type == WS_EVENT_MESSAGE)
        ws_conn_reply(conn, event);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    if (conn == fx.newest)
        fx.newest = NULL;
    fx.ends++; /* not looked at with several loops */
    fx.last_end = end->error;
}

const struct ws_handler server_fixture_handler = {.event = server_echo, .close = on_close};

void server_accepted(void *user, struct ws_conn *conn)
{
    assert_ptr_equal(user, &fx.accepted);
    fx.accepted++;
    fx.newest = conn;
    assert_int_equal(ws_conn_id(conn), fx.accepted);
}

static void on_warning(void *user, const char *message)
{
    (void)user;
    fx.warnings++;
    snprintf(fx.warning, sizeof fx.warning, "%s", message);
}

void server_done(void *user)
{
    assert_ptr_equal(user, &fx.accepted);
    fx.dones++;
}

void make_server(size_t max_connections)
{
    struct ws_server_options options = {
        .config = &fx.config,
        .handler = &server_fixture_handler,
        .user = &fx.accepted,
        .limits = {.max_connections = max_connections},
        .accepted = server_accepted,
        .warn = on_warning,
    };
    fx.server = ws_server_new(fx.loop, &options);
    assert_non_null(fx.server);
}

int server_fixture_start(void **state)
{
    (void)state;
    fx.descriptors = open_descriptors();
    strcpy(fx.directory, "/tmp/test_server.XXXXXX");
    fx.accepted = fx.warnings = fx.dones = fx.ends = 0;
    fx.last_end = WS_OK;
    if (!mkdtemp(fx.directory) || ws_loop_new(&fx.loop) != WS_OK)
        return -1;
    ws_conn_config_init(&fx.config, WS_ROLE_SERVER);
    make_server(0);
    return 0;
}

int server_fixture_stop(void **state)
{
    (void)state;
    ws_server_free(fx.server);
    ws_loop_turn(fx.loop, 0);
    ws_loop_free(fx.loop);
    assert_int_equal(rmdir(fx.directory), 0); /* no socket is left in it */
    assert_int_equal(open_descriptors(), fx.descriptors);
    return 0;
}

bool listen_on(const char *where)
{
    fx.error_text[0] = '\0';
    return ws_server_listen(fx.server, where, fx.error_text, sizeof fx.error_text);
}

void must_listen(const char *where)
{
    if (!listen_on(where))
        fail_msg("%s", fx.error_text);
}

void must_not_listen(const char *where, const char *text)
{
    if (listen_on(where))
        fail_msg("%s: that should not work", where);
    size_t len = strlen(where);
    if (len >= sizeof fx.error_text)
        len = sizeof fx.error_text - 1; /* it is cut */
    if (strncmp(fx.error_text, where, len) != 0 || !strstr(fx.error_text, text))
        fail_msg("'%s' says not '%s'", fx.error_text, text);
}

const char *in_directory(const char *name)
{
    static char where[200];
    snprintf(where, sizeof where, "unix:%s/%s", fx.directory, name);
    return where;
}

unsigned port(size_t index)
{
    const char *url = ws_server_url(fx.server, index);
    assert_non_null(url);
    return (unsigned)atoi(strrchr(url, ':') + 1);
}

int call(unsigned number)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)},
                                  .sin_port = htons((uint16_t)number)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

int call_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)(void *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

void dial(struct peer *end, size_t index)
{
    int fd = call(port(index));
    assert_true(fd >= 0);
    far_init(end, fd, WS_ROLE_CLIENT);
    far_connect(end);
}

void echo_over(struct peer *end)
{
    PUMP_UNTIL(fx.loop, end, end->record.opens == 1);
    unsigned before = end->record.messages;
    far_send(end, WS_OP_TEXT, 0, "hello", 5);
    PUMP_UNTIL(fx.loop, end, end->record.messages == before + 1);
}
