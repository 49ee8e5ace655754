#include "cmd/wsserve/http/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char *text;
static size_t len;

static void write_it(const struct totals *totals)
{
    struct metrics_server extra = {.draining = true, .loops = 3, .start_seconds = 12.5};
    free(text);
    text = metrics_write(totals, &extra, NULL, &len);
    assert_non_null(text);
    assert_int_equal(strlen(text), len);
}

static void has(const char *line)
{
    size_t size = strlen(line);
    for (const char *at = strstr(text, line); at; at = strstr(at + 1, line))
        if ((at == text || at[-1] == '\n') && at[size] == '\n')
            return;
    fail_msg("no line %s in\n%s", line, text);
}

static void histograms_are_heaped_up_and_in_seconds(void **state)
{
    struct totals totals = {0};
    (void)state;
    totals_note(&totals.rtt_us, TOTALS_TIMES, 100);
    totals_note(&totals.rtt_us, TOTALS_TIMES, 400);
    totals_note(&totals.rtt_us, TOTALS_TIMES, 9000000);
    write_it(&totals);
    has("wsserve_rtt_seconds_bucket{le=\"0.0001\"} 1");
    has("wsserve_rtt_seconds_bucket{le=\"0.0005\"} 2");
    has("wsserve_rtt_seconds_bucket{le=\"5\"} 2");
    has("wsserve_rtt_seconds_bucket{le=\"+Inf\"} 3");
    has("wsserve_rtt_seconds_sum 9.0005");
    has("wsserve_rtt_seconds_count 3");
}

static void causes_have_their_names(void **state)
{
    struct totals totals = {0};
    (void)state;
    totals.errors[WS_E_UTF8] = 4;
    totals.handshakes[WS_E_ORIGIN_REFUSED] = 5;
    totals.plain[404] = 6;
    totals.connections[TOTALS_HANDSHAKE] = 3;
    totals.connections[TOTALS_OPEN] = 7;
    totals.connections[TOTALS_CLOSING] = 1;
    write_it(&totals);
    has("wsserve_errors_total{category=\"protocol\",rule=\"UTF8\"} 4");
    has("wsserve_handshakes_total{result=\"ORIGIN_REFUSED\"} 5");
    has("wsserve_handshakes_total{result=\"ok\"} 0");
    has("wsserve_http_requests_total{status=\"404\"} 6");
    has("wsserve_connections{state=\"open\"} 7");
    has("wsserve_connections{state=\"handshake\"} 3");
    has("wsserve_connections{state=\"closing\"} 1");
    has("wsserve_draining 1");
    has("wsserve_loops 3");
    has("process_start_time_seconds 12.500");
}

static void codes_of_applications_are_one_label(void **state)
{
    struct totals totals = {0};
    (void)state;
    for (unsigned code = 3000; code < 5000; code++)
        totals.closed[1][totals_code_slot(1001)][totals_code_slot(code)]++;
    write_it(&totals);
    has("wsserve_closes_total{by=\"peer\",sent=\"1001\",received=\"3000-4999\"} 2000");
}

static int free_it(void **state)
{
    (void)state;
    free(text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histograms_are_heaped_up_and_in_seconds),
        cmocka_unit_test(causes_have_their_names),
        cmocka_unit_test(codes_of_applications_are_one_label),
    };
    return cmocka_run_group_tests(tests, NULL, free_it);
}
