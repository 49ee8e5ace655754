#include <ws/client.h>

#include "libws/http2/http2.h"
#include <ws/server.h>

#include "tests/unit/support_net.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* A server that echoes and the client under test, on one loop. */
static struct ws_loop *loop;
static struct ws_server *server;
static struct ws_conn_config server_config, client_config;
static char seen[512]; /* the request, as the server saw it */
static unsigned descriptors;

static struct ws_client *client; /* until one of its callbacks comes */
static struct ws_conn *conn, *second;
static struct record record;
static struct ws_client_times times;
static unsigned connections, failures;
static enum ws_error failure;
static char detail[300];
static bool cancel_inside;

/* --- names of our own --- */

/* Adds copies of what the system says of `host`, which is digits or a name of its own. */
static int add_addresses(const char *host, const char *service, const struct addrinfo *hints,
                         struct addrinfo ***end)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    struct addrinfo *list;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    int error = real(host, service, hints, &list);
    if (error != 0)
        return error;
    void (*real_free)(struct addrinfo *);
    *(void **)&real_free = dlsym(RTLD_NEXT, "freeaddrinfo");
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        struct addrinfo *copy = malloc(sizeof *copy + a->ai_addrlen);
        if (!copy)
            abort();
        *copy = *a;
        copy->ai_canonname = NULL;
        copy->ai_next = NULL;
        copy->ai_addr = (struct sockaddr *)(void *)(copy + 1);
        memcpy(copy + 1, a->ai_addr, a->ai_addrlen);
        **end = copy;
        *end = &copy->ai_next;
    }
    real_free(list);
    return 0;
}

/* These stand in for libc's: a machine's own names may be of one family only. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **res)
{
    static const char *const two[] = {"::1", "127.0.0.1", NULL};
    static const char *const many[] = {"::1",       "127.0.0.3", "127.0.0.4", "127.0.0.5",
                                       "127.0.0.6", "127.0.0.1", NULL};
    bool name = node && !(hints->ai_flags & AI_NUMERICHOST);
    const char *const *hosts = name && strcmp(node, "two.families.test") == 0 ? two
                               : name && strcmp(node, "many.test") == 0       ? many
                                                                              : NULL;
    struct addrinfo **end = res;
    *res = NULL;
    if (!hosts)
        return add_addresses(node, service, hints, &end);
    for (; *hosts; hosts++)
        add_addresses(*hosts, service, hints, &end);
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    for (struct addrinfo *next; list; list = next) {
        next = list->ai_next;
        free(list);
    }
}

static void server_request(struct ws_conn *c, const struct ws_request *request)
{
    static const char *const offered[] = {"two", NULL};
    struct ws_str value = {0};
    int i = ws_http_find(request->head, request->buffer, "X-Test", 0);
    if (i >= 0)
        value = ws_http_value(request->head, request->buffer, (size_t)i);
    snprintf(seen, sizeof seen, "%.*s %.*s [%.*s]", (int)request->target.len, request->target.p,
             (int)request->host.len, request->host.p, (int)value.len, value.p ? value.p : "");
    struct ws_acceptance acceptance = {.subprotocol =
                                           ws_request_choose_subprotocol(request, offered)};
    ws_conn_accept(c, &acceptance);
}

static void server_event(struct ws_conn *c, const struct ws_event *event)
{
    if (event->type == WS_EVENT_MESSAGE)
        ws_conn_reply(c, event);
}

static void on_open(struct ws_conn *c, const struct ws_event *event)
{
    assert_true(c == conn || c == second);
    record_event(&record, event);
}

static void on_event(struct ws_conn *c, const struct ws_event *event)
{
    assert_true(c == conn || c == second);
    record_event(&record, event);
}

static void on_close(struct ws_conn *c, const struct ws_end *end)
{
    assert_true(c == conn || c == second);
    record.ends++;
    record.end = *end;
    if (c == conn)
        conn = NULL;
    else
        second = NULL;
}

static const struct ws_handler server_handler = {.request = server_request, .event = server_event};
static const struct ws_handler handler = {.open = on_open, .event = on_event, .close = on_close};
static struct ws_conn_env env;

static void on_connected(void *user, struct ws_conn *c)
{
    assert_ptr_equal(user, &record);
    connections++;
    conn = c;
    times = *ws_client_times(client);
    if (cancel_inside)
        ws_client_cancel(client);
    client = NULL;
}

static void on_failed(void *user, enum ws_error error, const char *line)
{
    assert_ptr_equal(user, &record);
    failures++;
    failure = error;
    snprintf(detail, sizeof detail, "%s", line);
    if (cancel_inside)
        ws_client_cancel(client);
    client = NULL;
}

static int set_up(void **state)
{
    (void)state;
    descriptors = open_descriptors();
    struct ws_server_options options = {.config = &server_config, .handler = &server_handler};
    if (ws_loop_new(&loop) != WS_OK)
        return -1;
    ws_conn_config_init(&server_config, WS_ROLE_SERVER);
    server_config.http2_prior = true;
    server_config.max_streams = 2;
    ws_conn_config_init(&client_config, WS_ROLE_CLIENT);
    if (ws_conn_env_init(&env, loop, &client_config, &handler, NULL) != WS_OK)
        return -1;
    server = ws_server_new(loop, &options);
    connections = failures = 0;
    failure = WS_OK;
    cancel_inside = false;
    detail[0] = seen[0] = '\0';
    return server ? 0 : -1;
}

/* Nothing is left: no connection, no descriptor; memory is LeakSanitizer's business. */
static int tear_down(void **state)
{
    (void)state;
    if (conn)
        ws_conn_abort(conn, WS_E_SHUTDOWN);
    ws_server_free(server);
    ws_loop_turn(loop, 0);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
    record_free(&record);
    for (int i = 0; i < 5000 && open_descriptors() != descriptors; i++)
        usleep(1000); /* a thread that resolves lets go by itself */
    assert_int_equal(open_descriptors(), descriptors);
    return 0;
}

static const char *listen_on(const char *where)
{
    char error[256];
    static size_t index;
    if (!ws_server_url(server, 0))
        index = 0;
    if (!ws_server_listen(server, where, error, sizeof error))
        fail_msg("%s", error);
    return ws_server_url(server, index++);
}

static struct ws_client *begin(const char *text, uint32_t connect_ms)
{
    struct ws_url url;
    assert_int_equal(ws_url_parse(text, &url), WS_URL_OK);
    struct ws_client_options options = {
        .url = &url,
        .connect_ms = connect_ms,
        .env = &env,
        .user = &record,
        .connected = on_connected,
        .failed = on_failed,
    };
    client = ws_client_connect(&options);
    assert_non_null(client);
    ws_url_free(&url); /* it has its own copy */
    return client;
}

static void finish(void)
{
    TURN_UNTIL(loop, connections + failures > 0);
    ws_loop_turn(loop, 0);
    assert_int_equal(connections + failures, 1); /* exactly one */
}

static void expect_failure(enum ws_error error, const char *text)
{
    finish();
    assert_int_equal(failures, 1);
    assert_int_equal(failure, error);
    if (!strstr(detail, text))
        fail_msg("'%s' does not say '%s'", detail, text);
    assert_null(strchr(detail, '\n'));
    failures = 0;
}

static void expect_echo(void)
{
    finish();
    if (failures)
        fail_msg("%s", detail);
    TURN_UNTIL(loop, record.opens == 1);
    assert_int_equal(ws_conn_send(conn, WS_OP_TEXT, WS_SEND_COPY, (char[]){"hello"}, 5), WS_OK);
    TURN_UNTIL(loop, record.messages == 1);
    assert_memory_equal(record.data.data, "hello", 5);
    assert_int_equal(ws_conn_close(conn, 1000, NULL), WS_OK);
    TURN_UNTIL(loop, record.ends == 1);
    assert_true(record.end.clean);
    assert_int_equal(record.end.error, WS_OK);
    record_free(&record);
    connections = 0;
}

/* A port of loopback without a listener. */
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    close(fd);
    return ntohs(address.sin_port);
}

static unsigned port_of(const char *url)
{
    const char *colon = strrchr(url, ':');
    return (unsigned)atoi(colon + 1);
}

/* --- what works --- */

static void over_ipv4(void **state)
{
    (void)state;
    char url[200], expected[200];
    unsigned port = port_of(listen_on("127.0.0.1:0"));
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/path?query", port);
    begin(url, 1000);
    expect_echo();
    snprintf(expected, sizeof expected, "/path?query 127.0.0.1:%u []", port);
    assert_string_equal(seen, expected);
    assert_true(times.connect_us > 0 && times.connect_us < 5000000);
    assert_true(times.resolve_us >= 0);
}

static void over_ipv6(void **state)
{
    (void)state;
    char error[200];
    if (!ws_server_listen(server, "[::1]:0", error, sizeof error)) {
        print_message("this machine has no IPv6: %s\n", error);
        return;
    }
    begin(ws_server_url(server, 0), 0);
    expect_echo();
    assert_true(strncmp(seen, "/ [::1]:", 8) == 0);
}

static void over_a_unix_socket(void **state)
{
    (void)state;
    char where[100], url[120];
    snprintf(where, sizeof where, "unix:/tmp/test_client.%d", (int)getpid());
    listen_on(where);
    snprintf(url, sizeof url, "ws+unix:%s:/chat", where + 5);
    begin(url, 1000);
    expect_echo();
    assert_string_equal(seen, "/chat localhost []");
}

/* Another WebSocket goes over the HTTP/2 connection of the first, as many as the server permits. */
static void beside_another(void **state)
{
    struct ws_url url;
    uint64_t carrier, other;
    uint32_t stream;
    struct ws_conn *none;
    (void)state;
    assert_int_equal(ws_url_parse(listen_on("127.0.0.1:0"), &url), WS_URL_OK);
    struct ws_client_options options = {.url = &url,
                                        .connect_ms = 1000,
                                        .env = &env,
                                        .user = &record,
                                        .connected = on_connected,
                                        .failed = on_failed,
                                        .http2_prior = true};
    client = ws_client_connect(&options);
    if (!ws_http2_supported()) {
        expect_failure(WS_E_ARGUMENT, "this library was built without HTTP/2");
        ws_url_free(&url);
        return;
    }
    TURN_UNTIL(loop, connections == 1);
    assert_int_equal(ws_client_may_join(conn), WS_E_STATE); /* the server has said nothing yet */
    TURN_UNTIL(loop, record.opens == 1);
    assert_int_equal(ws_client_may_join(conn), WS_OK);
    url.target[0] = '/';
    assert_int_equal(ws_client_join(&options, conn, &second), WS_OK);
    assert_int_equal(record.opens, 1);
    TURN_UNTIL(loop, record.opens == 2);
    assert_true(ws_conn_stream(conn, &carrier, &stream) && stream == 1);
    assert_true(ws_conn_stream(second, &other, &stream) && stream == 3);
    assert_int_equal(carrier, other);
    assert_ptr_equal(ws_conn_user(second), &record);
    assert_int_equal(ws_client_join(&options, second, &none), WS_E_STREAM_LIMIT);
    assert_null(none);
    ws_conn_close(conn, 1000, NULL); /* the one that opened it; the other goes on */
    TURN_UNTIL(loop, record.ends == 1);
    assert_int_equal(ws_client_may_join(second), WS_OK);
    ws_conn_send(second, WS_OP_TEXT, WS_SEND_COPY, (char[]){"hello"}, 5);
    TURN_UNTIL(loop, record.messages == 1);
    ws_conn_close(second, 1000, NULL);
    TURN_UNTIL(loop, record.ends == 2);
    assert_true(record.end.clean);
    ws_url_free(&url);
}

/* HTTP/1.1 has no place for a second. */
static void beside_one_without_http2(void **state)
{
    struct ws_url url;
    struct ws_conn *none;
    (void)state;
    const char *text = listen_on("127.0.0.1:0");
    assert_int_equal(ws_url_parse(text, &url), WS_URL_OK);
    struct ws_client_options options = {.url = &url, .env = &env, .user = &record};
    begin(text, 1000);
    finish();
    TURN_UNTIL(loop, record.opens == 1);
    assert_int_equal(ws_client_join(&options, conn, &none), WS_E_STATE);
    assert_null(none);
    ws_url_free(&url);
}

/* Whatever localhost is here, and though the server listens on one family only. */
static void over_a_name(void **state)
{
    (void)state;
    char url[100];
    snprintf(url, sizeof url, "ws://localhost:%u/", port_of(listen_on("127.0.0.1:0")));
    begin(url, 5000);
    expect_echo();
    assert_true(times.resolve_us > 0);
}

static void options_are_copied(void **state)
{
    (void)state;
    char *name = strdup("X-Test"), *value = strdup("some value");
    char *one = strdup("one"), *two = strdup("two");
    const char **subprotocols = calloc(3, sizeof *subprotocols);
    struct ws_header *headers = calloc(2, sizeof *headers);
    assert_true(name && value && one && two && subprotocols && headers);
    subprotocols[0] = one;
    subprotocols[1] = two;
    headers[0] = (struct ws_header){name, value};
    headers[1] = (struct ws_header){"Origin", NULL}; /* leaves it out */
    struct ws_url url;
    assert_int_equal(ws_url_parse(listen_on("127.0.0.1:0"), &url), WS_URL_OK);
    struct ws_client_options options = {
        .url = &url,
        .subprotocols = subprotocols,
        .headers = headers,
        .header_count = 2,
        .env = &env,
        .user = &record,
        .connected = on_connected,
        .failed = on_failed,
    };
    client = ws_client_connect(&options);
    assert_non_null(client);
    ws_url_free(&url);
    free(name);
    free(value);
    free(one);
    free(two);
    free(subprotocols);
    free(headers);
    expect_echo();
    assert_non_null(strstr(seen, "[some value]"));
}

/* The connection lives, and reports what was wrong with the request. */
static void a_request_that_cannot_be_sent(void **state)
{
    (void)state;
    struct ws_header bad = {"X", "a\r\nB: c"};
    struct ws_url url;
    assert_int_equal(ws_url_parse(listen_on("127.0.0.1:0"), &url), WS_URL_OK);
    struct ws_client_options options = {
        .url = &url,
        .headers = &bad,
        .header_count = 1,
        .env = &env,
        .user = &record,
        .connected = on_connected,
        .failed = on_failed,
    };
    client = ws_client_connect(&options);
    assert_non_null(client);
    ws_url_free(&url);
    finish();
    assert_int_equal(connections, 1);
    TURN_UNTIL(loop, record.ends == 1);
    assert_int_equal(record.end.error, WS_E_ARGUMENT);
}

/* --- what does not --- */

static void refused(void **state)
{
    (void)state;
    char url[100], text[100];
    unsigned port = free_port();
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", port);
    snprintf(text, sizeof text, "connect 127.0.0.1:%u: Connection refused", port);
    begin(url, 1000);
    expect_failure(WS_E_CONNECT, text);
    snprintf(url, sizeof url, "ws://localhost:%u/", port);
    snprintf(text, sizeof text, ":%u: Connection refused", port);
    begin(url, 1000);
    expect_failure(WS_E_CONNECT, text);
    begin("ws+unix:/tmp/there/is/no/such/socket", 1000);
    expect_failure(WS_E_CONNECT, "connect /tmp/there/is/no/such/socket: No such file or directory");
}

static void unknown_name(void **state)
{
    (void)state;
    begin("ws://no.such.host.invalid/", 9000);
    expect_failure(WS_E_RESOLVE, "resolve no.such.host.invalid: ");
}

/* A listener whose queue is full takes no more connections, and does not answer. */
struct deaf {
    int listener, fillers[8];
    unsigned port;
};

static bool deaf_on(struct deaf *deaf, int family, unsigned port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
    v4.sin_port = v6.sin6_port = htons((uint16_t)port);
    for (int i = 0; i < 8; i++)
        deaf->fillers[i] = -1;
    deaf->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (deaf->listener < 0 || bind(deaf->listener, address, len) < 0 ||
        listen(deaf->listener, 0) < 0)
        return false;
    getsockname(deaf->listener, address, &len);
    deaf->port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    for (int i = 0; i < 8; i++) {
        deaf->fillers[i] = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(deaf->fillers[i], address, len);
    }
    usleep(20000);
    return true;
}

static void deaf_free(struct deaf *deaf)
{
    for (int i = 0; i < 8; i++)
        if (deaf->fillers[i] >= 0)
            close(deaf->fillers[i]);
    if (deaf->listener >= 0)
        close(deaf->listener);
}

static void connect_timeout(void **state)
{
    (void)state;
    struct deaf deaf;
    char url[100];
    assert_true(deaf_on(&deaf, AF_INET, 0));
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", deaf.port);
    int64_t begun = ws_loop_now(loop);
    begin(url, 50);
    expect_failure(WS_E_CONNECT_TIMEOUT, "connect 127.0.0.1: no answer within 0.05 s");
    assert_true(ws_loop_now(loop) - begun >= 50);
    assert_true(ws_loop_now(loop) - begun < 2000);
    deaf_free(&deaf);
}

/* One address of "two.families.test" does not answer: after its head start the next one wins. */
static void the_race(void **state)
{
    (void)state;
    struct deaf deaf;
    char url[100];
    unsigned port = port_of(listen_on("127.0.0.1:0"));
    if (!deaf_on(&deaf, AF_INET6, port)) {
        print_message("this machine has no IPv6: no race\n");
        deaf_free(&deaf);
        return;
    }
    snprintf(url, sizeof url, "ws://two.families.test:%u/", port);
    begin(url, 9000);
    expect_echo();
    assert_in_range(times.connect_us, 240000, 3000000);
    /* Cancelled while two are on their way, and when the first has just begun. */
    for (int wait = 0; wait < 400; wait += 100) {
        begin(url, 9000);
        int64_t until = ws_loop_now(loop) + wait;
        TURN_UNTIL(loop, ws_loop_now(loop) >= until || !client);
        if (client)
            ws_client_cancel(client);
        else
            TURN_UNTIL(loop, record.opens == 1);
        if (conn)
            ws_conn_abort(conn, WS_E_SHUTDOWN);
        ws_loop_turn(loop, 0);
        record_free(&record);
        client = NULL;
        connections = failures = 0;
    }
    deaf_free(&deaf);
}

/* Refusals do not wait: of six addresses the last is the one that is listened on. */
static void the_last_address(void **state)
{
    (void)state;
    char url[100], text[100];
    unsigned port = port_of(listen_on("127.0.0.1:0"));
    snprintf(url, sizeof url, "ws://many.test:%u/", port);
    begin(url, 9000);
    expect_echo();
    assert_true(times.connect_us < 240000);
    port = free_port();
    snprintf(url, sizeof url, "ws://many.test:%u/", port);
    snprintf(text, sizeof text, ":%u: ", port);
    begin(url, 9000);
    expect_failure(WS_E_CONNECT, text);
}

static void without_descriptors(void **state)
{
    (void)state;
    struct rlimit before, limit;
    char url[100];
    snprintf(url, sizeof url, "ws+unix:/tmp/whatever");
    int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &limit);
    begin(url, 100);
    setrlimit(RLIMIT_NOFILE, &before);
    expect_failure(WS_E_NO_DESCRIPTORS, strerror(EMFILE));
    /* One for the name, none for the socket; none for the name either. */
    for (rlim_t spare = 0; spare < 2; spare++) {
        limit.rlim_cur = (rlim_t)next + spare;
        setrlimit(RLIMIT_NOFILE, &limit);
        begin("ws://127.0.0.1:1/", 1000);
        TURN_UNTIL(loop, failures == 1);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_true(failure == WS_E_CONNECT || failure == WS_E_NO_MEMORY);
        failures = 0;
        ws_loop_turn(loop, 0);
    }
}

/* --- giving up --- */

static void cancelled_at_every_step(void **state)
{
    (void)state;
    char urls[5][120];
    char where[100];
    unsigned port = port_of(listen_on("127.0.0.1:0"));
    snprintf(where, sizeof where, "unix:/tmp/test_client.%d", (int)getpid());
    listen_on(where);
    snprintf(urls[0], sizeof urls[0], "ws://127.0.0.1:%u/", port);
    snprintf(urls[1], sizeof urls[1], "ws://localhost:%u/", port);
    snprintf(urls[2], sizeof urls[2], "ws+unix:%s", where + 5);
    snprintf(urls[3], sizeof urls[3], "ws://127.0.0.1:%u/", free_port());
    snprintf(urls[4], sizeof urls[4], "ws://no.such.host.invalid/");
    for (int u = 0; u < 5; u++)
        for (int turns = 0; turns < 8; turns++) {
            begin(urls[u], 1000);
            for (int i = 0; i < turns && client; i++)
                ws_loop_turn(loop, 0);
            if (client) {
                ws_client_cancel(client);
                client = NULL;
                for (int i = 0; i < 5; i++)
                    ws_loop_turn(loop, 0);
                assert_int_equal(connections + failures, 0); /* no callback comes */
            }
            if (conn) {
                ws_conn_abort(conn, WS_E_SHUTDOWN);
                ws_loop_turn(loop, 0);
                record_free(&record);
            }
            connections = failures = 0;
        }
}

static void cancelled_inside_its_callbacks(void **state)
{
    (void)state;
    char url[100];
    cancel_inside = true;
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", free_port());
    begin(url, 1000);
    expect_failure(WS_E_CONNECT, "refused");
    begin(listen_on("127.0.0.1:0"), 1000);
    expect_echo();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(over_ipv4),
        TEST(over_ipv6),
        TEST(over_a_unix_socket),
        TEST(beside_another),
        TEST(beside_one_without_http2),
        TEST(over_a_name),
        TEST(options_are_copied),
        TEST(a_request_that_cannot_be_sent),
        TEST(refused),
        TEST(unknown_name),
        TEST(connect_timeout),
        TEST(the_race),
        TEST(the_last_address),
        TEST(without_descriptors),
        TEST(cancelled_at_every_step),
        TEST(cancelled_inside_its_callbacks),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
