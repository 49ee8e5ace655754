#include <ws/close.h>
#include <ws/error.h>

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void every_row_is_filled_in(void **state)
{
    (void)state;
    for (int i = 0; i < WS_ERROR_COUNT; i++) {
        const struct ws_error_info *info = ws_error_info((enum ws_error)i);
        assert_non_null(info->name);
        assert_true(strlen(info->name) > 1);
        for (const char *c = info->name; *c; c++)
            assert_true(isupper((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        assert_non_null(info->explanation);
        size_t len = strlen(info->explanation);
        assert_true(len > 5 && info->explanation[len - 1] != '.');
        /* An explanation is sent as a close reason, which takes 123 bytes. */
        assert_true(len <= WS_CLOSE_REASON_MAX);
        assert_null(strchr(info->explanation, '\n'));
        assert_non_null(info->section);
        assert_true((i <= WS_MORE) == (info->category == WS_CAT_NONE));
        assert_true(i <= WS_MORE || info->section[0] != '\0');
        assert_in_range(info->level, WS_LOG_DEBUG, WS_LOG_ERROR);
    }
}

static void names_are_distinct(void **state)
{
    (void)state;
    for (int i = 0; i < WS_ERROR_COUNT; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ws_error_info((enum ws_error)i)->name,
                                    ws_error_info((enum ws_error)j)->name);
}

static void codes_may_be_sent(void **state)
{
    (void)state;
    for (int i = 0; i < WS_ERROR_COUNT; i++) {
        const struct ws_error_info *info = ws_error_info((enum ws_error)i);
        if (info->close_code)
            assert_true(ws_close_code_valid(info->close_code));
        if (info->http_status)
            assert_in_range(info->http_status, 400, 599);
        if (info->category == WS_CAT_PROTOCOL)
            assert_true(info->close_code == 1002 || info->close_code == 1007);
        if (info->category == WS_CAT_UPGRADE || info->category == WS_CAT_CALLER)
            assert_int_equal(info->close_code, 0);
    }
    assert_int_equal(ws_error_info(WS_E_MESSAGE_TOO_BIG)->close_code, 1009);
    assert_int_equal(ws_error_info(WS_E_FRAGMENT_TIMEOUT)->close_code, 1008);
    assert_int_equal(ws_error_info(WS_E_VERSION)->http_status, 426);
}

static void unknown_values_are_internal_errors(void **state)
{
    (void)state;
    assert_ptr_equal(ws_error_info((enum ws_error)WS_ERROR_COUNT), ws_error_info(WS_E_INTERNAL));
    assert_ptr_equal(ws_error_info((enum ws_error) - 1), ws_error_info(WS_E_INTERNAL));
}

static void section_has_its_rfc(void **state)
{
    char text[64];
    (void)state;
    assert_string_equal(ws_error_section(WS_E_RSV, text, sizeof text), "RFC 6455 5.2");
    assert_string_equal(ws_error_section(WS_E_HTTP_FOLDED, text, sizeof text), "RFC 9112 5.2");
    assert_string_equal(ws_error_section(WS_E_RSV, text, 5), "RFC ");
    for (int i = WS_MORE + 1; i < WS_ERROR_COUNT; i++)
        assert_memory_equal(ws_error_section((enum ws_error)i, text, sizeof text), "RFC ", 4);
}

static void categories_have_names(void **state)
{
    (void)state;
    assert_string_equal(ws_category_name(WS_CAT_PROTOCOL), "protocol");
    for (int i = WS_CAT_NONE; i <= WS_CAT_CALLER; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ws_category_name((enum ws_category)i),
                                    ws_category_name((enum ws_category)j));
    assert_string_equal(ws_category_name((enum ws_category)99), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_filled_in),
        cmocka_unit_test(names_are_distinct),
        cmocka_unit_test(codes_may_be_sent),
        cmocka_unit_test(unknown_values_are_internal_errors),
        cmocka_unit_test(section_has_its_rfc),
        cmocka_unit_test(categories_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
