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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_follow_what),  cmocka_unit_test(the_cap_counts_all_fragments),
        cmocka_unit_test(no_sum_wraps),          cmocka_unit_test(text_is_checked_over_fragments),
        cmocka_unit_test(binary_is_not_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
