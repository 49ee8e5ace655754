/*
 * mask_private: the two parts that ws_mask() is made of: small payloads inline, by words, and large
 * ones in the widest registers that the processor has.
 *
 * Most messages are so small that a call and a loop over bytes would cost more than the work. Their
 * last, incomplete word is read first and written last, overlapping the one before it. Used by mask
 * and session; no state but the choice, which is made before main().
 */
#ifndef LIBWS_PROTO_MASK_PRIVATE_H
#define LIBWS_PROTO_MASK_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MASK_LARGE = 128 }; /* from here on wide registers are worth a call */

/* Masks as many bytes as fill registers, with a word that repeats the key, and returns how many.
 * `to` may lie as for ws_mask(). */
typedef size_t mask_blocks(uint8_t *to, const uint8_t *from, size_t len, uint64_t word);

struct mask_variant {
    const char *name;
    mask_blocks *blocks;
    bool (*supported)(void); /* by this processor */
};

/* From the widest to the one that every processor has. */
extern const struct mask_variant ws_mask_variants[];
extern const size_t ws_mask_variant_count;
/* The one in use: the first that is supported. Tests set others. */
extern mask_blocks *ws_mask_blocks;

/* The key as it repeats in a word, from its byte `at` on. */
static inline uint64_t mask_turn(uint64_t word, size_t at)
{
    unsigned bits = 8 * (unsigned)(at & 3);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bits = 32 - bits;
#endif
    return word >> (bits & 31) | word << (-bits & 31);
}

/*
 * As ws_mask() with the offset 0, of `len` bytes. Returns the bits that are set in any of the bytes
 * written, eight bytes wide: with text, none of 0x80 means that all of it is ASCII.
 */
static inline uint64_t mask_small(uint8_t *to, const uint8_t *from, size_t len, const uint8_t *key)
{
    uint32_t half;
    uint64_t word, w, last, seen = 0;
    memcpy(&half, key, 4);
    word = (uint64_t)half << 32 | half;
    if (len >= 8) {
        memcpy(&last, from + len - 8, 8);
        last ^= mask_turn(word, len);
        for (size_t i = 0; i + 8 < len; i += 8) {
            memcpy(&w, from + i, 8);
            w ^= word;
            seen |= w;
            memcpy(to + i, &w, 8);
        }
        memcpy(to + len - 8, &last, 8);
        return seen | last;
    }
    if (len >= 4) {
        uint32_t a, b;
        memcpy(&a, from, 4);
        memcpy(&b, from + len - 4, 4);
        a ^= half;
        b ^= (uint32_t)mask_turn(word, len);
        memcpy(to, &a, 4);
        memcpy(to + len - 4, &b, 4);
        return a | b;
    }
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i] ^ key[i];
        seen |= to[i];
    }
    return seen;
}

/* What mask_small() would return of `len` bytes that are not masked. */
static inline uint64_t mask_none(const uint8_t *from, size_t len)
{
    uint64_t w, seen = 0;
    if (len < 8) {
        for (size_t i = 0; i < len; i++)
            seen |= from[i];
        return seen;
    }
    for (size_t i = 0; i + 8 < len; i += 8) {
        memcpy(&w, from + i, 8);
        seen |= w;
    }
    memcpy(&w, from + len - 8, 8);
    return seen | w;
}

#endif
