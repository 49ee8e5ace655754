#include "cmd/wscat/people/screen.h"

#include <locale.h>
#include <wchar.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* The cursor is after `text`, on a terminal of ten columns, with a prompt of two. */
static int row(const wchar_t *text)
{
    size_t len = wcslen(text);
    LineInfoW line = {.buffer = text, .cursor = text + len, .lastchar = text + len};
    return screen_row_of(&line, 2, 10);
}

static void rows_of_characters(void **state)
{
    (void)state;
    assert_int_equal(row(L""), 0);
    assert_int_equal(row(L"1234567"), 0);
    assert_int_equal(row(L"12345678"), 1); /* the cursor is in the first column of the next */
    assert_int_equal(row(L"123456781234567890"), 2);
    assert_int_equal(row(L"a\nb"), 1);
    assert_int_equal(row(L"12345678\nb"), 2);
    assert_int_equal(row(L"\t"), 0); /* to column 8 */
    assert_int_equal(row(L"\t1"), 0);
    assert_int_equal(row(L"\t12"), 1);
    assert_int_equal(row(L"\x01\x01\x01\x01"), 1); /* each as ^A */
}

static void wide_characters(void **state)
{
    (void)state;
    assert_int_equal(row(L"\u65e5\u672c\u8a9e"), 0);
    assert_int_equal(row(L"\u65e5\u672c\u8a9e\u65e5"), 1);
    assert_int_equal(row(L"1234567\u65e5"), 1); /* has no space in the last column */
    assert_int_equal(row(L"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"), 0);
}

static void the_terminals_own_width(void **state)
{
    LineInfoW line = {.buffer = L"", .cursor = L"", .lastchar = L""};
    (void)state;
    line.cursor = line.lastchar = line.buffer;
    assert_int_equal(screen_row(&line, "> "), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_characters),
        cmocka_unit_test(wide_characters),
        cmocka_unit_test(the_terminals_own_width),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
