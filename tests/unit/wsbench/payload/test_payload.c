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

static struct payload payload;

static void make(size_t size, bool varied)
{
    payload_free(&payload);
    assert_true(payload_init(&payload, size, size, 1, varied));
}

/* Writes a message and returns a copy of it. */
static uint8_t *written(const struct payload_head *head)
{
    payload_write(&payload, head);
    uint8_t *copy = malloc(payload.size + 2);
    assert_non_null(copy);
    memcpy(copy, payload.message, payload.size);
    copy[payload.size] = 'x';
    return copy;
}

static int tear_down(void **state)
{
    (void)state;
    payload_free(&payload);
    return 0;
}

static void written_and_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        size_t size = sizes[i];
        struct payload_head in = {0x1234, 0x89abcdef0123, 0xfedcba9876543210};
        struct payload_head out = {.connection = in.connection};
        make(size, false);
        payload_write(&payload, &in);
        assert_true(payload_read(&payload, payload.message, &out));
        if (size >= PAYLOAD_HEAD)
            assert_true(out.connection == in.connection && out.sequence == in.sequence &&
                        out.time == in.time);
        else if (size >= 16)
            assert_true(out.sequence == in.sequence);
        else
            assert_true(out.sequence == (in.sequence & (payload_modulus(&payload) - 1)));
    }
}

static void what_is_no_head(void **state)
{
    struct payload_head head = {0};
    (void)state;
    make(40, false);
    assert_false(
        payload_read(&payload, (const uint8_t *)"hello, world, this is no head at all!!!!", &head));
    make(16, false);
    assert_false(payload_read(&payload, (const uint8_t *)"0123456789abcdeF", &head));
}

/* Takes a reply in two pieces, cut at `cut`. */
static struct payload_answer take(const uint8_t *answer, size_t len, size_t cut)
{
    struct payload_answer a = {0};
    payload_take(&a, &payload, answer, cut);
    payload_take(&a, &payload, answer + cut, len - cut);
    return a;
}

static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * SIZES; i++) {
        size_t size = sizes[i / 2];
        struct payload_head out = {0};
        make(size, i % 2);
        uint8_t *answer = written(&(struct payload_head){.sequence = 77});
        payload_write(&payload, &(struct payload_head){.sequence = 99});
        for (size_t cut = 0; cut <= size; cut++) {
            struct payload_answer a = take(answer, size, cut);
            assert_false(a.wrong);
            assert_int_equal(a.len, size);
            assert_int_equal(payload_judge(&a, &payload, &out), PAYLOAD_INTACT);
        }
        free(answer);
    }
}

static void changed_too_long_too_short(void **state)
{
    enum { SIZE = 100 };
    (void)state;
    for (int varied = 0; varied < 2; varied++) {
        make(SIZE, varied);
        uint8_t *answer = written(&(struct payload_head){.connection = 7, .sequence = 3});
        struct payload_answer a = take(answer, SIZE + 1, 50);
        struct payload_head head;
        assert_int_equal(payload_judge(&a, &payload, &head), PAYLOAD_DAMAGED);
        a = take(answer, SIZE - 1, 50);
        assert_int_equal(payload_judge(&a, &payload, &head), PAYLOAD_DAMAGED);
        for (size_t at = 0; at < SIZE; at++) {
            answer[at] ^= 1;
            a = take(answer, SIZE, 60);
            assert_int_equal(payload_judge(&a, &payload, &head), PAYLOAD_DAMAGED);
            answer[at] ^= 1;
        }
        free(answer);
    }
}

static void messages_of_another(void **state)
{
    static const char *const others[] = {"", "welcome", "{\"tick\": 1, \"now\": 2}",
                                         "0123456789abcdef0123"};
    (void)state;
    make(20, false);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct payload_answer a = {0};
        struct payload_head head = {0};
        payload_take(&a, &payload, (const uint8_t *)others[i], strlen(others[i]));
        assert_int_equal(payload_judge(&a, &payload, &head), PAYLOAD_FOREIGN);
    }
    /* An answer that belongs to another connection is none of ours either, but it was a message. */
    struct payload_head head = {.connection = 2};
    uint8_t *answer = written(&(struct payload_head){.connection = 1, .sequence = 5});
    struct payload_answer a = take(answer, 20, 0);
    assert_int_equal(payload_judge(&a, &payload, &head), PAYLOAD_DAMAGED);
    free(answer);
}

/* What has the size of ours is damaged if it resembles ours, and else a message of another. */
static void damaged_or_of_another(void **state)
{
    static const struct {
        const char *text;
        enum payload_verdict verdict;
    } rows[] = {{"{\"tick\": \"01234", PAYLOAD_FOREIGN}, /* 16 bytes */
                {"0123456789abcde~", PAYLOAD_DAMAGED},
                {"hi, there!", PAYLOAD_FOREIGN},
                {"~", PAYLOAD_DAMAGED},
                {"<>", PAYLOAD_FOREIGN},
                {"<0", PAYLOAD_DAMAGED},
                {"<>0", PAYLOAD_FOREIGN}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct payload_head head = {0};
        size_t size = strlen(rows[i].text);
        make(size, false);
        struct payload_answer a = take((const uint8_t *)rows[i].text, size, size / 2);
        assert_int_equal(payload_judge(&a, &payload, &head), rows[i].verdict);
    }
}

/* One wrong digit is never taken for another message, whichever digit it is and whatever it became.
 */
static void any_one_changed_digit(void **state)
{
    static const size_t checked[] = {PAYLOAD_CHECKED, PAYLOAD_HEAD};
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        make(checked[s], false);
        for (unsigned i = 0; i < 3000; i++) {
            struct payload_head in = {
                .connection = i * 77, .sequence = (uint64_t)i * i, .time = i * UINT64_C(256000768)};
            payload_write(&payload, &in);
            for (size_t place = 0; place < checked[s]; place++) {
                uint8_t was = payload.message[place];
                for (const char *digit = "0123456789abcdef"; *digit; digit++) {
                    struct payload_head out = {.connection = in.connection};
                    payload.message[place] = (uint8_t)*digit;
                    if (payload_read(&payload, payload.message, &out) != (*digit == was))
                        fail_msg("message %u of %zu bytes, byte %zu: %c for %c", i, checked[s],
                                 place, *digit, was);
                }
                payload.message[place] = was;
            }
        }
    }
}

/* What a compressor's window holds of messages before does not help it. */
static void varied_messages_have_little_in_common(void **state)
{
    enum { SIZE = 200, TAIL = SIZE - PAYLOAD_HEAD, N = 100 };
    static uint8_t before[N][TAIL];
    (void)state;
    make(SIZE, true);
    for (unsigned i = 0; i < N; i++) {
        payload_write(&payload, &(struct payload_head){.connection = 1, .sequence = i});
        memcpy(before[i], payload.message + PAYLOAD_HEAD, TAIL);
        for (unsigned j = 0; j < i; j++)
            assert_null(memmem(before[j], TAIL, before[i] + TAIL / 4, TAIL / 2));
    }
}

/* The sequence number decides about the size, so that an answer of another size is damaged. */
static void a_range_of_sizes(void **state)
{
    enum { LEAST = 40, MOST = 90 };
    unsigned seen[MOST + 2] = {0};
    (void)state;
    for (int varied = 0; varied < 2; varied++) {
        payload_free(&payload);
        assert_true(payload_init(&payload, LEAST, MOST, 1, varied));
        for (unsigned i = 0; i < 1000; i++) {
            struct payload_head in = {.connection = 3, .sequence = i}, out = {0};
            payload_write(&payload, &in);
            size_t len = payload.len;
            assert_in_range(len, LEAST, MOST);
            seen[len]++;
            struct payload_answer a = take(payload.message, len, 20);
            assert_int_equal(payload_judge(&a, &payload, &out), PAYLOAD_INTACT);
            assert_int_equal(out.sequence, i);
            a = take(payload.message, len > LEAST ? len - 1 : len + 1, 10);
            assert_int_equal(payload_judge(&a, &payload, &out), PAYLOAD_DAMAGED);
        }
    }
    for (unsigned len = LEAST; len <= MOST; len++)
        assert_true(seen[len] > 0);
}

static bool is_intact(const struct payload_head *head, const uint8_t *data, size_t len)
{
    return payload_intact(&payload, *head, data, len, len + 2, 1) == 1;
}

/* Every byte of a message is compared, and its length, also where it is compared at once. */
static void whole_and_unchanged(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * SIZES; i++) {
        size_t size = sizes[i / 2];
        struct payload_head head = {.connection = 3, .sequence = 9, .time = 12345}, other = head;
        make(size, i % 2);
        uint8_t *answer = written(&head);
        assert_true(is_intact(&head, answer, size));
        assert_false(is_intact(&head, answer, size + 1));
        for (size_t at = 0; at < size; at++) {
            assert_false(is_intact(&head, answer, at));
            answer[at] ^= 1;
            assert_false(is_intact(&head, answer, size));
            answer[at] ^= 1;
        }
        other.sequence++;
        assert_true(size == 0 || !is_intact(&other, answer, size));
        free(answer);
    }
}

static void many_at_once_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * SIZES; i++) {
        size_t size = sizes[i / 2];
        make(size, i % 2);
        assert_int_equal(payload.many > 1, size <= 100 && i % 2 == 0);
        for (unsigned count = 1; count <= payload.many; count += 21) {
            struct payload_head head = {.connection = 8, .sequence = 0xffff0, .time = 77};
            payload_write_many(&payload, head, count);
            uint8_t all[64 * 100];
            memcpy(all, payload.message, size <= 100 ? count * size : 0);
            for (unsigned j = 0; j < count && size <= 100; j++, head.sequence++)
                assert_true(is_intact(&head, all + j * size, size));
        }
    }
}

/* Of messages in a row, those before the first that is another's or damaged. */
static void intact_until_the_first_that_is_not(void **state)
{
    enum { COUNT = 20, STEP = 130 };
    static uint8_t all[COUNT * STEP];
    (void)state;
    for (size_t size = 1; size <= 128; size++) {
        make(size, size % 3 == 0);
        struct payload_head first = {.connection = 8, .sequence = 0xffff8, .time = 77},
                            head = first;
        for (unsigned i = 0; i < COUNT; i++, head.sequence++) {
            uint8_t *one = written(&head);
            memcpy(all + i * STEP, one, size);
            free(one);
        }
        assert_int_equal(payload_intact(&payload, first, all, size, STEP, COUNT), COUNT);
        assert_int_equal(payload_intact(&payload, first, all, size, STEP, 0), 0);
        assert_int_equal(payload_intact(&payload, first, all, size - 1, STEP, COUNT), 0);
        for (unsigned bad = 0; bad < COUNT; bad++) {
            uint8_t *byte = &all[bad * STEP + bad * 7 % size];
            *byte ^= 1;
            assert_int_equal(payload_intact(&payload, first, all, size, STEP, COUNT), bad);
            *byte ^= 1;
        }
        uint8_t *late = &all[5 * STEP];
        memcpy(late, all + 6 * STEP, size);
        if (size >= PAYLOAD_CHECKED)
            assert_int_equal(payload_intact(&payload, first, all, size, STEP, COUNT), 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read_back),
        cmocka_unit_test(what_is_no_head),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(changed_too_long_too_short),
        cmocka_unit_test(messages_of_another),
        cmocka_unit_test(damaged_or_of_another),
        cmocka_unit_test(any_one_changed_digit),
        cmocka_unit_test(a_range_of_sizes),
        cmocka_unit_test(varied_messages_have_little_in_common),
        cmocka_unit_test(whole_and_unchanged),
        cmocka_unit_test(many_at_once_are_the_same),
        cmocka_unit_test(intact_until_the_first_that_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
