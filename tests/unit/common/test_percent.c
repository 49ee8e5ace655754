#include "cmd/common/percent.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void gives(const char *text, const char *expected, size_t len, bool fine)
{
    char to[16];
    size_t n;
    assert_int_equal(percent_decode((struct ws_str){text, strlen(text)}, to, sizeof to, &n), fine);
    assert_int_equal(n, len);
    assert_memory_equal(to, expected, len + 1);
}

static void decoding(void **state)
{
    (void)state;
    gives("", "", 0, true);
    gives("abc", "abc", 3, true);
    gives("a%20b", "a b", 3, true);
    gives("%2f%2F%c3%Bc", "//\xc3\xbc", 4, true);
    gives("%00", "\0", 1, true);
    gives("%2541", "%41", 3, true); /* once */
    gives("a+b", "a+b", 3, true);
    gives("%", "", 0, false);
    gives("a%2", "a", 1, false);
    gives("%g0", "", 0, false);
    gives("%0g", "", 0, false);
    gives("123456789012345", "123456789012345", 15, true);
    gives("1234567890123456", "123456789012345", 15, false);
    gives("12345678901234%20", "12345678901234 ", 15, true);
}

/* A '%' at the end of the text, with digits after it in memory. */
static void the_end_of_the_text(void **state)
{
    char to[8];
    (void)state;
    assert_false(percent_decode((struct ws_str){"%41", 2}, to, sizeof to, NULL));
    assert_true(percent_decode((struct ws_str){"%41", 3}, to, sizeof to, NULL));
    assert_string_equal(to, "A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding),
        cmocka_unit_test(the_end_of_the_text),
    };
    return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
