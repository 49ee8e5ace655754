#include "cmd/wsbench/report/report.h"

#include "cmd/common/units.h"
#include <ws/close.h>
#include <ws/version.h>

#include <inttypes.h>
#include <stdio.h>

const double report_percentiles[REPORT_PERCENTILES] = {50, 75, 90, 95, 99, 99.9, 99.99};

static const char *time_text(int64_t ns, char *text)
{
    if (ns < 1000) {
        snprintf(text, UNITS_TEXT_MAX, "%d ns", (int)ns);
        return text;
    }
    return units_format_duration(ns / 1000, text, UNITS_TEXT_MAX);
}

static void print_times(const char *name, const struct histogram *h)
{
    char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX];
    if (h->count == 0)
        return;
    printf("%-16s", name);
    for (int i = 0; i < REPORT_PERCENTILES; i++)
        printf("p%g %s  ", report_percentiles[i],
               time_text(histogram_percentile(h, report_percentiles[i]), a));
    printf("max %s  mean %s\n", time_text(h->most, a), time_text((int64_t)histogram_mean(h), b));
}

static void print_closes(const struct tally *t, const char *how)
{
    for (unsigned i = 0; i < t->used; i++)
        printf("                %" PRIu64 " × %s %u (%s)\n", t->rows[i].count, how,
               t->rows[i].number, ws_close_name(t->rows[i].number));
    if (t->others)
        printf("                %" PRIu64 " × %s other codes\n", t->others, how);
}

static void print_connections(const struct settings *s, const struct result *r)
{
    const struct totals *t = &r->totals;
    char text[UNITS_TEXT_MAX];
    printf("connections     %" PRIu64 " tried, %" PRIu64 " opened, %" PRIu64 " failed, %" PRIu64
           " dropped by the server or lost",
           t->tried, t->opened, t->failed, t->dropped);
    double seconds = s->mode == MODE_CHURN ? r->load_s : r->connect_s;
    if (seconds > 0)
        printf("; %s", units_format_rate((double)t->opened / seconds, "conn", text, sizeof text));
    printf("\n");
    for (int i = 0; i < WS_ERROR_COUNT; i++)
        if (t->causes[i])
            printf("                %" PRIu64 " × %s\n", t->causes[i],
                   ws_error_info((enum ws_error)i)->explanation);
    print_closes(&t->server_closes, "closed by the server with");
    print_closes(&t->client_closes, "closed by this client, answered with");
    for (unsigned i = 0; i < t->refusals.used; i++)
        printf("                %" PRIu64 " × refused with HTTP status %u\n",
               t->refusals.rows[i].count, t->refusals.rows[i].number);
    print_times("DNS", &t->resolve);
    print_times("connect", &t->connect);
    print_times("TLS", &t->tls);
    if (t->resumed > 0)
        printf("                %" PRIu64 " × a TLS session was resumed\n", t->resumed);
    print_times("upgrade", &t->upgrade);
}

static void print_messages(const struct settings *s, const struct result *r)
{
    const struct totals *t = &r->totals;
    char rate[UNITS_TEXT_MAX], bytes[UNITS_TEXT_MAX];
    double seconds = r->load_s > 0 ? r->load_s : 1;
    printf("messages        %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " lost, %" PRIu64
           " duplicated, %" PRIu64 " reordered, %" PRIu64 " corrupted\n",
           t->sent, t->received, t->lost, t->duplicated, t->reordered, t->corrupted);
    if (t->own)
        printf("                %" PRIu64 " were received by their sender\n", t->own);
    for (int i = 0; i < UNSENT_CAUSES; i++)
        if (t->unsent[i])
            printf("                %" PRIu64 " were due and not sent: %s\n", t->unsent[i],
                   verdict_unsent[i].text);
    if (t->unasked)
        printf("                %" PRIu64 " came unasked\n", t->unasked);
    printf("sent            %s, %s\n",
           units_format_rate((double)r->load_sent / seconds, "msg", rate, sizeof rate),
           units_format_bandwidth((double)r->load_sent_bytes / seconds, bytes, sizeof bytes));
    printf("received        %s, %s\n",
           units_format_rate((double)r->load_received / seconds, "msg", rate, sizeof rate),
           units_format_bandwidth((double)r->load_received_bytes / seconds, bytes, sizeof bytes));
    if (s->mode == MODE_BROADCAST) {
        print_times("delivery", &t->rtt);
        print_times("send lag", &t->lag);
        return;
    }
    print_times(s->rate ? "RTT, from due" : "RTT", &t->rtt);
    if (s->rate > 0) {
        print_times("RTT, from send", &t->rtt_sent);
        print_times("send lag", &t->lag);
    }
}

static void print_compression(const struct settings *s, const struct totals *t)
{
    const struct ws_deflate_counts *c = &t->deflate;
    char out[3 * UNITS_TEXT_MAX], in[3 * UNITS_TEXT_MAX];
    if (!s->compress.wanted)
        return;
    if (c->messages_out == 0 && c->messages_in == 0)
        printf("compression     none\n");
    else
        printf("compression     sent %s; received %s\n",
               compress_ratio(c->plain_out, c->wire_out, out, sizeof out),
               compress_ratio(c->plain_in, c->wire_in, in, sizeof in));
}

static void print_server(const struct settings *s, const struct result *r)
{
    const struct probe *p = &r->probe;
    const struct totals *t = &r->totals;
    char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], c[UNITS_TEXT_MAX];
    double cpu_s = p->after.cpu_s - p->loaded.cpu_s;
    if (!p->ok)
        return;
    printf("server          RSS %s before, %s with the connections, %s at most; %" PRIu64
           " descriptors at most\n",
           units_format_size(p->before.rss, a, sizeof a),
           units_format_size(p->loaded.rss, b, sizeof b),
           units_format_size(p->rss_most, c, sizeof c), p->files_most);
    if (s->mode != MODE_CHURN && t->opened >= 100 && p->loaded.rss > p->before.rss)
        printf("                %" PRIu64 " B of RSS a connection\n",
               (p->loaded.rss - p->before.rss) / t->opened);
    printf("                %.2f s of CPU during the load", cpu_s);
    if (cpu_s > 0 && r->load_received > 0)
        printf(", %s of it",
               units_format_rate((double)r->load_received / cpu_s, "msg", a, sizeof a));
    printf("\n");
}

void report_text(const struct settings *s, const struct result *r)
{
    char load[UNITS_TEXT_MAX], connect[UNITS_TEXT_MAX], size[UNITS_TEXT_MAX];
    const struct ws_url *url = &s->target.url;
    printf("wsbench %s: %s on %s%s, %" PRIu64 " connections, %u thread%s, %s, ", WS_VERSION,
           settings_mode_name(s), url->unix_path ? url->unix_path : url->authority,
           url->unix_path ? "" : url->target, s->connections, s->threads, s->threads > 1 ? "s" : "",
           units_format_size(s->size, size, sizeof size));
    if (s->rate > 0)
        printf("%.10g %s/s\n", s->rate, s->mode == MODE_CHURN ? "conn" : "msg");
    else
        printf("window %u\n", s->window);
    printf("time            %s to connect, %s of load\n",
           units_format_duration((int64_t)(r->connect_s * 1e6), connect, sizeof connect),
           units_format_duration((int64_t)(r->load_s * 1e6), load, sizeof load));
    print_connections(s, r);
    if (r->load_s > 0 && s->mode != MODE_CONNECT && s->mode != MODE_IDLE)
        print_messages(s, r);
    print_compression(s, &r->totals);
    print_server(s, r);
    if (r->load_s > 0)
        printf("client          %.2f s of CPU, the busiest thread %.0f%% of a core%s\n",
               r->totals.cpu_s, 100 * r->totals.busiest,
               verdict_client_busy(r) ? ": it may have been the bottleneck; try more --threads"
                                      : "");
}
