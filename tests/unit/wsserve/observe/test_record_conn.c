#include "cmd/wsserve/observe/record_conn.h"

#include "cmd/common/conn_name.h"
#include "libws/server/env_hooks.h"
#include "libws/server/registry_private.h"
#include "tests/unit/support_net.h"
#include <ws/server_env.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* An echo that is recorded, and a client that is driven by hand. */
static struct {
    char folder[40];
    struct ws_loop *loop;
    struct ws_conn_config config;
    struct ws_handler handler;
    struct ws_server_env env;
    struct recorder *recorder;
    struct recording *recording;
    struct json json;
    struct peer far;
    struct log log;
    bool ended;
} b;

static void on_output(const struct ws_output_filter *self, struct ws_conn *conn, struct ws_out *out)
{
    (void)self;
    (void)conn;
    recording_sent(b.recording, out, &b.json);
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    const struct ws_acceptance acceptance = {.subprotocol = "mqtt"};
    assert_null(b.recording);
    (void)request;
    ws_conn_accept(conn, &acceptance);
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    b.recording = recording_new(b.recorder, conn, event->request->host, "/chat", &b.json);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    recording_event(b.recording, event, &b.json);
    if (event->type == WS_EVENT_MESSAGE)
        ws_conn_reply(conn, event);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    (void)conn;
    (void)end;
    recording_free(b.recording);
    b.ended = true;
}

static void begin(uint64_t limit)
{
    int fds[2];
    memset(&b, 0, sizeof b);
    strcpy(b.folder, "/tmp/test_record.XXXXXX");
    assert_non_null(mkdtemp(b.folder));
    b.log.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    b.recorder = recorder_open(&b.log, b.folder, limit);
    assert_non_null(b.recorder);
    ws_conn_config_init(&b.config, WS_ROLE_SERVER);
    static const struct ws_output_filter filter = {.filter = on_output};
    b.config.output_filters = &filter;
    b.handler = (struct ws_handler){
        .request = on_request, .open = on_open, .event = on_event, .close = on_close};
    assert_int_equal(ws_loop_new(&b.loop), WS_OK);
    assert_int_equal(ws_server_env_init(&b.env, b.loop, &b.config, &b.handler, NULL), WS_OK);
    socket_pair(fds);
    struct ws_conn *conn = ws_conn_new(&b.env.conn, fds[0], NULL);
    assert_non_null(conn);
    ws_registry_add(b.env.registry, conn, 7);
    far_init(&b.far, fds[1], WS_ROLE_CLIENT);
    static const char request[] = "GET /chat HTTP/1.1\r\nHost: x:80\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Protocol: mqtt\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    far_raw(&b.far, request, sizeof request - 1);
}

/* Masked frames, past the client's session, which never asked for an upgrade. */
static void send_frame(unsigned first, const char *payload, size_t len)
{
    uint8_t frame[128] = {(uint8_t)first, (uint8_t)(0x80 | len)};
    memcpy(frame + 6, payload, len);
    far_raw(&b.far, frame, 6 + len);
}

/* Everything is written; the text of the one file, without its times. */
static const char *told(void)
{
    static char text[65536], path[80];
    size_t n = 0;
    for (int i = 0; i < 50; i++) {
        far_flush(&b.far);
        ws_loop_turn(b.loop, 1);
    }
    close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.ended);
    recorder_close(b.recorder, 10000);
    snprintf(path, sizeof path, "%s/7.jsonl", b.folder);
    FILE *file = fopen(path, "re");
    char line[8192];
    while (file && fgets(line, sizeof line, file)) {
        const char *from = strstr(line, "\"dir\"");
        assert_non_null(from);
        assert_memory_equal(line, "{\"v\":1,\"t\":\"", 12);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", from);
    }
    text[n] = '\0';
    if (file) {
        struct stat status;
        assert_int_equal(fstat(fileno(file), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        fclose(file);
    }
    unlink(path);
    rmdir(b.folder);
    far_free(&b.far);
    ws_loop_turn(b.loop, 0);
    ws_server_env_free(&b.env);
    ws_loop_free(b.loop);
    json_free(&b.json);
    close(b.log.fd);
    return text;
}

#define OPEN                                                                                       \
    "\"dir\":\"out\",\"type\":\"open\",\"len\":0,\"url\":\"ws://x:80/chat\",\"status\":101,"       \
    "\"subprotocol\":\"mqtt\",\"extensions\":null}\n"

static void test_both_ways(void **state)
{
    (void)state;
    begin(0);
    send_frame(0x81, "hello", 5);
    send_frame(0x89, "p", 1);
    send_frame(0x82, "\xff", 1);
    send_frame(0x88,
               "\x03\xe8"
               "bye",
               5);
    const char *text = told();
    assert_memory_equal(text, OPEN, strlen(OPEN));
    static const char *const lines[] = {
        "\"dir\":\"in\",\"type\":\"text\",\"len\":5,\"data\":\"hello\"}\n",
        "\"dir\":\"out\",\"type\":\"text\",\"len\":5,\"data\":\"hello\"}\n",
        "\"dir\":\"in\",\"type\":\"ping\",\"len\":1,\"data\":\"p\"}\n",
        "\"dir\":\"out\",\"type\":\"pong\",\"len\":1,\"data\":\"p\"}\n",
        "\"dir\":\"in\",\"type\":\"binary\",\"len\":1,\"b64\":\"/w==\"}\n",
        "\"dir\":\"out\",\"type\":\"binary\",\"len\":1,\"b64\":\"/w==\"}\n",
        "\"dir\":\"in\",\"type\":\"close\",\"len\":5,\"code\":1000,\"reason\":\"bye\",\"clean\":"
        "true}\n",
        "\"dir\":\"out\",\"type\":\"close\",\"len\":2,\"code\":1000,\"reason\":\"\",\"clean\":true}"
        "\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(text, lines[i]))
            fail_msg("no %s in %s", lines[i], text);
}

static void test_violation(void **state)
{
    (void)state;
    begin(0);
    far_raw(&b.far, "\x81\x02hi", 4);
    const char *text = told();
    assert_non_null(strstr(text, "\"type\":\"error\",\"len\":0,\"name\":\"UNMASKED\""));
    assert_non_null(strstr(text, "\"dir\":\"out\",\"type\":\"close\""));
}

static void test_limit(void **state)
{
    (void)state;
    begin(4096 + 400); /* a file, and some lines */
    for (int i = 0; i < 20; i++)
        send_frame(0x81, "hello", 5);
    const char *text = told();
    size_t len = strlen(text);
    assert_true(len > 150 && len < 400);
    assert_int_equal(text[len - 1], '\n');
}

static void test_no_room_at_all(void **state)
{
    (void)state;
    begin(100);
    send_frame(0x81, "hello", 5);
    assert_string_equal(told(), "");
    assert_null(b.recording);
}

static void test_folder(void **state)
{
    (void)state;
    struct log log = {.fd = -1, .least = WS_LOG_ERROR};
    assert_null(recorder_open(&log, "/dev/null", 0));
    assert_int_equal(errno, ENOTDIR);
    assert_null(recorder_open(&log, "/no/such/folder", 0));
    assert_int_equal(errno, ENOENT);
    recorder_close(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways), cmocka_unit_test(test_violation),
        cmocka_unit_test(test_limit),     cmocka_unit_test(test_no_room_at_all),
        cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests_name("wsserve_record_conn", tests, NULL, NULL);
}
