/* The transform of RFC 7692, against zlib used as plainly as can be. */
#include <ws/deflate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(random_state >> 8) * below) >> 24);
}

/* Noise, runs, words, and copies of what came far before: something of each. */
static void fill(uint8_t *data, size_t len, unsigned kind)
{
    static const char words[] = "{\"id\":12345,\"name\":\"sensor\",\"value\":0.25,\"ok\":true}";
    for (size_t i = 0; i < len; i++) {
        switch (kind % 4) {
        case 0:
            data[i] = (uint8_t)draw(256);
            break;
        case 1:
            data[i] = (uint8_t)(i / 300);
            break;
        case 2:
            data[i] = (uint8_t)words[(i + draw(40) / 39) % (sizeof words - 1)];
            break;
        default:
            data[i] = i >= 200 && draw(100) ? data[i - 100 - draw(100)] : (uint8_t)draw(256);
        }
    }
}

static size_t flat(const struct ws_out *out, uint8_t *to, size_t room)
{
    size_t at = 0;
    assert_true(out->bytes <= room);
    for (size_t i = 0; i < out->count; i++) {
        memcpy(to + at, ws_out_span_data(out, i), out->spans[i].len);
        at += out->spans[i].len;
    }
    return at;
}

/* The RFC's reader, done naively: a message whole, with the tail. Its length. */
static size_t plain_inflate(z_stream *z, const uint8_t *data, size_t len, uint8_t *to, size_t room)
{
    uint8_t *all = malloc(len + 4);
    memcpy(all, data, len);
    memcpy(all + len, "\x00\x00\xff\xff", 4);
    z->next_in = all;
    z->avail_in = (unsigned)len + 4;
    z->next_out = to;
    z->avail_out = (unsigned)room;
    int result = inflate(z, Z_SYNC_FLUSH);
    assert_true(result == Z_OK || result == Z_BUF_ERROR);
    assert_int_equal(z->avail_in, 0);
    free(all);
    return room - z->avail_out;
}

/* And its writer. */
static size_t plain_deflate(z_stream *z, const uint8_t *data, size_t len, uint8_t *to, size_t room)
{
    if (len == 0) {
        to[0] = 0;
        return 1;
    }
    z->next_in = (uint8_t *)(uintptr_t)data;
    z->avail_in = (unsigned)len;
    z->next_out = to;
    z->avail_out = (unsigned)room;
    assert_int_equal(deflate(z, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(z->avail_in, 0);
    assert_true(z->avail_out > 0);
    return room - z->avail_out - 4;
}

/* The same through ours, in pieces. */
static enum ws_error our_inflate(struct ws_deflate *d, const uint8_t *data, size_t len, uint8_t *to,
                                 size_t room, size_t *got, unsigned step, unsigned room_step)
{
    size_t at = 0, out = 0;
    enum ws_error error;
    bool full;
    do {
        size_t n = len - at, r = room - out;
        if (step && n > step)
            n = step;
        if (room_step && r > room_step)
            r = room_step;
        struct ws_inflate_flow flow = {data + at, n, to + out, r, false};
        error = ws_deflate_read(d, &flow, at + n == len);
        at += n - flow.in_len;
        out += r - flow.room;
        full = flow.full;
        if (error != WS_OK)
            return error;
    } while (at < len || (full && out < room));
    *got = out;
    return WS_OK;
}

/* The library's choice, or one of zlib's levels. */
static void any_level(struct ws_deflate_config *config, unsigned n)
{
    config->level = n % 2 ? 0 : (uint8_t)(n / 2 % 10);
    config->memory = n % 2 ? 0 : (uint8_t)draw(10);
}

enum { LARGEST = 200000, ROOM = LARGEST + LARGEST / 4 + 100 };

static void what_leaves_is_what_a_plain_reader_reads(void **state)
{
    uint8_t *data = malloc(LARGEST), *wire = malloc(ROOM), *back = malloc(ROOM);
    struct ws_deflate_pool pool = {0};
    (void)state;
    for (unsigned round = 0; round < 150; round++) {
        struct ws_deflate_config config;
        ws_deflate_config_init(&config);
        any_level(&config, draw(20));
        unsigned bits = 8 + draw(8);
        bool server = draw(2), takeover = draw(2);
        struct ws_deflate_params params = {!takeover, !takeover, (uint8_t)bits, (uint8_t)bits};
        if (server)
            params.client_bits = 15;
        else
            params.server_bits = 15;
        struct ws_deflate d;
        struct ws_out out = {0};
        z_stream z = {0};
        assert_int_equal(inflateInit2(&z, -(int)bits), Z_OK);
        ws_deflate_init(&d, &params, server, &config, &pool);
        for (unsigned message = 0; message < 6; message++) {
            size_t len = draw(4) ? draw(3000) : draw(LARGEST), at = 0, produced;
            if (draw(8) == 0)
                len = 0;
            fill(data, len, draw(4));
            unsigned pieces = 1 + draw(3);
            while (pieces > 0) {
                size_t n = --pieces ? draw((uint32_t)(len - at + 1)) : len - at;
                size_t before = out.bytes;
                assert_int_equal(ws_deflate_write(&d, &out, data + at, n, pieces == 0, &produced),
                                 WS_OK);
                assert_int_equal(out.bytes, before + produced);
                at += n;
            }
            size_t size = flat(&out, wire, ROOM);
            ws_out_clear(&out);
            if (!takeover) {
                assert_null(d.deflater);
                inflateReset(&z);
            }
            assert_int_equal(plain_inflate(&z, wire, size, back, ROOM), len);
            assert_memory_equal(back, data, len);
            if (draw(10) == 0)
                ws_deflate_restart(&d);
        }
        inflateEnd(&z);
        ws_deflate_free(&d);
        ws_out_free(&out);
    }
    ws_deflate_pool_free(&pool);
    assert_null(pool.deflaters);
    free(data);
    free(wire);
    free(back);
}

static void what_a_plain_writer_writes_is_read(void **state)
{
    uint8_t *data = malloc(LARGEST), *wire = malloc(ROOM), *back = malloc(ROOM);
    struct ws_deflate_pool pool = {0};
    (void)state;
    for (unsigned round = 0; round < 150; round++) {
        unsigned bits = 9 + draw(7);
        bool server = draw(2), takeover = draw(2);
        struct ws_deflate_params params = {!takeover, !takeover, (uint8_t)bits, (uint8_t)bits};
        struct ws_deflate d;
        z_stream z = {0};
        assert_int_equal(
            deflateInit2(&z, (int)draw(10), Z_DEFLATED, -(int)bits, 1 + (int)draw(9), (int)draw(5)),
            Z_OK);
        ws_deflate_init(&d, &params, server, NULL, &pool);
        for (unsigned message = 0; message < 6; message++) {
            size_t len = draw(4) ? draw(3000) : draw(LARGEST), got = 0;
            fill(data, len, draw(4));
            if (!takeover)
                deflateReset(&z);
            size_t size = plain_deflate(&z, data, len, wire, ROOM);
            unsigned step = draw(2) ? 0 : 1 + draw(500), room = draw(2) ? 0 : 1 + draw(5000);
            assert_int_equal(our_inflate(&d, wire, size, back, ROOM, &got, step, room), WS_OK);
            assert_int_equal(got, len);
            assert_memory_equal(back, data, len);
            assert_true(takeover || !d.inflater);
        }
        deflateEnd(&z);
        ws_deflate_free(&d);
    }
    ws_deflate_pool_free(&pool);
    free(data);
    free(wire);
    free(back);
}

static struct ws_deflate_params windows(unsigned bits)
{
    return (struct ws_deflate_params){false, false, (uint8_t)bits, (uint8_t)bits};
}

/* The plain reader again, a byte of output at a time: then nothing but its window remembers, and
 * what refers further back is an error. */
static void strict_inflate(z_stream *z, const uint8_t *data, size_t len, const uint8_t *wanted,
                           size_t size)
{
    size_t at = 0;
    uint8_t *all = malloc(len + 4), byte;
    memcpy(all, data, len);
    memcpy(all + len, "\x00\x00\xff\xff", 4);
    z->next_in = all;
    z->avail_in = (unsigned)len + 4;
    for (;;) {
        z->next_out = &byte;
        z->avail_out = 1;
        int result = inflate(z, Z_SYNC_FLUSH);
        if (result != Z_OK && result != Z_BUF_ERROR)
            fail_msg("%s at byte %zu", z->msg, at);
        if (z->avail_out == 1)
            break;
        assert_true(at < size);
        assert_int_equal(byte, wanted[at++]);
    }
    assert_int_equal(at, size);
    free(all);
}

static void no_window_is_exceeded(void **state)
{
    enum { LEN = 20000 };
    uint8_t *data = malloc(LEN), *wire = malloc(2 * LEN);
    struct ws_deflate_pool pool = {0};
    (void)state;
    for (unsigned bits = 8; bits <= 15; bits++) {
        for (unsigned round = 0; round < 60; round++) {
            struct ws_deflate_params params = windows(bits);
            struct ws_deflate_config config;
            struct ws_deflate d;
            struct ws_out out = {0};
            z_stream z = {0};
            ws_deflate_config_init(&config);
            any_level(&config, round);
            ws_deflate_init(&d, &params, true, &config, &pool);
            assert_int_equal(inflateInit2(&z, -(int)bits), Z_OK);
            for (unsigned message = 0; message < 3; message++) {
                /* What repeats around the size of the window tempts most. */
                size_t period = ((size_t)1 << bits) + 20 - draw(300), produced;
                if (round % 3 == 0)
                    fill(data, LEN, draw(4));
                else
                    for (size_t i = 0; i < LEN; i++)
                        data[i] =
                            i < period || draw(500) == 0 ? (uint8_t)draw(256) : data[i - period];
                assert_int_equal(ws_deflate_write(&d, &out, data, LEN, true, &produced), WS_OK);
                size_t size = flat(&out, wire, 2 * LEN);
                ws_out_clear(&out);
                strict_inflate(&z, wire, size, data, LEN);
            }
            inflateEnd(&z);
            ws_deflate_free(&d);
            ws_out_free(&out);
        }
    }
    ws_deflate_pool_free(&pool);
    free(data);
    free(wire);
}

static void how_far_back_the_smallest_window_reaches(void **state)
{
    /* 250 bytes of noise over and over are seen to repeat, 251 are not. */
    struct ws_deflate_pool pool = {0};
    struct ws_deflate_config config;
    uint8_t data[251 * 8], wire[sizeof data + sizeof data / 4 + 100];
    (void)state;
    ws_deflate_config_init(&config);
    config.level = 6; /* of zlib */
    for (unsigned bits = 8; bits <= 9; bits++) {
        for (size_t period = 250; period <= 251; period++) {
            for (size_t i = 0; i < sizeof data; i++)
                data[i] = i < period ? (uint8_t)draw(256) : data[i - period];
            size_t size =
                ws_deflate_once(&pool, &config, bits, data, sizeof data, wire, sizeof wire);
            assert_true(size > 0);
            if (period == 250)
                assert_true(size < 400);
            else
                assert_true(size > sizeof data / 2);
        }
    }
    ws_deflate_pool_free(&pool);
}

/* Section 7.2.3. */
static void the_examples_of_the_rfc(void **state)
{
    struct ws_deflate_pool pool = {0};
    struct ws_deflate_params params = windows(15);
    struct ws_deflate d;
    struct ws_out out = {0};
    uint8_t wire[64], back[64];
    size_t produced, got;
    (void)state;

    /* 7.2.3.1 and .2: computed, with and without the window of the message before */
    struct ws_deflate_config config;
    ws_deflate_config_init(&config);
    config.level = 6; /* of zlib, which wrote them */
    ws_deflate_init(&d, &params, true, &config, &pool);
    assert_int_equal(ws_deflate_write(&d, &out, "Hello", 5, true, &produced), WS_OK);
    assert_int_equal(produced, 7);
    assert_int_equal(flat(&out, wire, sizeof wire), 7);
    assert_memory_equal(wire, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    ws_out_clear(&out);
    assert_int_equal(ws_deflate_write(&d, &out, "Hello", 5, true, &produced), WS_OK);
    assert_int_equal(flat(&out, wire, sizeof wire), 5);
    assert_memory_equal(wire, "\xf2\x00\x11\x00\x00", 5);
    ws_out_clear(&out);
    /* 7.2.3.6 */
    assert_int_equal(ws_deflate_write(&d, &out, NULL, 0, true, &produced), WS_OK);
    assert_int_equal(flat(&out, wire, sizeof wire), 1);
    assert_int_equal(wire[0], 0);
    ws_out_clear(&out);
    ws_deflate_restart(&d);
    assert_int_equal(ws_deflate_write(&d, &out, "Hello", 5, true, &produced), WS_OK);
    assert_int_equal(produced, 7);
    ws_deflate_free(&d);
    ws_out_free(&out);

    static const struct {
        const char *wire;
        size_t len;
        const char *plain; /* NULL: an error */
    } rows[] = {
        {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7, "Hello"},
        {"\xf2\x00\x11\x00\x00", 5, "Hello"},
        {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11, "Hello"}, /* 7.2.3.3 */
        {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8, "Hello"},              /* 7.2.3.4 */
        {"\xf2\x00\x11\x00\x00", 5, "Hello"}, /* its window outlives the block that is last */
        {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13, "Hello"}, /* 7.2.3.5 */
        {"\x00", 1, ""},
        {"\x02\x00", 2, ""},
        {"", 0, NULL}, /* nothing is not even the head of a block */
    };
    for (unsigned step = 0; step <= 2; step++) {
        ws_deflate_init(&d, &params, true, NULL, &pool);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            enum ws_error error = our_inflate(&d, (const uint8_t *)rows[i].wire, rows[i].len, back,
                                              sizeof back, &got, step, step);
            assert_int_equal(error, rows[i].plain ? WS_OK : WS_E_INFLATE);
            if (!rows[i].plain)
                continue;
            assert_int_equal(got, strlen(rows[i].plain));
            assert_memory_equal(back, rows[i].plain, got);
        }
        ws_deflate_free(&d);
    }
    ws_deflate_pool_free(&pool);
}

static void what_cannot_be_inflated(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
    } rows[] = {
        {"\xf2\x48\xcd\xc9\xc9\x07", 6},         /* its last byte is missing */
        {"\xf2\x48\xcd\xc9", 4},                 /* and more */
        {"\x07", 1},                             /* no such type of block */
        {"\xf2\x00\x11\x00\x00", 5},             /* refers to what never was */
        {"\x00\x05\x00\xfa\xfe\x48\x65", 7},     /* a length that does not fit its complement */
        {"\x00\x09\x00\xf6\xff\x48\x65", 7},     /* ends inside a stored block, tail and all */
        {"\xf3\x48\xcd\xc9\xc9\x07\x00", 7},     /* behind a last block nothing for the tail */
        {"\xf3\x48\xcd\xc9\xc9\x07\x00\x07", 8}, /* behind a last block garbage */
    };
    struct ws_deflate_pool pool = {0};
    struct ws_deflate_params params = windows(15);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned step = 0; step <= 2; step++) {
            struct ws_deflate d;
            uint8_t back[64];
            size_t got;
            ws_deflate_init(&d, &params, true, NULL, &pool);
            if (our_inflate(&d, (const uint8_t *)rows[i].wire, rows[i].len, back, sizeof back, &got,
                            step, step) != WS_E_INFLATE)
                fail_msg("row %zu", i);
            ws_deflate_free(&d);
        }
    }
    ws_deflate_pool_free(&pool);
}

static void blocks_that_are_the_last_and_are_not(void **state)
{
    /* Each two bytes long, behind a full window: no time is lost over any. */
    enum { LEN = 1 << 20 };
    struct ws_deflate_pool pool = {0};
    struct ws_deflate_params params = windows(15);
    struct ws_deflate d;
    struct ws_out out = {0};
    uint8_t *data = malloc(LEN), *back = malloc(LEN);
    size_t produced, got;
    (void)state;
    fill(data, LEN, 0);
    ws_deflate_init(&d, &params, true, NULL, &pool);
    assert_int_equal(ws_deflate_write(&d, &out, data, LEN / 2, true, &produced), WS_OK);
    size_t size = flat(&out, data, LEN);
    assert_int_equal(our_inflate(&d, data, size, back, LEN, &got, 0, 0), WS_OK);
    for (size_t i = 0; i + 1 < LEN; i += 2) {
        data[i] = 3;
        data[i + 1] = 0;
    }
    data[LEN - 1] = 2; /* an empty block that is not the last, then the tail */
    assert_int_equal(our_inflate(&d, data, LEN, back, LEN, &got, 0, 0), WS_E_INFLATE);
    ws_deflate_free(&d);
    ws_deflate_init(&d, &params, true, NULL, &pool);
    data[LEN - 2] = 0; /* and so it is right */
    assert_int_equal(our_inflate(&d, data, LEN - 1, back, LEN, &got, 0, 0), WS_OK);
    assert_int_equal(got, 0);
    ws_deflate_free(&d);
    ws_out_free(&out);
    ws_deflate_pool_free(&pool);
    free(data);
    free(back);
}

static void room_that_is_just_enough(void **state)
{
    struct ws_deflate_pool pool = {0};
    struct ws_deflate_params params = {true, true, 15, 15};
    struct ws_deflate d;
    struct ws_out out = {0};
    uint8_t data[3000], wire[4000], back[3000];
    size_t produced;
    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        size_t len = 1 + draw(sizeof data - 1);
        fill(data, len, round);
        ws_deflate_init(&d, &params, true, NULL, &pool);
        assert_int_equal(ws_deflate_write(&d, &out, data, len, true, &produced), WS_OK);
        size_t size = flat(&out, wire, sizeof wire);
        ws_out_clear(&out);
        struct ws_inflate_flow flow = {wire, size, back, len, false};
        assert_int_equal(ws_deflate_read(&d, &flow, true), WS_OK);
        assert_false(flow.full);
        assert_int_equal(flow.room, 0);
        assert_memory_equal(back, data, len);
        /* and a byte less is not */
        flow = (struct ws_inflate_flow){wire, size, back, len - 1, false};
        assert_int_equal(ws_deflate_read(&d, &flow, true), WS_OK);
        assert_true(flow.full);
        flow.room = 1;
        assert_int_equal(ws_deflate_read(&d, &flow, true), WS_OK);
        assert_memory_equal(back, data, len);
        ws_deflate_free(&d);
    }
    ws_out_free(&out);
    ws_deflate_pool_free(&pool);
}

static void garbage(void **state)
{
    struct ws_deflate_pool pool = {0};
    uint8_t data[2000], wire[3000], back[4000];
    struct ws_out out = {0};
    unsigned bad = 0, good = 0;
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct ws_deflate_params params = windows(8 + draw(8));
        struct ws_deflate d;
        size_t size = draw(60), produced, got;
        ws_deflate_init(&d, &params, true, NULL, &pool);
        if (round % 2) {
            fill(wire, size, 0);
        } else {
            fill(data, sizeof data, round / 2);
            assert_int_equal(
                ws_deflate_write(&d, &out, data, draw(sizeof data) + 1, true, &produced), WS_OK);
            size = flat(&out, wire, sizeof wire);
            ws_out_clear(&out);
            wire[draw((uint32_t)size)] ^= (uint8_t)(1u << draw(8));
        }
        enum ws_error error = our_inflate(&d, wire, size, back, sizeof back, &got, draw(50), 0);
        assert_true(error == WS_OK || error == WS_E_INFLATE);
        bad += error == WS_E_INFLATE;
        good += error != WS_E_INFLATE;
        ws_deflate_free(&d);
    }
    assert_true(bad > 1000 && good > 100);
    ws_out_free(&out);
    ws_deflate_pool_free(&pool);
}

static void once_for_all(void **state)
{
    enum { LEN = 100000 };
    struct ws_deflate_pool pool = {0};
    uint8_t *data = malloc(LEN), *wire = malloc(ws_deflate_bound(LEN)), *back = malloc(LEN);
    (void)state;
    /* No settings and no content exceed the bound; nothing is written outside of the output. */
    for (unsigned n = 0; n < 8 * 10 * 10; n++) {
        struct ws_deflate_config config = {.level = (uint8_t)(n / 8 % 10),
                                           .memory = (uint8_t)(n / 80)};
        unsigned bits = 8 + n % 8;
        size_t len = n % 5 ? draw(4000) : draw(LEN);
        fill(data, len, n % 7 ? 0 : n);
        size_t size = ws_deflate_once(&pool, &config, bits, data, len, wire, ws_deflate_bound(len));
        assert_true(size > 0);
        z_stream z = {0};
        assert_int_equal(inflateInit2(&z, -(int)bits), Z_OK);
        assert_int_equal(plain_inflate(&z, wire, size, back, LEN), len);
        assert_memory_equal(back, data, len);
        inflateEnd(&z);
        /* The tail, which is cut off, takes room too. */
        uint8_t *exact = malloc(size + 4);
        if (len > 0) {
            assert_int_equal(ws_deflate_once(&pool, &config, bits, data, len, exact, size + 3), 0);
            assert_int_equal(ws_deflate_once(&pool, &config, bits, data, len, exact, 0), 0);
        }
        free(exact);
    }
    ws_deflate_pool_free(&pool);
    free(data);
    free(wire);
    free(back);
}

static void what_a_session_has_between_messages(void **state)
{
    struct ws_deflate_pool pool = {0};
    struct ws_out out = {0};
    uint8_t wire[100], back[100];
    size_t produced, got;
    (void)state;
    for (unsigned n = 0; n < 16; n++) {
        struct ws_deflate_params params = {n & 1, n & 2, 15, 15};
        bool server = n & 4;
        struct ws_deflate d;
        ws_deflate_init(&d, &params, server, NULL, &pool);
        assert_null(d.deflater);
        assert_null(d.inflater);
        assert_int_equal(ws_deflate_write(&d, &out, "Hel", 3, false, &produced), WS_OK);
        assert_non_null(d.deflater);
        assert_int_equal(ws_deflate_write(&d, &out, "lo", 2, true, &produced), WS_OK);
        size_t size = flat(&out, wire, sizeof wire);
        ws_out_clear(&out);
        struct ws_inflate_flow flow = {wire, 2, back, sizeof back, false};
        assert_int_equal(ws_deflate_read(&d, &flow, false), WS_OK);
        assert_non_null(d.inflater);
        assert_int_equal(our_inflate(&d, wire + 2, size - 2, back, sizeof back, &got, 0, 0), WS_OK);
        assert_int_equal(d.deflater == NULL, server ? n & 1 : (n & 2) / 2);
        assert_int_equal(d.inflater == NULL, server ? (n & 2) / 2 : n & 1);
        ws_deflate_free(&d);
    }
    /* What comes back is used again: one of each kind was enough for all of them. */
    assert_non_null(pool.deflaters);
    void *first = pool.deflaters;
    struct ws_deflate_config config;
    ws_deflate_config_init(&config);
    assert_true(ws_deflate_once(&pool, &config, 15, "Hello", 5, wire, sizeof wire) > 0);
    struct ws_deflate_params params = windows(15);
    struct ws_deflate d;
    ws_deflate_init(&d, &params, true, NULL, &pool);
    assert_int_equal(ws_deflate_write(&d, &out, "Hello", 5, true, &produced), WS_OK);
    assert_ptr_equal(d.deflater, first);
    ws_deflate_free(&d);
    ws_out_free(&out);
    ws_deflate_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leaves_is_what_a_plain_reader_reads),
        cmocka_unit_test(what_a_plain_writer_writes_is_read),
        cmocka_unit_test(no_window_is_exceeded),
        cmocka_unit_test(how_far_back_the_smallest_window_reaches),
        cmocka_unit_test(the_examples_of_the_rfc),
        cmocka_unit_test(what_cannot_be_inflated),
        cmocka_unit_test(blocks_that_are_the_last_and_are_not),
        cmocka_unit_test(room_that_is_just_enough),
        cmocka_unit_test(garbage),
        cmocka_unit_test(once_for_all),
        cmocka_unit_test(what_a_session_has_between_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
