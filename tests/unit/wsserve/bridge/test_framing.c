#include "cmd/wsserve/bridge/framing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* Messages as text, each behind its length: "3:abc 0: ". */
static char seen[4096];
static size_t seen_len;

static void see(const struct framing_message *message)
{
    seen_len += (size_t)snprintf(seen + seen_len, sizeof seen - seen_len, "%zu:", message->len);
    memcpy(seen + seen_len, message->data, message->len);
    seen_len += message->len;
    seen[seen_len++] = ' ';
    seen[seen_len] = 0;
}

/* Feeds the input cut into pieces of `piece` bytes; the last result that is no message. */
static enum framing_result read_all(enum framing framing, uint64_t max, const char *input,
                                    size_t len, size_t piece)
{
    struct framing_reader reader = {.framing = framing, .max = max};
    struct framing_message message;
    enum framing_result result = FRAMING_MORE;
    seen_len = 0;
    seen[0] = 0;
    for (size_t at = 0; at < len && result == FRAMING_MORE; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        /* Memory of its own, so that reading beyond it shows. */
        char *copy = malloc(n);
        memcpy(copy, input + at, n);
        framing_feed(&reader, copy, n);
        while ((result = framing_next(&reader, &message)) == FRAMING_MESSAGE)
            see(&message);
        free(copy);
    }
    if (result == FRAMING_MORE) {
        result = framing_end(&reader, &message);
        if (result == FRAMING_MESSAGE) {
            see(&message);
            result = framing_end(&reader, &message);
        }
    }
    framing_free(&reader);
    return result;
}

static void every_cut(enum framing framing, const char *input, size_t len, const char *wanted)
{
    for (size_t piece = 1; piece <= len; piece++) {
        assert_int_equal(read_all(framing, 100, input, len, piece), FRAMING_MORE);
        assert_string_equal(seen, wanted);
    }
}
#define EVERY_CUT(framing, input, wanted) every_cut(framing, input, sizeof input - 1, wanted)

static void test_lines(void **state)
{
    (void)state;
    EVERY_CUT(FRAMING_LINES, "abc\n\nde\r\nf", "3:abc 0: 2:de 1:f ");
    EVERY_CUT(FRAMING_LINES, "abc\n", "3:abc ");
    EVERY_CUT(FRAMING_LINES, "\n\n", "0: 0: ");
    EVERY_CUT(FRAMING_LINES, "\r\na\rb\r\r\nc\r", "0: 4:a\rb\r 1:c ");
}

static void test_nul(void **state)
{
    (void)state;
    EVERY_CUT(FRAMING_NUL, "a\nc\0\0de", "3:a\nc 0: 2:de ");
}

static void test_len32(void **state)
{
    (void)state;
    EVERY_CUT(FRAMING_LEN32, "\0\0\0\3abc\0\0\0\0\0\0\0\1d", "3:abc 0: 1:d ");
    /* Cut off in the length, and in the bytes. */
    assert_int_equal(read_all(FRAMING_LEN32, 100, "\0\0", 2, 1), FRAMING_TOO_LONG);
    assert_int_equal(read_all(FRAMING_LEN32, 100, "\0\0\0\2a", 5, 5), FRAMING_TOO_LONG);
}

static void test_jsonl(void **state)
{
    (void)state;
    EVERY_CUT(FRAMING_JSONL, "{\"data\":\"abc\"}\n\n \r\n{\"b64\":\"ZGU=\"}", "3:abc 2:de ");
}

static void test_chunks(void **state)
{
    (void)state;
    assert_int_equal(read_all(FRAMING_CHUNKS, 0, "abcdefg", 7, 3), FRAMING_MORE);
    assert_string_equal(seen, "3:abc 3:def 1:g ");
    assert_int_equal(read_all(FRAMING_CHUNKS, 2, "abcde", 5, 5), FRAMING_MORE);
    assert_string_equal(seen, "2:ab 2:cd 1:e ");
}

static void test_cap(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 9; piece++) {
        assert_int_equal(read_all(FRAMING_LINES, 4, "abcd\nabcde\n", 11, piece), FRAMING_TOO_LONG);
        assert_string_equal(seen, "4:abcd ");
        /* It does not wait for the end of a line that is too long already. */
        assert_int_equal(read_all(FRAMING_NUL, 4, "abcdefgh", 8, piece), FRAMING_TOO_LONG);
    }
    assert_int_equal(read_all(FRAMING_LEN32, 4, "\xff\xff\xff\xff", 4, 1), FRAMING_TOO_LONG);
    assert_int_equal(read_all(FRAMING_LEN32, 4, "\0\0\0\5", 4, 4), FRAMING_TOO_LONG);
    assert_int_equal(read_all(FRAMING_LEN32, 4, "\0\0\0\4abcd", 8, 4), FRAMING_MORE);
}

/* A length is a claim: no memory for it before the bytes are there. */
static void test_claims_cost_nothing(void **state)
{
    (void)state;
    struct framing_reader reader = {.framing = FRAMING_LEN32};
    struct framing_message message;
    char claim[] = "\x1f\xff\xff\xff" /* half of what 32 bits could address */
                   "abc";
    framing_feed(&reader, claim, 7);
    assert_int_equal(framing_next(&reader, &message), FRAMING_MORE);
    assert_true(ws_bytes_capacity(reader.held) <= 4096);
    framing_free(&reader);
}

static void test_bad_records_are_left_out(void **state)
{
    (void)state;
    char input[] = "{\"data\":\"a\"}\nnonsense\n{\"data\":\"toolong\"}\n{\"data\":\"b\"}\n";
    struct framing_reader reader = {.framing = FRAMING_JSONL, .max = 3};
    struct framing_message message;
    framing_feed(&reader, input, sizeof input - 1);
    assert_int_equal(framing_next(&reader, &message), FRAMING_MESSAGE);
    assert_non_null(message.record);
    assert_int_equal(framing_next(&reader, &message), FRAMING_BAD_RECORD);
    assert_string_equal(framing_error(&reader), "not JSON");
    assert_int_equal(framing_next(&reader, &message), FRAMING_BAD_RECORD);
    assert_non_null(strstr(framing_error(&reader), "larger"));
    assert_int_equal(framing_next(&reader, &message), FRAMING_MESSAGE);
    assert_memory_equal(message.data, "b", 2);
    assert_int_equal(framing_next(&reader, &message), FRAMING_MORE);
    framing_free(&reader);
}

static void test_records_that_are_none_to_send(void **state)
{
    (void)state;
    static const char *const types[] = {"open", "pong", "error"};
    struct framing_reader reader = {.framing = FRAMING_JSONL};
    struct framing_message message;
    char line[200];
    for (int len = 125; len <= 126; len++) {
        framing_feed(
            &reader, line,
            (size_t)snprintf(line, sizeof line, "{\"type\":\"ping\",\"data\":\"%0*d\"}\n", len, 0));
        assert_int_equal(framing_next(&reader, &message),
                         len == 125 ? FRAMING_MESSAGE : FRAMING_BAD_RECORD);
        assert_int_equal(framing_next(&reader, &message), FRAMING_MORE);
    }
    for (size_t i = 0; i < 3; i++) {
        framing_feed(&reader, line,
                     (size_t)snprintf(line, sizeof line, "{\"type\":\"%s\"}\n", types[i]));
        assert_int_equal(framing_next(&reader, &message), FRAMING_BAD_RECORD);
        assert_non_null(strstr(framing_error(&reader), "\"type\" is not"));
        assert_int_equal(framing_next(&reader, &message), FRAMING_MORE);
    }
    framing_free(&reader);
}

static void test_nothing_is_held_between_messages(void **state)
{
    (void)state;
    struct framing_reader reader = {.framing = FRAMING_LINES};
    struct framing_message message;
    char input[] = "abc\ndef\n";
    framing_feed(&reader, input, 2);
    assert_int_equal(framing_next(&reader, &message), FRAMING_MORE);
    framing_feed(&reader, input + 2, 6);
    assert_int_equal(framing_next(&reader, &message), FRAMING_MESSAGE);
    assert_int_equal(framing_next(&reader, &message), FRAMING_MESSAGE);
    assert_int_equal(framing_next(&reader, &message), FRAMING_MORE);
    assert_null(reader.held);
    framing_free(&reader);
}

static void test_marks(void **state)
{
    (void)state;
    struct framing_marks marks;
    assert_true(framing_mark(FRAMING_LINES, 3, &marks));
    assert_int_equal(marks.head_len, 0);
    assert_int_equal(marks.tail_len, 1);
    assert_int_equal(marks.tail, '\n');
    assert_true(framing_mark(FRAMING_NUL, 3, &marks));
    assert_int_equal(marks.tail_len, 1);
    assert_int_equal(marks.tail, 0);
    assert_true(framing_mark(FRAMING_CHUNKS, 3, &marks));
    assert_int_equal(marks.head_len + marks.tail_len, 0);
    assert_true(framing_mark(FRAMING_LEN32, 0x01020304, &marks));
    assert_int_equal(marks.head_len, 4);
    assert_memory_equal(marks.head, "\1\2\3\4", 4);
    if (sizeof(size_t) > 4)
        assert_false(framing_mark(FRAMING_LEN32, (size_t)UINT32_MAX + 1, &marks));
    assert_true(framing_takes_pieces(FRAMING_LINES));
    assert_false(framing_takes_pieces(FRAMING_LEN32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_len32),
        cmocka_unit_test(test_jsonl),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_claims_cost_nothing),
        cmocka_unit_test(test_bad_records_are_left_out),
        cmocka_unit_test(test_records_that_are_none_to_send),
        cmocka_unit_test(test_nothing_is_held_between_messages),
        cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
