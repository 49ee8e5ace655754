#include "cmd/wsserve/bridge/relay.h"

#include "tests/unit/support_conn.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct ws_loop *loop;
static uint8_t memory[CHANNEL_READ_SIZE];
static const struct channel_user user;

/* What a row of events becomes in a channel. */
static const char *written(enum framing framing, const struct ws_event *events, size_t count)
{
    static char text[4096];
    int pipe_fds[2];
    struct ws_conn *conn = idle_conn(loop, 7);
    struct channel channel = {.user = &user};
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(channel_open(&channel, loop, in, pipe_fds[1], memory, 1000), WS_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(relay_in(&channel, framing, conn, ws_clock_us(), &events[i]), WS_OK);
    ws_loop_turn(loop, 0);
    ssize_t n = read(pipe_fds[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    for (ssize_t i = 0; i < n; i++)
        if (text[i] == 0)
            text[i] = '0';
    channel_close(&channel);
    close(pipe_fds[0]);
    ws_conn_abort(conn, WS_E_SHUTDOWN);
    ws_loop_turn(loop, 0);
    return text;
}

static void test_marks(void **state)
{
    (void)state;
    uint8_t ab[] = "ab", c[] = "c";
    const struct ws_event events[] = {
        {.type = WS_EVENT_MESSAGE, .opcode = WS_OP_TEXT, .data = ab, .len = 2},
        {.type = WS_EVENT_CHUNK, .opcode = WS_OP_TEXT, .first = true, .data = ab, .len = 2},
        {.type = WS_EVENT_CHUNK, .opcode = WS_OP_TEXT, .last = true, .data = c, .len = 1},
        {.type = WS_EVENT_MESSAGE, .opcode = WS_OP_TEXT},
    };
    assert_string_equal(written(FRAMING_LINES, events, 4), "ab\nabc\n\n");
    assert_string_equal(written(FRAMING_NUL, events, 4), "ab0abc00");
    assert_string_equal(written(FRAMING_CHUNKS, events, 4), "ababc");
    assert_string_equal(written(FRAMING_LEN32, events, 1), "000\2ab");
}

static void test_records(void **state)
{
    (void)state;
    uint8_t ab[] = "a\nb", bytes[] = {0xff};
    const struct ws_event events[] = {
        {.type = WS_EVENT_MESSAGE, .opcode = WS_OP_TEXT, .data = ab, .len = 3},
        {.type = WS_EVENT_MESSAGE, .opcode = WS_OP_BINARY, .data = bytes, .len = 1},
    };
    const char *text = written(FRAMING_JSONL, events, 2);
    assert_non_null(
        strstr(text, "\"dir\":\"in\",\"type\":\"text\",\"len\":3,\"data\":\"a\\nb\"}\n{"));
    assert_non_null(strstr(text, "\"type\":\"binary\",\"len\":1,\"b64\":\"/w==\"}\n"));
}

static void test_kinds(void **state)
{
    (void)state;
    uint8_t text[] = "caf\xc3\xa9", bytes[] = "caf\xe9";
    struct record_in record = {.type = RECORD_BINARY};
    struct framing_message message = {text, 5, NULL};
    assert_int_equal(relay_opcode(&message, false), WS_OP_TEXT);
    assert_int_equal(relay_opcode(&message, true), WS_OP_BINARY);
    message.record = &record;
    assert_int_equal(relay_opcode(&message, false), WS_OP_BINARY);
    message = (struct framing_message){bytes, 4, NULL};
    assert_int_equal(relay_opcode(&message, false), WS_OP_BINARY);
}

static int begin(void **state)
{
    (void)state;
    return ws_loop_new(&loop) == WS_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    ws_loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
