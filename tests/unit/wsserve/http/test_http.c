/* entry, http, gather and admin together: requests to a server in this process, and their answers.
 */
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/http/admin.h"
#include "cmd/wsserve/server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* Turns the loop until it is so, 10 seconds at most. (support_net.h has another struct record.) */
#define TURN_UNTIL(loop, condition)                                                                \
    for (int64_t until_ = ws_clock_us() + 10000000; !(condition); ws_loop_turn(loop, 5))           \
    assert_true(ws_clock_us() < until_)

static struct serve serve_state;
static struct settings settings;
static struct mode mode;
static char answer[65536];

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    enum entry_verdict verdict = entry_judge(conn, request);
    if (verdict == ENTRY_PLAIN)
        http_answer(conn, request);
    else if (verdict == ENTRY_UPGRADE)
        assert_int_equal(entry_accept(conn, request), WS_OK);
}

static const struct ws_handler handler = {.request = on_request};

static void *join(void *user, unsigned index, struct ws_conn_env *env)
{
    (void)user;
    serve_state.workers[index] = (struct worker){.serve = &serve_state, .env = env, .index = index};
    serve_state.worker_count++;
    return &serve_state.workers[index];
}

/* With what stands in `settings.http`; everything else is as small as can be. */
static void begin(void)
{
    char error[256];
    struct ws_conn_config config;
    serve_state = (struct serve){.settings = &settings, .mode = &mode};
    serve_state.log = (struct log){.fd = -1, .least = WS_LOG_ERROR};
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    assert_int_equal(ws_loop_init(&serve_state.loop), WS_OK);
    struct ws_server_options options = {
        .config = &config, .handler = &handler, .user = &serve_state, .env_user = join};
    assert_true(entry_start(&serve_state, error, sizeof error));
    assert_true(http_init(&serve_state.http, &settings.http, error, sizeof error));
    serve_state.server = ws_server_new(&serve_state.loop, &options);
    assert_non_null(serve_state.server);
    assert_true(ws_server_listen(serve_state.server, "127.0.0.1:0", error, sizeof error));
    assert_true(admin_start(&serve_state));
}

static int end(void **state)
{
    (void)state;
    ws_server_free(serve_state.server);
    admin_stop(&serve_state);
    ws_loop_free(&serve_state.loop);
    http_free(&serve_state.http);
    entry_rules_free(serve_state.access_control);
    settings = (struct settings){.port = 0};
    mode = (struct mode){.name = NULL};
    return 0;
}

/* Asks `server`; true once the answer is whole: at the end of the stream, or of a 101. */
static bool receive(int fd, size_t *len)
{
    ssize_t more = recv(fd, answer + *len, sizeof answer - 1 - *len, MSG_DONTWAIT);
    if (more < 0)
        return errno != EAGAIN;
    *len += (size_t)more;
    answer[*len] = '\0';
    return more == 0 || (strncmp(answer, "HTTP/1.1 101", 12) == 0 && strstr(answer, "\r\n\r\n"));
}

static int ask(struct ws_server *server, const char *request)
{
    const char *url = ws_server_url(server, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len = 0;
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    TURN_UNTIL(&serve_state.loop, receive(fd, &len));
    close(fd);
    assert_memory_equal(answer, "HTTP/1.1 ", 9);
    return atoi(answer + 9);
}

static int get(const char *path)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    return ask(serve_state.server, request);
}

#define UPGRADE                                                                                    \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static bool says(const char *text)
{
    return strstr(answer, text) != NULL;
}

static void with_nothing_to_serve(void **state)
{
    (void)state;
    begin();
    assert_int_equal(get("/"), 426);
    assert_int_equal(get("/health"), 426);
    assert_int_equal(ask(serve_state.server, "GET / HTTP/1.1\r\nHost: x\r\n" UPGRADE "\r\n"), 101);
    assert_int_equal(ask(serve_state.server, "POST / HTTP/1.1\r\nHost: x\r\n\r\n"), 426);
}

static void paths_lead_where_they_should(void **state)
{
    (void)state;
    settings.http = (struct settings_http){
        .health = "/up", .metrics = "/m", .path = "/ws", .dev_console = true};
    begin();
    assert_int_equal(get("/up"), 200);
    assert_true(says("\r\n\r\nok\n"));
    assert_int_equal(get("/m"), 200);
    assert_true(says("wsserve_connections{state="));
    assert_int_equal(get("/"), 200);
    assert_true(says("data-path=\"/ws\""));
    assert_int_equal(get("/ws"), 200);
    assert_int_equal(get("/other"), 404);
    assert_int_equal(ask(serve_state.server, "HEAD /up HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_true(says("Content-Length: 3\r\n"));
    assert_false(says("ok\n"));
    assert_int_equal(ask(serve_state.server, "PUT /up HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
    assert_true(says("Allow: GET, HEAD\r\n"));
    assert_int_equal(ask(serve_state.server, "GET / HTTP/1.1\r\nHost: x\r\n" UPGRADE "\r\n"), 404);
    assert_int_equal(ask(serve_state.server, "GET /ws HTTP/1.1\r\nHost: x\r\n" UPGRADE "\r\n"),
                     101);
}

static void drained_and_unwell(void **state)
{
    (void)state;
    settings.http = (struct settings_http){.health = "/health"};
    begin();
    serve_state.shutting_down = true;
    assert_int_equal(get("/health"), 503);
    assert_true(says("draining\n"));
}

static void the_admin_has_it_alone(void **state)
{
    (void)state;
    settings.http =
        (struct settings_http){.health = "/health", .metrics = "/metrics", .admin = "127.0.0.1:0"};
    begin();
    assert_int_equal(get("/health"), 426);
    assert_int_equal(get("/metrics"), 426);
    struct ws_server *admin = serve_state.admin;
    assert_int_equal(ask(admin, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
    assert_int_equal(ask(admin, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), 200);
    assert_int_equal(ask(admin, "GET /connections HTTP/1.1\r\nHost: [::1]\r\n\r\n"), 200);
    assert_true(says("Content-Type: application/json\r\n"));
    assert_true(says("\r\n\r\n[]\n"));
    assert_int_equal(ask(admin, "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
    assert_int_equal(ask(admin, "GET / HTTP/1.1\r\nHost: localhost\r\n" UPGRADE "\r\n"), 404);
}

static void secrets_before_content(void **state)
{
    (void)state;
    settings.http = (struct settings_http){
        .health = "/health", .metrics = "/metrics", .token = "abc", .dev_console = true};
    begin();
    assert_int_equal(get("/"), 401);
    assert_true(says("WWW-Authenticate: Bearer realm="));
    assert_false(says("X-WebSocket-Error"));
    assert_int_equal(get("/metrics"), 401);
    assert_int_equal(get("/health"), 200);
    assert_int_equal(get("/metrics?token=abc"), 200);
    assert_int_equal(get("/?token=abd"), 401);
}

static void what_is_local_is_guarded(void **state)
{
    (void)state;
    mode.reaches_local = true;
    begin();
    assert_int_equal(ask(serve_state.server, "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
                                             "Origin: http://evil.example\r\n" UPGRADE "\r\n"),
                     403);
    assert_true(says("\r\n\r\nthe request was refused\n"));
    assert_int_equal(
        ask(serve_state.server, "GET / HTTP/1.1\r\nHost: rebind.example\r\n" UPGRADE "\r\n"), 403);
    assert_int_equal(ask(serve_state.server, "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
                                             "Origin: http://127.0.0.1:1\r\n" UPGRADE "\r\n"),
                     101);
}

/* Whoever asks for metrics and leaves at once is not there when they are ready. */
static void the_one_who_asked_is_gone(void **state)
{
    (void)state;
    settings.http = (struct settings_http){.metrics = "/metrics"};
    begin();
    for (int i = 0; i < 50; i++) {
        static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct linger linger = {.l_onoff = 1};
        to.sin_port = htons((uint16_t)atoi(strrchr(ws_server_url(serve_state.server, 0), ':') + 1));
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        for (int turn = 0; turn < i % 4; turn++)
            ws_loop_turn(&serve_state.loop, 0);
        close(fd);
    }
    TURN_UNTIL(&serve_state.loop, ws_server_count(serve_state.server) == 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(with_nothing_to_serve),     TEST(paths_lead_where_they_should),
        TEST(drained_and_unwell),        TEST(the_admin_has_it_alone),
        TEST(secrets_before_content),    TEST(what_is_local_is_guarded),
        TEST(the_one_who_asked_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
