#include <ws/mask.h>

#include "libws/proto/mask_small.h"

#include <string.h>

void ws_mask(void *dst, const void *src, size_t len, const uint8_t key[4], uint64_t offset)
{
    uint8_t *to = dst;
    const uint8_t *from = src;

    /* The key is rotated so that it begins with the byte for from[0]; since 4 divides every step
     * below, it stays aligned, and memcpy makes the code independent of byte order. */
    uint8_t turned[4] = {key[0], key[1], key[2], key[3]};
    uint32_t half;
    for (unsigned i = 0; (offset & 3) && i < 4; i++)
        turned[i] = key[(offset + i) & 3];
    memcpy(&half, turned, 4);
    uint64_t word = (uint64_t)half << 32 | half;

    /* Load a whole step before storing it: `to` may lie below `from` and overlap it. */
    while (len >= 32) {
        uint64_t w[4];
        memcpy(w, from, 32);
        w[0] ^= word;
        w[1] ^= word;
        w[2] ^= word;
        w[3] ^= word;
        memcpy(to, w, 32);
        to += 32;
        from += 32;
        len -= 32;
    }
    while (len >= 8) {
        uint64_t w;
        memcpy(&w, from, 8);
        w ^= word;
        memcpy(to, &w, 8);
        to += 8;
        from += 8;
        len -= 8;
    }
    if (len >= 4) {
        uint32_t w;
        memcpy(&w, from, 4);
        w ^= half;
        memcpy(to, &w, 4);
        to += 4;
        from += 4;
        len -= 4;
    }
    for (size_t i = 0; i < len; i++)
        to[i] = from[i] ^ turned[i];
}
