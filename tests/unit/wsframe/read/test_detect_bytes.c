#include "cmd/wsframe/read/detect_bytes.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* A message that begins with two bytes, and goes on with letters up to `len`. */
static bool begun(uint8_t first, uint8_t second, size_t len)
{
    uint8_t data[64];
    memset(data, 'a', sizeof data);
    data[0] = first;
    data[1] = second;
    return detect_begun(data, len);
}

static void a_message_without_its_end(void **state)
{
    (void)state;
    assert_true(begun(0x81, 40, 16));
    assert_true(begun(0x82, 0x80 | 40, 16));
    assert_true(begun(0xC1, 126, 64));
    /* Too short, whole, a fragment, a control frame, against the rules. */
    assert_false(begun(0x81, 40, 15));
    assert_false(begun(0x81, 14, 16));
    assert_false(begun(0x01, 40, 16));
    assert_false(begun(0x89, 40, 16));
    assert_false(begun(0xA1, 40, 16));
    /* Text that is no UTF-8, which a binary message may have. */
    uint8_t data[20] = {0x81, 40, 'a', 0xFF};
    assert_false(detect_begun(data, sizeof data));
    data[0] = 0x82;
    assert_true(detect_begun(data, sizeof data));
    assert_false(detect_begun(data, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_without_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
