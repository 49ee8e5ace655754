#include <ws/message.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static enum ws_error frame(struct ws_message *message, unsigned opcode, uint64_t length,
                           uint64_t max)
{
    struct ws_frame f = {.opcode = (uint8_t)opcode, .length = length, .fin = false};
    return ws_message_frame(message, &f, max);
}

static void what_may_follow_what(void **state)
{
    struct ws_message m = {0};
    (void)state;
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, 1, 0), WS_E_CONTINUATION_UNEXPECTED);
    assert_int_equal(frame(&m, WS_OP_TEXT, 1, 0), WS_OK);
    assert_int_equal(m.opcode, WS_OP_TEXT);
    assert_true(m.begun);
    assert_int_equal(frame(&m, WS_OP_TEXT, 1, 0), WS_E_CONTINUATION_EXPECTED);
    assert_int_equal(frame(&m, WS_OP_BINARY, 1, 0), WS_E_CONTINUATION_EXPECTED);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, 2, 0), WS_OK);
    assert_int_equal(m.opcode, WS_OP_TEXT);
    assert_int_equal(m.total, 3);
    assert_int_equal(ws_message_end(&m), WS_OK);
    assert_false(m.begun);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, 1, 0), WS_E_CONTINUATION_UNEXPECTED);
    assert_int_equal(frame(&m, WS_OP_BINARY, 7, 0), WS_OK);
    assert_int_equal(m.total, 7);
}

static void the_cap_counts_all_fragments(void **state)
{
    struct ws_message m = {0};
    (void)state;
    assert_int_equal(frame(&m, WS_OP_BINARY, 60, 100), WS_OK);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, 40, 100), WS_OK);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, 0, 100), WS_OK);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, 1, 100), WS_E_MESSAGE_TOO_BIG);
    m = (struct ws_message){0};
    assert_int_equal(frame(&m, WS_OP_BINARY, 101, 100), WS_E_MESSAGE_TOO_BIG);
    m = (struct ws_message){0};
    assert_int_equal(frame(&m, WS_OP_TEXT, WS_PAYLOAD_MAX, 100), WS_E_MESSAGE_TOO_BIG);
}

static void no_sum_wraps(void **state)
{
    struct ws_message m = {0};
    (void)state;
    assert_int_equal(frame(&m, WS_OP_BINARY, WS_PAYLOAD_MAX, 0), WS_OK);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, 1, 0), WS_E_MESSAGE_TOO_BIG);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, WS_PAYLOAD_MAX, 0), WS_E_MESSAGE_TOO_BIG);
    assert_int_equal(m.total, WS_PAYLOAD_MAX);
    m = (struct ws_message){0};
    assert_int_equal(frame(&m, WS_OP_BINARY, 5, UINT64_MAX), WS_OK);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, WS_PAYLOAD_MAX, UINT64_MAX), WS_OK);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, WS_PAYLOAD_MAX, UINT64_MAX),
                     WS_E_MESSAGE_TOO_BIG);
}

static void text_is_checked_over_fragments(void **state)
{
    struct ws_message m = {0};
    (void)state;
    assert_int_equal(frame(&m, WS_OP_TEXT, 2, 0), WS_OK);
    assert_int_equal(ws_message_check(&m, (const uint8_t *)"\xe2\x82", 2), 2);
    assert_int_equal(frame(&m, WS_OP_CONTINUATION, 1, 0), WS_OK);
    assert_int_equal(ws_message_check(&m, (const uint8_t *)"\xac", 1), 1);
    assert_int_equal(ws_message_end(&m), WS_OK);

    assert_int_equal(frame(&m, WS_OP_TEXT, 3, 0), WS_OK);
    assert_int_equal(ws_message_check(&m, (const uint8_t *)"ab\xff", 3), 2);

    m = (struct ws_message){0};
    assert_int_equal(frame(&m, WS_OP_TEXT, 1, 0), WS_OK);
    assert_int_equal(ws_message_check(&m, (const uint8_t *)"\xe2", 1), 1);
    assert_int_equal(ws_message_end(&m), WS_E_UTF8);

    /* the next message begins between two code points again */
    assert_int_equal(frame(&m, WS_OP_TEXT, 1, 0), WS_OK);
    assert_int_equal(ws_message_check(&m, (const uint8_t *)"a", 1), 1);
    assert_int_equal(ws_message_end(&m), WS_OK);
}

static void binary_is_not_checked(void **state)
{
    struct ws_message m = {0};
    (void)state;
    assert_int_equal(frame(&m, WS_OP_BINARY, 3, 0), WS_OK);
    assert_int_equal(ws_message_check(&m, (const uint8_t *)"\xff\xfe\xc0", 3), 3);
    assert_int_equal(ws_message_end(&m), WS_OK);
}

static void bytes_grow_with_what_came(void **state)
{
    struct ws_bytes *bytes = NULL;
    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        size_t more = 1 + i % 7;
        assert_true(ws_bytes_reserve(&bytes, more));
        assert_true(bytes->capacity - bytes->len >= more);
        memset(ws_bytes_data(bytes) + bytes->len, (int)(i & 255), more);
        bytes->len += more;
        /* twice what arrived, and never more */
        assert_true(bytes->capacity <= 2 * bytes->len + 8);
    }
    assert_int_equal(ws_bytes_data(bytes)[0], 0);
    assert_int_equal(ws_bytes_data(bytes)[1], 1);
    free(bytes);
}

static void bytes_have_headroom(void **state)
{
    struct ws_bytes *bytes = NULL;
    (void)state;
    assert_true(ws_bytes_reserve(&bytes, 10));
    assert_int_equal(bytes->len, 0);
    memset(ws_bytes_data(bytes) - WS_HEADROOM, 1, WS_HEADROOM + bytes->capacity);
    free(bytes);
}

static void impossible_sizes_are_refused(void **state)
{
    struct ws_bytes *bytes = NULL;
    (void)state;
    assert_false(ws_bytes_reserve(&bytes, SIZE_MAX));
    assert_false(ws_bytes_reserve(&bytes, SIZE_MAX / 2));
    assert_null(bytes);
    assert_true(ws_bytes_reserve(&bytes, 4));
    bytes->len = 4;
    struct ws_bytes *before = bytes;
    assert_false(ws_bytes_reserve(&bytes, SIZE_MAX - 2));
    assert_ptr_equal(bytes, before);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_follow_what),  cmocka_unit_test(the_cap_counts_all_fragments),
        cmocka_unit_test(no_sum_wraps),          cmocka_unit_test(text_is_checked_over_fragments),
        cmocka_unit_test(binary_is_not_checked), cmocka_unit_test(bytes_grow_with_what_came),
        cmocka_unit_test(bytes_have_headroom),   cmocka_unit_test(impossible_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
