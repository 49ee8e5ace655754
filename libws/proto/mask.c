#include <ws/mask.h>

#include <string.h>

void ws_mask(void *dst, const void *src, size_t len, const uint8_t key[4], uint64_t offset)
{
    uint8_t *to = dst;
    const uint8_t *from = src;

    /* The key is rotated so that it begins with the byte for from[0]; since 4 divides every step
     * below, it stays aligned, and memcpy makes the code independent of byte order. */
    uint8_t turned[8];
    for (unsigned i = 0; i < 8; i++)
        turned[i] = key[(offset + i) & 3];
    uint64_t word;
    memcpy(&word, turned, 8);

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
    for (size_t i = 0; i < len; i++)
        to[i] = from[i] ^ turned[i];
}
