#include "cmd/wscat/run/retry.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void what_is_tried_again(void **state)
{
    (void)state;
    static const struct {
        struct retry_cause cause;
        bool useful;
    } cases[] = {
        {{WS_E_CONNECT, 0, 0}, true},
        {{WS_E_RESOLVE, 0, 0}, true},
        {{WS_E_CONNECT_TIMEOUT, 0, 0}, true},
        {{WS_E_LOST, 0, 0}, true},
        {{WS_E_RESET, 0, 0}, true},
        {{WS_E_HEARTBEAT_TIMEOUT, 0, 0}, true},
        {{WS_E_TLS, 0, 0}, false},
        {{WS_E_NO_MEMORY, 0, 0}, false},
        {{WS_E_MASKED, 0, 0}, false},
        {{WS_E_ACCEPT_WRONG, 0, 0}, false},
        {{WS_OK, 1000, 0}, true},
        {{WS_OK, 1001, 0}, true},
        {{WS_OK, 1002, 0}, false},
        {{WS_OK, 1003, 0}, false},
        {{WS_OK, 1007, 0}, false},
        {{WS_OK, 1008, 0}, false},
        {{WS_OK, 1009, 0}, true},
        {{WS_OK, 1010, 0}, false},
        {{WS_OK, 1011, 0}, true},
        {{WS_OK, 1012, 0}, true},
        {{WS_OK, 1013, 0}, true},
        {{WS_OK, 4000, 0}, true},
        {{WS_E_STATUS, 0, 404}, false},
        {{WS_E_STATUS, 0, 401}, false},
        {{WS_E_STATUS, 0, 408}, true},
        {{WS_E_STATUS, 0, 425}, true},
        {{WS_E_STATUS, 0, 429}, true},
        {{WS_E_STATUS, 0, 500}, true},
        {{WS_E_STATUS, 0, 503}, true},
        {{WS_E_STATUS, 0, 200}, false},
        {{WS_E_STATUS, 0, 302}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (retry_useful(&cases[i].cause) != cases[i].useful)
            fail_msg("case %zu", i);
}

static void delays(void **state)
{
    (void)state;
    static const int64_t whole[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(retry_delay_ms(i + 1, 1000, 0, 0), whole[i]);
        assert_int_equal(retry_delay_ms(i + 1, 1000, 0, UINT32_MAX), whole[i] / 2);
    }
    assert_int_equal(retry_delay_ms(4000000000u, 1, 0, 0), 30000);
    assert_int_equal(retry_delay_ms(3, 60000, 0, 0), 60000); /* more than that was asked for */
    assert_int_equal(retry_delay_ms(1, 1000, 5000, 0), 5000);
    assert_int_equal(retry_delay_ms(1, 0, 0, 7), 0);
}

static int64_t after(const char *text)
{
    return retry_after_ms((struct ws_str){text, strlen(text)}, 784111777);
}

static void retry_after(void **state)
{
    (void)state;
    assert_int_equal(after("120"), 120000);
    assert_int_equal(after("0"), 0);
    assert_int_equal(after("99999999999999999999999999"), RETRY_AFTER_MAX_MS);
    assert_int_equal(after("Sun, 06 Nov 1994 08:49:47 GMT"), 10000);
    assert_int_equal(after("Sun, 06 Nov 1994 08:49:27 GMT"), 0); /* past */
    assert_int_equal(after("Sun, 06 Nov 2094 08:49:27 GMT"), RETRY_AFTER_MAX_MS);
    assert_int_equal(after(""), 0);
    assert_int_equal(after("-5"), 0);
    assert_int_equal(after("soon"), 0);
    assert_int_equal(after("Sun, 06 Nov 1994 08:49:47 GMT and more"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_tried_again),
        cmocka_unit_test(delays),
        cmocka_unit_test(retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
