#include "cmd/wscat/output/stats.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/compress.h"
#include "cmd/common/units.h"

#include <inttypes.h>
#include <stdio.h>

void stats_take(struct stats *stats, const struct ws_conn *conn)
{
    stats->wire = *ws_conn_counters(conn);
    stats->deflate = (struct ws_deflate_counts){0};
    compress_count(&stats->deflate, conn);
    stats->ended_us = ws_clock_us();
}

static void print_times(const struct stats *s)
{
    char resolve[UNITS_TEXT_MAX], connect[UNITS_TEXT_MAX], upgrade[UNITS_TEXT_MAX];
    char open[UNITS_TEXT_MAX], step[UNITS_TEXT_MAX];
    char proxy[UNITS_TEXT_MAX + 16] = "", tls[UNITS_TEXT_MAX + 16] = "";
    if (s->times.proxy_us)
        snprintf(proxy, sizeof proxy, "proxy %s, ",
                 units_format_duration(s->times.proxy_us, step, sizeof step));
    if (s->tls_us >= 0)
        snprintf(tls, sizeof tls, "TLS %s, ", units_format_duration(s->tls_us, step, sizeof step));
    exit_warn("stats: resolve %s, connect %s, %s%supgrade %s; open for %s",
              units_format_duration(s->times.resolve_us, resolve, sizeof resolve),
              units_format_duration(s->times.connect_us, connect, sizeof connect), proxy, tls,
              units_format_duration(s->upgrade_us, upgrade, sizeof upgrade),
              units_format_duration(s->ended_us - s->opened_us, open, sizeof open));
}

static void print_direction(const char *name, uint64_t messages, uint64_t bytes, uint64_t wire)
{
    char payload[UNITS_TEXT_MAX], all[UNITS_TEXT_MAX];
    exit_warn("stats: %s %" PRIu64 " message%s, %s; %s on the wire", name, messages,
              messages == 1 ? "" : "s", units_format_size(bytes, payload, sizeof payload),
              units_format_size(wire, all, sizeof all));
}

static void print_compression(const char *name, uint64_t messages, uint64_t plain, uint64_t wire)
{
    char text[3 * UNITS_TEXT_MAX];
    if (messages > 0)
        exit_warn("stats: %s compressed: %" PRIu64 " message%s, %s", name, messages,
                  messages == 1 ? "" : "s", compress_ratio(plain, wire, text, sizeof text));
}

void stats_print(const struct stats *s)
{
    if (s->upgrade_us == 0) {
        exit_warn("stats: the connection never opened");
        return;
    }
    print_times(s);
    print_direction("sent", s->sent, s->sent_bytes, s->wire.bytes_out);
    print_direction("received", s->received, s->received_bytes, s->wire.bytes_in);
    print_compression("sent", s->deflate.messages_out, s->deflate.plain_out, s->deflate.wire_out);
    print_compression("received", s->deflate.messages_in, s->deflate.plain_in, s->deflate.wire_in);
}
