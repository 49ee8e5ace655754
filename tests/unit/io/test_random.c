#include "libws/io/random.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void no_key_comes_twice(void **state)
{
    (void)state;
    static struct ws_random random;
    static uint8_t keys[4096][16];
    for (int i = 0; i < 4096; i++)
        assert_true(ws_random_bytes(&random, keys[i], 16));
    for (int i = 0; i < 4096; i++)
        for (int j = i + 1; j < 4096; j++)
            assert_true(memcmp(keys[i], keys[j], 16) != 0);
}

static void two_sources_differ(void **state)
{
    (void)state;
    struct ws_random a = {0}, b = {0};
    uint8_t from_a[16], from_b[16];
    assert_true(ws_random_bytes(&a, from_a, sizeof from_a));
    assert_true(ws_random_bytes(&b, from_b, sizeof from_b));
    assert_memory_not_equal(from_a, from_b, 16);
}

/* Every size about the block's, and nothing written behind the end. */
static void sizes(void **state)
{
    (void)state;
    static struct ws_random random;
    static uint8_t bytes[3 * sizeof random.block];
    for (size_t size = 0; size < sizeof bytes - 1; size += size < 40 ? 1 : 37) {
        memset(bytes, 0, sizeof bytes);
        bytes[size] = 0xA5;
        assert_true(ws_random_bytes(&random, bytes, size));
        assert_int_equal(bytes[size], 0xA5);
        size_t zeros = 0;
        for (size_t i = 0; i < size; i++)
            zeros += bytes[i] == 0;
        assert_true(size < 16 || zeros < size / 4 + 4);
    }
}

static void what_was_given_out_is_wiped(void **state)
{
    (void)state;
    struct ws_random random = {0};
    uint8_t bytes[64], zeros[64] = {0};
    assert_true(ws_random_bytes(&random, bytes, sizeof bytes));
    assert_memory_equal(random.block + random.unused, zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_comes_twice),
        cmocka_unit_test(two_sources_differ),
        cmocka_unit_test(sizes),
        cmocka_unit_test(what_was_given_out_is_wiped),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
