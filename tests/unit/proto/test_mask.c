#include <ws/mask.h>

#include "libws/proto/mask_private.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* The definition of 5.3, a byte at a time. */
static void mask_by_definition(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4],
                               uint64_t offset)
{
    for (size_t i = 0; i < len; i++)
        dst[i] = src[i] ^ key[(offset + i) % 4];
}

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

static void fill(uint8_t *p, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (uint8_t)(seed >> 24);
    }
}

/* One call on memory that ends where the payload ends, against the definition in 5.3. */
static void check_one(size_t len, size_t alignment, size_t distance, uint64_t offset)
{
    size_t total = alignment + distance + len;
    uint8_t *memory = calloc(1, total ? total : 1), *wanted = calloc(1, total ? total : 1);
    fill(memory, total, (uint32_t)(len * 31 + distance));
    memcpy(wanted, memory, total);
    /* backwards is not an option for the naive loop either: dst lies below src */
    for (size_t i = 0; i < len; i++)
        wanted[alignment + i] = memory[alignment + distance + i] ^ key[(size_t)((offset + i) % 4)];
    ws_mask(memory + alignment, memory + alignment + distance, len, key, offset);
    if (memcmp(memory, wanted, total) != 0)
        fail_msg("len %zu, alignment %zu, distance %zu, offset %llu", len, alignment, distance,
                 (unsigned long long)offset);
    free(memory);
    free(wanted);
}

static void every_size_offset_and_alignment(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 300; len++)
        for (size_t alignment = 0; alignment < 9; alignment++)
            for (uint64_t offset = 0; offset < 4; offset++)
                check_one(len, alignment, 0, offset);
}

static void moving_down_with_overlap(void **state)
{
    static const size_t distances[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10,  12,  13,  14, 15,
                                       16, 17, 24, 31, 32, 33, 63, 64, 65, 100, 299, 300, 301};
    (void)state;
    for (size_t len = 0; len <= 300; len++)
        for (size_t d = 0; d < sizeof distances / sizeof distances[0]; d++)
            for (size_t alignment = 0; alignment < 3; alignment++)
                check_one(len, alignment, distances[d], len + d);
}

static void large_sizes(void **state)
{
    (void)state;
    for (size_t len = 65530; len < 65545; len++)
        for (size_t distance = 0; distance < 15; distance++)
            check_one(len, 1, distance, distance);
}

static void in_pieces_is_as_whole(void **state)
{
    uint8_t in[200], whole[200], pieces[200];
    (void)state;
    fill(in, sizeof in, 9);
    ws_mask(whole, in, sizeof in, key, 0);
    for (size_t cut = 0; cut <= sizeof in; cut++) {
        ws_mask(pieces, in, cut, key, 0);
        ws_mask(pieces + cut, in + cut, sizeof in - cut, key, cut);
        assert_memory_equal(pieces, whole, sizeof whole);
    }
}

static void twice_is_nothing(void **state)
{
    uint8_t in[333], out[333];
    (void)state;
    fill(in, sizeof in, 11);
    memcpy(out, in, sizeof in);
    ws_mask(out, out, sizeof out, key, 1);
    assert_memory_not_equal(out, in, sizeof in);
    ws_mask(out, out, sizeof out, key, 1);
    assert_memory_equal(out, in, sizeof in);
}

static void huge_offsets(void **state)
{
    uint8_t in[50], a[50], b[50];
    (void)state;
    fill(in, sizeof in, 13);
    ws_mask(a, in, sizeof in, key, UINT64_MAX - 6);
    mask_by_definition(b, in, sizeof in, key, UINT64_MAX - 6);
    assert_memory_equal(a, b, sizeof a);
    mask_by_definition(b, in, sizeof in, key, 1);
    assert_memory_equal(a, b, sizeof a);
}

static void the_rfc_example(void **state)
{
    /* 5.7: a masked "Hello" */
    uint8_t text[5] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
    (void)state;
    ws_mask(text, text, 5, key, 0);
    assert_memory_equal(text, "Hello", 5);
}

/* What is chosen is the widest that the processor has. */
static void the_choice(void **state)
{
    (void)state;
    size_t i = 0;
    while (!ws_mask_variants[i].supported())
        i++;
    assert_ptr_equal(ws_mask_blocks, ws_mask_variants[i].blocks);
}

static int use(void **state)
{
    ws_mask_blocks = ((const struct mask_variant *)*state)->blocks;
    return 0;
}

/* All of it with each variant that this processor has. */
int main(void)
{
    enum { VARIANTS_MAX = 4, TESTS = 7 };
    const struct CMUnitTest each[TESTS] = {
        cmocka_unit_test(every_size_offset_and_alignment),
        cmocka_unit_test(moving_down_with_overlap),
        cmocka_unit_test(large_sizes),
        cmocka_unit_test(in_pieces_is_as_whole),
        cmocka_unit_test(twice_is_nothing),
        cmocka_unit_test(huge_offsets),
        cmocka_unit_test(the_rfc_example),
    };
    struct CMUnitTest tests[1 + VARIANTS_MAX * TESTS] = {cmocka_unit_test(the_choice)};
    size_t count = 1;
    for (size_t i = 0; i < ws_mask_variant_count && i < VARIANTS_MAX; i++) {
        for (size_t t = 0; ws_mask_variants[i].supported() && t < TESTS; t++) {
            tests[count] = each[t];
            tests[count].setup_func = use;
            tests[count++].initial_state = (void *)(uintptr_t)&ws_mask_variants[i];
        }
    }
    return _cmocka_run_group_tests("mask", tests, count, NULL, NULL);
}
