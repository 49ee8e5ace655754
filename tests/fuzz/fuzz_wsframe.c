/*
 * wsframe's readers and its decoder. The first byte says what the rest is: a form, whatever it is
 * taken for, bytes of a plain input in pieces, or TCP segments of a made-up connection. The decoder
 * must account for every byte exactly once, in order, and never hand out what was not there; bytes
 * must give the same events however they are cut up.
 */
#include "cmd/wsframe/decode/decode.h"
#include "cmd/wsframe/decode/stream.h"
#include "cmd/wsframe/detect/block.h"
#include "cmd/wsframe/detect/detect.h"
#include "cmd/wsframe/read/read_pcap.h"
#include "cmd/wsframe/read/read_tcpdump.h"
#include "cmd/wsframe/text/dump_row.h"
#include "cmd/wsframe/text/plain_text.h"
#include "cmd/wsframe/text/read_pieces.h"
#include "cmd/wsframe/tls/keylog.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <unistd.h>

struct seen {
    uint64_t sum, frames;
    uint64_t end; /* of a plain input: how far the events have come */
    bool plain;
};

static void add(struct seen *seen, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++)
        seen->sum = (seen->sum ^ p[i]) * UINT64_C(0x100000001B3);
}

static void see(void *context, const struct decode_event *event)
{
    struct seen *seen = context;
    CHECK(event->finding_count <= DECODE_FINDINGS);
    for (size_t i = 0; i < event->finding_count; i++) {
        CHECK(event->findings[i].offset >= event->offset);
        CHECK(ws_error_info(event->findings[i].error)->category != WS_CAT_NONE);
        add(seen, &event->findings[i].error, sizeof event->findings[i].error);
        add(seen, &event->findings[i].offset, sizeof event->findings[i].offset);
    }
    add(seen, &event->type, sizeof event->type);
    add(seen, &event->offset, sizeof event->offset);
    if (event->wire_len > 0)
        add(seen, event->wire, event->wire_len);
    if (event->type == DECODE_FRAME) {
        seen->frames++;
        CHECK(event->len <= event->wire_len && event->len <= event->frame->length);
        CHECK(event->missing > 0 || event->frame->known == event->frame->header_len);
    }
    if (event->type == DECODE_FRAME || event->type == DECODE_MESSAGE) {
        add(seen, &event->len, sizeof event->len);
        if (event->len > 0)
            add(seen, event->payload, event->len);
    }
    /* A message that does not end is reported at the end, from its beginning on. */
    bool unfinished = event->type == DECODE_LOST && event->why &&
                      strncmp(event->why, "of a message", strlen("of a message")) == 0;
    /* Streams of HTTP/2 have offsets of their own. */
    if (event->conversation->http2)
        return;
    if (!seen->plain || event->type == DECODE_MESSAGE || unfinished)
        return;
    /* The offsets of events increase. */
    CHECK(event->offset >= seen->end);
    seen->end = event->offset + event->wire_len + (event->type == DECODE_LOST ? event->lost : 0);
}

static struct seen decode_plain(const uint8_t *data, size_t len, unsigned mode, size_t piece)
{
    struct seen seen = {.plain = true};
    struct decode decode = {.sink = see,
                            .context = &seen,
                            .direction = (enum sender)(mode % 3),
                            .keep_mask = (mode & 4) != 0,
                            .messages = (mode & 8) != 0};
    struct conversation conversation;
    conversation_init(&conversation, &decode);
    conversation.side[0].sender = decode.direction;
    conversation.side[0].sender_known = decode.direction != SENDER_UNKNOWN;
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        uint8_t *copy = malloc(n);
        CHECK(copy);
        memcpy(copy, data + at, n);
        decode_feed(&conversation.side[0], copy, n);
        free(copy);
    }
    conversation_end(&conversation);
    CHECK(decode.held == 0);
    decode_free(&decode);
    return seen;
}

static bool take(void *context, const struct packet *packet, enum packet_link link)
{
    streams_packet(context, packet, link);
    return true;
}

static void with_streams(const uint8_t *data, size_t len,
                         void (*feed)(struct streams *streams, const uint8_t *data, size_t len))
{
    struct seen seen = {.plain = false};
    struct stream_counts counts;
    /* A key log without secrets: the handshakes of TLS are read, and nothing is decrypted. */
    static struct keylog *keylog;
    if (!keylog)
        keylog = keylog_open("/dev/null", false);
    struct decode decode = {.sink = see, .context = &seen, .messages = true, .keylog = keylog};
    struct streams *streams = streams_new(&decode, 0);
    feed(streams, data, len);
    streams_end(streams, &counts);
    CHECK(decode.held == 0);
    decode_free(&decode);
}

static void feed_text(struct streams *streams, const uint8_t *data, size_t len)
{
    read_tcpdump(data, len, take, streams);
}

static void feed_pcap(struct streams *streams, const uint8_t *data, size_t len)
{
    struct ws_bytes *bytes = NULL;
    int nothing = open("/dev/null", O_RDONLY);
    bytes_add(&bytes, data, len);
    read_pcap(bytes, nothing, take, NULL, streams);
    close(nothing);
    ws_bytes_free(&bytes);
}

/* Each segment: flags, side, two bytes of sequence number, length, payload. */
static void feed_segments(struct streams *streams, const uint8_t *data, size_t len)
{
    uint64_t number = 0;
    while (len >= 5) {
        uint8_t packet[40 + 255] = {0x45};
        size_t n = data[4] < len - 5 ? data[4] : len - 5;
        size_t total = 40 + n;
        packet[2] = (uint8_t)(total >> 8);
        packet[3] = (uint8_t)total;
        packet[9] = 6;
        packet[15] = packet[19] = 1;
        packet[20 + (data[1] & 1) * 2] = 7; /* one of the ports is 0x700 */
        packet[26] = data[2];
        packet[27] = data[3];
        packet[32] = 5 << 4;
        packet[33] = data[0];
        memcpy(packet + 40, data + 5, n);
        number++;
        struct packet p = {.utc_us = (int64_t)number, .number = number, .data = packet};
        p.len = data[1] & 0x80 && total > 45 ? total - 5 : total;
        streams_packet(streams, &p, LINK_RAW);
        data += 5 + n;
        len -= 5 + n;
    }
}

static void read_text_form(enum form form, bool strict, const uint8_t *data, size_t len)
{
    struct pieces pieces = {0};
    struct read_error error = {0};
    const char *note;
    if (read_pieces(form, strict, data, len, &pieces, &error, &note)) {
        size_t end = 0;
        for (size_t i = 0; i < pieces_count(&pieces); i++) {
            struct piece piece = pieces_get(&pieces, i);
            CHECK(piece.end > end || piece.missing > 0);
            end = piece.end;
        }
        CHECK(end == ws_bytes_len(pieces.bytes));
    } else {
        CHECK(error.what && error.line > 0);
    }
    /* A record of one character becomes a frame, a "*" many lines. */
    CHECK(ws_bytes_len(pieces.bytes) <= len * 2 + ((size_t)16 << 20) + ROW_BYTES_MAX);
    if (ws_bytes_len(pieces.bytes) <= 4096)
        decode_plain(bytes_data(pieces.bytes), ws_bytes_len(pieces.bytes), 8, 4096);
    pieces_free(&pieces);
}

static void read_one(enum form form, bool strict, const uint8_t *data, size_t len)
{
    if (form == FORM_TCPDUMP)
        with_streams(data, len, feed_text);
    else if (form == FORM_PCAP)
        with_streams(data, len, feed_pcap);
    else if (read_pieces_can(form))
        read_text_form(form, strict, data, len);
    else
        decode_plain(data, len, 0, 65536);
}

/* What inspect does with an input of unknown form. */
static void detect_and_read(const uint8_t *data, size_t len)
{
    struct ws_bytes *text = NULL;
    bytes_add(&text, data, len);
    plain_text(&text);
    enum form form = detect(bytes_data(text), ws_bytes_len(text));
    CHECK(form < FORM_COUNT && form_name(form));
    CHECK(form <= FORM_RECORDS || form_explanation(form));
    if (form <= FORM_RECORDS)
        read_one(form, false, bytes_data(text), ws_bytes_len(text));
    struct line block;
    form = block_find(bytes_data(text), ws_bytes_len(text), form, &block);
    if (form != FORM_UNKNOWN) {
        CHECK(read_pieces_can(form) && block.len > 0);
        read_one(form, false, (const uint8_t *)block.p, block.len);
    }
    ws_bytes_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    enum { DETECT = FORM_RECORDS + 1, PIECES, SEGMENTS, COUNT };
    unsigned what = data[0] % COUNT, mode = data[1];
    size_t piece = data[2] ? data[2] : 1;
    data += 3;
    size -= 3;
    if (what <= FORM_RECORDS) {
        read_one((enum form)what, mode & 1, data, size);
    } else if (what == DETECT) {
        detect_and_read(data, size);
    } else if (what == PIECES) {
        struct seen whole = decode_plain(data, size, mode, size ? size : 1);
        struct seen pieces = decode_plain(data, size, mode, piece);
        CHECK(whole.sum == pieces.sum && whole.frames == pieces.frames);
    } else {
        with_streams(data, size, feed_segments);
    }
    return 0;
}
