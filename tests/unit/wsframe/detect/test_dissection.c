#include "cmd/wsframe/detect/dissection.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static bool is(const char *text)
{
    return dissection_is((const uint8_t *)text, strlen(text));
}

static void fields_of_packets(void **state)
{
    (void)state;
    assert_true(is("[{\"_index\":\"packets\",\"_source\":{\"layers\":{}}}]"));
    assert_true(is("{\"timestamp\":\"17\",\"layers\":{\"eth\":{}}}"));
    assert_true(is("<?xml version=\"1.0\"?>\n<pdml version=\"0\">"));
    assert_true(is("\nFrame 1: 54 bytes on wire (432 bits), 54 bytes captured (432 bits)\n"));
}

static void others(void **state)
{
    (void)state;
    assert_false(is(""));
    assert_false(is("{\"layers\":[129,0]}"));
    assert_false(is("{\"timestamp\":1,\"data\":[129,0]}"));
    assert_false(is("<Buffer 81 00>"));
    assert_false(is("Frame 1: 81 05\n"));
    assert_false(is("Frame (54 bytes):\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_packets),
        cmocka_unit_test(others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
