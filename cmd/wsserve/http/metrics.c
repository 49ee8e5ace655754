#include "cmd/wsserve/http/metrics.h"

#include <ws/close.h>
#include <ws/version.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void number(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void labelled(FILE *out, const char *name, const char *label, const char *text,
                     uint64_t value)
{
    fprintf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, text, value);
}

/* In seconds where it holds microseconds. */
static void histogram(FILE *out, const char *name, const char *help, enum totals_scale scale,
                      const struct totals_histogram *h)
{
    const uint64_t *bounds = scale == TOTALS_TIMES ? totals_time_bounds : totals_size_bounds;
    double unit = scale == TOTALS_TIMES ? 1e-6 : 1;
    uint64_t cumulative = 0;
    head(out, name, "histogram", help);
    for (unsigned i = 0; i < TOTALS_BUCKETS - 1; i++) {
        cumulative += h->buckets[i];
        fprintf(out, "%s_bucket{le=\"%.9g\"} %" PRIu64 "\n", name, (double)bounds[i] * unit,
                cumulative);
    }
    cumulative += h->buckets[TOTALS_BUCKETS - 1];
    fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, cumulative);
    fprintf(out, "%s_sum %.9g\n%s_count %" PRIu64 "\n", name, (double)h->sum * unit, name,
            cumulative);
}

/* --- the groups --- */

/* Every combination that occurred, and those that are always there, so that a rate can be taken of
 * them. */
static void write_closes(FILE *out, const struct totals *t)
{
    const unsigned normal = totals_code_slot(WS_CLOSE_NORMAL),
                   away = totals_code_slot(WS_CLOSE_GOING_AWAY),
                   none = totals_code_slot(WS_CLOSE_ABNORMAL);
    enum { PAIRS = TOTALS_CODES * TOTALS_CODES };
    head(out, "wsserve_closes_total", "counter",
         "Connections that were open and ended, by who ended them and the close code that each end "
         "sent.");
    for (unsigned i = 0; i < 2 * PAIRS; i++) {
        char ours[16], theirs[16];
        unsigned by = i / PAIRS, sent = i % PAIRS / TOTALS_CODES, received = i % TOTALS_CODES;
        bool always = sent == received && (sent == normal || sent == away || sent == none);
        if (t->closed[by][sent][received] > 0 || always)
            fprintf(out,
                    "wsserve_closes_total{by=\"%s\",sent=\"%s\",received=\"%s\"} %" PRIu64 "\n",
                    by ? "peer" : "server", totals_code_name(sent, ours),
                    totals_code_name(received, theirs), t->closed[by][sent][received]);
    }
}

static void write_connections(FILE *out, const struct totals *t)
{
    number(out, "wsserve_accepted_total", "counter", "Connections accepted.", t->accepted);
    head(out, "wsserve_connections", "gauge", "Connections that are there now, by state.");
    for (int i = 0; i < TOTALS_STATES; i++)
        labelled(out, "wsserve_connections", "state", totals_state_names[i], t->connections[i]);
    number(out, "wsserve_queue_bytes", "gauge", "Bytes that wait for clients to take them.",
           t->queue_bytes);
    number(out, "wsserve_held_bytes", "gauge",
           "Memory of queues, unread input, unfinished messages and zlib.", t->held_bytes);
    number(out, "wsserve_timers", "gauge", "Deadlines that are armed.", t->timers);

    write_closes(out, t);
    head(out, "wsserve_errors_total", "counter",
         "Open connections that a fault ended, by the rule that was broken.");
    for (int i = WS_MORE + 1; i < WS_ERROR_COUNT; i++) {
        const struct ws_error_info *info = ws_error_info((enum ws_error)i);
        if (t->errors[i] > 0)
            fprintf(out, "wsserve_errors_total{category=\"%s\",rule=\"%s\"} %" PRIu64 "\n",
                    ws_category_name(info->category), info->name, t->errors[i]);
    }
}

static void write_requests(FILE *out, const struct totals *t)
{
    head(out, "wsserve_tls_handshakes_total", "counter",
         "Connections that have agreed on TLS, by whether they resumed a session.");
    labelled(out, "wsserve_tls_handshakes_total", "resumed", "no", t->tls[0]);
    labelled(out, "wsserve_tls_handshakes_total", "resumed", "yes", t->tls[1]);
    head(out, "wsserve_handshakes_total", "counter", "Upgrades, by what came of them.");
    labelled(out, "wsserve_handshakes_total", "result", "ok", t->handshakes[WS_OK]);
    for (int i = WS_MORE + 1; i < WS_ERROR_COUNT; i++)
        if (t->handshakes[i] > 0)
            labelled(out, "wsserve_handshakes_total", "result",
                     ws_error_info((enum ws_error)i)->name, t->handshakes[i]);
    histogram(out, "wsserve_handshake_duration_seconds",
              "Time from accepting a connection to its upgrade.", TOTALS_TIMES, &t->handshake_us);
    head(out, "wsserve_http_requests_total", "counter",
         "Requests that asked for no upgrade, by status.");
    for (unsigned i = 0; i < TOTALS_STATUSES; i++)
        if (t->plain[i] > 0 || i == 200)
            fprintf(out, "wsserve_http_requests_total{status=\"%u\"} %" PRIu64 "\n", i,
                    t->plain[i]);
}

/* Two counters, so that their ratio can be computed over any time. */
static void write_compression(FILE *out, const struct ws_deflate_counts *c)
{
    static const char name[] = "wsserve_deflate_bytes_total";
    const struct {
        const char *direction, *form;
        uint64_t bytes;
    } rows[] = {{"in", "plain", c->plain_in},
                {"in", "wire", c->wire_in},
                {"out", "plain", c->plain_out},
                {"out", "wire", c->wire_out}};
    head(out, "wsserve_deflate_messages_total", "counter", "Messages that were compressed.");
    labelled(out, "wsserve_deflate_messages_total", "direction", "in", c->messages_in);
    labelled(out, "wsserve_deflate_messages_total", "direction", "out", c->messages_out);
    head(out, name, "counter",
         "Payload of compressed messages, as it was said and as it was on the wire.");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        fprintf(out, "%s{direction=\"%s\",form=\"%s\"} %" PRIu64 "\n", name, rows[i].direction,
                rows[i].form, rows[i].bytes);
}

static void write_messages(FILE *out, const struct totals *t)
{
    head(out, "wsserve_messages_total", "counter", "Messages, from clients and to them.");
    labelled(out, "wsserve_messages_total", "direction", "in", t->messages_in);
    labelled(out, "wsserve_messages_total", "direction", "out", t->messages_out);
    head(out, "wsserve_network_bytes_total", "counter", "Bytes, from clients and to them.");
    labelled(out, "wsserve_network_bytes_total", "direction", "in", t->bytes_in);
    labelled(out, "wsserve_network_bytes_total", "direction", "out", t->bytes_out);
    write_compression(out, &t->deflate);
    histogram(out, "wsserve_message_size_bytes", "Payload of messages from clients.", TOTALS_SIZES,
              &t->message_bytes);
    head(out, "wsserve_deliveries_total", "counter",
         "Messages to each receiver of a broadcast, by what came of it.");
    labelled(out, "wsserve_deliveries_total", "result", "sent", t->sent);
    labelled(out, "wsserve_deliveries_total", "result", "dropped", t->dropped);
    labelled(out, "wsserve_deliveries_total", "result", "failed", t->failed);
    number(out, "wsserve_pings_total", "counter", "Pings that were sent.", t->pings);
    histogram(out, "wsserve_rtt_seconds", "Round trips of our pings.", TOTALS_TIMES, &t->rtt_us);
}

static void write_server(FILE *out, const struct totals *t, const struct metrics_server *state)
{
    histogram(out, "wsserve_loop_lag_seconds", "How late an event loop comes to its timers.",
              TOTALS_TIMES, &t->lag_us);
    number(out, "wsserve_sheds_total", "counter", "Connections let go because of overload.",
           t->errors[WS_E_SHED]);
    number(out, "wsserve_shedding", "gauge", "Are connections let go because of overload? 1: yes.",
           state->shedding);
    number(out, "wsserve_draining", "gauge", "Is the server about to end? 1: yes.",
           state->draining);
    head(out, "wsserve_limit", "gauge", "What is allowed at most, by its option; 0: no limit.");
    labelled(out, "wsserve_limit", "option", "max-connections", state->max_connections);
    labelled(out, "wsserve_limit", "option", "max-handshakes", state->max_handshakes);
    labelled(out, "wsserve_limit", "option", "max-memory", state->max_memory);
    head(out, "wsserve_unwritten_total", "counter",
         "Lines and records that a file did not take, or not in time.");
    labelled(out, "wsserve_unwritten_total", "file", "log", state->log_dropped);
    labelled(out, "wsserve_unwritten_total", "file", "access-log", state->access_log_dropped);
    labelled(out, "wsserve_unwritten_total", "file", "record", state->records_dropped);
    number(out, "wsserve_loops", "gauge", "Event loops, each a thread.", state->loops);
    head(out, "wsserve_build_info", "gauge", "Always 1; its label is the version.");
    fprintf(out, "wsserve_build_info{version=\"%s\"} 1\n", WS_VERSION);
}

static void write_cluster(FILE *out, const struct cluster_report *report)
{
    const struct cluster_counts *c = &report->counts;
    number(out, "wsserve_cluster_connected", "gauge",
           "Is Redis connected, so that other nodes are reached? 1: yes.", report->connected);
    number(out, "wsserve_cluster_losses_total", "counter",
           "Connections to Redis that were lost, and attempts that failed.", c->losses);
    number(out, "wsserve_cluster_topics", "gauge", "Channels of Redis that are subscribed to.",
           report->topics);
    head(out, "wsserve_cluster_messages_total", "counter",
         "Messages that went to other nodes, by Redis, and that came from them.");
    labelled(out, "wsserve_cluster_messages_total", "direction", "out", c->out);
    labelled(out, "wsserve_cluster_messages_total", "direction", "in", c->in);
    head(out, "wsserve_cluster_failed_total", "counter",
         "Messages that did not go to other nodes, by why. Those without an answer may have.");
    labelled(out, "wsserve_cluster_failed_total", "why", "down", c->down);
    labelled(out, "wsserve_cluster_failed_total", "why", "full", c->full);
    labelled(out, "wsserve_cluster_failed_total", "why", "unanswered", c->unanswered);
    labelled(out, "wsserve_cluster_failed_total", "why", "rejected", c->rejected);
    number(out, "wsserve_cluster_lost_total", "counter",
           "Messages of other nodes that are missing between those that came.", c->lost);
    head(out, "wsserve_cluster_dropped_total", "counter",
         "What Redis sent and no client got, by why.");
    labelled(out, "wsserve_cluster_dropped_total", "why", "repeated", c->repeated);
    labelled(out, "wsserve_cluster_dropped_total", "why", "malformed", c->malformed);
    histogram(out, "wsserve_cluster_duration_seconds",
              "Time from another node's sending a message to its arrival, by the clocks of both.",
              TOTALS_TIMES, &report->took);
}

static void write_memory(FILE *out)
{
    unsigned long size = 0, resident = 0;
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    FILE *statm = fopen("/proc/self/statm", "re");
    if (!statm)
        return;
    if (fscanf(statm, "%lu %lu", &size, &resident) != 2)
        size = resident = 0;
    fclose(statm);
    number(out, "process_resident_memory_bytes", "gauge", "Memory in use.", resident * page);
    number(out, "process_virtual_memory_bytes", "gauge", "Address space in use.", size * page);
}

static void write_descriptors(FILE *out)
{
    struct rlimit limit;
    uint64_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir) {
        while (readdir(dir))
            count++;
        closedir(dir);
        /* Without ".", ".." and the one of `dir`. */
        number(out, "process_open_fds", "gauge", "Descriptors in use.", count > 3 ? count - 3 : 0);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        number(out, "process_max_fds", "gauge", "Descriptors that are allowed.", limit.rlim_cur);
}

static void write_process(FILE *out, const struct metrics_server *state)
{
    struct rusage usage;
    write_memory(out);
    write_descriptors(out);
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        head(out, "process_cpu_seconds_total", "counter", "User and system time.");
        fprintf(out, "process_cpu_seconds_total %.6f\n",
                (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    }
    head(out, "process_start_time_seconds", "gauge", "When it began, since 1970.");
    fprintf(out, "process_start_time_seconds %.3f\n", state->start_seconds);
}

char *metrics_write(const struct totals *totals, const struct metrics_server *state,
                    const struct cluster_report *cluster, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    if (!out)
        return NULL;
    write_connections(out, totals);
    write_requests(out, totals);
    write_messages(out, totals);
    write_server(out, totals, state);
    if (cluster)
        write_cluster(out, cluster);
    write_process(out, state);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
