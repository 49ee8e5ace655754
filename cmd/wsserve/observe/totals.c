#include "cmd/wsserve/observe/totals.h"

#include "cmd/common/options/compress.h"
#include <ws/close.h>

#include <stdio.h>

const uint64_t totals_time_bounds[TOTALS_BUCKETS - 1] = {
    100, 500, 1000, 2500, 5000, 10000, 50000, 100000, 500000, 1000000, 5000000,
};

const uint64_t totals_size_bounds[TOTALS_BUCKETS - 1] = {
    16, 125, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
};

void totals_note(struct totals_histogram *histogram, enum totals_scale scale, uint64_t value)
{
    totals_note_many(histogram, scale, value, 1);
}

void totals_note_many(struct totals_histogram *histogram, enum totals_scale scale, uint64_t value,
                      unsigned count)
{
    const uint64_t *bounds = scale == TOTALS_TIMES ? totals_time_bounds : totals_size_bounds;
    unsigned i = 0;
    while (i < TOTALS_BUCKETS - 1 && value > bounds[i])
        i++;
    histogram->buckets[i] += count;
    histogram->sum += value * count;
}

uint64_t totals_count(const struct totals_histogram *histogram)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < TOTALS_BUCKETS; i++)
        count += histogram->buckets[i];
    return count;
}

unsigned totals_code_slot(unsigned code)
{
    if (code >= 1000 && code <= 1015)
        return code - 1000;
    return code >= 3000 && code <= 4999 ? 16 : 17;
}

const char *totals_code_name(unsigned slot, char text[16])
{
    if (slot == totals_code_slot(WS_CLOSE_ABNORMAL))
        snprintf(text, 16, "none");
    else if (slot < 16)
        snprintf(text, 16, "%u", 1000 + slot);
    else
        snprintf(text, 16, slot == 16 ? "3000-4999" : "other");
    return text;
}

void totals_plain(struct totals *totals, unsigned status)
{
    totals->plain[status < TOTALS_STATUSES ? status : 0]++;
}

/* The peer ended it: its close frame came first, or its stream ended before any went either way. A
 * connection that we cut, too late or full, is not the peer's doing. */
static bool ended_by_peer(const struct ws_end *end)
{
    return end->by_peer || (end->sent_code == WS_CLOSE_ABNORMAL &&
                            ws_error_info(end->error)->category == WS_CAT_NETWORK);
}

/* What streams of HTTP/2 carry is among the bytes of the connection that carries them. */
static void count_bytes(struct totals *totals, const struct ws_conn *conn)
{
    uint64_t carrier;
    uint32_t stream;
    if (ws_conn_stream(conn, &carrier, &stream))
        return;
    totals->bytes_in += ws_conn_counters(conn)->bytes_in;
    totals->bytes_out += ws_conn_counters(conn)->bytes_out;
}

void totals_ended(struct totals *totals, const struct ws_conn *conn, const struct ws_end *end)
{
    totals->messages_in += ws_conn_counters(conn)->messages_in;
    totals->messages_out += ws_conn_counters(conn)->messages_out;
    count_bytes(totals, conn);
    totals->pings += ws_conn_heartbeat(conn)->sequence;
    compress_count(&totals->deflate, conn);
    if (end->opened) {
        totals->closed[ended_by_peer(end)][totals_code_slot(end->sent_code)]
                      [totals_code_slot(end->code)]++;
        if (end->error != WS_OK)
            totals->errors[end->error]++;
    } else if (end->error != WS_OK && end->error != WS_E_NOT_AN_UPGRADE) {
        totals->handshakes[end->error]++;
    } else if (end->http_status != 0) {
        totals_plain(totals, end->http_status);
    }
}

const char *const totals_state_names[TOTALS_STATES] = {"handshake", "open", "closing"};

enum totals_state totals_state_of(const struct ws_conn *conn)
{
    if (!ws_conn_upgraded(conn))
        return TOTALS_HANDSHAKE;
    return ws_session_state(ws_conn_session(conn)) == WS_STATE_OPEN ? TOTALS_OPEN : TOTALS_CLOSING;
}

void totals_connection(struct totals *totals, const struct ws_conn *conn)
{
    totals->messages_in += ws_conn_counters(conn)->messages_in;
    totals->messages_out += ws_conn_counters(conn)->messages_out;
    count_bytes(totals, conn);
    totals->pings += ws_conn_heartbeat(conn)->sequence;
    compress_count(&totals->deflate, conn);
    if (!ws_conn_is_carrier(conn))
        totals->connections[totals_state_of(conn)]++;
    totals->queue_bytes += ws_conn_queued(conn);
    totals->held_bytes += ws_conn_holds(conn);
}

static void add_histogram(struct totals_histogram *sum, const struct totals_histogram *histogram)
{
    for (unsigned i = 0; i < TOTALS_BUCKETS; i++)
        sum->buckets[i] += histogram->buckets[i];
    sum->sum += histogram->sum;
}

void totals_add(struct totals *sum, const struct totals *t)
{
    for (unsigned i = 0; i < WS_ERROR_COUNT; i++) {
        sum->handshakes[i] += t->handshakes[i];
        sum->errors[i] += t->errors[i];
    }
    for (unsigned i = 0; i < TOTALS_STATUSES; i++)
        sum->plain[i] += t->plain[i];
    for (unsigned by = 0; by < 2; by++)
        for (unsigned i = 0; i < TOTALS_CODES; i++)
            for (unsigned j = 0; j < TOTALS_CODES; j++)
                sum->closed[by][i][j] += t->closed[by][i][j];
    sum->accepted += t->accepted;
    sum->tls[0] += t->tls[0];
    sum->tls[1] += t->tls[1];
    sum->messages_in += t->messages_in;
    sum->messages_out += t->messages_out;
    sum->bytes_in += t->bytes_in;
    sum->bytes_out += t->bytes_out;
    compress_add(&sum->deflate, &t->deflate);
    sum->pings += t->pings;
    sum->sent += t->sent;
    sum->dropped += t->dropped;
    sum->failed += t->failed;
    add_histogram(&sum->handshake_us, &t->handshake_us);
    add_histogram(&sum->rtt_us, &t->rtt_us);
    add_histogram(&sum->lag_us, &t->lag_us);
    add_histogram(&sum->message_bytes, &t->message_bytes);
    for (unsigned i = 0; i < TOTALS_STATES; i++)
        sum->connections[i] += t->connections[i];
    sum->queue_bytes += t->queue_bytes;
    sum->held_bytes += t->held_bytes;
    sum->timers += t->timers;
}
