#include "libws/proto/utf8_wide.h"

#include <stdbool.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

utf8_wide *ws_utf8_wide;

#if defined(__x86_64__)

/* What may be wrong with two neighboring bytes. An error is where all three tables have its bit. */
enum {
    SHORT = 1,           /* a first byte, and then none of its others */
    LONG = 1 << 1,       /* ASCII, and then a byte that continues */
    OVERLONG_3 = 1 << 2, /* E0 80 to E0 9F */
    LARGE = 1 << 3,      /* F4 90 and above */
    SURROGATE = 1 << 4,  /* ED A0 to ED BF */
    OVERLONG_2 = 1 << 5, /* C0, C1 */
    OVERLONG_4 = 1 << 6, /* F0 80 to F0 8F; and F5 80 and above */
    LARGE_80 = OVERLONG_4,
    TWO = 1 << 7, /* two that continue: right in the third and fourth place, and only there */
    ANY_LOW = SHORT | LONG | TWO,
    ANY_SECOND = LONG | OVERLONG_2 | TWO,
};

#define TABLE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

/* By the upper half of the first byte, its lower half, and the upper half of the second. */
#define FIRST_HIGH                                                                                 \
    TABLE(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, (char)TWO, (char)TWO, (char)TWO,         \
          (char)TWO, SHORT | OVERLONG_2, SHORT, SHORT | OVERLONG_3 | SURROGATE,                    \
          SHORT | LARGE | OVERLONG_4)
#define LOW(more) ((char)(ANY_LOW | (more)))
#define FIRST_LOW                                                                                  \
    TABLE(LOW(OVERLONG_2 | OVERLONG_3 | OVERLONG_4), LOW(OVERLONG_2), LOW(0), LOW(0), LOW(LARGE),  \
          LOW(LARGE | LARGE_80), LOW(LARGE | LARGE_80), LOW(LARGE | LARGE_80),                     \
          LOW(LARGE | LARGE_80), LOW(LARGE | LARGE_80), LOW(LARGE | LARGE_80),                     \
          LOW(LARGE | LARGE_80), LOW(LARGE | LARGE_80), LOW(LARGE | LARGE_80 | SURROGATE),         \
          LOW(LARGE | LARGE_80), LOW(LARGE | LARGE_80))
#define SECOND(more) ((char)(ANY_SECOND | (more)))
#define SECOND_HIGH                                                                                \
    TABLE(SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SECOND(OVERLONG_3 | OVERLONG_4), \
          SECOND(OVERLONG_3 | LARGE), SECOND(SURROGATE | LARGE), SECOND(SURROGATE | LARGE), SHORT, \
          SHORT, SHORT, SHORT)

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i upper_half(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

/* Not zero where 32 bytes have an error, which follow `before`. */
AVX2 static inline __m256i errors(__m256i bytes, __m256i before)
{
    __m256i middle = _mm256_permute2x128_si256(before, bytes, 0x21);
    __m256i first = _mm256_alignr_epi8(bytes, middle, 15);
    __m256i pair = _mm256_and_si256(
        _mm256_and_si256(
            _mm256_shuffle_epi8(FIRST_HIGH, upper_half(first)),
            _mm256_shuffle_epi8(FIRST_LOW, _mm256_and_si256(first, _mm256_set1_epi8(0x0F)))),
        _mm256_shuffle_epi8(SECOND_HIGH, upper_half(bytes)));
    /* The third byte of three, and the third and fourth of four, continue after one that does. */
    __m256i third = _mm256_subs_epu8(_mm256_alignr_epi8(bytes, middle, 14),
                                     _mm256_set1_epi8((char)(0xE0 - 0x80)));
    __m256i fourth = _mm256_subs_epu8(_mm256_alignr_epi8(bytes, middle, 13),
                                      _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i two = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)TWO));
    return _mm256_xor_si256(two, pair);
}

/* The last place between two code points, at `len` or up to three bytes before. */
static inline size_t boundary(const uint8_t *p, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        uint8_t c = p[len - back];
        if (c < 0x80)
            return len;
        if (c >= 0xC0)
            return (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) > back ? len - back : len;
    }
    return len;
}

AVX2 static inline __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The length of the ASCII at the beginning, by 128 bytes: one branch for each. */
AVX2 static size_t ascii_avx2(const uint8_t *p, size_t len)
{
    size_t at = 0;
    for (; len - at >= 128; at += 128) {
        __m256i one = _mm256_or_si256(load(p + at), load(p + at + 32));
        __m256i other = _mm256_or_si256(load(p + at + 64), load(p + at + 96));
        if (_mm256_movemask_epi8(_mm256_or_si256(one, other)) != 0)
            break;
    }
    return at;
}

AVX2 static size_t check_avx2(const uint8_t *p, size_t len)
{
    __m256i before = _mm256_setzero_si256();
    bool ascii = true; /* the bytes before */
    size_t at = ascii_avx2(p, len);
    for (; len - at >= sizeof before; at += sizeof before) {
        __m256i bytes = load(p + at);
        if (_mm256_movemask_epi8(bytes) == 0) {
            if (!ascii && boundary(p, at) != at)
                break;
            ascii = true;
        } else {
            __m256i wrong = errors(bytes, before);
            if (!_mm256_testz_si256(wrong, wrong))
                break;
            ascii = false;
        }
        before = bytes;
    }
    return boundary(p, at);
}

__attribute__((constructor)) static void choose(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2"))
        ws_utf8_wide = check_avx2;
}
#endif
