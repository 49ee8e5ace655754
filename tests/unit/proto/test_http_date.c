#include <ws/http.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void written(void **state)
{
    char text[WS_HTTP_DATE];
    (void)state;
    assert_string_equal(ws_http_date_format(784111777, text), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(ws_http_date_format(0, text), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal(ws_http_date_format(951782400, text), "Tue, 29 Feb 2000 00:00:00 GMT");
}

static void read_again(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: it is no date */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
        {"Saturday, 01-Jan-00 00:00:00 GMT", 946684800},
        {"", -1},
        {"now", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT+1", -1},
        {"Sun, 06 Abc 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT Sun, 06 Nov 1994 08:49:37 GMT", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t seconds = -1;
        bool read =
            ws_http_date_parse((struct ws_str){rows[i].text, strlen(rows[i].text)}, &seconds);
        if (read != (rows[i].seconds >= 0) || seconds != rows[i].seconds)
            fail_msg("%s: %lld", rows[i].text, (long long)seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written),
        cmocka_unit_test(read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
