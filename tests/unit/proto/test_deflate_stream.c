#include "libws/proto/deflate_stream.h"

#include <ws/deflate.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static uint32_t seed = 1;

static unsigned draw(unsigned limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

static void which_codec(void **state)
{
    (void)state;
    struct ws_stream_kind kind = ws_stream_kind(15, 0, 0, false);
#ifdef WITH_ISAL
    assert_int_equal(kind.codec, WS_CODEC_ISAL);
    assert_int_equal(kind.level, WS_ISAL_SMALL);
    assert_int_equal(ws_stream_kind(9, 0, 0, true).level, WS_ISAL_GOOD);
#else
    assert_int_equal(kind.codec, WS_CODEC_ZLIB);
#endif
    assert_int_equal(kind.bits, 15);
    /* zlib where something is asked for that ISA-L does not have, and its windows have 9 bits. */
    kind = ws_stream_kind(8, 0, 0, true);
    assert_int_equal(kind.codec, WS_CODEC_ZLIB);
    assert_int_equal(kind.bits, 9);
    assert_int_equal(kind.level, 6);
    assert_int_equal(kind.memory, 8);
    kind = ws_stream_kind(15, 1, 0, true);
    assert_int_equal(kind.codec, WS_CODEC_ZLIB);
    assert_int_equal(kind.level, 1);
    assert_int_equal(kind.memory, 8);
    kind = ws_stream_kind(15, 0, 3, true);
    assert_int_equal(kind.codec, WS_CODEC_ZLIB);
    assert_int_equal(kind.level, 6);
    assert_int_equal(kind.memory, 3);
}

/* Inflates all of `wire`, which must give `data`. */
static void expect(z_stream *z, const uint8_t *wire, size_t size, const uint8_t *data, size_t len)
{
    uint8_t *back = malloc(len + 1);
    z->next_in = (uint8_t *)(uintptr_t)wire;
    z->avail_in = (unsigned)size;
    z->next_out = back;
    z->avail_out = (unsigned)len + 1;
    int result = inflate(z, Z_SYNC_FLUSH);
    assert_true(result == Z_OK || result == Z_BUF_ERROR);
    assert_int_equal(z->avail_in, 0);
    assert_int_equal(z->avail_out, 1);
    assert_memory_equal(back, data, len);
    free(back);
}

/* Messages of one stream, each written into rooms of a few bytes. */
static void in_small_rooms(void **state)
{
    enum { LEN = 5000, ROOM = 3 * LEN };
    static const struct {
        unsigned level;
        bool once;
    } kinds[] = {{0, false}, {0, true}, {1, false}, {6, false}};
    uint8_t *data = malloc(LEN), *wire = malloc(ROOM);
    struct ws_deflate_stream *list = NULL;
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        unsigned bits = 9 + draw(7), k = round % 4;
        struct ws_stream_kind kind = ws_stream_kind(bits, kinds[k].level, 0, kinds[k].once);
        struct ws_deflate_stream *stream = ws_deflate_stream_get(&list, kind);
        z_stream z = {0};
        assert_non_null(stream);
        assert_true(stream->allocated > 1000);
        assert_int_equal(inflateInit2(&z, -(int)bits), Z_OK);
        for (unsigned message = 0; message < 4; message++) {
            size_t len = 1 + draw(LEN), left = len, size = 0, most = 1 + draw(60);
            unsigned noise = 1 + draw(20);
            for (size_t i = 0; i < len; i++)
                data[i] = i < 300 || draw(noise) == 0 ? (uint8_t)draw(256) : data[i - 300];
            const uint8_t *at = data;
            bool done = false;
            while (!done) {
                /* zlib repeats a flush in less than seven. */
                size_t given = 7 + draw((unsigned)most), room = given;
                assert_true(size + given <= ROOM);
                done = ws_deflate_stream_run(stream, &at, &left, wire + size, &room);
                size += given - room;
                assert_true(done || room == 0);
            }
            assert_int_equal(left, 0);
            assert_ptr_equal(at, data + len);
            assert_memory_equal(wire + size - 4, "\x00\x00\xff\xff", 4);
            expect(&z, wire, size, data, len);
            if (message == 1) { /* what follows does not refer to what was before */
                assert_true(ws_deflate_stream_reset(stream));
                assert_int_equal(inflateReset(&z), Z_OK);
            }
        }
        inflateEnd(&z);
        ws_deflate_stream_put(&list, stream);
    }
    ws_deflate_stream_free_list(&list);
    assert_null(list);
    free(data);
    free(wire);
}

static void the_pool_keeps_four(void **state)
{
    (void)state;
    struct ws_deflate_stream *list = NULL, *streams[6], *first;
    struct ws_stream_kind kind = ws_stream_kind(15, 0, 0, true);
    for (unsigned i = 0; i < 6; i++)
        streams[i] = ws_deflate_stream_get(&list, kind);
    for (unsigned i = 0; i < 6; i++)
        ws_deflate_stream_put(&list, streams[i]);
    unsigned count = 0;
    for (struct ws_deflate_stream *s = list; s; s = s->next)
        count++;
    assert_int_equal(count, 4);
    first = list;
    assert_ptr_equal(ws_deflate_stream_get(&list, kind), first);
    /* Another kind does not serve. */
    struct ws_deflate_stream *other = ws_deflate_stream_get(&list, ws_stream_kind(15, 9, 0, true));
    assert_int_equal(other->kind.level, 9);
    ws_deflate_stream_put(&list, other);
    ws_deflate_stream_put(&list, first);
    ws_deflate_stream_free_list(&list);
}

/* Whole messages have the small level up to a length, and the good one beyond it. */
static void the_level_follows_the_length(void **state)
{
    (void)state;
#ifdef WITH_ISAL
    static uint8_t data[WS_ISAL_SHORT + 1], to[2 * sizeof data];
    struct ws_deflate_config config;
    struct ws_deflate_pool pool = {0};
    ws_deflate_config_init(&config);
    for (size_t len = WS_ISAL_SHORT - 1; len <= sizeof data; len++) {
        assert_true(ws_deflate_once(&pool, &config, 15, data, len, to, sizeof to) > 0);
        assert_non_null(pool.deflaters);
        assert_int_equal(pool.deflaters->kind.level,
                         len > WS_ISAL_SHORT ? WS_ISAL_GOOD : WS_ISAL_SMALL);
    }
    ws_deflate_pool_free(&pool);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_codec),
        cmocka_unit_test(in_small_rooms),
        cmocka_unit_test(the_pool_keeps_four),
        cmocka_unit_test(the_level_follows_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
