#include "tests/unit/wsbench/report/made_up.h"

#include "cmd/wsbench/count/metric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What is printed of `count` times the same report; the caller frees it. */
static char *printed(struct made_up *m, unsigned count)
{
    struct report reports[3] = {m->report, m->report, m->report};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    report_csv(reports, count, out);
    fclose(out);
    return text;
}

static void has_line(const char *all, const char *line)
{
    const char *found = strstr(all, line);
    if (!found || (found > all && found[-1] != '\n') || found[strlen(line)] != '\n')
        fail_msg("no line '%s' in:\n%s", line, all);
}

static void a_metric_a_line(void **state)
{
    struct made_up *m = made_up();
    char *text = printed(m, 1);
    (void)state;
    has_line(text, "metric,value");
    has_line(text, "rate,1000");
    has_line(text, "received_rate,995");
    has_line(text, "lost,10");
    has_line(text, "unsent,15");
    has_line(text, "errors,15");
    has_line(text, "loss,0.5");
    has_line(text, "rtt.count,1000");
    has_line(text, "rtt.max_us,1000");
    has_line(text, "rtt.mean_us,500.5");
    has_line(text, "tls.p99.9_us,"); /* nothing was measured */
    has_line(text, "tls.count,0");
    free(text);
    made_up_free(m);
}

/* Every line has as many columns as the head, and a name that --fail-if knows. */
static void a_column_a_stage(void **state)
{
    struct made_up *m = made_up();
    (void)state;
    m->settings.stages = (struct stages){.rates = true, .values = {1000, 1000, 1000}, .count = 3};
    char *text = printed(m, 3), *rest;
    has_line(text, "metric,1000/s,1000/s,1000/s");
    has_line(text, "lost,10,10,10");
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        unsigned commas = 0;
        for (const char *c = line; *c; c++)
            commas += *c == ',';
        assert_int_equal(commas, 3);
        size_t len = strcspn(line, ",");
        if (len > 3 && memcmp(line + len - 3, "_us", 3) == 0)
            len -= 3;
        struct metric metric;
        assert_true(line == text || metric_find(&metric, line, len));
    }
    free(text);
    made_up_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_metric_a_line),
        cmocka_unit_test(a_column_a_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
