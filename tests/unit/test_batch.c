#include "libws/net/batch.h"

#include "libws/proto/frame.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* What it says of an id, and what looking through all entries says. */
static void exceptions_are_found(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 50; seed++) {
        struct ws_batch *batch = ws_batch_new(100000);
        size_t count = 1 + seed * 3 % 97;
        srand(seed);
        for (size_t i = 0; i < count; i++)
            assert_true(ws_batch_add(batch, (uint64_t)(rand() % 12), WS_TEXT, "text", 4, 0));
        assert_true(ws_batch_complete(batch));
        for (uint64_t id = 1; id < 14; id++) {
            size_t at = ws_batch_first_excepted(batch, id);
            for (size_t i = 0; i < batch->count; i++)
                if (batch->entries[i].except == id) {
                    assert_true(at < batch->excepted_count);
                    assert_int_equal(batch->excepted[at].except, id);
                    assert_int_equal(batch->excepted[at++].offset, i);
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
    struct ws_batch *batch = ws_batch_new(need);
    for (size_t i = 0; i < 6; i++)
        assert_true(ws_batch_add(batch, 0, WS_BINARY, data, lengths[i], 0));
    assert_true(ws_batch_complete(batch));
    assert_int_equal(batch->excepted_count, 0);
    assert_int_equal(batch->frames->len, batch->used); /* the rest was given back */
    for (size_t i = 0; i < 6; i++) {
        struct ws_frame frame;
        const uint8_t *at = batch->frames->data + batch->entries[i].offset;
        size_t len = batch->entries[i + 1].offset - batch->entries[i].offset;
        assert_int_equal(ws_frame_decode(at, len, WS_REFUSE_MASK, &frame), WS_OK);
        assert_int_equal(frame.length, lengths[i]);
        assert_int_equal(frame.header_len + frame.length, len);
        assert_true(frame.fin);
    }
    assert_int_equal(batch->entries[6].offset, batch->used);
    ws_batch_unref(batch);
    free(data);
}

static void room(void **state)
{
    (void)state;
    struct ws_batch *batch = ws_batch_new(1);
    assert_true(ws_batch_fits(batch, 1000)); /* more than asked for: others will come */
    assert_false(ws_batch_fits(batch, 1 << 20));
    ws_batch_unref(batch);
    batch = ws_batch_new(1 << 20);
    assert_true(ws_batch_fits(batch, 1 << 20));
    assert_true(ws_batch_complete(batch)); /* with nothing in it */
    ws_batch_unref(batch);
    ws_batch_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exceptions_are_found),
        cmocka_unit_test(frames_lie_in_a_row),
        cmocka_unit_test(room),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
