#include <ws/utf8.h>

#include "libws/proto/utf8_wide.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* A byte at a time. */
static size_t check_bytewise(struct ws_utf8 *state, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++)
        if (ws_utf8_check(state, p + i, 1) != 1)
            return i;
    return len;
}

static uint32_t seed = 1;

static uint32_t draw(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static size_t encode(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

/* An independent judgement: a sequence is valid when decoding it and encoding the code point again
 * gives the same bytes. */
static bool valid_alone(const uint8_t *p, size_t len)
{
    uint8_t again[4];
    uint32_t c;
    if (len == 1)
        return p[0] < 0x80;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return false;
    if (len == 2 && (p[0] & 0xE0) == 0xC0)
        c = (uint32_t)(p[0] & 31) << 6 | (p[1] & 63);
    else if (len == 3 && (p[0] & 0xF0) == 0xE0)
        c = (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
    else if (len == 4 && (p[0] & 0xF8) == 0xF0)
        c = (uint32_t)(p[0] & 7) << 18 | (uint32_t)(p[1] & 63) << 12 | (uint32_t)(p[2] & 63) << 6 |
            (p[3] & 63);
    else
        return false;
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return false;
    return encode(again, c) == len && memcmp(again, p, len) == 0;
}

static void every_code_point(void **state)
{
    uint8_t bytes[4];
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        size_t len = encode(bytes, c);
        assert_int_equal(ws_utf8_valid(bytes, len), c < 0xD800 || c > 0xDFFF);
    }
}

static void every_two_and_three_bytes(void **state)
{
    uint8_t p[3];
    (void)state;
    for (uint32_t i = 0; i < 1u << 24; i++) {
        p[0] = (uint8_t)(i >> 16);
        p[1] = (uint8_t)(i >> 8);
        p[2] = (uint8_t)i;
        /* three bytes hold one, two or three code points */
        bool wanted = valid_alone(p, 3) ||
                      (valid_alone(p, 1) && (valid_alone(p + 1, 2) ||
                                             (valid_alone(p + 1, 1) && valid_alone(p + 2, 1)))) ||
                      (valid_alone(p, 2) && valid_alone(p + 2, 1));
        if (ws_utf8_valid(p, 3) != wanted)
            fail_msg("%02x %02x %02x", p[0], p[1], p[2]);
    }
}

static void every_four_byte_form(void **state)
{
    static const uint8_t some[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    uint8_t p[4];
    (void)state;
    for (unsigned first = 0xF0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (unsigned i = 0; i < sizeof some; i++)
                for (unsigned j = 0; j < sizeof some; j++) {
                    p[0] = (uint8_t)first;
                    p[1] = (uint8_t)second;
                    p[2] = some[i];
                    p[3] = some[j];
                    assert_int_equal(ws_utf8_valid(p, 4), valid_alone(p, 4));
                }
}

/* The offset at which text goes wrong is the first at which no continuation makes it valid. */
static void offsets_are_exact(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, good;
    } rows[] = {
        {"abc\xff", 4, 3},
        {"\xed\xa0\x80", 3, 1},
        {"\xe0\x9f\xbf", 3, 1},
        {"\xf0\x8f\xbf\xbf", 4, 1},
        {"\xf4\x90\x80\x80", 4, 1},
        {"\xc1\xbf", 2, 0},
        {"\xe2\x82x", 3, 2},
        {"\xf5", 1, 0},
        {"\x80", 1, 0},
        {"0123456789abcdef\xc0", 17, 16},
        {"\xe2\x82\xac\xe2\x28", 5, 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_utf8 a = {0}, b = {0};
        assert_int_equal(ws_utf8_check(&a, rows[i].bytes, rows[i].len), rows[i].good);
        assert_int_equal(check_bytewise(&b, rows[i].bytes, rows[i].len), rows[i].good);
    }
}

static size_t random_text(uint8_t *out, size_t max)
{
    size_t len = 0;
    unsigned kind = draw() % 3;
    while (len + 4 <= max) {
        uint32_t c = kind == 0 ? draw() % 128 : kind == 1 ? draw() % 0x110000 : 0x20 + draw() % 600;
        if (c >= 0xD800 && c <= 0xDFFF)
            c = 0x20AC;
        len += encode(out + len, c);
    }
    return len;
}

static void fast_is_bytewise_at_any_cut(void **state)
{
    uint8_t text[600];
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        size_t len = random_text(text, draw() % sizeof text);
        for (unsigned damage = draw() % 3; damage > 0 && len > 0; damage--)
            text[draw() % len] = (uint8_t)draw();
        if (len > 0 && draw() % 4 == 0)
            len -= draw() % (len < 4 ? len : 4);

        struct ws_utf8 bytewise = {0};
        size_t good = check_bytewise(&bytewise, text, len);
        bool whole = good == len && ws_utf8_complete(&bytewise);
        uint8_t *copy = malloc(len ? len : 1);
        memcpy(copy, text, len);
        assert_int_equal(ws_utf8_valid(copy, len), whole);

        struct ws_utf8 pieces = {0};
        size_t at = 0;
        while (at < len) {
            size_t step = 1 + draw() % (draw() % 2 ? 40 : 300);
            if (step > len - at)
                step = len - at;
            size_t got = ws_utf8_check(&pieces, copy + at, step);
            at += got;
            if (got < step)
                break;
        }
        assert_int_equal(at, good);
        if (at == len)
            assert_int_equal(ws_utf8_complete(&pieces), ws_utf8_complete(&bytewise));
        free(copy);
    }
}

/* Every two bytes and what may follow, across the edge of what is checked at a time. */
static void every_pair_in_long_text(void **state)
{
    static const uint8_t ends[][2] = {{'a', 'a'}, {0x80, 'a'}, {0x80, 0xBF}, {0xC3, 0xA9}};
    uint8_t text[120];
    (void)state;
    for (size_t at = 29; at <= 32; at++) {
        for (unsigned pair = 0; pair < 65536; pair += at == 31 ? 1 : 7) {
            for (size_t i = 0; i < sizeof text; i += 2)
                memcpy(text + i, at % 2 ? "xy" : "\xC3\xA9", 2);
            text[at] = (uint8_t)(pair >> 8);
            text[at + 1] = (uint8_t)pair;
            memcpy(text + at + 2, ends[pair / 7 % 4], 2);
            struct ws_utf8 wide = {0}, bytewise = {0};
            assert_int_equal(ws_utf8_check(&wide, text, sizeof text),
                             check_bytewise(&bytewise, text, sizeof text));
        }
    }
}

/* Long ASCII is looked at by many bytes at a time: one that is not is found wherever it is. */
static void every_place_in_long_ascii(void **state)
{
    uint8_t text[600];
    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t at = 0; at < sizeof text; at++) {
        struct ws_utf8 utf8 = {0};
        text[at] = 0x80;
        assert_int_equal(ws_utf8_check(&utf8, text, sizeof text), at);
        text[at] = 'a';
        assert_true(ws_utf8_valid(text, at));
    }
}

static void nothing_is_valid(void **state)
{
    struct ws_utf8 utf8 = {0};
    (void)state;
    assert_true(ws_utf8_valid("", 0));
    assert_int_equal(ws_utf8_check(&utf8, NULL, 0), 0);
    assert_true(ws_utf8_complete(&utf8));
    assert_int_equal(ws_utf8_check(&utf8, "\xe2", 1), 1);
    assert_false(ws_utf8_complete(&utf8));
    assert_int_equal(ws_utf8_check(&utf8, "", 0), 0);
    assert_int_equal(ws_utf8_check(&utf8, "\x82\xac", 2), 2);
    assert_true(ws_utf8_complete(&utf8));
}

static int bytewise_only(void **state)
{
    (void)state;
    ws_utf8_wide = NULL;
    return 0;
}

/* All of it with what the processor has, and then without. */
int main(void)
{
    enum { TESTS = 8 };
    struct CMUnitTest tests[2 * TESTS] = {
        cmocka_unit_test(every_code_point),
        cmocka_unit_test(every_two_and_three_bytes),
        cmocka_unit_test(every_four_byte_form),
        cmocka_unit_test(offsets_are_exact),
        cmocka_unit_test(fast_is_bytewise_at_any_cut),
        cmocka_unit_test(every_pair_in_long_text),
        cmocka_unit_test(every_place_in_long_ascii),
        cmocka_unit_test(nothing_is_valid),
    };
    for (size_t i = 0; i < TESTS; i++) {
        tests[TESTS + i] = tests[i];
        tests[TESTS + i].setup_func = bytewise_only;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
