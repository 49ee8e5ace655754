#include "cmd/common/record.h"

#include <stdio.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_error),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
