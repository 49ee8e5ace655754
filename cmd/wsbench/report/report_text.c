#include "cmd/wsbench/report/report.h"

#include "cmd/common/units.h"
#include <ws/close.h>
#include <ws/version.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *time_text(double ns, char *text)
{
    return metric_format(METRIC_TIME, ns, text, UNITS_TEXT_MAX);
}

/* --- what matters --- */

static void print_head(const struct settings *s, FILE *out)
{
    char duration[UNITS_TEXT_MAX], size[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];
    char *url = target_url_shown(&s->target);
    const char *unix_path = s->target.url.unix_path;
    const char *where = unix_path ? unix_path : url ? strchr(url, ':') + strlen("://") : "";
    fprintf(out, "wsbench %s: %s on %s, %" PRIu64 " connection%s, %u thread%s", WS_VERSION,
            settings_mode_name(s), where, s->connections, s->connections > 1 ? "s" : "", s->threads,
            s->threads > 1 ? "s" : "");
    free(url);
    if (s->streams > 0)
        fprintf(out, ", %u a TCP connection", s->streams);
    if (settings_sends(s) && !own_any(&s->own))
        fprintf(out, ", %s", units_format_size(s->size.least, size, sizeof size));
    if (settings_sends(s) && !own_any(&s->own) && s->size.most > s->size.least)
        fprintf(out, " to %s", units_format_size(s->size.most, most, sizeof most));
    if (s->rate > 0)
        fprintf(out, ", %.10g %s/s", s->rate, s->mode == MODE_CHURN ? "conn" : "msg");
    else if (s->mode == MODE_ECHO)
        fprintf(out, ", window %u", s->window);
    if (s->messages > 0)
        fprintf(out, ", %" PRIu64 " %s%s", s->messages,
                s->mode == MODE_CHURN ? "connection" : "message", s->messages > 1 ? "s" : "");
    if (s->duration_us > 0 && s->mode != MODE_CONNECT)
        fprintf(out, ", %s%s", s->messages > 0 ? "at most " : "",
                units_format_duration(s->duration_us, duration, sizeof duration));
    fprintf(out, "\n\n");
}

/* The line that is read first. */
static void print_rtt(const struct settings *s, const struct histogram *h, FILE *out)
{
    static const double percents[] = {50, 90, 99, 99.9};
    char text[UNITS_TEXT_MAX];
    if (h->count == 0)
        return;
    fprintf(out, "%-16s", s->mode == MODE_BROADCAST ? "delivery" : "RTT");
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++)
        fprintf(out, "p%g %s   ", percents[i],
                time_text((double)histogram_percentile(h, percents[i]), text));
    fprintf(out, "max %s%s\n", time_text((double)h->most, text),
            s->rate > 0 ? "   (from when each was due)" : "");
}

static void print_rates(const struct result *r, FILE *out)
{
    double seconds = r->load_s > 0 ? r->load_s : 1;
    char sent[UNITS_TEXT_MAX], received[UNITS_TEXT_MAX];
    char up[UNITS_TEXT_MAX], down[UNITS_TEXT_MAX];
    units_format_rate((double)r->load_sent / seconds, "msg", sent, sizeof sent);
    units_format_rate((double)r->load_received / seconds, "msg", received, sizeof received);
    units_format_bandwidth((double)r->load_sent_bytes / seconds, up, sizeof up);
    units_format_bandwidth((double)r->load_received_bytes / seconds, down, sizeof down);
    fprintf(out, "rate            sent %s, %s   received %s, %s\n", sent, up, received, down);
}

static void print_messages(const struct settings *s, const struct result *r, FILE *out)
{
    const struct totals *t = &r->totals;
    if (s->mode == MODE_SINK)
        fprintf(out, "messages        %" PRIu64 " sent; no answer is awaited\n", t->sent);
    else
        fprintf(out,
                "messages        %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " lost, %" PRIu64
                " duplicated, %" PRIu64 " reordered, %" PRIu64 " corrupted\n",
                t->sent, t->received, t->lost, t->duplicated, t->reordered, t->corrupted);
    if (t->late)
        fprintf(out,
                "                %" PRIu64 " of those lost were answered later than --timeout\n",
                t->late);
    if (t->own)
        fprintf(out, "                %" PRIu64 " were received by their sender\n", t->own);
    for (int i = 0; i < UNSENT_CAUSES; i++)
        if (t->unsent[i])
            fprintf(out, "                %" PRIu64 " were due and not sent: %s\n", t->unsent[i],
                    verdict_unsent_text(s, i));
    if (t->unasked)
        fprintf(out, "                %" PRIu64 " came unasked\n", t->unasked);
}

static void print_closes(const struct tally *t, const char *how, FILE *out)
{
    for (unsigned i = 0; i < t->used; i++)
        if (t->rows[i].number == WS_CLOSE_ABNORMAL) /* of ours: none came */
            fprintf(out, "                %" PRIu64 " × closed by this client, not answered\n",
                    t->rows[i].count);
        else
            fprintf(out, "                %" PRIu64 " × %s %u (%s)\n", t->rows[i].count, how,
                    t->rows[i].number, ws_close_name(t->rows[i].number));
    if (t->others)
        fprintf(out, "                %" PRIu64 " × %s other codes\n", t->others, how);
}

static void print_connections(const struct settings *s, const struct result *r, FILE *out)
{
    const struct totals *t = &r->totals;
    char text[UNITS_TEXT_MAX];
    fprintf(out,
            "connections     %" PRIu64 " tried, %" PRIu64 " opened, %" PRIu64 " failed, %" PRIu64
            " dropped by the server or lost",
            t->tried, t->opened, t->failed, t->dropped);
    if (s->mode == MODE_CHURN ? r->load_s > 0 : r->connect_s > 0)
        fprintf(out, "; %s",
                units_format_rate(result_handshakes(r, t->opened), "conn", text, sizeof text));
    fprintf(out, "\n");
    for (int i = 0; i < WS_ERROR_COUNT; i++)
        if (t->causes[i])
            fprintf(out, "                %" PRIu64 " × %s\n", t->causes[i],
                    t->opened && i != WS_E_CONNECT_TIMEOUT
                        ? ws_error_info((enum ws_error)i)->explanation
                        : settings_explain(s, (enum ws_error)i));
    if (t->unfinished)
        fprintf(out, "                %" PRIu64 " × still being opened at the end\n",
                t->unfinished);
    if (t->returned || t->not_returned)
        fprintf(out,
                "                %" PRIu64 " × opened again, %" PRIu64 " not back at the end\n",
                t->returned, t->not_returned);
    if (t->back.count > 0)
        fprintf(out, "                all were back after %s at most\n",
                time_text((double)t->back.most, text));
    if (t->renewed)
        fprintf(out, "                %" PRIu64 " × renewed after --channel-lifetime\n",
                t->renewed);
    if (t->given_up)
        fprintf(out, "                %" PRIu64 " × given up: the answers are corrupt\n",
                t->given_up);
    print_closes(&t->server_closes, "closed by the server with", out);
    print_closes(&t->client_closes, "closed by this client, answered with", out);
    for (unsigned i = 0; i < t->refusals.used; i++)
        fprintf(out, "                %" PRIu64 " × refused with HTTP status %u\n",
                t->refusals.rows[i].count, t->refusals.rows[i].number);
    if (t->resumed > 0)
        fprintf(out, "                %" PRIu64 " × a TLS session was resumed\n", t->resumed);
}

/* What multiplexing saves: handshakes of TCP and TLS. */
static void print_sharing(const struct result *r, FILE *out)
{
    const struct totals *t = &r->totals;
    char tcp[UNITS_TEXT_MAX], tls[UNITS_TEXT_MAX], streams[UNITS_TEXT_MAX];
    if (t->streams == 0)
        return;
    fprintf(out, "HTTP/2          %" PRIu64 " WebSocket%s over %" PRIu64 " TCP connection%s; ",
            t->streams, t->streams > 1 ? "s" : "", t->connect.count,
            t->connect.count > 1 ? "s" : "");
    fprintf(out, "%s",
            units_format_rate(result_handshakes(r, t->streams), "stream", streams, sizeof streams));
    fprintf(out, ", %s",
            units_format_rate(result_handshakes(r, t->connect.count), "TCP", tcp, sizeof tcp));
    if (t->tls.count > 0)
        fprintf(out, ", %s",
                units_format_rate(result_handshakes(r, t->tls.count), "TLS", tls, sizeof tls));
    fprintf(out, "\n");
}

static void print_verdict(const struct verdict *v, FILE *out)
{
    for (unsigned i = 0; i < v->count; i++)
        fprintf(out, "%-16s%s\n", i == 0 ? "verdict" : "", v->lines[i]);
}

/* --- the rest --- */

static void print_times(const struct percentiles *p, const char *name, const struct histogram *h,
                        FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (h->count == 0)
        return;
    fprintf(out, "%-16s", name);
    for (unsigned i = 0; i < p->count; i++)
        fprintf(out, "%9s", time_text((double)histogram_percentile(h, p->values[i]), text));
    fprintf(out, "%9s\n", time_text((double)h->most, text));
}

static void print_table(const struct settings *s, const struct totals *t, FILE *out)
{
    const struct percentiles *p = &s->percentiles;
    bool broadcast = s->mode == MODE_BROADCAST;
    if (t->resolve.count + t->connect.count + t->upgrade.count + t->rtt.count == 0)
        return; /* no connection was opened */
    fprintf(out, "\n%-16s", "times");
    for (unsigned i = 0; i < p->count; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%g", p->values[i]);
        fprintf(out, "%9s", name);
    }
    fprintf(out, "%9s\n", "max");
    print_times(p, broadcast ? "delivery" : s->rate > 0 ? "RTT, from due" : "RTT", &t->rtt, out);
    if (s->rate > 0 && !broadcast)
        print_times(p, "RTT, from send", &t->rtt_sent, out);
    if (s->rate > 0)
        print_times(p, "send lag", &t->lag, out);
    print_times(p, "DNS", &t->resolve, out);
    print_times(p, "TCP connect", &t->connect, out);
    print_times(p, "TLS", &t->tls, out);
    print_times(p, "upgrade", &t->upgrade, out);
}

static void print_compression(const struct settings *s, const struct totals *t, FILE *out)
{
    const struct ws_deflate_counts *c = &t->deflate;
    char up[3 * UNITS_TEXT_MAX], down[3 * UNITS_TEXT_MAX];
    if (!s->compress.wanted)
        return;
    size_t threshold = s->compress.config.threshold;
    if (c->messages_out == 0 && c->messages_in == 0)
        fprintf(out, "compression     none%s\n",
                s->size.most < threshold && !own_any(&s->own)
                    ? ": the messages are smaller than the threshold of --compress"
                    : "");
    else
        fprintf(out, "compression     sent %s; received %s\n",
                compress_ratio(c->plain_out, c->wire_out, up, sizeof up),
                compress_ratio(c->plain_in, c->wire_in, down, sizeof down));
}

static void print_server(const struct result *r, FILE *out)
{
    const struct probe *p = &r->probe;
    char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], c[UNITS_TEXT_MAX];
    double cpu_s = p->after.cpu_s - p->loaded.cpu_s;
    if (!p->ok)
        return;
    fprintf(out,
            "server          RSS %s before, %s with the connections, %s at most; %" PRIu64
            " descriptors at most\n",
            units_format_size(p->before.rss, a, sizeof a),
            units_format_size(p->loaded.rss, b, sizeof b),
            units_format_size(p->rss_most, c, sizeof c), p->files_most);
    if (result_server_memory(r) > 0)
        fprintf(out, "                %.0f B of RSS a connection\n", result_server_memory(r));
    fprintf(out, "                %.2f s of CPU during the load", cpu_s);
    if (cpu_s > 0 && r->load_received > 0)
        fprintf(out, ", %s of it",
                units_format_rate((double)r->load_received / cpu_s, "msg", a, sizeof a));
    fprintf(out, "\n");
}

static void print_run(const struct result *r, FILE *out)
{
    char connect[UNITS_TEXT_MAX], load[UNITS_TEXT_MAX];
    fprintf(out, "time            %s to connect, %s of load\n",
            units_format_duration((int64_t)(r->connect_s * 1e6), connect, sizeof connect),
            units_format_duration((int64_t)(r->load_s * 1e6), load, sizeof load));
    fprintf(out, "client          %.2f s of CPU, the busiest thread %.0f%% of a core%s\n",
            r->totals.cpu_s, 100 * r->totals.busiest,
            verdict_client_busy(r) ? ": it may have been the bottleneck; try more --threads" : "");
}

void report_text(const struct report *report, FILE *out)
{
    const struct settings *s = report->settings;
    const struct result *r = report->result;
    const struct totals *t = &r->totals;
    bool messages = r->load_s > 0 && s->mode != MODE_CONNECT && s->mode != MODE_IDLE;
    print_head(s, out);
    print_rtt(s, &t->rtt, out);
    if (messages) {
        print_rates(r, out);
        print_messages(s, r, out);
    }
    print_connections(s, r, out);
    print_sharing(r, out);
    print_verdict(report->verdict, out);
    if (s->latency && t->rtt.count > 0)
        report_latency(&t->rtt, out);
    print_table(s, t, out);
    fprintf(out, "\n");
    print_run(r, out);
    print_compression(s, t, out);
    print_server(r, out);
}
