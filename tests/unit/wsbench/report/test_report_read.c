#include "cmd/wsbench/report/report_read.h"
#include "tests/unit/wsbench/report/made_up.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static struct settings settings;
static struct result result;
static struct report_run run;
static char problem[400];
static char file[64];

static int set_up(void **state)
{
    (void)state;
    memset(&settings, 0, sizeof settings);
    memset(&result, 0, sizeof result);
    snprintf(file, sizeof file, "/tmp/report_read.XXXXXX");
    int fd = mkstemp(file);
    return fd < 0 || close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    target_free(&settings.target);
    return unlink(file);
}

static void write_text(const char *text, size_t len)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

static void write_report(const struct report *report)
{
    struct json json = {0};
    report_json(report, &json);
    write_text(json.data, json.len);
    json_free(&json);
}

static void reads(void)
{
    if (!report_read(file, &settings, &result, &run, problem, sizeof problem))
        fail_msg("%s", problem);
}

static void assert_same_times(const struct histogram *a, const struct histogram *b, unsigned times)
{
    assert_int_equal(a->count, times * b->count);
    assert_int_equal(a->least, b->least);
    assert_int_equal(a->most, b->most);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        assert_int_equal(a->buckets[i], times * b->buckets[i]);
}

/* What was written is read back; of two, counts, rates and histograms are added. */
static void written_and_read_back(void **state)
{
    struct made_up *m = made_up();
    const struct totals *t = &result.totals, *o = &m->result.totals;
    (void)state;
    write_report(&m->report);
    for (unsigned n = 1; n <= 2; n++) {
        reads();
        assert_int_equal(t->sent, n * 2000);
        assert_int_equal(t->received, n * 1990);
        assert_int_equal(t->lost, n * 10);
        assert_int_equal(t->duplicated, n * 3);
        assert_int_equal(t->late, n * 4);
        assert_int_equal(t->unasked, n * 7);
        assert_int_equal(t->tried, n * 5);
        assert_int_equal(t->causes[WS_E_CONNECT], n);
        assert_int_equal(t->unsent[UNSENT_WINDOW], n * 15);
        assert_int_equal(t->server_closes.rows[0].number, 1008);
        assert_int_equal(t->server_closes.rows[0].count, n);
        assert_int_equal(result.load_received_bytes, n * 199000);
        assert_true(result.rate_per_s == n * 1000.0 && result.load_s == 2);
        assert_true(t->cpu_s == n * 0.25 && t->busiest == 0.125);
        assert_same_times(&t->rtt, &o->rtt, n);
        assert_same_times(&t->connect, &o->connect, n);
        assert_true(histogram_mean(&t->rtt) == histogram_mean(&o->rtt));
        assert_true(settings.connections == n * 4 && settings.rate == n * 1000.0);
        assert_true(settings.duration_us == 2000000 && settings.window == 8);
        assert_string_equal(settings.target.url.host, "bench.example");
    }
    assert_int_equal(run.started_utc_us, m->result.started_utc_us);
    assert_int_equal(run.status, 1);
    assert_true(run.seconds == 2.5);
    assert_string_equal(run.failure, "1 connection failed, 1 dropped: connect: refused");
    made_up_free(m);
}

/* One ran for half as long: the rate of both is that of all messages in the longer time, as the
 * figures beside it are. */
static void the_rate_of_runs_of_different_lengths(void **state)
{
    struct made_up *m = made_up();
    (void)state;
    write_report(&m->report);
    reads();
    m->result.load_s = 1;
    m->result.load_sent = 1000;
    write_report(&m->report);
    reads();
    assert_true(result.load_sent == 3000 && result.load_s == 2 && result.rate_per_s == 1500);
    made_up_free(m);
}

static void refuses(const char *text, const char *why)
{
    write_text(text, strlen(text));
    assert_false(report_read(file, &settings, &result, &run, problem, sizeof problem));
    if (!strstr(problem, why) || !strstr(problem, file))
        fail_msg("'%s' for %s", problem, text);
}

static void what_is_no_report(void **state)
{
    (void)state;
    refuses("", "it is no report of wsbench --format=json, nor JSON at all");
    refuses("{", "nor JSON at all");
    refuses("[]", "it is no report of wsbench");
    refuses("{}", "it is no report of wsbench");
    refuses("{\"v\":2,\"asked\":{}}", "it is no report of wsbench");
    refuses("{\"v\":1,\"asked\":{},\"mode\":\"dance\",\"url\":\"ws://x/\"}",
            "no mode that is known");
    refuses("{\"v\":1,\"asked\":{},\"mode\":\"echo\"}", "its URL cannot be read");
    refuses("{\"v\":1,\"asked\":{},\"mode\":\"echo\",\"url\":\"http://[/\"}", "its URL cannot be");
}

static void of_another_mode(void **state)
{
    struct made_up *m = made_up();
    (void)state;
    write_report(&m->report);
    reads();
    m->settings.mode = MODE_IDLE;
    write_report(&m->report);
    assert_false(report_read(file, &settings, &result, &run, problem, sizeof problem));
    assert_non_null(strstr(problem, "of another mode than the first one"));
    made_up_free(m);
}

/* Numbers that no run has: they are cut or left out, and nothing is out of bounds. */
static void hostile_numbers(void **state)
{
    static const char text[] =
        "{\"v\":1,\"mode\":\"echo\",\"url\":\"ws://x/\",\"started\":\"9999999999\",\"verdict\":5,"
        "\"exit_status\":-3,\"asked\":{\"duration_s\":1e300,\"timeout_s\":-1e300,\"threads\":1e9,"
        "\"connections\":\"many\"},\"rtt\":{\"min_us\":-1e300,\"max_us\":1e300,\"mean_us\":1e308,"
        "\"buckets_ns\":[[-5,1],[9223372036854775807,2],[1,-7],[],5,null,[\"x\",3]]},"
        "\"messages\":{\"sent\":-1,\"unsent\":[]},\"connections\":{\"server_closes\":{\"x\":1}}}";
    (void)state;
    write_text(text, sizeof text - 1);
    reads();
    assert_int_equal(result.totals.rtt.count, 6);
    assert_int_equal(result.totals.rtt.buckets[0], 4);
    assert_int_equal(result.totals.rtt.buckets[HISTOGRAM_BUCKETS - 1], 2);
    assert_int_equal(result.totals.rtt.least, 0);
    assert_true(result.totals.rtt.most > 0 && settings.duration_us > 0);
    assert_int_equal(settings.timeout_us, 0);
    assert_int_equal(result.totals.sent, 0);
    assert_int_equal(run.started_utc_us, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_and_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_rate_of_runs_of_different_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_report, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_another_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_numbers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
