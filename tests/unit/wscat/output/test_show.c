#include "cmd/wscat/output/show.h"

#include "cmd/common/exit.h"
#include "tests/unit/support_capture.h"

#include <stdlib.h>
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
    struct settings settings;
    struct ws_loop *loop;
    struct output output;
    struct show show;
} fx;

static int start(void **state)
{
    (void)state;
    fx.settings =
        (struct settings){.timestamps = TIMESTAMPS_NONE, .common = {.color = COLOR_NEVER}};
    return ws_loop_new(&fx.loop) == WS_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    ws_loop_free(fx.loop);
    return 0;
}

/* From here to printed() standard output, a file, is kept. */
static void begin(void)
{
    capture_begin(STDOUT_FILENO);
    output_init(&fx.output, fx.loop, &receiver, NULL);
    show_init(&fx.show, &fx.settings, &fx.output);
}

static const char *printed(void)
{
    ws_loop_turn(fx.loop, 0);
    output_free(&fx.output);
    show_free(&fx.show);
    return capture_end();
}

static struct ws_event message(unsigned opcode, const char *text)
{
    return (struct ws_event){.type = WS_EVENT_MESSAGE,
                             .opcode = (uint8_t)opcode,
                             .data = (uint8_t *)(uintptr_t)text,
                             .len = strlen(text)};
}

static void is_shown(unsigned opcode, const char *text, const char *expected)
{
    struct ws_event event = message(opcode, text);
    begin();
    show_event(&fx.show, RECORD_IN, &event);
    assert_string_equal(printed(), expected);
}

static void formats(void **state)
{
    (void)state;
    is_shown(WS_OP_TEXT, "hello", "hello\n");
    is_shown(WS_OP_TEXT, "", "\n");
    fx.settings.format = FORMAT_HEX;
    is_shown(WS_OP_BINARY, "\x01\xff", "01ff\n");
    fx.settings.format = FORMAT_BASE64;
    is_shown(WS_OP_BINARY, "abcd", "YWJjZA==\n");
    fx.settings.format = FORMAT_RAW;
    is_shown(WS_OP_BINARY, "abcd", "abcd");
    fx.settings.format = FORMAT_TEXT;
    fx.settings.pretty = true;
    is_shown(WS_OP_TEXT, "{\"a\":1}", "{\n  \"a\": 1\n}\n");
    is_shown(WS_OP_TEXT, "{\"a\":", "{\"a\":\n"); /* no JSON: as it is */
}

/* Colours mark messages, but are never among bytes. */
static void colours(void **state)
{
    (void)state;
    fx.settings.common.color = COLOR_ALWAYS;
    is_shown(WS_OP_TEXT, "a", "\033[36ma\033[0m\n");
    fx.settings.format = FORMAT_RAW;
    is_shown(WS_OP_TEXT, "a", "a");
    assert_true(show_is_raw(&fx.show));
}

static void what_we_send_is_not_printed(void **state)
{
    struct ws_event event = message(WS_OP_TEXT, "ours");
    (void)state;
    begin();
    show_event(&fx.show, RECORD_OUT, &event);
    assert_string_equal(printed(), "");
}

/* On a terminal a character that two pieces share is shown whole, a broken one escaped. */
static void pieces_of_text(void **state)
{
    (void)state;
    fx.settings.format = FORMAT_RAW;
    begin();
    fx.show.escape = true;
    struct ws_event event = message(WS_OP_TEXT, "gr\xc3");
    event.type = WS_EVENT_CHUNK;
    event.first = true;
    show_event(&fx.show, RECORD_IN, &event);
    event = message(WS_OP_TEXT, "\xbc\x1b!\xe2\x82");
    event.type = WS_EVENT_CHUNK;
    event.last = true;
    show_event(&fx.show, RECORD_IN, &event);
    assert_string_equal(printed(), "gr\xc3\xbc\\x1b!\\xe2\\x82\n");
}

static const char *said(enum record_direction direction, const struct ws_event *event)
{
    begin();
    capture_end();
    capture_begin(STDERR_FILENO);
    show_event(&fx.show, direction, event);
    const char *text = capture_end();
    output_free(&fx.output);
    show_free(&fx.show);
    return text;
}

static void closes_that_are_news(void **state)
{
    struct ws_event event = {.type = WS_EVENT_CLOSE, .code = 1000, .clean = true};
    (void)state;
    assert_string_equal(said(RECORD_IN, &event), "");
    event.code = 1011;
    assert_string_equal(said(RECORD_IN, &event),
                        "wscat: closed by the server: 1011 (internal error)\n");
    fx.settings.common.quiet = true;
    assert_string_equal(said(RECORD_IN, &event), "");
    fx.settings.common.quiet = false;
    fx.settings.reconnect = true; /* the cause of what follows */
    event.code = 1001;
    assert_string_equal(said(RECORD_IN, &event),
                        "wscat: closed by the server: 1001 (going away)\n");
    fx.settings.common.verbose = 1;
    assert_string_equal(said(RECORD_OUT, &event), "wscat: closing: 1001 (going away)\n");
}

static void the_echo_of_our_close_is_none(void **state)
{
    struct ws_event event = {.type = WS_EVENT_CLOSE, .code = 4000, .clean = true};
    (void)state;
    begin();
    capture_end();
    show_closing(&fx.show, 4000);
    capture_begin(STDERR_FILENO);
    show_event(&fx.show, RECORD_IN, &event);
    event.code = 1011; /* but another code is */
    show_event(&fx.show, RECORD_IN, &event);
    assert_string_equal(capture_end(),
                        "wscat: close answered by the server: 1011 (internal error)\n");
    output_free(&fx.output);
    show_free(&fx.show);
}

static void control_frames(void **state)
{
    struct ws_event event = message(0, "a\tb");
    event.type = WS_EVENT_PING;
    (void)state;
    assert_string_equal(said(RECORD_IN, &event), "");
    fx.settings.show_ping_pong = true;
    assert_string_equal(said(RECORD_IN, &event), "wscat: < ping: a\\tb\n");
    event.type = WS_EVENT_PONG;
    event.len = 0;
    assert_string_equal(said(RECORD_OUT, &event), "wscat: > pong\n");
}

static void quoting(void **state)
{
    (void)state;
    char *text = show_quoted("a\x1b\xff", 3, 0);
    assert_string_equal(text, "a\\x1b\\xff");
    free(text);
    text = show_quoted(NULL, 0, 0);
    assert_string_equal(text, "");
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(formats),
        TEST(colours),
        TEST(what_we_send_is_not_printed),
        TEST(pieces_of_text),
        TEST(closes_that_are_news),
        TEST(the_echo_of_our_close_is_none),
        TEST(control_frames),
        TEST(quoting),
    };
    exit_set_tool("wscat");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
