#include "cmd/wsserve/cluster/envelope.h"

#include <ws/frame.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const struct envelope one = {
    .opcode = WS_OP_TEXT,
    .node = UINT64_C(0x0102030405060708),
    .place = UINT64_C(0x1112131415161718),
    .sent_us = INT64_C(0x2122232425262728),
};

static const char bytes[] = "WSC1\1\0\0\0"
                            "\x01\x02\x03\x04\x05\x06\x07\x08"
                            "\x11\x12\x13\x14\x15\x16\x17\x18"
                            "\x21\x22\x23\x24\x25\x26\x27\x28"
                            "gr\xC3\xBC\xC3\x9F";

static void written_and_read(void **state)
{
    (void)state;
    uint8_t head[ENVELOPE_HEAD];
    struct envelope read;
    envelope_write(&one, head);
    assert_memory_equal(head, bytes, sizeof head);
    assert_true(envelope_read(bytes, sizeof bytes - 1, &read));
    assert_int_equal(read.opcode, WS_OP_TEXT);
    assert_true(read.node == one.node && read.place == one.place && read.sent_us == one.sent_us);
    assert_int_equal(read.len, 6);
    assert_ptr_equal(read.data, bytes + ENVELOPE_HEAD);
    assert_true(envelope_read(bytes, ENVELOPE_HEAD, &read));
    assert_int_equal(read.len, 0);
}

static void damaged(void **state)
{
    (void)state;
    struct envelope read;
    char copy[sizeof bytes];
    for (size_t len = 0; len < ENVELOPE_HEAD; len++)
        assert_false(envelope_read(bytes, len, &read));
    for (size_t i = 0; i < 8; i++) {
        memcpy(copy, bytes, sizeof bytes);
        copy[i] = (char)(copy[i] ^ 0x40);
        assert_false(envelope_read(copy, sizeof bytes - 1, &read));
    }
    /* Text that is cut in a character; binary that is the same. */
    assert_false(envelope_read(bytes, sizeof bytes - 2, &read));
    memcpy(copy, bytes, sizeof bytes);
    copy[4] = WS_OP_BINARY;
    assert_true(envelope_read(copy, sizeof bytes - 2, &read));
    copy[4] = WS_OP_PING;
    assert_false(envelope_read(copy, sizeof bytes - 1, &read));
}

static uint64_t place(uint32_t series, uint32_t count)
{
    return (uint64_t)series << 32 | count;
}

static void missing_ones(void **state)
{
    (void)state;
    assert_int_equal(envelope_missing(place(1, 1), place(1, 2)), 0);
    assert_int_equal(envelope_missing(place(1, 1), place(1, 5)), 3);
    assert_int_equal(envelope_missing(place(1, 5), place(1, 5)), -1);
    assert_int_equal(envelope_missing(place(1, 5), place(1, 4)), -1);
    /* Another series: all before it in that one. */
    assert_int_equal(envelope_missing(place(1, 9), place(3, 1)), 0);
    assert_int_equal(envelope_missing(place(1, 9), place(3, 4)), 3);
    assert_int_equal(envelope_missing(place(1, 9), place(3, 0)), 0);
    assert_int_equal(envelope_missing(place(3, 1), place(1, 99)), -1);
    assert_int_equal(envelope_missing(0, UINT64_MAX), UINT32_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(damaged),
        cmocka_unit_test(missing_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
