#include "libws/io/queue.h"

#include "tests/unit/support_net.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* Shared bytes are held where there are enough of them, and copied where not. */
enum { SHARED = 520, HELD_LEAST = 512, TOTAL = 30 + SHARED };

static char expected[TOTAL + 1] = "abcde0123456789ABCDEFGHIJfghij"; /* and the shared ones */

static int fill_in(void **state)
{
    (void)state;
    for (size_t i = TOTAL - SHARED; i < TOTAL; i++)
        expected[i] = (char)('a' + i % 26);
    return 0;
}

/* One output with every kind of span; the owner frees `shared`'s first reference.
 */
static void build(struct ws_out *out, struct ws_shared **shared)
{
    static const uint8_t borrowed[] = "0123456789"; /* the caller's */
    char *owned = strdup("xxABCDEFGHIJ");
    *shared = ws_shared_new(SHARED);
    assert_true(owned && *shared);
    memcpy(ws_shared_data(*shared), expected + TOTAL - SHARED, SHARED);
    assert_int_equal(ws_out_copy(out, "abcde", 5), WS_OK);
    assert_int_equal(ws_out_borrow(out, borrowed, 10), WS_OK);
    assert_int_equal(ws_out_own(out, owned, owned + 2, 10), WS_OK);
    assert_int_equal(ws_out_copy(out, "fghij", 5), WS_OK);
    assert_int_equal(ws_out_share(out, *shared, 0, ws_shared_len(*shared)), WS_OK);
    assert_int_equal(out->bytes, TOTAL);
}

static size_t flatten(const struct ws_queue *queue, char *text, size_t size)
{
    struct iovec iov[64];
    size_t len = 0;
    int count = ws_queue_iov(queue, iov, 64);
    for (int i = 0; i < count; i++) {
        assert_true(iov[i].iov_len > 0 && len + iov[i].iov_len <= size);
        memcpy(text + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    return len;
}

static void skip_and_consume_everywhere(void **state)
{
    (void)state;
    char text[TOTAL];
    for (size_t skip = 0; skip <= TOTAL; skip++)
        for (size_t taken = 0; taken <= TOTAL - skip; taken += taken < 50 ? 1 : 7) {
            struct ws_out out = {0};
            struct ws_queue queue = {0};
            struct ws_shared *shared;
            build(&out, &shared);
            assert_int_equal(ws_shared_refs(shared), 2);
            assert_int_equal(ws_queue_append(&queue, &out, skip), WS_OK);
            assert_int_equal(out.count, 0);
            assert_int_equal(out.bytes, 0);
            /* The reference moved, unless its bytes were sent already. */
            bool held = skip <= TOTAL - HELD_LEAST;
            assert_int_equal(ws_shared_refs(shared), held ? 2 : 1);
            assert_int_equal(queue.bytes, TOTAL - skip);
            assert_int_equal(flatten(&queue, text, sizeof text), TOTAL - skip);
            assert_memory_equal(text, expected + skip, TOTAL - skip);

            ws_queue_consume(&queue, taken);
            size_t left = TOTAL - skip - taken;
            assert_int_equal(queue.bytes, left);
            assert_int_equal(flatten(&queue, text, sizeof text), left);
            assert_memory_equal(text, expected + skip + taken, left);
            assert_int_equal(ws_shared_refs(shared), held && left > 0 ? 2 : 1);
            assert_true((queue.head == NULL) == (left == 0));
            ws_queue_free(&queue);
            assert_int_equal(ws_shared_refs(shared), 1);
            assert_int_equal(queue.bytes, 0);
            ws_shared_unref(shared);
            ws_out_free(&out);
        }
}

/* In two steps, from a queue that is added to in between. */
static void added_to_while_it_empties(void **state)
{
    (void)state;
    char text[2 * TOTAL];
    for (size_t first = 0; first <= TOTAL; first++) {
        struct ws_out out = {0};
        struct ws_queue queue = {0};
        struct ws_shared *a, *b;
        build(&out, &a);
        assert_int_equal(ws_queue_append(&queue, &out, 0), WS_OK);
        ws_queue_consume(&queue, first);
        build(&out, &b);
        assert_int_equal(ws_queue_append(&queue, &out, 0), WS_OK);
        assert_int_equal(flatten(&queue, text, sizeof text), 2 * TOTAL - first);
        assert_memory_equal(text, expected + first, TOTAL - first);
        assert_memory_equal(text + TOTAL - first, expected, TOTAL);
        ws_queue_free(&queue);
        ws_shared_unref(a);
        ws_shared_unref(b);
        ws_out_free(&out);
    }
}

/* Against a flat array of bytes. */
static void random_traffic(void **state)
{
    (void)state;
    struct ws_out out = {0};
    struct ws_queue queue = {0};
    struct grown model = {0};
    static uint8_t bytes[50000];
    uint32_t x = 12345;
    for (int step = 0; step < 3000; step++) {
        x = x * 1664525 + 1013904223;
        size_t len = (x >> 8) % (x % 7 == 0 ? 50000 : 300);
        fill(bytes, len, x);
        if (x >> 31) {
            size_t skip = len ? (x >> 4) % (len + 1) : 0;
            uint8_t *own = malloc(len + 1);
            assert_non_null(own);
            memcpy(own, bytes, len);
            if (x % 3 == 0) {
                ws_out_own(&out, own, own, len);
            } else {
                ws_out_copy(&out, own, len);
                free(own);
            }
            assert_int_equal(ws_queue_append(&queue, &out, skip), WS_OK);
            grown_add(&model, bytes + skip, len - skip);
        } else {
            size_t taken = len < model.len ? len : model.len;
            struct iovec iov[1];
            if (ws_queue_iov(&queue, iov, 1)) {
                size_t part = iov[0].iov_len < model.len ? iov[0].iov_len : model.len;
                assert_memory_equal(iov[0].iov_base, model.data, part);
            }
            ws_queue_consume(&queue, taken);
            grown_consume(&model, taken);
        }
        assert_int_equal(queue.bytes, model.len);
    }
    while (model.len > 0) {
        struct iovec iov[1];
        assert_int_equal(ws_queue_iov(&queue, iov, 1), 1);
        assert_memory_equal(iov[0].iov_base, model.data, iov[0].iov_len);
        size_t len = iov[0].iov_len;
        ws_queue_consume(&queue, len);
        grown_consume(&model, len);
    }
    assert_null(queue.head);
    assert_null(queue.tail);
    grown_free(&model);
    ws_out_free(&out);
}

/* Ten thousand frames of two bytes are not ten thousand blocks. */
static void small_copies_share_blocks(void **state)
{
    (void)state;
    struct ws_out out = {0};
    struct ws_queue queue = {0};
    struct iovec iov[64];
    for (int i = 0; i < 10000; i++) {
        ws_out_copy(&out, "ab", 2);
        assert_int_equal(ws_queue_append(&queue, &out, 0), WS_OK);
    }
    assert_int_equal(queue.bytes, 20000);
    assert_true(ws_queue_iov(&queue, iov, 64) <= 2);
    assert_int_equal(ws_queue_iov(&queue, iov, 0), 0);
    assert_int_equal(ws_queue_iov(&queue, iov, 1), 1);
    ws_queue_free(&queue);
    ws_queue_free(&queue);
    ws_out_free(&out);
}

/* What was shared goes, but for the head, of which the kernel may have half; the rest stays. */
static void shared_is_dropped(void **state)
{
    (void)state;
    /* Two frames of 3 bytes, and one of 600. */
    static const uint8_t two[] = {0x81, 1, 'a', 0x81, 1, 'b'};
    struct ws_shared *small = ws_shared_new(sizeof two), *large = ws_shared_new(604);
    char text[2000];
    memcpy(ws_shared_data(small), two, sizeof two);
    memset(ws_shared_data(large), 'x', 604);
    memcpy(ws_shared_data(large), "\x82\x7e\x02\x58", 4);
    for (int head = 0; head < 2; head++) {
        struct ws_out out = {0};
        struct ws_queue queue = {0};
        assert_int_equal(ws_queue_drop_shared(&queue), 0);
        if (head)
            ws_out_share(&out, large, 0, 604);
        ws_out_copy(&out, "pong", 4);
        ws_out_share(&out, small, 0, sizeof two);
        ws_out_share(&out, large, 0, 604);
        ws_out_copy(&out, "close", 5);
        ws_out_share(&out, small, 3, 3);
        ws_queue_append(&queue, &out, 0);
        assert_int_equal(ws_queue_drop_shared(&queue), 4);
        size_t kept = head ? 604 : 0;
        assert_int_equal(queue.bytes, kept + 9);
        assert_int_equal(flatten(&queue, text, sizeof text), kept + 9);
        assert_memory_equal(text + kept, "pongclose", 9);
        ws_out_copy(&out, "more", 4);
        ws_queue_append(&queue, &out, 0);
        assert_int_equal(flatten(&queue, text, sizeof text), kept + 13);
        assert_memory_equal(text + kept, "pongclosemore", 13);
        ws_queue_free(&queue);
        ws_out_free(&out);
    }
    assert_int_equal(ws_shared_refs(small), 1);
    assert_int_equal(ws_shared_refs(large), 1);
    ws_shared_unref(small);
    ws_shared_unref(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_is_dropped),         cmocka_unit_test(skip_and_consume_everywhere),
        cmocka_unit_test(added_to_while_it_empties), cmocka_unit_test(random_traffic),
        cmocka_unit_test(small_copies_share_blocks),
    };
    return cmocka_run_group_tests_name("buffer", tests, fill_in, NULL);
}
