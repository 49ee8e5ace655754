#include "cmd/wsframe/decode/decode_private.h"

#include "cmd/common/exit.h"
#include "cmd/wsframe/decode/inflate.h"
#include "cmd/wsframe/http2/http2_frame.h"
#include "cmd/wsframe/read/detect_bytes.h"

#include <stdlib.h>
#include <string.h>

enum { FRAME_HELD_MAX = 32 << 20 };

void conversation_init(struct conversation *conversation, struct decode *decode)
{
    *conversation = (struct conversation){.decode = decode, .deflate = decode->deflate};
    for (int i = 0; i < 2; i++)
        conversation->side[i].conversation = conversation;
}

static void free_side(struct decoder *d)
{
    ws_bytes_free(&d->buffer);
    for (size_t i = 0; i < sizeof d->message / sizeof *d->message; i++) {
        ws_bytes_free(&d->message[i].bytes);
        inflater_free(d->message[i].inflater);
    }
    free(d->head);
    d->head = NULL;
}

void decode_free(struct decode *decode)
{
    ws_bytes_free(&decode->scratch);
    ws_bytes_free(&decode->inflated);
}

void decode_assign(struct decoder *decoder, enum sender sender)
{
    struct conversation *conversation = decoder->conversation;
    if (!conversation->info.captured || decoder->sender != SENDER_UNKNOWN)
        return;
    struct decoder *other = &conversation->side[decoder == &conversation->side[0]];
    decoder->sender = sender;
    other->sender = sender == SENDER_CLIENT ? SENDER_SERVER : SENDER_CLIENT;
}

/* --- buffering --- */

static void hold(struct decoder *decoder, const uint8_t *data, size_t len)
{
    struct decode *decode = decoder->conversation->decode;
    decode->held += len;
    if (decode->held > INPUT_MAX)
        exit_die(WS_EXIT_FAILURE, "more than 256 MiB of unfinished frames");
    bytes_add(&decoder->buffer, data, len);
}

void decode_consume(struct decoder *decoder, size_t len)
{
    decoder->offset += len;
    if (decoder->input) {
        decoder->input += len;
        decoder->input_len -= len;
    } else {
        ws_bytes_consume(decoder->buffer, len);
        decoder->conversation->decode->held -= len;
    }
}

/* --- the state machine --- */

void decode_ignore(struct decoder *decoder, enum conversation_kind kind)
{
    struct conversation *conversation = decoder->conversation;
    decoder->state = STATE_DEAD;
    if (conversation->info.kind == KIND_UNKNOWN || conversation->info.kind == KIND_HTTP)
        conversation->info.kind = kind;
}

void decode_give_up(struct decoder *decoder, enum conversation_kind kind, const char *why)
{
    struct conversation *conversation = decoder->conversation;
    for (int i = 0; i < 2; i++) {
        decode_ignore(&conversation->side[i], kind);
        conversation->side[i].why = why;
    }
}

/* Passes over the handshake of a proxy or a tunnel. False when it needs more bytes. */
static bool pass_tunnel(struct decoder *decoder, long *length)
{
    static const char handshake[] = "the handshake of a proxy";
    struct conversation *conversation = decoder->conversation;
    *length = 0;
    if (!conversation->info.captured)
        return true;
    *length = tunnel_prefix(&conversation->tunnel, decoder->sender, decode_data(decoder),
                            decode_left(decoder), decoder->from_start);
    if (*length > 0) {
        conversation->info.proxy_protocol = conversation->tunnel.proxy_protocol;
        decoder->from_start = true;
        skip_bytes(decoder, (uint64_t)*length, handshake, true);
        decode_consume(decoder, (size_t)*length);
    }
    return *length != TUNNEL_MORE;
}

/* Is it what a side of HTTP/2 sends first? A server's is looked for in a capture only where the
 * connection's beginning is there. */
static enum ws_error begins_http2(const struct decoder *decoder, enum sender *sender)
{
    const uint8_t *data = decode_data(decoder);
    size_t len = decode_left(decoder);
    bool first = !decoder->conversation->info.captured || decoder->from_start;
    enum ws_error result = WS_E_HTTP_SYNTAX;
    *sender = SENDER_CLIENT;
    if (decoder->sender != SENDER_SERVER)
        result = http2_begins_client(data, len);
    if (result == WS_E_HTTP_SYNTAX && first && decoder->sender != SENDER_CLIENT) {
        *sender = SENDER_SERVER;
        result = http2_begins_server(data, len);
    }
    return result;
}

/* Detects the content. False when it needs more bytes. */
static bool start(struct decoder *decoder)
{
    const struct conversation *conversation = decoder->conversation;
    bool captured = conversation->info.captured;
    long tunnel;
    if (!pass_tunnel(decoder, &tunnel))
        return false;
    if (tunnel > 0)
        return true;
    const uint8_t *data = decode_data(decoder);
    size_t len = decode_left(decoder);
    enum ws_error http = detect_http_head(data, len);
    enum sender sender;
    enum ws_error http2 = begins_http2(decoder, &sender);
    if (http == WS_MORE || http2 == WS_MORE)
        return false;
    if (http == WS_OK) {
        decoder->state = STATE_HTTP;
    } else if (http2 == WS_OK) {
        decode_http2_begin(decoder, sender);
    } else if (!captured) {
        decoder->state = STATE_FRAMES;
    } else if (detect_tls(data, len)) {
        if (conversation->decode->keylog)
            return decode_tls_begin(decoder);
        decode_ignore(decoder, KIND_TLS);
    } else if (decoder->from_start) {
        /* The capture has the connection's first byte, and it is not an upgrade. */
        decode_ignore(decoder, KIND_OTHER);
    } else if (decode_is_something_else(conversation)) {
        decode_ignore(decoder, conversation->info.kind);
    } else {
        decoder->state = STATE_SEARCH;
    }
    return true;
}

/* RSV2, RSV3 and the reserved opcodes, which no extension uses. */
static bool is_no_frame(const struct ws_frame *frame)
{
    return (frame->rsv & 3) || (frame->opcode & 7) > WS_OP_BINARY;
}

/* Decodes a frame. False when it needs more bytes. */
static bool take_frame(struct decoder *decoder)
{
    const uint8_t *data = decode_data(decoder);
    size_t len = decode_left(decoder);
    struct ws_frame frame;
    if (decoder->skip > 0) {
        size_t n = decoder->skip < len ? (size_t)decoder->skip : len;
        decoder->skip -= n;
        decode_consume(decoder, n);
        return true;
    }
    enum ws_error http = detect_http_head(data, len);
    if (http == WS_MORE)
        return false;
    if (http == WS_OK) {
        decoder->state = STATE_HTTP;
        return true;
    }
    enum ws_error parsed = ws_frame_parse(data, len, &frame);
    if (decoder->by_search && frame.known > 0 && is_no_frame(&frame)) {
        /* The search was wrong, or what came after it was lost. */
        decode_search_again(decoder);
        return true;
    }
    if (parsed == WS_MORE)
        return false;
    if (frame.length > WS_PAYLOAD_MAX) {
        decode_frame(decoder, &frame, 0, 0);
        decode_consume(decoder, frame.header_len);
        decoder->state = STATE_DEAD;
        if (decoder->conversation->info.captured)
            decode_search_again(decoder);
        decoder->why = "after an impossible length: the beginning of the next frame is unknown";
        return true;
    }
    if (len - frame.header_len < frame.length) {
        if (!decoder->conversation->info.captured || len < FRAME_HELD_MAX)
            return false;
        /* Too long to be held: its first bytes are shown, and the rest is passed over. */
        decoder->skip = frame.length - (len - frame.header_len);
        decode_frame(decoder, &frame, len - frame.header_len, decoder->skip);
        decode_consume(decoder, len);
        return true;
    }
    decode_frame(decoder, &frame, (size_t)frame.length, 0);
    decode_consume(decoder, frame.header_len + (size_t)frame.length);
    return true;
}

/* Runs one step. False when it needs more bytes. */
static bool step(struct decoder *decoder)
{
    switch (decoder->state) {
    case STATE_START:
        return start(decoder);
    case STATE_HTTP:
        return decode_http(decoder);
    case STATE_TLS:
        return decode_tls(decoder);
    case STATE_HTTP2:
        return decode_http2(decoder);
    case STATE_FRAMES:
        return take_frame(decoder);
    case STATE_BODY:
        return decode_body(decoder);
    case STATE_SEARCH:
        decode_search(decoder, false);
        return decoder->state != STATE_SEARCH;
    case STATE_DEAD:
        if (!decoder->conversation->info.captured)
            skip_bytes(decoder, decode_left(decoder), decoder->why, false);
        decode_consume(decoder, decode_left(decoder));
        return false;
    }
    return false;
}

static void run(struct decoder *decoder)
{
    while (decode_left(decoder) > 0 && !decoder->conversation->decode->stop && step(decoder))
        ;
}

/* Ends a frame whose remaining bytes are missing, perhaps in its header. */
static void cut_frame(struct decoder *decoder)
{
    struct ws_frame frame = {0}; /* of one byte nothing but that is known */
    size_t len = decode_left(decoder);
    if (ws_frame_parse(decode_data(decoder), len, &frame) == WS_OK) {
        size_t payload = len - frame.header_len;
        decode_frame(decoder, &frame, payload, frame.length - payload);
    } else {
        decode_frame(decoder, &frame, 0,
                     frame.known >= 2 ? (uint64_t)frame.header_len - frame.known : 1);
    }
}

/* Ends the unfinished head or frame that the buffered bytes belong to. */
static void cut(struct decoder *decoder)
{
    if (decode_left(decoder) == 0)
        return;
    switch (decoder->state) {
    case STATE_START:
        if (decoder->conversation->info.captured)
            break;
        /* What could have been the beginning of something else is frames. */
        decoder->state = STATE_FRAMES;
        run(decoder);
        cut(decoder);
        break;
    case STATE_TLS:
        skip_bytes(decoder, decode_left(decoder),
                   decoder->why ? decoder->why : "a record of TLS that is not whole", false);
        break;
    case STATE_HTTP2:
        skip_bytes(decoder, decode_left(decoder), "a frame of HTTP/2 that is not whole", false);
        break;
    case STATE_FRAMES:
        cut_frame(decoder);
        break;
    case STATE_HTTP:
        decode_http_cut(decoder);
        break;
    case STATE_SEARCH:
        skip_bytes(decoder, decode_left(decoder), decode_in_the_middle, false);
        break;
    case STATE_BODY:
        skip_bytes(decoder, decode_left(decoder), "the body of an HTTP message", true);
        break;
    case STATE_DEAD:
        break;
    }
    decode_consume(decoder, decode_left(decoder));
}

/* Decodes bytes where they lie, if none wait before them, and holds those that wait for more. */
static void decode_bytes(struct decoder *decoder, const uint8_t *data, size_t len)
{
    if (decode_left(decoder) > 0) {
        hold(decoder, data, len);
        run(decoder);
        return;
    }
    decoder->input = data;
    decoder->input_len = len;
    run(decoder);
    decoder->input = NULL;
    if (decoder->input_len > 0)
        hold(decoder, data + len - decoder->input_len, decoder->input_len);
}

/* Is it a connection of HTTP/2 whose beginning is not in the capture, and that so cannot be read?
 */
static bool is_http2_begun(const struct decoder *decoder, const uint8_t *data, size_t len)
{
    bool unknown = decoder->state == STATE_SEARCH || decoder->state == STATE_START;
    return unknown && decoder->conversation->info.captured && !decoder->from_start &&
           decoder->conversation->info.kind == KIND_UNKNOWN && http2_are_frames(data, len);
}

void decode_feed(struct decoder *decoder, const uint8_t *data, size_t len)
{
    struct conversation *conversation = decoder->conversation;
    if (conversation->decode->stop)
        return;
    /* After a response of unknown length there may be another one, and where the capture began in
     * the middle an upgrade. */
    bool searching = decoder->state == STATE_SEARCH;
    if (is_http2_begun(decoder, data, len)) {
        conversation->http2_begun = true;
        decode_give_up(decoder, KIND_HTTP2, NULL);
    }
    if ((searching || (decoder->state == STATE_BODY && decoder->body.left == UINT64_MAX)) &&
        detect_http_head(data, len) == WS_OK) {
        cut(decoder);
        decoder->state = STATE_HTTP;
    }
    if (decoder->state == STATE_DEAD && conversation->info.captured) {
        if (decoder->why)
            skip_bytes(decoder, len, decoder->why, false);
        decoder->offset += len;
        return;
    }
    if (decoder->state == STATE_SEARCH || decoder->state == STATE_START)
        decode_search_segment(decoder);
    bool searched = decoder->state == STATE_SEARCH;
    decode_bytes(decoder, data, len);
    /* Once one direction is known to have frames, less evidence is enough for the other. */
    struct decoder *other = &conversation->side[decoder == &conversation->side[0]];
    if (searched && decoder->state == STATE_FRAMES && other->state == STATE_SEARCH)
        run(other);
}

/* Decodes what the end of the input, or a gap, makes certain to begin with a frame. */
static void search_held(struct decoder *decoder)
{
    if (decoder->state != STATE_SEARCH || decode_left(decoder) == 0)
        return;
    decode_search(decoder, true);
    if (decoder->state != STATE_SEARCH)
        run(decoder);
}

static const char not_captured[] = "not in the capture";

static void gap_in_http2(struct decoder *decoder, uint64_t len)
{
    if (decode_left(decoder) == 0 && decode_http2_gap(decoder, len))
        return;
    cut(decoder);
    skip_bytes(decoder, len, not_captured, false);
    decoder->offset += len;
    decode_http2_gap(decoder, UINT64_MAX);
}

void decode_gap(struct decoder *decoder, uint64_t len)
{
    struct ws_frame frame;
    size_t left = decode_left(decoder);
    if (decoder->conversation->decode->stop)
        return;
    if (decoder->state == STATE_DEAD) {
        decoder->offset += len;
        return;
    }
    if (decoder->state == STATE_TLS) {
        cut(decoder);
        skip_bytes(decoder, len, not_captured, false);
        decoder->offset += len;
        decode_ignore(decoder, KIND_TLS);
        decoder->why = "TLS after bytes that are not in the capture";
        return;
    }
    if (decoder->state == STATE_HTTP2) {
        gap_in_http2(decoder, len);
        return;
    }
    if (decoder->state == STATE_BODY && decoder->body.part == BODY_PLAIN &&
        decoder->body.left >= len) {
        decoder->body.left -= decoder->body.left == UINT64_MAX ? 0 : len;
        skip_bytes(decoder, len, not_captured, false);
        decoder->offset += len;
        return;
    }
    bool inside = false;
    if (decoder->state == STATE_FRAMES && left > 0 &&
        ws_frame_parse(decode_data(decoder), left, &frame) == WS_OK &&
        frame.length - (left - frame.header_len) >= len) {
        /* The next frame begins after the rest of the payload: only the gap is lost. */
        decoder->skip = frame.length - (left - frame.header_len) - len;
        inside = true;
    } else if (decoder->skip > 0 && decoder->skip >= len) {
        decoder->skip -= len;
        inside = true;
    } else {
        decoder->skip = 0;
    }
    search_held(decoder);
    cut(decoder);
    for (size_t i = 0; i < sizeof decoder->message / sizeof *decoder->message; i++) {
        decoder->message[i].context_lost = true;
        inflater_forget(decoder->message[i].inflater);
    }
    skip_bytes(decoder, len, not_captured, false);
    decoder->offset += len;
    if (decoder->state == STATE_FRAMES && inside)
        return;
    decoder->from_start = false;
    if (decoder->state != STATE_START)
        decode_search_again(decoder);
    decoder->why = NULL;
}

void conversation_end(struct conversation *conversation)
{
    struct decode_event end;
    decode_tls_end(conversation);
    bool carrier = conversation->inside || conversation->http2;
    decode_http2_end(conversation);
    /* Each direction's evidence counts for the other. */
    for (int i = 0; i < 2; i++)
        if (conversation->side[i].state == STATE_SEARCH && decode_left(&conversation->side[i]) > 0)
            decode_search_evidence(&conversation->side[i]);
    for (int i = 0; i < 2; i++) {
        struct decoder *d = &conversation->side[i];
        if (!conversation->decode->stop) {
            search_held(d);
            cut(d);
            decode_report_skipped(d);
            decode_report_unfinished(d);
        }
        conversation->decode->held -= decode_left(d);
        for (size_t m = 0; m < sizeof d->message / sizeof *d->message; m++)
            conversation->decode->held -=
                ws_bytes_len(d->message[m].bytes) + (d->message[m].inflater ? INFLATER_SIZE : 0);
    }
    if ((conversation->side[0].frames + conversation->side[1].frames > 0 ||
         (conversation->info.kind == KIND_WEBSOCKET && !carrier)) &&
        !conversation->decode->stop) {
        decode_event_begin(&end, &conversation->side[0], DECODE_END);
        end.finding_count = 0;
        decode_emit(&conversation->side[0], &end);
    }
    for (int i = 0; i < 2; i++)
        free_side(&conversation->side[i]);
}
