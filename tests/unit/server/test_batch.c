#include "libws/server/batch.h"

#include <ws/frame.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const struct ws_session_config plain;

/* What it says of an id, and what looking through all entries says. */
static void exceptions_are_found(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 50; seed++) {
        struct ws_batch *batch = ws_batch_new(100000, 0);
        size_t count = 1 + seed * 3 % 97;
        srand(seed);
        uint64_t excepts[100];
        for (size_t i = 0; i < count; i++) {
            excepts[i] = (uint64_t)(rand() % 12);
            assert_true(ws_batch_add(batch, excepts[i], WS_OP_TEXT, "text", 4, &plain));
        }
        ws_batch_complete(batch);
        for (uint64_t id = 1; id < 14; id++) {
            size_t at = ws_batch_first_excepted(batch, id);
            for (size_t i = 0; i < batch->count; i++)
                if (excepts[i] == id) {
                    assert_true(at < batch->excepted_count);
                    assert_int_equal(batch->excepted[at].except, id);
                    assert_int_equal(batch->excepted[at++].index, i);
                }
            assert_true(at == batch->excepted_count || batch->excepted[at].except > id);
        }
        ws_batch_unref(batch);
    }
}

static void frames_lie_in_a_row(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 125, 126, 65535, 65536};
    size_t need = 0;
    uint8_t *data = calloc(1, 65536);
    for (size_t i = 0; i < 6; i++)
        need += lengths[i] + 10;
    struct ws_batch *batch = ws_batch_new(need, 0);
    for (size_t i = 0; i < 6; i++)
        assert_true(ws_batch_add(batch, 0, WS_OP_BINARY, data, lengths[i], &plain));
    ws_batch_complete(batch);
    assert_int_equal(batch->excepted_count, 0);
    const struct ws_batch_form *form = ws_batch_form_for(batch, NULL);
    assert_int_equal(ws_shared_len(form->frames), form->used); /* the rest was given back */
    for (size_t i = 0; i < 6; i++) {
        struct ws_frame frame;
        const uint8_t *at = ws_shared_data(form->frames) + form->marks[i].offset;
        size_t len = form->marks[i + 1].offset - form->marks[i].offset;
        assert_int_equal(ws_frame_decode(at, len, WS_REFUSE_MASK, &frame), WS_OK);
        assert_int_equal(frame.length, lengths[i]);
        assert_int_equal(frame.header_len + frame.length, len);
        assert_true(frame.fin);
    }
    assert_int_equal(form->marks[6].offset, form->used);
    ws_batch_unref(batch);
    free(data);
}

/* What comes out of a message of a deflated form, by zlib alone. */
static size_t inflate_naively(const uint8_t *data, size_t len, unsigned bits, uint8_t *to,
                              size_t room)
{
    static const uint8_t tail[] = {0, 0, 0xFF, 0xFF};
    z_stream z = {.next_out = to, .avail_out = (uInt)room};
    assert_int_equal(inflateInit2(&z, -(int)bits), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)data;
    z.avail_in = (uInt)len;
    assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)tail;
    z.avail_in = sizeof tail;
    inflate(&z, Z_SYNC_FLUSH);
    assert_int_equal(z.avail_in, 0);
    inflateEnd(&z);
    return room - z.avail_out;
}

/* Every window's form has every message, compressed where that pays, for receivers without context.
 */
static void deflated_forms(void **state)
{
    (void)state;
    enum { COUNT = 40, MOST = 5000 };
    static uint8_t data[COUNT][MOST], inflated[MOST];
    size_t lengths[COUNT];
    struct ws_deflate_config preference;
    struct ws_deflate_pool pool = {0};
    ws_deflate_config_init(&preference);
    preference.threshold = 100;
    struct ws_session_config config = {.deflate = &preference, .deflate_pool = &pool};
    struct ws_batch *batch = ws_batch_new(COUNT * (MOST + 10), 0x1FE & ~(1u << 3));
    srand(3);
    for (size_t i = 0; i < COUNT; i++) {
        lengths[i] = (size_t)rand() % MOST;
        for (size_t k = 0; k < lengths[i]; k++)
            data[i][k] = (uint8_t)(i % 4 == 3 ? rand() : "abcdefgh"[rand() % (int)(2 + i % 4)]);
        assert_true(ws_batch_add(batch, 0, WS_OP_BINARY, data[i], lengths[i], &config));
    }
    ws_batch_complete(batch);
    size_t bytes = ws_batch_form_for(batch, NULL)->used;
    for (unsigned bits = WS_WINDOW_BITS_MIN; bits <= WS_WINDOW_BITS_MAX; bits++) {
        struct ws_deflate peer = {.params.server_bits = (uint8_t)bits};
        const struct ws_batch_form *form = ws_batch_form_for(batch, &peer);
        if (bits == 10) { /* that form was not wanted */
            assert_ptr_equal(form, ws_batch_form_for(batch, NULL));
            continue;
        }
        bytes += form->used;
        size_t before = 0, after = 0;
        for (size_t i = 0; i < COUNT; i++) {
            struct ws_frame frame;
            const uint8_t *at = ws_shared_data(form->frames) + form->marks[i].offset;
            size_t len = form->marks[i + 1].offset - form->marks[i].offset;
            assert_int_equal(ws_frame_parse(at, len, &frame), WS_OK);
            assert_int_equal(frame.header_len + frame.length, len);
            at += frame.header_len;
            if (frame.rsv == 0) {
                assert_true(lengths[i] < preference.threshold || i % 4 == 3);
                assert_int_equal(frame.length, lengths[i]);
            } else {
                assert_int_equal(frame.rsv, 4);
                assert_true(lengths[i] >= preference.threshold && frame.length < lengths[i]);
                before += lengths[i];
                after += (size_t)frame.length;
                assert_int_equal(
                    inflate_naively(at, (size_t)frame.length, bits, inflated, sizeof inflated),
                    lengths[i]);
                at = inflated;
            }
            if (lengths[i] > 0)
                assert_memory_equal(at, data[i], lengths[i]);
        }
        assert_int_equal(form->marks[COUNT].deflated.plain, before);
        assert_int_equal(form->marks[COUNT].deflated.wire, after);
        assert_true(before > after);
    }
    assert_int_equal(ws_batch_bytes(batch), bytes);
    ws_batch_unref(batch);
    ws_deflate_pool_free(&pool);
}

/* More than zlib's output in one piece: many small frames, the bit on the first alone. */
static void deflated_in_fragments(void **state)
{
    (void)state;
    static uint8_t data[20000];
    struct ws_deflate_config preference;
    struct ws_deflate_pool pool = {0};
    ws_deflate_config_init(&preference);
    struct ws_session_config config = {
        .deflate = &preference, .deflate_pool = &pool, .max_frame = 50};
    struct ws_batch *batch = ws_batch_new(40000, 1u << 8);
    struct ws_deflate peer = {.params.server_bits = 15};
    srand(5);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)rand() % 20;
    assert_true(ws_batch_add(batch, 0, WS_OP_BINARY, data, sizeof data, &config));
    const struct ws_batch_form *form = ws_batch_form_for(batch, &peer);
    size_t at = 0, frames = 0;
    struct ws_frame frame = {0};
    for (; at < form->used; at += frame.header_len + (size_t)frame.length, frames++) {
        assert_int_equal(ws_frame_parse(ws_shared_data(form->frames) + at, form->used - at, &frame),
                         WS_OK);
        assert_int_equal(frame.rsv, frames == 0 ? 4 : 0);
        assert_int_equal(frame.opcode, frames == 0 ? WS_OP_BINARY : WS_OP_CONTINUATION);
        assert_true(frame.length <= 50);
    }
    assert_true(frame.fin && frames > 100);
    assert_int_equal(at, form->used);
    ws_batch_unref(batch);
    ws_deflate_pool_free(&pool);
}

static void room(void **state)
{
    (void)state;
    struct ws_batch *batch = ws_batch_new(1, 0);
    assert_true(ws_batch_fits(batch, 1000)); /* more than asked for: others will come */
    assert_false(ws_batch_fits(batch, 1 << 20));
    ws_batch_unref(batch);
    batch = ws_batch_new(1 << 20, 0);
    assert_true(ws_batch_fits(batch, 1 << 20));
    ws_batch_complete(batch); /* with nothing in it */
    ws_batch_unref(batch);
    ws_batch_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exceptions_are_found),
        cmocka_unit_test(frames_lie_in_a_row),
        cmocka_unit_test(deflated_forms),
        cmocka_unit_test(deflated_in_fragments),
        cmocka_unit_test(room),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
