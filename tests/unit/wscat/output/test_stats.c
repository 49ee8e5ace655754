#include "cmd/wscat/output/stats.h"

#include "cmd/common/exit.h"
#include "tests/unit/support_capture.h"

#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const char *printed(const struct stats *stats)
{
    capture_begin(STDERR_FILENO);
    stats_print(stats);
    return capture_end();
}

static void never_opened(void **state)
{
    (void)state;
    assert_string_equal(printed(&(struct stats){0}), "wscat: stats: the connection never opened\n");
}

static void plain(void **state)
{
    struct stats stats = {
        .times = {.resolve_us = 100, .connect_us = 2000},
        .tls_us = -1,
        .upgrade_us = 3000,
        .opened_us = 1000000,
        .ended_us = 3000000,
        .sent = 1,
        .sent_bytes = 5,
        .received = 2,
        .received_bytes = 2048,
        .wire = {.bytes_out = 11, .bytes_in = 2052},
    };
    (void)state;
    assert_string_equal(
        printed(&stats),
        "wscat: stats: resolve 100 us, connect 2.00 ms, upgrade 3.00 ms; open for 2.00 s\n"
        "wscat: stats: sent 1 message, 5 B; 11 B on the wire\n"
        "wscat: stats: received 2 messages, 2.00 KiB; 2.00 KiB on the wire\n");
}

/* Steps that happened have a name; compression a line a direction that it was used in. */
static void with_everything(void **state)
{
    struct stats stats = {
        .times = {.proxy_us = 4000},
        .tls_us = 5000,
        .upgrade_us = 1,
        .deflate = {.messages_out = 1, .plain_out = 1000, .wire_out = 100},
    };
    (void)state;
    const char *text = printed(&stats);
    assert_non_null(strstr(text, "proxy 4.00 ms, TLS 5.00 ms, upgrade 1 us"));
    assert_non_null(strstr(text, "stats: sent compressed: 1 message, "));
    assert_null(strstr(text, "received compressed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_opened),
        cmocka_unit_test(plain),
        cmocka_unit_test(with_everything),
    };
    exit_set_tool("wscat");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
