#include "cmd/wsframe/read/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const uint8_t frames[] = {0x81, 0x05, 'H', 'e', 'l', 'l', 'o', 0x89, 0x00};

/* However the bytes are cut, no frame is incomplete after these places only. */
static void boundaries(void **state)
{
    (void)state;
    struct progress progress = {0};
    assert_true(progress_at_boundary(&progress));
    for (size_t i = 0; i < sizeof frames; i++) {
        progress_advance(&progress, frames + i, 1);
        assert_int_equal(progress_at_boundary(&progress), i + 1 == 7 || i + 1 == 9);
    }
}

static void other_bytes(void **state)
{
    (void)state;
    static const uint8_t head[] = "GET / HTTP/1.1\r\n\r\n";
    struct progress progress = {0};
    progress_advance(&progress, head, sizeof head - 1);
    assert_false(progress_at_boundary(&progress));
}

static void beginnings(void **state)
{
    (void)state;
    assert_true(progress_begins(frames, sizeof frames));
    assert_true(progress_begins(frames, 2));
    assert_false(progress_begins(frames, 1));
    assert_false(progress_begins((const uint8_t *)"\x80\x00", 2));         /* goes on */
    assert_false(progress_begins((const uint8_t *)"\x10\x20\x30\x40", 4)); /* reserved bits */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(boundaries),
        cmocka_unit_test(other_bytes),
        cmocka_unit_test(beginnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
