#include "cmd/wsbench/payload/payload.h"

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
        struct payload_head in = {0x1234, 0x89abcdef0123, 0xfedcba9876543210};
        struct payload_head out = {.connection = in.connection};
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
    struct payload_head head = {0};
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
        struct payload_head in = {.sequence = 77}, out = {0};
        uint8_t *pattern = payload_new(size), *answer = payload_new(size);
        payload_write(answer, size, &in);
        payload_write(pattern, size, &(struct payload_head){.sequence = 99});
        for (size_t cut = 0; cut <= size; cut++) {
            struct payload_answer a = take(pattern, answer, size, size, cut);
            assert_false(a.wrong);
            assert_int_equal(a.len, size);
            assert_int_equal(payload_judge(&a, size, &out), PAYLOAD_INTACT);
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
    payload_write(answer, SIZE, &(struct payload_head){.connection = 7, .sequence = 3});
    struct payload_answer a = take(pattern, answer, SIZE, SIZE + 1, 50);
    struct payload_head head;
    assert_int_equal(payload_judge(&a, SIZE, &head), PAYLOAD_DAMAGED);
    a = take(pattern, answer, SIZE, SIZE - 1, 50);
    assert_int_equal(payload_judge(&a, SIZE, &head), PAYLOAD_DAMAGED);
    for (size_t at = 0; at < SIZE; at++) {
        answer[at] ^= 1;
        a = take(pattern, answer, SIZE, SIZE, 60);
        assert_int_equal(payload_judge(&a, SIZE, &head), PAYLOAD_DAMAGED);
        answer[at] ^= 1;
    }
    free(pattern);
    free(answer);
}

static void messages_of_another(void **state)
{
    static const char *const others[] = {"", "welcome", "{\"tick\": 1, \"now\": 2}",
                                         "0123456789abcdef0123"};
    enum { SIZE = 20 };
    uint8_t *pattern = payload_new(SIZE);
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct payload_answer a = {0};
        struct payload_head head = {0};
        payload_take(&a, pattern, SIZE, (const uint8_t *)others[i], strlen(others[i]));
        assert_int_equal(payload_judge(&a, SIZE, &head), PAYLOAD_FOREIGN);
    }
    /* An answer that belongs to another connection is none of ours either, but it was a message. */
    struct payload_answer a = {0};
    struct payload_head head = {.connection = 2};
    uint8_t *answer = payload_new(SIZE);
    payload_write(answer, SIZE, &(struct payload_head){.connection = 1, .sequence = 5});
    payload_take(&a, pattern, SIZE, answer, SIZE);
    assert_int_equal(payload_judge(&a, SIZE, &head), PAYLOAD_DAMAGED);
    free(answer);
    free(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read_back), cmocka_unit_test(what_is_no_head),
        cmocka_unit_test(cut_anywhere),          cmocka_unit_test(changed_too_long_too_short),
        cmocka_unit_test(messages_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
