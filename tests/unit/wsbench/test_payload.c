#include "cmd/wsbench/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const size_t sizes[] = {0, 1, 7, 15, 16, 20, 39, 40, 41, 100, 5000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void written_and_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t size = sizes[i];
        struct payload_head in = {0x1234, 0x89abcdef01234567, 0xfedcba9876543210}, out;
        uint8_t *message = payload_new(size);
        payload_write(message, size, &in);
        assert_true(payload_read(message, size, &out));
        if (size >= PAYLOAD_HEAD)
            assert_true(out.connection == in.connection && out.sequence == in.sequence &&
                        out.time == in.time);
        else if (size >= 16)
            assert_true(out.sequence == in.sequence);
        else
            assert_true(out.sequence == (in.sequence & ((UINT64_C(1) << (4 * size)) - 1)));
        free(message);
    }
}

static void what_is_no_head(void **state)
{
    struct payload_head head;
    (void)state;
    assert_false(
        payload_read((const uint8_t *)"hello, world, this is no head at all!!!!", 40, &head));
    assert_false(payload_read((const uint8_t *)"0123456789abcdeF", 16, &head));
}

/* Takes a reply in two pieces, cut at `cut`, and compares it with the pattern. */
static struct payload_answer take(const uint8_t *pattern, const uint8_t *answer, size_t size,
                                  size_t len, size_t cut)
{
    struct payload_answer a = {0};
    payload_take(&a, pattern, size, answer, cut);
    payload_take(&a, pattern, size, answer + cut, len - cut);
    return a;
}

static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t size = sizes[i];
        struct payload_head in = {.sequence = 77}, out;
        uint8_t *pattern = payload_new(size), *answer = payload_new(size);
        payload_write(answer, size, &in);
        payload_write(pattern, size, &(struct payload_head){.sequence = 99});
        for (size_t cut = 0; cut <= size; cut++) {
            struct payload_answer a = take(pattern, answer, size, size, cut);
            assert_false(a.wrong);
            assert_int_equal(a.len, size);
            assert_true(payload_read(a.head, size, &out));
        }
        free(pattern);
        free(answer);
    }
}

static void changed_too_long_too_short(void **state)
{
    enum { SIZE = 100 };
    uint8_t *pattern = payload_new(SIZE), *answer = payload_new(SIZE + 1);
    (void)state;
    payload_write(answer, SIZE, &(struct payload_head){0});
    assert_true(take(pattern, answer, SIZE, SIZE + 1, 50).wrong);
    assert_int_equal(take(pattern, answer, SIZE, SIZE - 1, 50).len, SIZE - 1);
    for (size_t at = PAYLOAD_HEAD; at < SIZE; at++) {
        answer[at] ^= 1;
        assert_true(take(pattern, answer, SIZE, SIZE, 60).wrong);
        answer[at] ^= 1;
    }
    free(pattern);
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read_back),
        cmocka_unit_test(what_is_no_head),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(changed_too_long_too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
