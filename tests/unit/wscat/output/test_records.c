#include "cmd/wscat/output/records.h"

#include "tests/unit/support_capture.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void ignore(void *context)
{
    (void)context;
}

static void ignore_failure(void *context, int number)
{
    (void)context, (void)number;
}

static const struct output_receiver receiver = {ignore, ignore, ignore_failure};

static struct {
    struct ws_loop *loop;
    struct output output;
    struct records records;
} fx;

static int start(void **state)
{
    (void)state;
    if (ws_loop_new(&fx.loop) != WS_OK)
        return -1;
    capture_begin(STDOUT_FILENO);
    output_init(&fx.output, fx.loop, &receiver, NULL);
    fx.records = (struct records){.wanted = true, .output = &fx.output};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ws_loop_free(fx.loop);
    return 0;
}

static const char *printed(void)
{
    ws_loop_turn(fx.loop, 0);
    output_free(&fx.output);
    records_free(&fx.records);
    return capture_end();
}

/* The one line that was printed. */
static json_t *record(void)
{
    json_t *value = json_loads(printed(), 0, NULL);
    assert_non_null(value);
    return value;
}

static const char *text_of(const json_t *value, const char *name)
{
    const char *text = json_string_value(json_object_get(value, name));
    return text ? text : "(none)";
}

static long long number_of(const json_t *value, const char *name)
{
    return json_integer_value(json_object_get(value, name));
}

static void opening(void **state)
{
    static const char subprotocol[] = "chat";
    const struct ws_response response = {.status = 101, .subprotocol = {subprotocol, 4}};
    const struct record_timing timing = {.dns = 1, .tcp = 2, .proxy = -1, .tls = -1, .upgrade = 3};
    (void)state;
    fx.records.opened_us = 1; /* long ago, and yet the clock begins here */
    records_open(&fx.records, &response, "ws://h/", &timing);
    json_t *value = record();
    assert_string_equal(text_of(value, "type"), "open");
    assert_string_equal(text_of(value, "dir"), "in");
    assert_string_equal(text_of(value, "url"), "ws://h/");
    assert_string_equal(text_of(value, "subprotocol"), "chat");
    assert_true(json_is_null(json_object_get(value, "extensions")));
    assert_int_equal(number_of(value, "status"), 101);
    assert_int_equal(number_of(value, "us"), 0);
    json_t *times = json_object_get(value, "timing_us");
    assert_int_equal(json_object_size(times), 3);
    assert_int_equal(number_of(times, "upgrade"), 3);
    json_decref(value);
}

static void messages_and_their_connection(void **state)
{
    struct ws_event event = {.type = WS_EVENT_MESSAGE, .opcode = WS_OP_TEXT};
    (void)state;
    event.data = (uint8_t *)(uintptr_t) "a\x1b";
    event.len = 2;
    fx.records.conn = 7;
    records_event(&fx.records, RECORD_OUT, &event);
    json_t *value = record();
    assert_string_equal(text_of(value, "type"), "text");
    assert_string_equal(text_of(value, "dir"), "out");
    assert_string_equal(text_of(value, "data"), "a\x1b");
    assert_int_equal(number_of(value, "conn"), 7);
    json_decref(value);
}

static void a_refusal_has_its_status(void **state)
{
    const struct ws_response response = {.status = 404};
    const struct ws_event event = {
        .type = WS_EVENT_ERROR, .error = WS_E_STATUS, .response = &response};
    (void)state;
    records_event(&fx.records, RECORD_IN, &event);
    json_t *value = record();
    assert_string_equal(text_of(value, "type"), "error");
    assert_int_equal(number_of(value, "status"), 404);
    json_decref(value);
}

/* What controls a terminal is an escape of JSON there, and as it is in a pipe. */
static void terminals(void **state)
{
    static const char evil[] = "\xc2\x9b"
                               "31m\x7f\xe2\x80\xae"
                               "x\xd8\x9c\xc3\xbc";
    struct ws_event event = {.type = WS_EVENT_MESSAGE, .opcode = WS_OP_TEXT};
    (void)state;
    event.data = (uint8_t *)(uintptr_t)evil;
    event.len = sizeof evil - 1;
    fx.records.escape = true;
    records_event(&fx.records, RECORD_IN, &event);
    const char *text = printed();
    assert_non_null(strstr(text, "\\u009b31m\\u007f\\u202ex\\u061c\xc3\xbc"));
    json_t *value = json_loads(text, 0, NULL);
    assert_string_equal(text_of(value, "data"), evil);
    json_decref(value);
}

static void only_what_is_wanted(void **state)
{
    const struct ws_event frame = {.type = WS_EVENT_FRAME};
    (void)state;
    records_event(&fx.records, RECORD_IN, &frame); /* a frame is no record */
    fx.records.wanted = false;
    records_failure(&fx.records, WS_E_CONNECT);
    records_open(&fx.records, NULL, NULL, NULL);
    records_client(&fx.records, NULL, NULL, NULL);
    assert_string_equal(printed(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening),   TEST(messages_and_their_connection), TEST(a_refusal_has_its_status),
        TEST(terminals), TEST(only_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
