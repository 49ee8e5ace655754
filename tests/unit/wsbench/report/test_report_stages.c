#include "tests/unit/wsbench/report/made_up.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What is printed of a measured stage and one in which nothing could be measured. */
static char *printed(struct made_up *a, struct made_up *b)
{
    struct report reports[2] = {a->report, b->report};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    report_stages_text(reports, 2, out);
    fclose(out);
    return text;
}

static const char table[] =
    "                      4 conn    400 conn\n"
    "rtt.p50               500 us           -\n"
    "rtt.p90               900 us           -\n"
    "rtt.p99               990 us           -\n"
    "rtt.p99.9             999 us           -\n"
    "rtt.max              1.00 ms           -\n"
    "tcp_connect.p50       200 us           -\n"
    "upgrade.p50                -           -\n"
    "rate                  1000/s           -\n"
    "received_rate          995/s           -\n"
    "unsent                    15           0\n"
    "loss                    0.5%          0%\n"
    "errors                    15           0\n"
    "4 conn          1 connection failed, 1 dropped: connect: refused\n"
    "4 conn          10 messages lost, 3 duplicated, 0 reordered, 0 corrupted\n"
    "400 conn        no such host\n";

static void a_column_and_the_verdict_of_each(void **state)
{
    struct made_up *a = made_up(), *b = made_up();
    (void)state;
    b->settings.connections = 400;
    memset(&b->result, 0, sizeof b->result);
    strcpy(b->result.problem, "no such host");
    b->result.problem_status = 3;
    verdict_make(&b->settings, &b->result, &b->verdict);
    char *text = printed(a, b);
    assert_string_equal(text, table);
    free(text);
    a->settings.stages.rates = b->settings.stages.rates = true;
    b->settings.rate = 2.5e6;
    text = printed(a, b);
    assert_non_null(strstr(text, "                      1000/s     2.5 M/s\n"));
    free(text);
    made_up_free(a);
    made_up_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_column_and_the_verdict_of_each)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
