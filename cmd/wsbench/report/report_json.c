#include "cmd/wsbench/report/report.h"

#include "cmd/common/json.h"
#include "cmd/common/units.h"
#include <ws/version.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The histogram itself, so that reports can be added up: [largest value in ns, count] of each
 * bucket that is not empty. */
static void put_buckets(struct json *j, const struct histogram *h)
{
    json_key(j, "buckets_ns");
    json_begin_array(j);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->buckets[i] == 0)
            continue;
        json_begin_array(j);
        json_int(j, histogram_bucket_top(i));
        json_uint(j, h->buckets[i]);
        json_end_array(j);
    }
    json_end_array(j);
}

static void put_times(struct json *j, const struct percentiles *p, const char *name,
                      const struct histogram *h)
{
    json_key(j, name);
    json_begin_object(j);
    json_member_uint(j, "count", h->count);
    json_member_double(j, "min_us", (double)h->least / 1e3);
    for (unsigned i = 0; i < p->count; i++) {
        char key[32];
        snprintf(key, sizeof key, "p%g_us", p->values[i]);
        json_member_double(j, key, (double)histogram_percentile(h, p->values[i]) / 1e3);
    }
    json_member_double(j, "max_us", (double)h->most / 1e3);
    json_member_double(j, "mean_us", histogram_mean(h) / 1e3);
    put_buckets(j, h);
    json_end_object(j);
}

static void put_run(struct json *j, const struct settings *s, const struct result *r)
{
    char *url = target_url_shown(&s->target);
    if (!url) {
        j->failed = true;
        return;
    }
    json_member_string(j, "version", WS_VERSION);
    json_member_string(j, "mode", settings_mode_name(s));
    json_member_string(j, "url", url);
    free(url);
    char host[HOST_NAME_MAX + 1] = "", started[32];
    gethostname(host, sizeof host - 1);
    json_member_string(j, "host", host);
    json_member_string(j, "started", units_format_utc(r->started_utc_us, started, sizeof started));
    json_key(j, "asked");
    json_begin_object(j);
    json_member_uint(j, "connections", s->connections);
    json_member_double(j, "duration_s", (double)s->duration_us / 1e6);
    json_member_double(j, "warmup_s", (double)s->warmup_us / 1e6);
    json_member_uint(j, "messages", s->messages);
    json_member_double(j, "rate_per_s", s->rate);
    json_member_string(j, "arrival", s->arrival == ARRIVAL_POISSON ? "poisson" : "even");
    json_member_double(j, "connect_rate_per_s", s->connect_rate);
    json_member_uint(j, "threads", s->threads);
    json_member_uint(j, "streams", s->streams);
    json_member_uint(j, "window", s->window);
    json_member_uint(j, "size_bytes", s->size.least);
    json_member_uint(j, "size_most_bytes", s->size.most);
    json_member_double(j, "timeout_s", (double)s->timeout_us / 1e6);
    json_end_object(j);
    json_key(j, "find_rate");
    if (s->goal.limit_us == 0) {
        jw_null(j);
        return;
    }
    json_begin_object(j);
    json_member_double(j, "percentile", s->goal.percent);
    json_member_int(j, "limit_us", s->goal.limit_us);
    json_member_double(j, "kept_per_s", r->found_rate);
    json_member_double(j, "failed_per_s", r->failed_rate);
    json_end_object(j);
}

/* {"1008": 3, "others": 0}: how often each number occurred. */
static void put_tally(struct json *j, const char *name, const struct tally *t)
{
    json_key(j, name);
    json_begin_object(j);
    for (unsigned i = 0; i < t->used; i++) {
        char key[16];
        snprintf(key, sizeof key, "%u", t->rows[i].number);
        json_member_uint(j, key, t->rows[i].count);
    }
    if (t->others)
        json_member_uint(j, "others", t->others);
    json_end_object(j);
}

static void put_connections(struct json *j, const struct result *r)
{
    const struct totals *t = &r->totals;
    json_key(j, "connections");
    json_begin_object(j);
    json_member_uint(j, "tried", t->tried);
    json_member_uint(j, "opened", t->opened);
    json_member_uint(j, "failed", t->failed);
    json_member_uint(j, "unfinished", t->unfinished);
    json_member_uint(j, "dropped", t->dropped);
    json_member_uint(j, "given_up", t->given_up);
    json_member_uint(j, "returned", t->returned);
    json_member_uint(j, "not_returned", t->not_returned);
    json_member_uint(j, "renewed", t->renewed);
    json_member_uint(j, "streams", t->streams);
    json_member_uint(j, "tcp", t->connect.count);
    json_member_double(j, "stream_per_s", result_handshakes(r, t->streams));
    json_member_double(j, "tls_per_s", result_handshakes(r, t->tls.count));
    json_member_uint(j, "closed_by_server", t->closed_by_server);
    json_key(j, "causes");
    json_begin_object(j);
    for (int i = 0; i < WS_ERROR_COUNT; i++)
        if (t->causes[i])
            json_member_uint(j, ws_error_info((enum ws_error)i)->name, t->causes[i]);
    json_end_object(j);
    put_tally(j, "server_closes", &t->server_closes);
    put_tally(j, "client_closes", &t->client_closes);
    put_tally(j, "refusals", &t->refusals);
    json_end_object(j);
}

static void put_messages(struct json *j, const struct result *r)
{
    const struct totals *t = &r->totals;
    double seconds = r->load_s > 0 ? r->load_s : 1;
    json_key(j, "messages");
    json_begin_object(j);
    json_member_uint(j, "sent", t->sent);
    json_member_uint(j, "received", t->received);
    json_member_uint(j, "own", t->own);
    json_member_uint(j, "lost", t->lost);
    json_member_uint(j, "duplicated", t->duplicated);
    json_member_uint(j, "reordered", t->reordered);
    json_member_uint(j, "corrupted", t->corrupted);
    json_member_uint(j, "late", t->late);
    json_member_uint(j, "unasked", t->unasked);
    json_key(j, "unsent");
    json_begin_object(j);
    for (int i = 0; i < UNSENT_CAUSES; i++)
        json_member_uint(j, unsent_names[i].key, t->unsent[i]);
    json_end_object(j);
    json_member_uint(j, "load_sent", r->load_sent);
    json_member_uint(j, "load_received", r->load_received);
    json_member_uint(j, "load_sent_bytes", r->load_sent_bytes);
    json_member_uint(j, "load_received_bytes", r->load_received_bytes);
    json_member_double(j, "sent_per_s", (double)r->load_sent / seconds);
    json_member_double(j, "received_per_s", (double)r->load_received / seconds);
    json_member_double(j, "sent_bytes_per_s", (double)r->load_sent_bytes / seconds);
    json_member_double(j, "received_bytes_per_s", (double)r->load_received_bytes / seconds);
    json_end_object(j);
}

static void put_compression(struct json *j, const struct ws_deflate_counts *c)
{
    json_key(j, "compression");
    json_begin_object(j);
    json_member_uint(j, "messages_sent", c->messages_out);
    json_member_uint(j, "sent_plain_bytes", c->plain_out);
    json_member_uint(j, "sent_wire_bytes", c->wire_out);
    json_member_uint(j, "messages_received", c->messages_in);
    json_member_uint(j, "received_plain_bytes", c->plain_in);
    json_member_uint(j, "received_wire_bytes", c->wire_in);
    json_end_object(j);
}

static void put_server(struct json *j, const struct result *r)
{
    const struct probe *p = &r->probe;
    json_key(j, "server");
    if (!p->ok) {
        jw_null(j);
        return;
    }
    json_begin_object(j);
    json_member_uint(j, "pid", p->pid);
    json_member_uint(j, "rss_before_bytes", p->before.rss);
    json_member_uint(j, "rss_loaded_bytes", p->loaded.rss);
    json_member_uint(j, "rss_most_bytes", p->rss_most);
    json_member_double(j, "rss_per_connection_bytes", result_server_memory(r));
    json_member_uint(j, "descriptors_most", p->files_most);
    json_member_double(j, "cpu_s", p->after.cpu_s - p->loaded.cpu_s);
    json_end_object(j);
}

static void put_timeline(struct json *j, const struct result *r)
{
    json_key(j, "timeline");
    json_begin_array(j);
    for (unsigned i = 0; i < r->timeline.count; i++) {
        const struct moment *m = &r->timeline.moments[i];
        json_begin_object(j);
        json_member_double(j, "t_s", m->at_s);
        json_member_uint(j, "opened", m->opened);
        json_member_uint(j, "sent", m->sent);
        json_member_uint(j, "received", m->received);
        if (r->probe.ok) {
            json_member_uint(j, "server_rss_bytes", m->server.rss);
            json_member_double(j, "server_cpu_s", m->server.cpu_s);
            json_member_uint(j, "server_descriptors", m->server.files);
        }
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_verdict(struct json *j, const struct verdict *v)
{
    json_key(j, "verdict");
    json_begin_array(j);
    for (unsigned i = 0; i < v->count; i++)
        json_str(j, v->lines[i]);
    json_end_array(j);
    json_member_int(j, "exit_status", v->status);
}

static void put_client(struct json *j, const struct result *r)
{
    json_key(j, "client");
    json_begin_object(j);
    json_member_double(j, "cpu_s", r->totals.cpu_s);
    json_member_double(j, "busiest_thread", r->totals.busiest);
    json_member_bool(j, "bottleneck", verdict_client_busy(r));
    json_end_object(j);
}

void report_json(const struct report *report, struct json *j)
{
    const struct settings *s = report->settings;
    const struct result *r = report->result;
    const char *name;
    json_begin_object(j);
    json_member_uint(j, "v", 1);
    put_run(j, s, r);
    json_member_double(j, "connect_s", r->connect_s);
    json_member_double(j, "load_s", r->load_s);
    json_member_double(j, "rate_per_s", r->rate_per_s);
    put_connections(j, r);
    put_messages(j, r);
    for (size_t i = 0; (name = metric_histogram_name(i)); i++)
        put_times(j, &s->percentiles, name, metric_histogram(r, i));
    json_member_uint(j, "tls_resumed", r->totals.resumed);
    put_compression(j, &r->totals.deflate);
    put_server(j, r);
    put_client(j, r);
    put_timeline(j, r);
    put_verdict(j, report->verdict);
    json_end_object(j);
}
