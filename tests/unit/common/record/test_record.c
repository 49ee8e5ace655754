#include "cmd/common/record/record.h"

#include <ws/frame.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#define HEAD "{\"v\":1,\"t\":\"2026-01-31T12:00:00.123456Z\",\"us\":1234,"

static void expect(struct record record, const char *line)
{
    struct json json = {0};
    record.utc_us = 1769860800123456;
    record.elapsed_us = 1234;
    record_write(&json, &record);
    assert_false(json.failed);
    assert_int_equal(json.len, strlen(line));
    assert_memory_equal(json.data, line, json.len);
    json_free(&json);
}

static void test_messages(void **state)
{
    (void)state;
    expect((struct record){.type = RECORD_TEXT, .data = "Hello world", .len = 11},
           HEAD "\"dir\":\"in\",\"type\":\"text\",\"len\":11,\"data\":\"Hello world\"}\n");
    expect(
        (struct record){.type = RECORD_BINARY, .direction = RECORD_OUT, .data = "\xff", .len = 1},
        HEAD "\"dir\":\"out\",\"type\":\"binary\",\"len\":1,\"b64\":\"/w==\"}\n");
    expect((struct record){.type = RECORD_PING, .conn = 7},
           HEAD "\"conn\":7,\"dir\":\"in\",\"type\":\"ping\",\"len\":0,\"data\":\"\"}\n");
    expect((struct record){.type = RECORD_PING, .conn = 7, .stream = 5},
           HEAD "\"conn\":7,\"stream\":5,\"dir\":\"in\",\"type\":\"ping\",\"len\":0,"
                "\"data\":\"\"}\n");
}

static void test_close(void **state)
{
    (void)state;
    struct record record = {.type = RECORD_CLOSE};
    record.close.code = 1000;
    record.close.reason = "bye";
    record.close.reason_len = 3;
    record.close.clean = true;
    expect(record, HEAD "\"dir\":\"in\",\"type\":\"close\",\"len\":5,\"code\":1000,"
                        "\"reason\":\"bye\",\"clean\":true}\n");
    record.close.code = 1005;
    record.close.reason = NULL;
    expect(record, HEAD "\"dir\":\"in\",\"type\":\"close\",\"len\":0,\"code\":1005,"
                        "\"reason\":\"\",\"clean\":true}\n");
    record.close.code = 1006;
    record.close.clean = false;
    expect(record, HEAD "\"dir\":\"in\",\"type\":\"close\",\"len\":0,\"code\":1006,"
                        "\"reason\":\"\",\"clean\":false}\n");
}

static void test_open(void **state)
{
    (void)state;
    static const struct record_timing timing = {
        .dns = -1, .tcp = 12, .proxy = 7, .tls = -1, .upgrade = 345};
    struct record record = {.type = RECORD_OPEN, .direction = RECORD_OUT};
    record.open.url = "ws://localhost/";
    record.open.status = 101;
    record.open.subprotocol = "chat";
    record.open.timing = &timing;
    expect(record,
           HEAD "\"dir\":\"out\",\"type\":\"open\",\"len\":0,"
                "\"url\":\"ws://localhost/\",\"status\":101,\"subprotocol\":\"chat\","
                "\"extensions\":null,\"timing_us\":{\"tcp\":12,\"proxy\":7,\"upgrade\":345}}\n");
    record = (struct record){.type = RECORD_OPEN};
    expect(record, HEAD "\"dir\":\"in\",\"type\":\"open\",\"len\":0,\"url\":null,"
                        "\"status\":null,\"subprotocol\":null,\"extensions\":null}\n");
}

static void test_error(void **state)
{
    (void)state;
    struct record record = {.type = RECORD_ERROR};
    record.error.error = WS_E_RSV;
    record.error.offset = 17;
    record.error.has_offset = true;
    char line[512];
    const char *explanation = ws_error_info(WS_E_RSV)->explanation;
    snprintf(line, sizeof line,
             HEAD "\"dir\":\"in\",\"type\":\"error\",\"len\":0,\"name\":\"RSV\","
                  "\"explanation\":\"%s\",\"section\":\"RFC 6455 5.2\",\"offset\":17}\n",
             explanation);
    expect(record, line);
}

static void of_events(void **state)
{
    static const struct {
        struct ws_event event;
        bool is_recorded;
        enum record_type type;
    } rows[] = {
        {{.type = WS_EVENT_MESSAGE, .opcode = WS_OP_TEXT}, true, RECORD_TEXT},
        {{.type = WS_EVENT_MESSAGE, .opcode = WS_OP_BINARY}, true, RECORD_BINARY},
        {{.type = WS_EVENT_PING}, true, RECORD_PING},
        {{.type = WS_EVENT_PONG}, true, RECORD_PONG},
        {{.type = WS_EVENT_CLOSE, .code = 1001, .clean = true}, true, RECORD_CLOSE},
        {{.type = WS_EVENT_ERROR, .error = WS_E_UTF8, .offset = 7}, true, RECORD_ERROR},
        {{.type = WS_EVENT_FRAME}, false, RECORD_OPEN},
        {{.type = WS_EVENT_OPEN}, false, RECORD_OPEN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t payload[] = "hello";
        struct ws_event event = rows[i].event;
        struct record r = {.direction = RECORD_OUT, .conn = 3};
        event.data = payload;
        event.len = 5;
        assert_int_equal(record_of_event(&r, &event), rows[i].is_recorded);
        assert_true(r.type == rows[i].type && r.direction == RECORD_OUT && r.conn == 3);
        if (r.type == RECORD_CLOSE)
            assert_true(r.close.code == 1001 && r.close.clean && r.close.reason_len == 5);
        else if (r.type == RECORD_ERROR)
            assert_true(r.error.error == WS_E_UTF8 && r.error.has_offset && r.error.offset == 7);
        else if (rows[i].is_recorded)
            assert_true(r.data == payload && r.len == 5);
    }
}

static void asked_for(bool tls, const char *host, const char *target, const char *expected)
{
    char *url = record_requested_url(tls, (struct ws_str){host, strlen(host)},
                                     (struct ws_str){target, strlen(target)});
    assert_string_equal(url, expected);
    free(url);
}

static void requested_urls(void **state)
{
    (void)state;
    asked_for(false, "a:80", "/b?c", "ws://a:80/b?c");
    asked_for(true, "[::1]", "/", "wss://[::1]/");
    asked_for(true, "a", "http://b/c", "http://b/c");
    asked_for(false, "", "", "ws://");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages), cmocka_unit_test(test_close),
        cmocka_unit_test(test_open),     cmocka_unit_test(test_error),
        cmocka_unit_test(of_events),     cmocka_unit_test(requested_urls),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
