#include <ws/close.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* What RFC 6455 7.4 and the IANA registry say, written down a second time. */
static bool may_be_sent(unsigned code)
{
    switch (code) {
    case 1000:
    case 1001:
    case 1002:
    case 1003:
    case 1007:
    case 1008:
    case 1009:
    case 1010:
    case 1011:
    case 1012:
    case 1013:
    case 1014:
        return true;
    default:
        return code >= 3000 && code < 5000;
    }
}

static void every_code(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= 70000; code++) {
        assert_int_equal(ws_close_code_valid(code), may_be_sent(code));
        assert_non_null(ws_close_name(code));
        assert_true(strlen(ws_close_name(code)) > 0);
        const struct ws_close_info *info = ws_close_info(code);
        assert_int_equal(info != NULL, code >= 1000 && code <= 1015);
        if (info) {
            assert_int_equal(info->code, code);
            assert_int_equal(info->on_wire, may_be_sent(code));
            assert_string_equal(ws_close_name(code), info->name);
            assert_true(strlen(info->meaning) > 10);
        }
    }
    assert_false(ws_close_code_valid(UINT32_MAX));
}

static void table_is_in_order(void **state)
{
    size_t count = 0;
    const struct ws_close_info *table = ws_close_table(&count);
    (void)state;
    assert_int_equal(count, 16);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(table[i].code, 1000 + i);
        assert_ptr_equal(&table[i], ws_close_info(table[i].code));
    }
}

static void ranges_have_names(void **state)
{
    (void)state;
    assert_string_equal(ws_close_name(3000), ws_close_name(3999));
    assert_string_equal(ws_close_name(4000), ws_close_name(4999));
    assert_string_not_equal(ws_close_name(3999), ws_close_name(4000));
    assert_string_equal(ws_close_name(999), ws_close_name(5000));
    assert_string_equal(ws_close_name(1001), "going away");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code),
        cmocka_unit_test(table_is_in_order),
        cmocka_unit_test(ranges_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
