#include "libws/proto/bytes.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

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
    ws_bytes_free(&bytes);
}

static void bytes_have_headroom(void **state)
{
    struct ws_bytes *bytes = NULL;
    (void)state;
    assert_true(ws_bytes_reserve(&bytes, 10));
    assert_int_equal(bytes->len, 0);
    memset(ws_bytes_data(bytes) - WS_HEADROOM, 1, WS_HEADROOM + bytes->capacity);
    ws_bytes_free(&bytes);
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
    ws_bytes_free(&bytes);
}

static void appended_and_consumed_like_a_queue(void **state)
{
    struct ws_bytes *bytes = NULL;
    uint8_t in = 0, out = 0, piece[13];
    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t more = (size_t)(i % 14), most = (size_t)(i % 11) + 3;
        for (size_t k = 0; k < more; k++)
            piece[k] = in++;
        assert_true(ws_bytes_append(&bytes, piece, more));
        size_t n = most < ws_bytes_len(bytes) ? most : ws_bytes_len(bytes);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(ws_bytes_data(bytes)[k], out++);
        ws_bytes_consume(bytes, n);
    }
    /* What was consumed makes way for what comes. */
    assert_true(ws_bytes_capacity(bytes) < 256);
    ws_bytes_free(&bytes);
    assert_null(bytes);
}

static void empty_is_null(void **state)
{
    struct ws_bytes *bytes = NULL;
    (void)state;
    assert_true(ws_bytes_append(&bytes, NULL, 0));
    assert_null(bytes);
    assert_int_equal(ws_bytes_len(bytes), 0);
    assert_int_equal(ws_bytes_capacity(bytes), 0);
    ws_bytes_consume(bytes, 0);
    ws_bytes_free(&bytes);
}

static void exactly_what_is_asked_for(void **state)
{
    struct ws_bytes *bytes = NULL;
    (void)state;
    assert_true(ws_bytes_reserve_exactly(&bytes, 100));
    assert_int_equal(ws_bytes_capacity(bytes), 100);
    bytes->len = 100;
    assert_true(ws_bytes_reserve_exactly(&bytes, 1));
    assert_int_equal(ws_bytes_capacity(bytes), 101);
    ws_bytes_consume(bytes, 60);
    assert_true(ws_bytes_reserve_exactly(&bytes, 61));
    assert_int_equal(ws_bytes_capacity(bytes), 101);
    assert_int_equal(bytes->consumed, 0);
    ws_bytes_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_grow_with_what_came),
        cmocka_unit_test(bytes_have_headroom),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(appended_and_consumed_like_a_queue),
        cmocka_unit_test(empty_is_null),
        cmocka_unit_test(exactly_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
