#include <ws/mask.h>

#include "libws/proto/mask_private.h"

#include <string.h>

/* --- blocks, in registers of each width --- */

/* Defines mask_blocks for registers of `bytes` bytes. Four are loaded before the first is stored:
 * `to` may lie below `from` and overlap it. The attribute names the instructions. */
#define DEFINE_BLOCKS(name, bytes, attribute)                                                      \
    attribute static size_t name(uint8_t *to, const uint8_t *from, size_t len, uint64_t word)      \
    {                                                                                              \
        typedef uint64_t vector __attribute__((vector_size(bytes)));                               \
        const vector key = word - (vector){0};                                                     \
        size_t done = 0;                                                                           \
        vector a, b, c, d;                                                                         \
        for (; len - done >= 4 * (bytes); done += 4 * (bytes)) {                                   \
            memcpy(&a, from + done, bytes);                                                        \
            memcpy(&b, from + done + (bytes), bytes);                                              \
            memcpy(&c, from + done + 2 * (bytes), bytes);                                          \
            memcpy(&d, from + done + 3 * (bytes), bytes);                                          \
            a ^= key;                                                                              \
            b ^= key;                                                                              \
            c ^= key;                                                                              \
            d ^= key;                                                                              \
            memcpy(to + done, &a, bytes);                                                          \
            memcpy(to + done + (bytes), &b, bytes);                                                \
            memcpy(to + done + 2 * (bytes), &c, bytes);                                            \
            memcpy(to + done + 3 * (bytes), &d, bytes);                                            \
        }                                                                                          \
        for (; len - done >= (bytes); done += (bytes)) {                                           \
            memcpy(&a, from + done, bytes);                                                        \
            a ^= key;                                                                              \
            memcpy(to + done, &a, bytes);                                                          \
        }                                                                                          \
        return done;                                                                               \
    }

/* What every processor of the architecture has: SSE2 on x86-64, NEON on AArch64. */
DEFINE_BLOCKS(blocks_plain, 16, )

static bool always(void)
{
    return true;
}

/* AVX-512 was slower than AVX2 where it was tried: payloads are not aligned, and each of its loads
 * crosses into another cache line then. */
#if defined(__x86_64__)
DEFINE_BLOCKS(blocks_avx2, 32, __attribute__((target("avx2"))))

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

const struct mask_variant ws_mask_variants[] = {
#if defined(__x86_64__)
    {"AVX2", blocks_avx2, has_avx2},
#endif
    {"plain", blocks_plain, always},
};
const size_t ws_mask_variant_count = sizeof ws_mask_variants / sizeof *ws_mask_variants;

mask_blocks *ws_mask_blocks = blocks_plain;

__attribute__((constructor)) static void choose(void)
{
    size_t i = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    while (!ws_mask_variants[i].supported())
        i++;
    ws_mask_blocks = ws_mask_variants[i].blocks;
}

/* --- any payload --- */

void ws_mask(void *dst, const void *src, size_t len, const uint8_t key[4], uint64_t offset)
{
    uint8_t *to = dst;
    const uint8_t *from = src;

    /* The key is rotated so that it begins with the byte for from[0]; 4 divides the size of a
     * block, and memcpy makes the code independent of byte order. */
    uint8_t turned[4] = {key[0], key[1], key[2], key[3]};
    uint32_t half;
    for (unsigned i = 0; (offset & 3) && i < 4; i++)
        turned[i] = key[(offset + i) & 3];
    if (len >= MASK_LARGE) {
        memcpy(&half, turned, 4);
        size_t done = ws_mask_blocks(to, from, len, (uint64_t)half << 32 | half);
        to += done;
        from += done;
        len -= done;
    }
    mask_small(to, from, len, turned);
}
