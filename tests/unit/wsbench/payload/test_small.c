#include "cmd/wsbench/payload/small.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const unsigned windows[] = {1, 8, 9, 32, 1000, 65536};
enum { WINDOWS = sizeof windows / sizeof windows[0] };

static const uint64_t sequences[] = {0, 1, 31, 32, 33, 1023, 40000, 0x123456789abc};
enum { SEQUENCES = sizeof sequences / sizeof sequences[0] };

/* Calls `check` for messages of all sizes and windows. */
static void each(void (*check)(uint8_t *message, size_t size, unsigned digits, uint64_t sequence))
{
    for (size_t size = 0; size <= SMALL_SIZE_MAX; size++)
        for (size_t w = 0; w < WINDOWS; w++)
            for (size_t i = 0; i < SEQUENCES; i++) {
                uint8_t message[SMALL_SIZE_MAX + 1];
                unsigned digits = small_digits(size, windows[w]);
                small_write(message, size, digits, 7, sequences[i]);
                check(message, size, digits, sequences[i]);
            }
}

static void check_number(uint8_t *message, size_t size, unsigned digits, uint64_t sequence)
{
    uint64_t number;
    assert_true(small_read(message, size, digits, 7, &number));
    assert_int_equal(number, sequence & (small_numbers(digits) - 1));
}

static void the_last_digits_are_read_back(void **state)
{
    (void)state;
    each(check_number);
}

static void check_bits(uint8_t *message, size_t size, unsigned digits, uint64_t sequence)
{
    uint64_t number;
    (void)sequence;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(small_read(message, size, digits, 7, &number));
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void a_flipped_bit_is_noticed_at_every_size(void **state)
{
    (void)state;
    each(check_bits);
}

static void check_bytes(uint8_t *message, size_t size, unsigned digits, uint64_t sequence)
{
    uint64_t number;
    (void)sequence;
    for (size_t at = 0; at < size && digits < size; at++) {
        uint8_t before = message[at];
        for (const char *other = small_alphabet; *other; other++) {
            message[at] = (uint8_t)*other;
            assert_int_equal(small_read(message, size, digits, 7, &number), message[at] == before);
        }
        message[at] = before;
    }
}

static void a_changed_byte_is_noticed_where_there_is_a_check(void **state)
{
    (void)state;
    each(check_bytes);
}

static void a_check_where_the_window_leaves_a_place_for_it(void **state)
{
    (void)state;
    assert_int_equal(small_digits(0, 1), 0);
    assert_int_equal(small_digits(1, 1), 1);
    assert_int_equal(small_digits(2, 8), 1);
    assert_int_equal(small_digits(2, 9), 2);
    assert_int_equal(small_digits(3, 256), 2);
    assert_int_equal(small_digits(3, 257), 3);
    assert_int_equal(small_digits(4, 1000), 3);
    assert_int_equal(small_digits(15, 65536), 12);
    for (size_t size = 5; size <= SMALL_SIZE_MAX; size++)
        assert_true(small_digits(size, 65536) < size);
}

/* Each character once, and none that another becomes by one flipped bit. */
static void the_characters_of_digits(void **state)
{
    (void)state;
    assert_int_equal(strlen(small_alphabet), 32);
    for (const char *c = small_alphabet; *c; c++) {
        assert_int_equal(__builtin_popcount((unsigned)*c) % 2, 0);
        assert_null(strchr(c + 1, *c));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_digits_are_read_back),
        cmocka_unit_test(a_flipped_bit_is_noticed_at_every_size),
        cmocka_unit_test(a_changed_byte_is_noticed_where_there_is_a_check),
        cmocka_unit_test(a_check_where_the_window_leaves_a_place_for_it),
        cmocka_unit_test(the_characters_of_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
