#include "cmd/wsframe/decode/stream.h"

#include "cmd/common/exit.h"
#include "cmd/wsframe/decode/decode_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    BUCKETS = 4096,
    CONNECTIONS_MAX = 16384, /* concurrent connections: a new one ends the one that rests longest */
    HELD_MAX = 48 << 20,     /* bytes of unfinished frames of all connections together */
    WAITING_MAX = 512,       /* waiting segments of one direction */
    WAITING_BYTES_MAX = 4 << 20,
    LOST_AFTER = 3, /* segments after an acknowledged hole until it counts as lost */
};

/* An out-of-order segment. */
struct waiting {
    uint64_t seq;
    uint8_t *data;
    size_t len;
    int64_t utc_us;
    uint64_t packet;
};

/* The TCP state of one direction. Sequence numbers are extended to 64 bits. */
struct half {
    bool begun;
    bool finished;  /* its FIN or RST came */
    uint64_t first; /* the first byte, after the SYN if there is one */
    uint64_t next;  /* the next expected sequence number */
    uint64_t seen;  /* end of the data sent so far, captured or not */
    uint64_t acked;
    struct waiting *waiting; /* sorted by seq */
    size_t count;
    size_t bytes;
    unsigned since; /* segments since the first one started to wait */
};

struct connection {
    struct conversation conversation;
    struct half half[2];
    uint32_t
        first_syn; /* distinguishes a retransmitted SYN from a new connection on the same ports */
    bool syn;
    bool carried;    /* the connection had payload */
    bool closed;     /* its end was reported */
    int64_t last_us; /* time of its last payload */
    struct connection *in_bucket;
    struct connection *older, *newer; /* in the order of their last packets */
};

struct streams {
    struct decode *decode;
    uint16_t port;
    uint64_t seed;
    uint64_t ids;
    size_t open;
    struct stream_counts counts;
    struct connection *oldest, *newest;
    struct connection *buckets[BUCKETS];
};

struct streams *streams_new(struct decode *decode, uint16_t port)
{
    struct streams *streams = calloc(1, sizeof *streams);
    if (!streams)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    streams->decode = decode;
    streams->port = port;
    /* A random seed prevents captures whose connections all hash into one bucket. Without one the
     * lookup is only slower. */
    if (getrandom(&streams->seed, sizeof streams->seed, GRND_NONBLOCK) < 0)
        streams->seed = 0;
    return streams;
}

/* --- finding a connection --- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

static uint64_t hash_end(const struct streams *streams, const struct packet_end *end)
{
    uint64_t words[2];
    memcpy(words, end->address, sizeof words);
    return mix(mix(mix(streams->seed, words[0]), words[1]), end->port);
}

static size_t bucket_of(const struct streams *streams, const struct segment *segment)
{
    /* Symmetric: the same hash for both directions. */
    return (size_t)((hash_end(streams, &segment->from) ^ hash_end(streams, &segment->to)) %
                    BUCKETS);
}

static bool same_end(const struct packet_end *a, const struct packet_end *b)
{
    return a->port == b->port && memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* The connection's direction that the segment belongs to, or -1. */
static int direction_of(const struct connection *connection, const struct segment *segment)
{
    const struct packet_end *ends = connection->conversation.info.ends;
    if (connection->conversation.info.v6 != segment->v6)
        return -1;
    if (same_end(&ends[0], &segment->from) && same_end(&ends[1], &segment->to))
        return 0;
    if (same_end(&ends[1], &segment->from) && same_end(&ends[0], &segment->to))
        return 1;
    return -1;
}

/* --- one direction, in order --- */

static void deliver(struct connection *connection, int side, const uint8_t *data, size_t len,
                    int64_t utc_us, uint64_t packet)
{
    struct half *half = &connection->half[side];
    struct decoder *decoder = &connection->conversation.side[side];
    decoder->utc_us = utc_us;
    decoder->packet = packet;
    half->next += len;
    decode_feed(decoder, data, len);
}

/* Delivers waiting segments that are in order; with `force` at least one, after reporting the hole
 * before it as a gap. */
static void release(struct connection *connection, int side, bool force)
{
    struct half *half = &connection->half[side];
    size_t i;
    for (i = 0; i < half->count; i++) {
        struct waiting *w = &half->waiting[i];
        if (w->seq > half->next) {
            if (!force)
                break;
            struct decoder *decoder = &connection->conversation.side[side];
            decoder->utc_us = w->utc_us;
            decoder->packet = w->packet;
            decode_gap(decoder, w->seq - half->next);
            half->next = w->seq;
            force = false;
        }
        size_t old = (size_t)(half->next - w->seq);
        if (old < w->len)
            deliver(connection, side, w->data + old, w->len - old, w->utc_us, w->packet);
        half->bytes -= w->len;
        free(w->data);
    }
    half->count -= i;
    if (i > 0 && half->count > 0)
        memmove(half->waiting, half->waiting + i, half->count * sizeof *half->waiting);
    half->since = 0;
}

static void hold(struct connection *connection, int side, uint64_t seq,
                 const struct segment *segment, const struct packet *packet)
{
    struct half *half = &connection->half[side];
    if (!half->waiting) {
        half->waiting = calloc(WAITING_MAX, sizeof *half->waiting);
        if (!half->waiting)
            exit_die(WS_EXIT_FAILURE, "out of memory");
    }
    size_t at = half->count;
    while (at > 0 && half->waiting[at - 1].seq > seq)
        at--;
    uint8_t *copy = malloc(segment->len);
    if (!copy)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    memcpy(copy, segment->data, segment->len);
    memmove(half->waiting + at + 1, half->waiting + at, (half->count - at) * sizeof *half->waiting);
    half->waiting[at] = (struct waiting){seq, copy, segment->len, packet->utc_us, packet->number};
    half->count++;
    half->bytes += segment->len;
    half->since++;
    /* The receiver has acknowledged the hole: it will not be sent again, so the capture has lost
     * it. */
    bool given_up = half->acked > half->next && half->since > LOST_AFTER;
    if (given_up || half->count == WAITING_MAX || half->bytes > WAITING_BYTES_MAX)
        release(connection, side, true);
}

/* Extends a 32-bit number to the 64-bit number nearest to `base`. */
static uint64_t carry(uint64_t base, uint32_t number)
{
    return base + (uint64_t)(int64_t)(int32_t)(number - (uint32_t)base);
}

static void payload(struct connection *connection, int side, const struct segment *segment,
                    const struct packet *packet)
{
    struct half *half = &connection->half[side];
    if (!half->begun) {
        /* Starts in the middle of the number space, so that 64-bit numbers never wrap. */
        half->begun = true;
        half->first = half->next = half->seen = (UINT64_C(1) << 62) + segment->seq;
    }
    uint64_t seq = carry(half->next, segment->seq);
    /* Only segments with payload: a FIN takes a sequence number too. */
    if (segment->claimed > 0 && seq + segment->claimed > half->seen)
        half->seen = seq + segment->claimed;
    if (segment->len == 0 || seq + segment->len <= half->next)
        return;
    connection->carried = true;
    connection->last_us = packet->utc_us;
    if (seq > half->next) {
        hold(connection, side, seq, segment, packet);
        return;
    }
    size_t old = (size_t)(half->next - seq);
    deliver(connection, side, segment->data + old, segment->len - old, packet->utc_us,
            packet->number);
    if (half->count > 0)
        release(connection, side, false);
}

/* --- the end of TCP --- */

/* Reports a FIN or RST that ends WebSockets before their time. A FIN that arrives before earlier
 * segments is not judged. */
static void ended(struct connection *connection, int side, const struct segment *segment,
                  const struct packet *packet)
{
    struct half *half = &connection->half[side];
    struct conversation *conversation = conversation_innermost(&connection->conversation);
    struct decoder *decoder = &conversation->side[side];
    bool reset = segment->flags & TCP_RST,
         early = carry(half->next, segment->seq) + segment->claimed > half->next;
    int64_t silent_us = packet->utc_us > connection->last_us && connection->last_us
                            ? packet->utc_us - connection->last_us
                            : 0;
    half->finished = true;
    if (connection->closed || (early && !reset))
        return;
    decoder->utc_us = packet->utc_us;
    decoder->packet = packet->number;
    if (conversation->http2)
        decode_http2_ended(decoder, reset, silent_us);
    else
        connection->closed =
            decode_ended(decoder, reset, !connection->half[!side].finished, silent_us);
}

/* --- connections --- */

static void unlink_connection(struct streams *streams, struct connection *connection)
{
    *(connection->older ? &connection->older->newer : &streams->oldest) = connection->newer;
    *(connection->newer ? &connection->newer->older : &streams->newest) = connection->older;
}

static void link_newest(struct streams *streams, struct connection *connection)
{
    connection->older = streams->newest;
    connection->newer = NULL;
    *(streams->newest ? &streams->newest->newer : &streams->oldest) = connection;
    streams->newest = connection;
}

static void end(struct streams *streams, struct connection *connection)
{
    struct conversation *conversation = &connection->conversation;
    for (int side = 0; side < 2; side++) {
        struct half *half = &connection->half[side];
        while (half->count > 0)
            release(connection, side, true);
        if (half->seen > half->next)
            decode_gap(&conversation->side[side], half->seen - half->next);
        free(half->waiting);
    }
    conversation_end(conversation);
    if (connection->carried)
        streams->counts.kinds[conversation->info.kind]++;
    streams->counts.http2_begun += conversation->http2_begun;
    for (int side = 0; side < 2; side++)
        if (conversation->info.kind == KIND_TLS && conversation->side[side].why)
            streams->counts.tls_why = conversation->side[side].why;

    struct segment segment = {.from = conversation->info.ends[0], .to = conversation->info.ends[1]};
    struct connection **link = &streams->buckets[bucket_of(streams, &segment)];
    while (*link != connection)
        link = &(*link)->in_bucket;
    *link = connection->in_bucket;
    unlink_connection(streams, connection);
    streams->open--;
    free(connection);
}

/* The sender of a direction, if the SYN was captured or --port is given. */
static enum sender sender_of(const struct streams *streams, const struct segment *segment)
{
    if (segment->flags & TCP_SYN)
        return segment->flags & TCP_ACK ? SENDER_SERVER : SENDER_CLIENT;
    if (streams->port && segment->from.port != segment->to.port)
        return segment->from.port == streams->port ? SENDER_SERVER : SENDER_CLIENT;
    return SENDER_UNKNOWN;
}

static struct connection *begin(struct streams *streams, const struct segment *segment,
                                const struct packet *packet)
{
    if (streams->open == CONNECTIONS_MAX)
        end(streams, streams->oldest);
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    struct conversation *conversation = &connection->conversation;
    conversation_init(conversation, streams->decode);
    conversation->info.captured = true;
    conversation->info.v6 = segment->v6;
    conversation->info.ends[0] = segment->from;
    conversation->info.ends[1] = segment->to;
    conversation->info.began_us = packet->utc_us;
    enum sender sender = sender_of(streams, segment);
    if (sender != SENDER_UNKNOWN) {
        decode_assign(&conversation->side[0], sender);
        conversation->side[0].sender_known = conversation->side[1].sender_known = true;
    }
    link_newest(streams, connection);
    struct connection **bucket = &streams->buckets[bucket_of(streams, segment)];
    connection->in_bucket = *bucket;
    *bucket = connection;
    streams->open++;
    streams->counts.connections++;
    conversation->info.id = ++streams->ids;
    return connection;
}

static struct connection *find(struct streams *streams, const struct segment *segment, int *side)
{
    struct connection *c = streams->buckets[bucket_of(streams, segment)];
    for (; c; c = c->in_bucket) {
        *side = direction_of(c, segment);
        if (*side >= 0)
            return c;
    }
    return NULL;
}

/* Is this the SYN of a connection whose first segments overtook it? */
static bool is_late_syn(const struct connection *connection, int side,
                        const struct segment *segment)
{
    enum { OVERTAKEN_MAX = 1 << 20 };
    const struct half *half = &connection->half[side];
    uint64_t first = carry(half->first, segment->seq) + 1;
    return half->begun && !connection->syn && first <= half->first &&
           half->first - first < OVERTAKEN_MAX;
}

static void segment_arrived(struct streams *streams, const struct segment *segment,
                            const struct packet *packet)
{
    int side;
    bool opening = (segment->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    struct connection *connection = find(streams, segment, &side);
    /* A new connection with the same ports. */
    if (connection && opening && !is_late_syn(connection, side, segment) &&
        (!connection->syn || connection->first_syn != segment->seq)) {
        end(streams, connection);
        connection = NULL;
    }
    if (!connection) {
        connection = begin(streams, segment, packet);
        side = 0;
    }
    if (connection != streams->newest) {
        unlink_connection(streams, connection);
        link_newest(streams, connection);
    }
    struct half *half = &connection->half[side], *other = &connection->half[!side];
    if (segment->flags & TCP_SYN) {
        if (opening) {
            connection->syn = true;
            connection->first_syn = segment->seq;
        }
        if (!half->begun) {
            half->begun = true;
            half->first = half->next = half->seen = (UINT64_C(1) << 62) + segment->seq + 1;
            connection->conversation.side[side].from_start = true;
        }
        return;
    }
    if (other->begun && (segment->flags & TCP_ACK)) {
        uint64_t acked = carry(other->next, segment->ack);
        if (acked > other->acked)
            other->acked = acked;
    }
    payload(connection, side, segment, packet);
    if (segment->flags & (TCP_FIN | TCP_RST))
        ended(connection, side, segment, packet);
    while (streams->decode->held > HELD_MAX && streams->oldest != connection)
        end(streams, streams->oldest);
}

void streams_packet(struct streams *streams, const struct packet *packet, enum packet_link link)
{
    struct segment segment;
    streams->counts.packets++;
    switch (packet_peel(packet, link, &segment)) {
    case PACKET_SEGMENT:
        if (!streams->port || segment.from.port == streams->port ||
            segment.to.port == streams->port)
            segment_arrived(streams, &segment, packet);
        break;
    case PACKET_OTHER:
        streams->counts.other++;
        break;
    case PACKET_FRAGMENT:
        streams->counts.fragments++;
        break;
    case PACKET_CUT:
        streams->counts.cut++;
        break;
    }
}

void streams_end(struct streams *streams, struct stream_counts *counts)
{
    while (streams->oldest)
        end(streams, streams->oldest);
    *counts = streams->counts;
    free(streams);
}
