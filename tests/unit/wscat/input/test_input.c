#include "cmd/wscat/input/input.h"

#include "tests/unit/support_net.h"

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

static struct {
    struct ws_loop *loop;
    struct input input;
    struct settings settings;
    int writer; /* the other end of the pipe that is standard input */
    struct grown data;
    size_t lengths[1000];
    unsigned messages, pieces, ends;
    char problem[256];
    bool stops; /* after each message */
    const struct input_receiver *receiver;
    unsigned together; /* messages that came with others */
} fx;

static void on_message(void *context, void *data, size_t len, bool more)
{
    (void)context;
    grown_add(&fx.data, data, len);
    memset(data, 'x', len); /* as masking does */
    fx.pieces += more;
    if (!more && fx.messages < 1000)
        fx.lengths[fx.messages++] = len;
    if (fx.stops)
        input_stop(&fx.input);
}

static void on_messages(void *context, const struct iovec *messages, size_t count)
{
    fx.together += (unsigned)count;
    for (size_t i = 0; i < count; i++)
        on_message(context, messages[i].iov_base, messages[i].iov_len, false);
}

static const char *on_record(void *context, const void *line, size_t len)
{
    (void)context, (void)line, (void)len;
    return "no record";
}

static void on_end(void *context)
{
    (void)context;
    fx.ends++;
}

static void on_problem(void *context, const char *why)
{
    (void)context;
    snprintf(fx.problem, sizeof fx.problem, "%s", why);
}

static const struct input_receiver receiver = {
    .message = on_message, .record = on_record, .end = on_end, .error = on_problem};

static const struct input_receiver many_receiver = {.message = on_message,
                                                    .messages = on_messages,
                                                    .record = on_record,
                                                    .end = on_end,
                                                    .error = on_problem};

static int start(void **state)
{
    (void)state;
    memset(&fx, 0, sizeof fx);
    fx.settings.chunk = 1000;
    fx.settings.max_message_size = 5000;
    fx.receiver = &receiver;
    return ws_loop_new(&fx.loop) == WS_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    ws_loop_free(fx.loop);
    return 0;
}

static void begin(enum input_form form)
{
    int ends[2];
    fx.settings.input = form;
    fx.settings.binary = form == INPUT_CHUNKS;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    fx.writer = ends[1];
    input_init(&fx.input, fx.loop, &fx.settings, false, fx.receiver, NULL);
    input_start(&fx.input);
}

static void put(const void *data, size_t len)
{
    assert_int_equal(write(fx.writer, data, len), len);
}

static void finish(void)
{
    if (fx.writer >= 0)
        close(fx.writer);
    input_free(&fx.input);
    grown_free(&fx.data);
}

/* Closes the pipe and reads to the end. */
static void read_to_end(void)
{
    close(fx.writer);
    fx.writer = -1;
    TURN_UNTIL(fx.loop, fx.ends == 1);
}

static void chunks_are_whole_but_for_the_last(void **state)
{
    static uint8_t data[50500];
    (void)state;
    fill(data, sizeof data, 1);
    begin(INPUT_CHUNKS);
    put(data, sizeof data);
    read_to_end();
    assert_int_equal(fx.data.len, sizeof data);
    assert_memory_equal(fx.data.data, data, sizeof data);
    assert_int_equal(fx.messages, 51);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(fx.lengths[i], 1000);
    assert_int_equal(fx.lengths[50], 500);
    finish();
}

static void a_chunk_does_not_wait_to_be_whole(void **state)
{
    (void)state;
    begin(INPUT_CHUNKS);
    put("hello", 5);
    TURN_UNTIL(fx.loop, fx.messages == 1);
    assert_int_equal(fx.lengths[0], 5);
    finish();
}

static void chunks_that_are_stopped_after_each(void **state)
{
    static uint8_t data[10000];
    (void)state;
    fill(data, sizeof data, 2);
    fx.stops = true;
    begin(INPUT_CHUNKS);
    put(data, sizeof data);
    close(fx.writer);
    fx.writer = -1;
    for (unsigned i = 1; i <= 10; i++) {
        TURN_UNTIL(fx.loop, fx.messages == i);
        ws_loop_turn(fx.loop, 0);
        assert_int_equal(fx.messages, i);
        input_start(&fx.input);
    }
    TURN_UNTIL(fx.loop, fx.ends == 1);
    assert_memory_equal(fx.data.data, data, sizeof data);
    finish();
}

static void lines(void **state)
{
    (void)state;
    begin(INPUT_LINES);
    put("one\n\ntw", 7);
    TURN_UNTIL(fx.loop, fx.messages == 2);
    put("o\nthree", 7);
    read_to_end();
    assert_int_equal(fx.messages, 4);
    assert_memory_equal(fx.data.data, "onetwothree", 11);
    assert_int_equal(fx.lengths[1], 0);
    finish();
}

/* Messages that come together are those that come one at a time, whatever their lengths and
 * wherever a read ends. */
static void together_as_one_at_a_time(void **state)
{
    static const enum input_form forms[] = {INPUT_LINES, INPUT_NUL};
    static uint8_t text[30000];
    (void)state;
    for (unsigned variant = 0; variant < 8; variant++) {
        enum input_form form = forms[variant % 2];
        size_t lengths[1000], len = 0, messages = 0, bytes = 0;
        fx.settings.keep_newline = variant & 2;
        fx.messages = fx.ends = fx.together = 0;
        fx.receiver = &many_receiver;
        begin(form);
        for (uint32_t random = variant; len < sizeof text - 200; messages++) {
            random = random * 1664525 + 1013904223;
            size_t size = random >> 16 & (variant & 4 ? 63 : 255);
            size = size > 150 ? 0 : size;
            memset(text + len, 'a' + (int)(messages % 26), size);
            text[len + size] = form == INPUT_NUL ? 0 : '\n';
            lengths[messages] = size + (fx.settings.keep_newline ? 1 : 0);
            len += size + 1;
            bytes += lengths[messages];
        }
        for (size_t at = 0, some; at < len; at += some) {
            some = len - at < 777 ? len - at : 777;
            put(text + at, some);
            ws_loop_turn(fx.loop, 0);
        }
        read_to_end();
        assert_int_equal(fx.messages, messages);
        assert_memory_equal(fx.lengths, lengths, messages * sizeof lengths[0]);
        assert_int_equal(fx.data.len, bytes);
        if (fx.settings.keep_newline)
            assert_memory_equal(fx.data.data, text, len);
        assert_int_equal(fx.together, messages);
        finish();
    }
}

static void many_that_are_stopped_go_on(void **state)
{
    static char text[1000];
    (void)state;
    memset(text, '\n', sizeof text);
    fx.receiver = &many_receiver;
    fx.stops = true;
    begin(INPUT_LINES);
    put(text, sizeof text);
    close(fx.writer);
    fx.writer = -1;
    for (unsigned before = 0; fx.ends == 0; before = fx.messages) {
        TURN_UNTIL(fx.loop, fx.messages > before || fx.ends == 1);
        ws_loop_turn(fx.loop, 0);
        assert_true(fx.messages - before <= 64);
        input_start(&fx.input);
    }
    assert_int_equal(fx.messages, sizeof text);
    finish();
}

/* Of many messages, those before the one that is wrong are handed over. */
static void one_of_many_is_wrong(void **state)
{
    (void)state;
    fx.receiver = &many_receiver;
    begin(INPUT_LINES);
    for (unsigned i = 0; i < 100; i++)
        put("line\n", 5);
    put("\xc3\n\xa4\nline\n", 9);
    TURN_UNTIL(fx.loop, fx.problem[0]);
    assert_string_equal(fx.problem, "line 101 of the input is not UTF-8; --binary sends bytes");
    assert_int_equal(fx.messages, 100);
    finish();
}

static void a_line_without_an_end_comes_in_pieces(void **state)
{
    static char data[60000];
    (void)state;
    memset(data, 'a', sizeof data);
    begin(INPUT_LINES);
    for (int i = 0; i < 20; i++) { /* 1.2 million */
        put(data, sizeof data);
        for (int turns = 0; turns < 3; turns++)
            ws_loop_turn(fx.loop, 0);
    }
    assert_int_equal(fx.pieces, 1);
    assert_int_equal(fx.messages, 0);
    read_to_end();
    assert_int_equal(fx.messages, 1);
    assert_int_equal(fx.data.len, 20 * sizeof data);
    finish();
}

/* The end of a message whose pieces were handed over does not come together with the next. */
static void pieces_and_then_whole_lines(void **state)
{
    static char data[60000];
    (void)state;
    memset(data, 'a', sizeof data);
    fx.receiver = &many_receiver;
    begin(INPUT_LINES);
    for (int i = 0; i < 20; i++) {
        put(data, sizeof data);
        for (int turns = 0; turns < 3; turns++)
            ws_loop_turn(fx.loop, 0);
    }
    put("b\nc\n\nd\n", 7);
    read_to_end();
    assert_int_equal(fx.pieces, 1);
    assert_int_equal(fx.messages, 4);
    assert_int_equal(fx.together, 3);
    assert_int_equal(fx.lengths[1], 1);
    assert_int_equal(fx.lengths[2], 0);
    assert_int_equal(fx.data.len, 20 * sizeof data + 3);
    finish();
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        enum input_form form;
        const char *text, *problem;
    } rows[] = {
        {INPUT_LINES,
         "good\nb\xff"
         "d\n",
         "line 2 of the input is not UTF-8; --binary sends bytes"},
        {INPUT_HEX, "00\n0g\n", "line 2 of the input, column 2: "},
        {INPUT_JSON, "{} [1,]", "message 2 of the input is not JSON: "},
        {INPUT_JSONL, "{}\n", "line 1 of the input: no record"},
        {INPUT_WHOLE, "\xff", "the input is not UTF-8; --binary sends bytes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fx.problem[0] = '\0';
        begin(rows[i].form);
        put(rows[i].text, strlen(rows[i].text));
        close(fx.writer);
        fx.writer = -1;
        TURN_UNTIL(fx.loop, fx.problem[0]);
        assert_memory_equal(fx.problem, rows[i].problem, strlen(rows[i].problem));
        assert_int_equal(fx.ends, 0);
        finish();
    }
}

#define INPUT_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        INPUT_TEST(chunks_are_whole_but_for_the_last),
        INPUT_TEST(a_chunk_does_not_wait_to_be_whole),
        INPUT_TEST(chunks_that_are_stopped_after_each),
        INPUT_TEST(lines),
        INPUT_TEST(together_as_one_at_a_time),
        INPUT_TEST(many_that_are_stopped_go_on),
        INPUT_TEST(one_of_many_is_wrong),
        INPUT_TEST(a_line_without_an_end_comes_in_pieces),
        INPUT_TEST(pieces_and_then_whole_lines),
        INPUT_TEST(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
