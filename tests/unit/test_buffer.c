#include "libws/net/buffer.h"

#include "tests/unit/support_net.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

enum { TOTAL = 40 };

/* One output with every kind of span, 40 bytes in all; the owner frees `shared`'s first reference.
 */
static void build(struct ws_out *out, struct ws_shared **shared)
{
    static const uint8_t borrowed[] = "0123456789"; /* somebody else's */
    char *owned = strdup("xxABCDEFGHIJ");
    *shared = ws_shared_new(10);
    assert_true(owned && *shared);
    memcpy((*shared)->data, "klmnopqrst", 10);
    assert_int_equal(ws_out_copy(out, "abcde", 5), WS_OK);
    assert_int_equal(ws_out_borrow(out, borrowed, 10), WS_OK);
    assert_int_equal(ws_out_own(out, owned, owned + 2, 10), WS_OK);
    assert_int_equal(ws_out_copy(out, "fghij", 5), WS_OK);
    assert_int_equal(ws_out_share(out, *shared), WS_OK);
    assert_int_equal(out->bytes, TOTAL);
}

static const char expected[] = "abcde0123456789ABCDEFGHIJfghijklmnopqrst";

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
        for (size_t taken = 0; taken <= TOTAL - skip; taken++) {
            struct ws_out out = {0};
            struct ws_queue queue = {0};
            struct ws_shared *shared;
            build(&out, &shared);
            assert_int_equal(shared->refs, 2);
            assert_int_equal(ws_queue_append(&queue, &out, skip), WS_OK);
            assert_int_equal(out.count, 0);
            assert_int_equal(out.bytes, 0);
            /* The reference moved, unless its bytes were sent already. */
            assert_int_equal(shared->refs, skip < TOTAL ? 2 : 1);
            assert_int_equal(queue.bytes, TOTAL - skip);
            assert_int_equal(flatten(&queue, text, sizeof text), TOTAL - skip);
            assert_memory_equal(text, expected + skip, TOTAL - skip);

            ws_queue_consume(&queue, taken);
            size_t left = TOTAL - skip - taken;
            assert_int_equal(queue.bytes, left);
            assert_int_equal(flatten(&queue, text, sizeof text), left);
            assert_memory_equal(text, expected + skip + taken, left);
            assert_int_equal(shared->refs, left > 0 ? 2 : 1);
            assert_true((queue.head == NULL) == (left == 0));
            ws_queue_free(&queue);
            assert_int_equal(shared->refs, 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skip_and_consume_everywhere),
        cmocka_unit_test(added_to_while_it_empties),
        cmocka_unit_test(random_traffic),
        cmocka_unit_test(small_copies_share_blocks),
    };
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
