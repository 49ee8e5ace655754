#include "tests/unit/wsbench/report/made_up.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct made_up *m;
static json_t *root;

static int set_up(void **state)
{
    (void)state;
    m = made_up();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    made_up_free(m);
    json_decref(root);
    root = NULL;
    return 0;
}

/* Reads what is printed into `root`. */
static void print(void)
{
    struct json json = {0};
    json_error_t error;
    json_decref(root);
    report_json(&m->report, &json);
    assert_false(json.failed);
    root = json_loadb(json.data, json.len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("%s", error.text);
    json_free(&json);
}

/* The value at a path of keys with slashes between them, which are in no key. */
static const json_t *at(const char *path)
{
    const json_t *value = root;
    while (*path) {
        size_t len = strcspn(path, "/");
        value = json_object_getn(value, path, len);
        if (!value)
            fail_msg("no %s", path);
        path += len + (path[len] == '/');
    }
    return value;
}

static double number(const char *path)
{
    return json_number_value(at(path));
}

static const char *text(const char *path)
{
    return json_string_value(at(path));
}

static void what_was_asked_for(void **state)
{
    (void)state;
    print();
    assert_true(number("v") == 1);
    assert_string_equal(text("mode"), "echo");
    assert_string_equal(text("url"), MADE_UP_URL);
    assert_string_equal(text("started"), "2026-01-31T12:00:00.250000Z");
    assert_true(number("asked/connections") == 4 && number("asked/rate_per_s") == 1000);
    assert_true(number("asked/duration_s") == 2 && number("asked/window") == 8);
    assert_true(json_is_null(at("find_rate")) && json_is_null(at("server")));
}

static void every_count_by_its_name(void **state)
{
    (void)state;
    print();
    assert_true(number("messages/sent") == 2000 && number("messages/received") == 1990);
    assert_true(number("messages/lost") == 10 && number("messages/duplicated") == 3);
    assert_true(number("messages/late") == 4 && number("messages/unasked") == 7 &&
                number("messages/unsent/window_full") == 15);
    assert_true(number("messages/sent_per_s") == 1000 &&
                number("messages/received_bytes_per_s") == 99500);
    assert_true(number("connections/tried") == 5 && number("connections/failed") == 1);
    assert_true(number("connections/server_closes/1008") == 1);
    assert_true(number("connections/client_closes/1000") == 3);
    assert_true(number("connections/refusals/503") == 1);
    assert_true(json_object_size(at("connections/causes")) == 1);
    assert_true(number("exit_status") == 1 && json_array_size(at("verdict")) == 2);
}

/* All times in microseconds; the buckets are the histogram: their counts add up to its own. */
static void times(void **state)
{
    (void)state;
    print();
    assert_true(number("rtt/count") == 1000 && number("rtt/min_us") == 1);
    assert_true(number("rtt/max_us") == 1000 && number("rtt/mean_us") == 500.5);
    assert_true(number("rtt/p50_us") > 499 && number("rtt/p50_us") < 501);
    assert_true(number("rtt/p99.9_us") > 998 && number("rtt/p99.9_us") <= 1000);
    assert_null(json_object_get(at("rtt"), "p99_us")); /* not in --percentiles */
    uint64_t sum = 0;
    double before = -1;
    size_t i;
    const json_t *bucket;
    json_array_foreach(at("rtt/buckets_ns"), i, bucket)
    {
        double top = json_number_value(json_array_get(bucket, 0));
        assert_true(top > before);
        before = top;
        sum += (uint64_t)json_integer_value(json_array_get(bucket, 1));
    }
    assert_int_equal(sum, 1000);
    assert_true(number("tls/count") == 0 && json_array_size(at("tls/buckets_ns")) == 0);
}

static void the_server_over_time(void **state)
{
    (void)state;
    m->result.probe = (struct probe){.pid = 77, .ok = true, .rss_most = 4096, .files_most = 9};
    struct moment moment = {.at_s = 1.5, .sent = 3, .server = {.rss = 2048, .files = 8}};
    timeline_add(&m->result.timeline, &moment);
    print();
    assert_true(number("server/pid") == 77 && number("server/rss_most_bytes") == 4096);
    const json_t *first = json_array_get(at("timeline"), 0);
    assert_true(json_number_value(json_object_get(first, "t_s")) == 1.5);
    assert_true(json_number_value(json_object_get(first, "server_rss_bytes")) == 2048);
}

static void a_problem_is_a_report_too(void **state)
{
    (void)state;
    memset(&m->result, 0, sizeof m->result);
    strcpy(m->result.problem, "resolve \"x\": \x01");
    m->result.problem_status = 3;
    verdict_make(&m->settings, &m->result, &m->verdict);
    print();
    assert_true(number("exit_status") == 3 && number("messages/sent_per_s") == 0);
    assert_string_equal(json_string_value(json_array_get(at("verdict"), 0)), "resolve \"x\": \x01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_count_by_its_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_server_over_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_problem_is_a_report_too, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
