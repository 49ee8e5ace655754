/* The transform of RFC 7692, against zlib used as plainly as can be. */
#include "libws/proto/deflate.h"

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
    do {
        size_t n = len - at, r = room - out;
        if (step && n > step)
            n = step;
        if (room_step && r > room_step)
            r = room_step;
        struct ws_inflate_flow flow = {data + at, n, to + out, r};
        error = ws_deflate_read(d, &flow, at + n == len);
        at += n - flow.in_len;
        out += r - flow.room;
        if (error != WS_OK && error != WS_MORE)
            return error;
    } while (at < len || (error == WS_MORE && out < room));
    *got = out;
    return error;
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
        config.level = (uint8_t)(1 + draw(9));
        config.memory = (uint8_t)(1 + draw(9));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leaves_is_what_a_plain_reader_reads),
        cmocka_unit_test(what_a_plain_writer_writes_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
