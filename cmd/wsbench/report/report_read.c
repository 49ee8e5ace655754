#include "cmd/wsbench/report/report_read.h"

#include "cmd/wsbench/count/metric.h"
#include <ws/http.h>
#include <ws/url.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- values --- */

static uint64_t count_at(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static double number_at(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* A time or a duration in a smaller unit; what no run can have is cut. */
static int64_t scaled_at(const json_t *object, const char *key, double factor)
{
    const double most = 1e18;
    double value = number_at(object, key) * factor + 0.5;
    return value >= most ? (int64_t)most : value > 0 ? (int64_t)value : 0;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* --- the parts of a report --- */

static void read_times(const json_t *root, struct result *r, size_t index)
{
    static struct histogram read; /* too large for the stack */
    const json_t *times = json_object_get(root, metric_histogram_name(index)), *bucket;
    size_t i;
    memset(&read, 0, sizeof read);
    json_array_foreach(json_object_get(times, "buckets_ns"), i, bucket)
    {
        json_int_t count = json_integer_value(json_array_get(bucket, 1));
        if (count > 0)
            histogram_add_bucket(&read, json_integer_value(json_array_get(bucket, 0)),
                                 (uint64_t)count);
    }
    read.least = scaled_at(times, "min_us", 1e3);
    read.most = scaled_at(times, "max_us", 1e3);
    read.sum = number_at(times, "mean_us") * 1e3 * (double)read.count;
    histogram_merge(metric_histogram_mutable(r, index), &read);
}

static void read_tally(const json_t *object, const char *key, struct tally *tally)
{
    const json_t *counts = json_object_get(object, key), *value;
    const char *number;
    json_object_foreach((json_t *)(uintptr_t)counts, number, value)
    {
        uint64_t count = count_at(counts, number);
        if (strcmp(number, "others") == 0)
            tally->others += count;
        else
            tally_add(tally, (unsigned)strtoul(number, NULL, 10), count);
    }
}

static void read_connections(const json_t *root, struct totals *t)
{
    const json_t *c = json_object_get(root, "connections"), *causes = json_object_get(c, "causes");
    counter_add(&t->tried, count_at(c, "tried"));
    counter_add(&t->opened, count_at(c, "opened"));
    t->failed += count_at(c, "failed");
    t->unfinished += count_at(c, "unfinished");
    t->dropped += count_at(c, "dropped");
    t->given_up += count_at(c, "given_up");
    t->returned += count_at(c, "returned");
    t->not_returned += count_at(c, "not_returned");
    t->renewed += count_at(c, "renewed");
    t->streams += count_at(c, "streams");
    t->closed_by_server += count_at(c, "closed_by_server");
    for (int i = 0; i < WS_ERROR_COUNT; i++)
        t->causes[i] += count_at(causes, ws_error_info((enum ws_error)i)->name);
    read_tally(c, "server_closes", &t->server_closes);
    read_tally(c, "client_closes", &t->client_closes);
    read_tally(c, "refusals", &t->refusals);
    t->resumed += count_at(root, "tls_resumed");
}

static void read_messages(const json_t *root, struct result *r)
{
    const json_t *m = json_object_get(root, "messages"), *unsent = json_object_get(m, "unsent");
    struct totals *t = &r->totals;
    counter_add(&t->sent, count_at(m, "sent"));
    counter_add(&t->received, count_at(m, "received"));
    t->own += count_at(m, "own");
    t->lost += count_at(m, "lost");
    t->duplicated += count_at(m, "duplicated");
    t->reordered += count_at(m, "reordered");
    t->corrupted += count_at(m, "corrupted");
    t->late += count_at(m, "late");
    t->unasked += count_at(m, "unasked");
    for (int i = 0; i < UNSENT_CAUSES; i++)
        t->unsent[i] += count_at(unsent, unsent_names[i].key);
    r->load_sent += count_at(m, "load_sent");
    r->load_received += count_at(m, "load_received");
    r->load_sent_bytes += count_at(m, "load_sent_bytes");
    r->load_received_bytes += count_at(m, "load_received_bytes");
}

static void read_rest(const json_t *root, struct result *r)
{
    const json_t *compression = json_object_get(root, "compression");
    const json_t *client = json_object_get(root, "client");
    struct ws_deflate_counts *d = &r->totals.deflate;
    d->messages_out += count_at(compression, "messages_sent");
    d->plain_out += count_at(compression, "sent_plain_bytes");
    d->wire_out += count_at(compression, "sent_wire_bytes");
    d->messages_in += count_at(compression, "messages_received");
    d->plain_in += count_at(compression, "received_plain_bytes");
    d->wire_in += count_at(compression, "received_wire_bytes");
    r->connect_s = larger(r->connect_s, number_at(root, "connect_s"));
    r->load_s = larger(r->load_s, number_at(root, "load_s"));
    r->totals.cpu_s += number_at(client, "cpu_s");
    r->totals.busiest = larger(r->totals.busiest, number_at(client, "busiest_thread"));
}

static const char *read_asked(const json_t *root, struct settings *s)
{
    const json_t *asked = json_object_get(root, "asked");
    const char *mode = json_string_value(json_object_get(root, "mode"));
    const char *url = json_string_value(json_object_get(root, "url"));
    struct settings one = {.mode = MODE_ECHO};
    bool first = s->target.url.authority == NULL;
    while (one.mode < MODE_COUNT && (!mode || strcmp(settings_mode_name(&one), mode) != 0))
        one.mode++;
    if (one.mode == MODE_COUNT)
        return "it has no mode that is known here";
    if (!first && one.mode != s->mode)
        return "it is of another mode than the first one";
    if (!url || (first && ws_url_parse(url, &s->target.url) != WS_URL_OK))
        return "its URL cannot be read";
    s->mode = one.mode;
    s->connections += count_at(asked, "connections");
    s->threads += (unsigned)count_at(asked, "threads");
    s->messages += count_at(asked, "messages");
    s->rate += number_at(asked, "rate_per_s");
    s->connect_rate += number_at(asked, "connect_rate_per_s");
    s->window = (unsigned)count_at(asked, "window");
    s->streams = (unsigned)count_at(asked, "streams");
    s->size.least = count_at(asked, "size_bytes");
    s->size.most = count_at(asked, "size_most_bytes");
    s->duration_us = longer(s->duration_us, scaled_at(asked, "duration_s", 1e6));
    s->warmup_us = longer(s->warmup_us, scaled_at(asked, "warmup_s", 1e6));
    s->timeout_us = scaled_at(asked, "timeout_s", 1e6);
    return NULL;
}

static void read_run(const json_t *root, struct report_run *run)
{
    const char *started = json_string_value(json_object_get(root, "started")), *end;
    const char *line = json_string_value(json_array_get(json_object_get(root, "verdict"), 0));
    struct tm parts = {0};
    *run = (struct report_run){
        .seconds = number_at(root, "connect_s") + number_at(root, "load_s"),
        .status = (int)(count_at(root, "exit_status") & 0xff),
    };
    if (started && (end = strptime(started, "%Y-%m-%dT%H:%M:%S", &parts)) && parts.tm_year > 70)
        run->started_utc_us = ws_utc_seconds(&parts) * 1000000 + (int64_t)(strtod(end, NULL) * 1e6);
    snprintf(run->failure, sizeof run->failure, "%s", line && run->status ? line : "");
}

bool report_read(const char *file, struct settings *settings, struct result *r,
                 struct report_run *run, char *problem, size_t size)
{
    json_error_t error;
    json_t *root = json_load_file(file, 0, &error);
    const char *wrong = NULL;
    if (!root) {
        if (json_error_code(&error) == json_error_cannot_open_file)
            snprintf(problem, size, "%s: %s", file, strerror(errno));
        else
            snprintf(problem, size, "%s: it is no report of wsbench --format=json, nor JSON at all",
                     file);
        return false;
    }
    if (json_is_object(json_array_get(root, 0)) || json_object_get(root, "stages"))
        wrong = "a report of --stages has several in it: name one of a single run";
    else if (json_integer_value(json_object_get(root, "v")) != 1 || !json_object_get(root, "asked"))
        wrong = "it is no report of wsbench --format=json";
    else
        wrong = read_asked(root, settings);
    if (!wrong) {
        r->opening = settings->mode == MODE_CHURN;
        for (size_t i = 0; metric_histogram_name(i); i++)
            read_times(root, r, i);
        read_connections(root, &r->totals);
        read_messages(root, r);
        read_rest(root, r);
        result_set_rate(r, settings->mode == MODE_CONNECT);
        if (run)
            read_run(root, run);
    } else {
        snprintf(problem, size, "%s: %s", file, wrong);
    }
    json_decref(root);
    return !wrong;
}
