#include "libws/proto/bytes.h"
#include <ws/out.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* All of `out`, copied into one piece, to be freed. */
static char *flatten(const struct ws_out *out)
{
    char *all = malloc(out->bytes + 1);
    size_t at = 0;
    for (size_t i = 0; i < out->count; i++) {
        memcpy(all + at, ws_out_span_data(out, i), out->spans[i].len);
        at += out->spans[i].len;
    }
    assert_int_equal(at, out->bytes);
    all[at] = '\0';
    return all;
}

static void assert_holds(const struct ws_out *out, const char *wanted)
{
    char *all = flatten(out);
    assert_string_equal(all, wanted);
    free(all);
}

static void copies_become_one_span(void **state)
{
    struct ws_out out = {0};
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ws_out_copy(&out, "ab", 2), WS_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.bytes, 2000);
    assert_int_equal(out.in_place, 0);
    assert_memory_equal(ws_out_span_data(&out, 0) + 1998, "ab", 2);
    ws_out_free(&out);
    assert_int_equal(out.bytes, 0);
    assert_null(out.spans);
}

static void neighbours_become_one_span(void **state)
{
    static const char text[] = "one two three";
    struct ws_out out = {0};
    (void)state;
    assert_int_equal(ws_out_borrow(&out, text, 4), WS_OK);
    assert_int_equal(ws_out_borrow(&out, text + 4, 4), WS_OK);
    assert_int_equal(ws_out_in_place(&out, text + 8, 5), WS_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.in_place, 5);
    assert_holds(&out, "one two three");
    /* a gap, and going backwards, begin another */
    assert_int_equal(ws_out_borrow(&out, text, 3), WS_OK);
    assert_int_equal(ws_out_borrow(&out, text + 4, 3), WS_OK);
    assert_int_equal(out.count, 3);
    assert_holds(&out, "one two threeonetwo");
    ws_out_free(&out);
}

static void order_is_kept(void **state)
{
    static const char text[] = "borrowed";
    struct ws_out out = {0};
    struct ws_shared *shared = ws_shared_new(6);
    (void)state;
    memcpy(ws_shared_data(shared), "shared", 6);
    char *memory = malloc(16);
    memcpy(memory, "....owned", 9);
    assert_int_equal(ws_out_copy(&out, "copy ", 5), WS_OK);
    assert_int_equal(ws_out_borrow(&out, text, 8), WS_OK);
    assert_int_equal(ws_out_copy(&out, " again ", 7), WS_OK);
    assert_int_equal(ws_out_own(&out, memory, memory + 4, 5), WS_OK);
    assert_int_equal(ws_out_share(&out, shared, 0, ws_shared_len(shared)), WS_OK);
    memcpy(ws_out_reserve(&out, 4), " end", 4);
    assert_int_equal(out.count, 6);
    assert_int_equal(out.spans[3].kind, WS_SPAN_OWNED);
    assert_int_equal(out.spans[4].kind, WS_SPAN_SHARED);
    assert_holds(&out, "copy borrowed again ownedshared end");
    ws_out_free(&out);
    ws_shared_unref(shared);
}

static void scratch_may_move(void **state)
{
    /* Spans of the scratch memory stay right while it grows under them. */
    struct ws_out out = {0};
    char block[4096];
    (void)state;
    for (int i = 0; i < 64; i++) {
        memset(block, 'a' + i % 26, sizeof block);
        assert_int_equal(ws_out_copy(&out, block, sizeof block), WS_OK);
        assert_int_equal(ws_out_borrow(&out, "|", 1), WS_OK);
    }
    assert_int_equal(out.count, 128);
    for (size_t i = 0; i < 128; i += 2) {
        const uint8_t *p = ws_out_span_data(&out, i);
        assert_int_equal(p[0], 'a' + i / 2 % 26);
        assert_int_equal(p[4095], 'a' + i / 2 % 26);
    }
    ws_out_free(&out);
}

static void nothing_adds_nothing(void **state)
{
    struct ws_out out = {0};
    (void)state;
    assert_int_equal(ws_out_copy(&out, NULL, 0), WS_OK);
    assert_int_equal(ws_out_borrow(&out, NULL, 0), WS_OK);
    assert_int_equal(ws_out_in_place(&out, NULL, 0), WS_OK);
    assert_int_equal(out.count, 0);
    assert_int_equal(out.bytes, 0);
    ws_out_clear(&out);
    ws_out_free(&out);
}

static void shared_is_counted(void **state)
{
    struct ws_out a = {0}, b = {0};
    struct ws_shared *shared = ws_shared_new(3);
    (void)state;
    assert_int_equal(ws_shared_refs(shared), 1);
    assert_int_equal(ws_shared_len(shared), 3);
    memcpy(ws_shared_data(shared), "abc", 3);
    assert_int_equal(ws_out_share(&a, shared, 0, ws_shared_len(shared)), WS_OK);
    assert_int_equal(ws_out_share(&b, shared, 0, ws_shared_len(shared)), WS_OK);
    assert_int_equal(ws_out_share(&b, shared, 0, ws_shared_len(shared)), WS_OK);
    assert_int_equal(ws_shared_refs(shared), 4);
    ws_out_clear(&b);
    assert_int_equal(ws_shared_refs(shared), 2);
    ws_shared_ref(shared);
    ws_shared_unref(shared);
    ws_shared_unref(shared);
    assert_int_equal(ws_shared_refs(shared), 1);
    assert_holds(&a, "abc");
    ws_out_free(&a); /* the last reference: ASan would see it left or freed twice */
    ws_out_free(&b);
    ws_shared_unref(NULL);
}

static void owned_is_freed_by_clear(void **state)
{
    struct ws_out out = {0};
    (void)state;
    for (int i = 0; i < 100; i++) {
        char *memory = malloc(10);
        memcpy(memory, "0123456789", 10);
        assert_int_equal(ws_out_own(&out, memory, memory, 10), WS_OK);
    }
    assert_int_equal(out.count, 100);
    ws_out_clear(&out);
    assert_int_equal(out.count, 0);
    assert_int_equal(out.bytes, 0);
    ws_out_free(&out);
}

static void cleared_memory_is_used_again(void **state)
{
    struct ws_out out = {0};
    (void)state;
    assert_int_equal(ws_out_copy(&out, "0123456789", 10), WS_OK);
    const uint8_t *scratch = ws_bytes_data(out.scratch);
    const struct ws_span *spans = out.spans;
    for (int i = 0; i < 1000; i++) {
        ws_out_clear(&out);
        assert_int_equal(ws_out_copy(&out, "0123456789", 10), WS_OK);
    }
    assert_ptr_equal(ws_bytes_data(out.scratch), scratch);
    assert_ptr_equal(out.spans, spans);
    ws_out_free(&out);
}

static void a_burst_does_not_stay(void **state)
{
    struct ws_out out = {0};
    (void)state;
    assert_non_null(ws_out_reserve(&out, 8u << 20));
    assert_true(ws_bytes_capacity(out.scratch) >= 8u << 20);
    ws_out_clear(&out);
    assert_true(ws_bytes_capacity(out.scratch) <= 1u << 20);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(ws_out_borrow(&out, i % 2 ? "a" : "bc", 1), WS_OK);
    ws_out_clear(&out);
    assert_true(out.capacity <= 4096);
    ws_out_free(&out);
}

static void prepare_makes_room(void **state)
{
    struct ws_out out = {0};
    (void)state;
    assert_true(ws_out_prepare(&out, 3000));
    assert_int_equal(out.count, 0);
    assert_int_equal(out.bytes, 0);
    assert_true(ws_bytes_capacity(out.scratch) - ws_bytes_len(out.scratch) >= 3000);
    assert_true(out.capacity - out.count >= 2);
    ws_out_free(&out);
}

static void impossible_sizes_are_refused(void **state)
{
    struct ws_out out = {0};
    (void)state;
    assert_int_equal(ws_out_copy(&out, "a", 1), WS_OK);
    assert_null(ws_out_reserve(&out, SIZE_MAX / 2 + 2));
    assert_int_equal(out.bytes, 1);
    assert_holds(&out, "a");
    ws_out_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_become_one_span),
        cmocka_unit_test(neighbours_become_one_span),
        cmocka_unit_test(order_is_kept),
        cmocka_unit_test(scratch_may_move),
        cmocka_unit_test(nothing_adds_nothing),
        cmocka_unit_test(shared_is_counted),
        cmocka_unit_test(owned_is_freed_by_clear),
        cmocka_unit_test(cleared_memory_is_used_again),
        cmocka_unit_test(a_burst_does_not_stay),
        cmocka_unit_test(prepare_makes_room),
        cmocka_unit_test(impossible_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
