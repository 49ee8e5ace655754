#include "cmd/wsframe/decode/decode_http2.h"

#include "cmd/common/exit.h"

#include <stdlib.h>
#include <string.h>

enum {
    STREAMS_MAX = 1000,     /* WebSockets that are open at once in a connection */
    FRAME_HELD_MAX = 65536, /* bytes of a frame that is needed whole */
    BLOCK_MAX = 262144,     /* bytes of a head as it was sent, with all its CONTINUATIONs */
    /* What a connection and a stream take, as far as a capture of many may add up. */
    CONNECTION_SIZE = 2 * 4096 + sizeof(struct http2),
    STREAM_SIZE = sizeof(struct http2_stream) + sizeof(struct conversation),
};

static const char no_heads[] = "a head that HPACK cannot read: new streams are not shown from here";

static unsigned index_of(const struct decoder *decoder)
{
    return decoder == &decoder->conversation->side[1];
}

static struct http2_side *side_of(const struct decoder *decoder)
{
    return &decoder->conversation->http2->side[index_of(decoder)];
}

static void hold(struct conversation *conversation, size_t bytes)
{
    conversation->http2->held += bytes;
    conversation->decode->held += bytes;
}

static void release(struct conversation *conversation, size_t bytes)
{
    conversation->http2->held -= bytes;
    conversation->decode->held -= bytes;
}

/* --- the connection --- */

void decode_http2_begin(struct decoder *decoder, enum sender sender)
{
    struct conversation *conversation = decoder->conversation;
    struct decoder *other = &conversation->side[!index_of(decoder)];
    conversation->decode->http2++;
    if (!hpack_supported()) {
        decode_give_up(decoder, KIND_HTTP2, "HTTP/2, which this wsframe was built without");
        return;
    }
    if (!conversation->http2) {
        conversation->http2 = calloc(1, sizeof *conversation->http2);
        if (!conversation->http2)
            exit_die(WS_EXIT_FAILURE, "out of memory");
        for (int i = 0; i < 2; i++)
            conversation->http2->side[i].hpack = hpack_new();
        hold(conversation, CONNECTION_SIZE);
        conversation->info.http2 = true;
        if (conversation->info.kind == KIND_UNKNOWN || conversation->info.kind == KIND_HTTP)
            conversation->info.kind = KIND_HTTP2;
    }
    decoder->sender = sender;
    other->sender = sender == SENDER_CLIENT ? SENDER_SERVER : SENDER_CLIENT;
    decoder->sender_known = other->sender_known = true;
    decoder->state = STATE_HTTP2;
    if (sender == SENDER_CLIENT)
        decode_consume(decoder, HTTP2_PREFACE);
}

/* Nothing more of the direction can be read. */
static void give_up(struct decoder *decoder, const char *why)
{
    decoder->state = STATE_DEAD;
    decoder->why = why;
}

static void notice(struct decoder *decoder, enum decode_notice what, uint64_t number)
{
    struct decode_event event;
    decode_event_begin(&event, decoder, DECODE_HTTP2);
    event.notice = what;
    event.number = number;
    if (what == HTTP2_WAS_RESET || what == HTTP2_GOES_AWAY)
        event.why = hpack_code_name((uint32_t)number);
    decode_emit(decoder, &event);
}

/* --- streams --- */

/* Where the stream is, or belongs: the numbers increase. */
static size_t place_of(const struct http2 *http2, uint32_t id)
{
    size_t low = 0, high = http2->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (http2->streams[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct http2_stream *find(const struct http2 *http2, uint32_t id)
{
    size_t at = place_of(http2, id);
    return at < http2->count && http2->streams[at].id == id ? &http2->streams[at] : NULL;
}

static struct conversation *new_conversation(const struct conversation *conversation, uint32_t id)
{
    struct conversation *inner = malloc(sizeof *inner);
    if (!inner)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    conversation_init(inner, conversation->decode);
    inner->info = conversation->info;
    inner->info.kind = KIND_WEBSOCKET;
    inner->info.stream = id;
    for (int i = 0; i < 2; i++) {
        inner->side[i].from_start = true;
        inner->side[i].state = STATE_FRAMES;
        inner->side[i].sender = conversation->side[i].sender;
        inner->side[i].sender_known = true;
    }
    return inner;
}

/* Adds the client's new stream. NULL when there are too many. */
static struct http2_stream *open_stream(struct conversation *conversation, uint32_t id)
{
    struct http2 *http2 = conversation->http2;
    if (http2->count == STREAMS_MAX) {
        http2->beyond++;
        return NULL;
    }
    if (http2->count == http2->capacity) {
        http2->capacity = http2->capacity ? http2->capacity * 2 : 4;
        http2->streams = realloc(http2->streams, http2->capacity * sizeof *http2->streams);
        if (!http2->streams)
            exit_die(WS_EXIT_FAILURE, "out of memory");
    }
    hold(conversation, STREAM_SIZE);
    struct http2_stream *stream = &http2->streams[http2->count++];
    *stream = (struct http2_stream){.id = id, .conversation = new_conversation(conversation, id)};
    return stream;
}

static void close_stream(struct conversation *conversation, struct http2_stream *stream)
{
    struct http2 *http2 = conversation->http2;
    size_t at = (size_t)(stream - http2->streams);
    conversation_end(stream->conversation);
    free(stream->conversation);
    http2->count--;
    memmove(stream, stream + 1, (http2->count - at) * sizeof *stream);
    release(conversation, STREAM_SIZE);
}

/* The stream's direction that the decoder is of, with the time of its packet. */
static struct decoder *inner_of(const struct decoder *decoder, const struct http2_stream *stream)
{
    struct decoder *inner = &stream->conversation->side[index_of(decoder)];
    inner->utc_us = decoder->utc_us;
    inner->packet = decoder->packet;
    return inner;
}

/* Reports that the stream ends before its time, but not where one direction is all there is. */
static void judge_end(struct decoder *decoder, struct http2_stream *stream, bool reset)
{
    unsigned other = !index_of(decoder);
    bool both = decoder->conversation->side[other].state != STATE_START;
    if (both && !stream->closed)
        stream->closed = decode_ended(inner_of(decoder, stream), reset, !stream->ended[other], 0);
}

/* END_STREAM. */
static void end_stream(struct decoder *decoder, struct http2_stream *stream)
{
    unsigned i = index_of(decoder);
    stream->ended[i] = true;
    judge_end(decoder, stream, false);
    if (stream->ended[!i])
        close_stream(decoder->conversation, stream);
}

void decode_http2_ended(struct decoder *decoder, bool reset, int64_t silent_us)
{
    struct http2 *http2 = decoder->conversation->http2;
    for (size_t i = 0; i < http2->count; i++) {
        struct http2_stream *stream = &http2->streams[i];
        bool first = !stream->ended[!index_of(decoder)];
        if (!stream->closed)
            stream->closed = decode_ended(inner_of(decoder, stream), reset, first, silent_us);
    }
}

/* --- heads --- */

/* A request: it opens a stream, or it is the trailer of one. */
static void take_request(struct decoder *decoder, struct http2_head *head)
{
    struct conversation *conversation = decoder->conversation;
    struct http2 *http2 = conversation->http2;
    struct http2_stream *stream = NULL;
    if (head->stream <= http2->last)
        return;
    http2->last = head->stream;
    if (decode_http2_is_websocket(head)) {
        conversation->info.kind = KIND_WEBSOCKET;
        stream = open_stream(conversation, head->stream);
    } else {
        http2->others++;
    }
    if (stream)
        decode_http2_request(inner_of(decoder, stream), head);
}

static void take_head(struct decoder *decoder, struct http2_head *head)
{
    const struct http2 *http2 = decoder->conversation->http2;
    struct http2_stream *stream = find(http2, head->stream);
    bool interim = head->status[0] == '1';
    if (decoder->sender == SENDER_CLIENT) {
        take_request(decoder, head);
    } else if (stream && !stream->answered && !interim) {
        stream->answered = true;
        decode_http2_response(inner_of(decoder, stream), head);
    }
    stream = find(http2, head->stream);
    if (stream && head->ends)
        end_stream(decoder, stream);
}

/* Reads a piece of a header block, which must be read whatever its stream is. */
static void take_block(struct decoder *decoder, const uint8_t *data, size_t len, bool last)
{
    struct http2_side *side = side_of(decoder);
    struct http2_head *head = &side->head;
    head->block += len;
    if (side->hpack && (head->block > BLOCK_MAX ||
                        !hpack_read(side->hpack, data, len, last, decode_http2_field, head))) {
        hpack_free(side->hpack);
        side->hpack = NULL;
        skip_bytes(decoder, len, no_heads, false);
    }
    if (!last)
        return;
    if (side->hpack && !head->promised)
        take_head(decoder, head);
    decode_http2_head_clear(head);
}

static void begin_block(struct decoder *decoder, const uint8_t *data, size_t len)
{
    struct http2_side *side = side_of(decoder);
    const struct http2_frame *frame = &side->frame;
    if (!http2_frame_strip(frame, &data, &len) || frame->stream == 0) {
        give_up(decoder, "after a frame of HTTP/2 that is malformed");
        return;
    }
    side->head.stream = frame->stream;
    side->head.promised = frame->type == HTTP2_PUSH_PROMISE;
    side->head.ends = !side->head.promised && (frame->flags & HTTP2_END_STREAM);
    take_block(decoder, data, len, frame->flags & HTTP2_END_HEADERS);
}

/* --- other frames --- */

static void take_settings(struct decoder *decoder, const uint8_t *data, size_t len)
{
    enum { SETTING = 6, HEADER_TABLE_SIZE = 1 };
    /* They are for what the other side sends. */
    struct http2_side *other = &decoder->conversation->http2->side[!index_of(decoder)];
    for (size_t at = 0; at + SETTING <= len; at += SETTING)
        if (data[at] == 0 && data[at + 1] == HEADER_TABLE_SIZE && other->hpack)
            hpack_allow(other->hpack, http2_number(data + at + 2));
}

static void take_reset(struct decoder *decoder, const uint8_t *data)
{
    struct http2_stream *stream =
        find(decoder->conversation->http2, side_of(decoder)->frame.stream);
    if (!stream)
        return;
    notice(inner_of(decoder, stream), HTTP2_WAS_RESET, http2_number(data));
    judge_end(decoder, stream, true);
    close_stream(decoder->conversation, stream);
}

/* Takes a frame that is there as a whole. */
static void take_frame(struct decoder *decoder, const uint8_t *data, size_t len)
{
    enum { RESET = 4, GOAWAY = 8 };
    struct http2_side *side = side_of(decoder);
    switch (side->frame.type) {
    case HTTP2_HEADERS:
    case HTTP2_PUSH_PROMISE:
        begin_block(decoder, data, len);
        break;
    case HTTP2_CONTINUATION:
        take_block(decoder, data, len, side->frame.flags & HTTP2_END_HEADERS);
        break;
    case HTTP2_SETTINGS:
        take_settings(decoder, data, len);
        break;
    case HTTP2_RST_STREAM:
        if (len == RESET)
            take_reset(decoder, data);
        break;
    case HTTP2_GOAWAY:
        if (len >= GOAWAY && decoder->conversation->info.kind == KIND_WEBSOCKET)
            notice(decoder, HTTP2_GOES_AWAY, http2_number(data + 4));
        break;
    default:
        break;
    }
}

/* --- frames as they come --- */

/* The part that came last is over. */
static void end_part(struct decoder *decoder)
{
    struct http2_side *side = side_of(decoder);
    struct http2_stream *stream = NULL;
    bool data = side->part == HTTP2_IN_DATA;
    side->part = HTTP2_AT_FRAME;
    if (!data)
        return;
    if (side->pad > 0) {
        side->part = HTTP2_IN_REST;
        side->left = side->pad;
    }
    if (side->frame.flags & HTTP2_END_STREAM)
        stream = find(decoder->conversation->http2, side->frame.stream);
    if (stream)
        end_stream(decoder, stream);
}

static void begin_part(struct decoder *decoder, bool data, uint32_t len)
{
    struct http2_side *side = side_of(decoder);
    side->part = data ? HTTP2_IN_DATA : HTTP2_IN_REST;
    side->left = len;
    if (len == 0)
        end_part(decoder);
}

/* Begins with a DATA frame, whose payload is decoded as it comes. False when it needs more. */
static bool begin_data(struct decoder *decoder)
{
    struct http2_side *side = side_of(decoder);
    uint32_t len = side->frame.length, head = HTTP2_HEADER;
    side->pad = 0;
    if (side->frame.flags & HTTP2_PADDED) {
        if (decode_left(decoder) <= HTTP2_HEADER)
            return false;
        side->pad = decode_data(decoder)[HTTP2_HEADER];
        head++;
        if (side->pad >= len) {
            give_up(decoder, "after a frame of HTTP/2 that is malformed");
            return true;
        }
        len -= side->pad + 1;
    }
    decode_consume(decoder, head);
    begin_part(decoder, true, len);
    return true;
}

/* Is the frame one that is needed whole? */
static bool is_needed(const struct http2_frame *frame)
{
    switch (frame->type) {
    case HTTP2_HEADERS:
    case HTTP2_PUSH_PROMISE:
    case HTTP2_CONTINUATION:
        return true;
    case HTTP2_SETTINGS:
    case HTTP2_RST_STREAM:
    case HTTP2_GOAWAY:
        return frame->length <= FRAME_HELD_MAX;
    default:
        return false;
    }
}

static bool at_frame(struct decoder *decoder)
{
    struct http2_side *side = side_of(decoder);
    const uint8_t *data = decode_data(decoder);
    if (decode_left(decoder) < HTTP2_HEADER)
        return false;
    side->frame = http2_frame_read(data);
    uint32_t length = side->frame.length;
    /* A head is followed by the rest of it, and by nothing else (RFC 9113 6.10). */
    bool goes_on = side->frame.type == HTTP2_CONTINUATION;
    if (goes_on != (side->head.stream != 0) ||
        (goes_on && side->frame.stream != side->head.stream) ||
        (is_needed(&side->frame) && length > FRAME_HELD_MAX)) {
        give_up(decoder, "after a frame of HTTP/2 that is malformed");
        return true;
    }
    if (side->frame.type == HTTP2_DATA)
        return begin_data(decoder);
    if (!is_needed(&side->frame)) {
        decode_consume(decoder, HTTP2_HEADER);
        begin_part(decoder, false, length);
        return true;
    }
    if (decode_left(decoder) - HTTP2_HEADER < length)
        return false;
    take_frame(decoder, data + HTTP2_HEADER, length);
    decode_consume(decoder, HTTP2_HEADER + length);
    return true;
}

bool decode_http2(struct decoder *decoder)
{
    struct http2_side *side = side_of(decoder);
    if (side->part == HTTP2_AT_FRAME)
        return at_frame(decoder);
    size_t len = decode_left(decoder) < side->left ? decode_left(decoder) : side->left;
    struct http2_stream *stream =
        side->part == HTTP2_IN_DATA ? find(decoder->conversation->http2, side->frame.stream) : NULL;
    if (stream)
        decode_feed(inner_of(decoder, stream), decode_data(decoder), len);
    decode_consume(decoder, len);
    side->left -= (uint32_t)len;
    if (side->left == 0)
        end_part(decoder);
    return true;
}

bool decode_http2_gap(struct decoder *decoder, uint64_t len)
{
    struct http2_side *side = side_of(decoder);
    if (side->part == HTTP2_AT_FRAME || len > side->left) {
        give_up(decoder, "HTTP/2 after bytes that are not in the capture");
        return false;
    }
    struct http2_stream *stream =
        side->part == HTTP2_IN_DATA ? find(decoder->conversation->http2, side->frame.stream) : NULL;
    if (stream)
        decode_gap(inner_of(decoder, stream), len);
    decoder->offset += len;
    side->left -= (uint32_t)len;
    if (side->left == 0)
        end_part(decoder);
    return true;
}

void decode_http2_end(struct conversation *conversation)
{
    struct http2 *http2 = conversation->http2;
    if (!http2)
        return;
    while (http2->count > 0)
        close_stream(conversation, &http2->streams[0]);
    if (conversation->info.kind == KIND_WEBSOCKET && !conversation->decode->stop) {
        if (http2->beyond > 0)
            notice(&conversation->side[0], HTTP2_BEYOND, http2->beyond);
        if (http2->others > 0)
            notice(&conversation->side[0], HTTP2_OTHERS, http2->others);
    }
    for (int i = 0; i < 2; i++) {
        hpack_free(http2->side[i].hpack);
        decode_http2_head_clear(&http2->side[i].head);
    }
    release(conversation, http2->held);
    free(http2->streams);
    free(http2);
    conversation->http2 = NULL;
}
