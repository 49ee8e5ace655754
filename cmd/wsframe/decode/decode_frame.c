#include "cmd/wsframe/decode/decode_private.h"
#include "cmd/wsframe/decode/inflate.h"

#include <ws/close.h>
#include <ws/mask.h>

bool decode_frame_rules(struct decode_event *event, const struct ws_frame *frame, unsigned rules)
{
    /* ws_frame_violation() returns the first violation; correcting it reveals the next. */
    struct ws_frame corrected = *frame;
    enum ws_error error;
    while ((error = ws_frame_violation(&corrected, rules)) != WS_OK) {
        decode_find(event, error, event->offset + ws_frame_error_offset(frame, error));
        switch (error) {
        case WS_E_RSV:
            corrected.rsv = 0;
            break;
        case WS_E_OPCODE:
            corrected.opcode = ws_opcode_is_control(frame->opcode) ? WS_OP_PING : WS_OP_BINARY;
            break;
        case WS_E_CONTROL_FRAGMENTED:
            corrected.fin = true;
            break;
        case WS_E_UNMASKED:
        case WS_E_MASKED:
            rules &= ~(unsigned)(WS_REQUIRE_MASK | WS_REFUSE_MASK);
            break;
        case WS_E_CONTROL_TOO_LONG:
            corrected.opcode = WS_OP_BINARY;
            break;
        case WS_E_LENGTH_TOP_BIT:
            return false;
        default:
            return true;
        }
    }
    return true;
}

/* --- messages --- */

static struct decode_message *message_of(struct decoder *decoder, enum sender sender)
{
    return &decoder->message[sender];
}

/* Checks the frame's place in the stream (5.4, 5.5.1) and updates the message. */
static void follow(struct decode_event *event, struct decode_message *message,
                   const struct ws_frame *frame)
{
    if (message->closed)
        decode_find(event, WS_E_CLOSING, event->offset);
    enum ws_error error = ws_message_frame(&message->rules, frame, 0);
    if (error == WS_E_CONTINUATION_UNEXPECTED) {
        if (!message->capture_began_inside)
            decode_find(event, error, event->offset);
        /* Prevents the same finding for each of the fragments after it. */
        message->rules = (struct ws_message){.opcode = WS_OP_BINARY, .begun = true};
        message->unchecked = true;
        message->compressed = false;
        message->opcode = WS_OP_CONTINUATION;
        message->offset = event->offset;
        message->capture_began_inside = false;
        return;
    }
    if (error == WS_E_CONTINUATION_EXPECTED) {
        decode_find(event, error, event->offset);
        message->rules = (struct ws_message){0};
        ws_message_frame(&message->rules, frame, 0);
    }
    message->capture_began_inside = false;
    if (frame->opcode == WS_OP_CONTINUATION)
        return;
    message->compressed = (frame->rsv & 4) != 0;
    message->unchecked = false;
    message->opcode = frame->opcode;
    message->offset = event->offset;
}

/* Unmasks the first bytes of the payload, which is left masked until something looks at it: most of
 * a large capture is binary messages that are only counted, or of which only the beginning is
 * shown. */
static void unmask_some(struct decoder *decoder, struct decode_event *event, size_t len)
{
    struct decode *decode = decoder->conversation->decode;
    /* Of a header that is cut the mask bit may not be known. */
    if (event->len == 0 || !event->frame->masked ||
        event->payload != event->wire + event->frame->header_len)
        return;
    bytes_reserve(&decode->scratch, len);
    ws_mask(ws_bytes_data(decode->scratch), event->payload, len, event->frame->mask_key, 0);
    event->payload = bytes_data(decode->scratch);
}

static void unmask(struct decoder *decoder, struct decode_event *event)
{
    unmask_some(decoder, event, event->len);
}

/* Unmasks what the sink looks at, if something of it is masked still. */
static void unmask_for_sink(struct decoder *decoder, struct decode_event *event)
{
    const struct decode *decode = decoder->conversation->decode;
    bool looks = decode->payloads >> event->opcode & 1;
    if (decode->messages)
        unmask(decoder, event);
    else if (looks && event->opcode == WS_OP_BINARY && decode->binary_shown > 0)
        unmask_some(decoder, event,
                    event->len < decode->binary_shown ? event->len : decode->binary_shown);
    else if (looks || event->finding_count > 0 || event->missing > 0)
        unmask(decoder, event);
}

/* Checks the UTF-8 of a text payload (8.1). */
static void check_text(struct decoder *decoder, struct decode_event *event,
                       struct decode_message *message, bool fin)
{
    if (message->opcode != WS_OP_TEXT || message->unchecked || message->compressed)
        return;
    unmask(decoder, event);
    size_t good = ws_message_check(&message->rules, event->payload, event->len);
    if (good < event->len) {
        message->unchecked = true;
        decode_find(event, WS_E_UTF8, event->offset + event->frame->header_len + good);
    } else if (fin && event->missing == 0 && !ws_utf8_complete(&message->rules.utf8)) {
        decode_find(event, WS_E_UTF8, event->offset + event->wire_len);
    }
}

static void check_close(struct decode_event *event)
{
    const uint8_t *data = event->payload;
    uint64_t at = event->offset + event->frame->header_len;
    if (event->missing > 0)
        return;
    if (event->len == 1)
        decode_find(event, WS_E_CLOSE_LENGTH, at);
    if (event->len < 2)
        return;
    struct ws_utf8 state = {0};
    if (!ws_close_code_valid((unsigned)data[0] << 8 | data[1]))
        decode_find(event, WS_E_CLOSE_CODE, at);
    size_t good = ws_utf8_check(&state, data + 2, event->len - 2);
    if (good < event->len - 2 || !ws_utf8_complete(&state))
        decode_find(event, WS_E_CLOSE_UTF8, at + 2 + good);
}

/* --- assembled messages --- */

/* A part of a compressed message, or none. */
struct part {
    const uint8_t *data;
    size_t len;
    bool inflated;
};

static struct inflater *new_inflater(const struct decoder *decoder,
                                     const struct decode_message *message, enum sender sender)
{
    const struct conversation *conversation = decoder->conversation;
    bool whole = conversation->agreed && !decoder->by_search && !message->context_lost;
    return inflater_new(whole, !conversation->no_takeover[sender == SENDER_SERVER]);
}

/* The same as check_text(), of what a part of a compressed message was. */
static void check_inflated_text(struct decode_event *event, struct decode_message *message,
                                const struct part *part)
{
    bool last = event->frame->fin && event->missing == 0;
    if (!part->inflated || message->opcode != WS_OP_TEXT || message->unchecked)
        return;
    size_t good = ws_message_check(&message->rules, part->data, part->len);
    message->unchecked = good < part->len;
    if (good < part->len || (last && !ws_utf8_complete(&message->rules.utf8)))
        decode_find(event, WS_E_UTF8, event->offset);
}

/* Inflates the frame's payload, if the message is compressed. */
static void inflate_part(struct decoder *decoder, struct decode_message *message,
                         struct decode_event *event, bool last, struct part *part)
{
    struct decode *decode = decoder->conversation->decode;
    const struct inflate_problem *before;
    if (!message->compressed || !(decode->inflate || decoder->conversation->deflate))
        return;
    unmask(decoder, event);
    if (event->opcode != WS_OP_CONTINUATION)
        message->inflate_problem = NULL;
    if (!message->inflater) {
        message->inflater = new_inflater(decoder, message, event->sender);
        decode->held += INFLATER_SIZE;
    }
    bytes_clear(decode->inflated);
    before = message->inflate_problem;
    if (event->missing > 0 && !message->inflate_problem) {
        message->inflate_problem = &inflate_incomplete;
        inflater_forget(message->inflater);
    }
    if (!message->inflate_problem)
        message->inflate_problem =
            inflater_part(message->inflater, event->payload, event->len, last, &decode->inflated);
    if (message->inflate_problem) {
        message->unchecked = true;
        if (!before && message->inflate_problem->cause)
            decode_find_because(event, WS_E_INFLATE, event->offset,
                                message->inflate_problem->cause);
        return;
    }
    *part = (struct part){bytes_data(decode->inflated), ws_bytes_len(decode->inflated), true};
    check_inflated_text(event, message, part);
}

static const char *why_not_inflated(const struct decode_message *message)
{
    return message->inflate_problem ? message->inflate_problem->text : NULL;
}

static void add_to_message(struct decoder *decoder, struct decode_message *message,
                           const struct decode_event *event, const struct part *part)
{
    struct decode *decode = decoder->conversation->decode;
    if (event->opcode != WS_OP_CONTINUATION) {
        decode->held -= ws_bytes_len(message->bytes);
        bytes_clear(message->bytes);
    }
    bytes_add(&message->bytes, part->data, part->len);
    decode->held += part->len;
}

static void emit_message(struct decoder *decoder, const struct decode_event *frame,
                         struct decode_message *message)
{
    struct decode_event event = *frame;
    event.type = DECODE_MESSAGE;
    event.finding_count = 0;
    if (message) {
        event.offset = message->offset;
        event.opcode = message->opcode;
        event.compressed = message->compressed;
        event.inflate_problem = message->compressed ? why_not_inflated(message) : NULL;
        event.inflated = message->compressed && message->inflater && !message->inflate_problem;
        event.payload = bytes_data(message->bytes);
        event.len = ws_bytes_len(message->bytes);
    }
    decode_emit(decoder, &event);
    if (message) {
        decoder->conversation->decode->held -= ws_bytes_len(message->bytes);
        /* Frees the memory of a large message. */
        if (ws_bytes_capacity(message->bytes) > 65536)
            ws_bytes_free(&message->bytes);
        bytes_clear(message->bytes);
    }
}

/* --- a frame --- */

/* Adds the frame to the conversation's summary. */
static void count(struct decoder *decoder, const struct decode_event *event, bool believed)
{
    struct conversation_info *info = &decoder->conversation->info;
    struct conversation_traffic *traffic = &info->traffic[event->sender == SENDER_SERVER];
    const struct ws_frame *frame = event->frame;
    traffic->frames++;
    if (!believed)
        return;
    /* What is there of it: the length is only a claim. */
    if (frame->known == frame->header_len)
        traffic->bytes += frame->length - event->missing;
    traffic->messages += frame->opcode <= WS_OP_BINARY && frame->fin;
    if (frame->opcode == WS_OP_CLOSE && event->missing == 0)
        traffic->close_code = event->len >= 2 ? (unsigned)event->payload[0] << 8 | event->payload[1]
                                              : WS_CLOSE_NO_CODE;
}

static unsigned rules_of(const struct decoder *decoder, enum sender sender)
{
    const struct conversation *conversation = decoder->conversation;
    unsigned rules = conversation->deflate || conversation->decode->inflate ? WS_ALLOW_RSV1 : 0;
    if (decoder->sender_known)
        rules |= sender == SENDER_CLIENT ? WS_REQUIRE_MASK : WS_REFUSE_MASK;
    return rules;
}

/* Checks what a frame of a believable header carries, and its place among the others. */
static void judge(struct decoder *decoder, struct decode_event *event,
                  struct decode_message *message)
{
    const struct ws_frame *frame = event->frame;
    if (frame->opcode == WS_OP_CLOSE) {
        check_close(event);
        message->closed = true;
    }
    if (frame->opcode > WS_OP_BINARY)
        return;
    follow(event, message, frame);
    event->compressed = message->compressed;
    check_text(decoder, event, message, frame->fin);
    /* Incomplete text cannot be checked. */
    if (event->missing > 0)
        message->unchecked = true;
    if (frame->fin)
        message->rules.begun = false;
}

/* Sets the event's fields of the frame. The payload of a control frame is unmasked. */
static void describe(struct decoder *decoder, struct decode_event *event,
                     const struct ws_frame *frame, size_t header, size_t payload)
{
    event->frame = frame;
    event->opcode = frame->opcode;
    event->wire = decode_data(decoder);
    event->wire_len = header + payload;
    event->payload = event->wire + header;
    event->len = payload;
    if (ws_opcode_is_control(frame->opcode))
        unmask(decoder, event);
    if (event->sender == SENDER_UNKNOWN && frame->known >= 2)
        event->sender = frame->masked ? SENDER_CLIENT : SENDER_SERVER;
}

void decode_frame(struct decoder *decoder, const struct ws_frame *frame, size_t payload,
                  uint64_t missing)
{
    struct decode *decode = decoder->conversation->decode;
    struct decode_event event;
    bool whole_header = frame->known == frame->header_len && frame->known >= 2;
    size_t header = whole_header ? frame->header_len : frame->known;
    decode_event_begin(&event, decoder, DECODE_FRAME);
    event.missing = missing;
    describe(decoder, &event, frame, header, payload);

    bool believed = decode_frame_rules(&event, frame, rules_of(decoder, event.sender));
    struct decode_message *message = message_of(decoder, event.sender);
    struct part part = {.len = payload};
    bool is_data = frame->opcode <= WS_OP_BINARY;
    believed = believed && whole_header;
    if (believed)
        judge(decoder, &event, message);
    if (believed && is_data)
        inflate_part(decoder, message, &event, frame->fin && missing == 0, &part);
    unmask_for_sink(decoder, &event);
    if (!part.inflated)
        part.data = event.payload;
    count(decoder, &event, believed);
    if (decode->inflate && event.compressed) {
        event.payload = part.data;
        event.len = part.len;
        event.inflated = part.inflated;
        event.inflate_problem = why_not_inflated(message);
    }
    if (decode->keep_mask)
        event.payload = event.wire + header;
    decoder->frames++;
    decode_emit(decoder, &event);

    if (!decode->messages || !believed)
        return;
    if (is_data) {
        add_to_message(decoder, message, &event, &part);
        if (missing == 0 && frame->fin)
            emit_message(decoder, &event, message);
    } else if (missing == 0) {
        emit_message(decoder, &event, NULL);
    }
}

void decode_report_unfinished(struct decoder *decoder)
{
    struct decode *decode = decoder->conversation->decode;
    for (size_t i = 0; i < sizeof decoder->message / sizeof *decoder->message; i++) {
        const struct decode_message *message = &decoder->message[i];
        if (!decode->messages || !message->rules.begun)
            continue;
        struct decode_event event;
        decode_event_begin(&event, decoder, DECODE_LOST);
        event.sender = (enum sender)i;
        event.offset = message->offset;
        event.lost = message->rules.total;
        event.why = "of a message that does not end: its last fragment is missing";
        decode->incomplete++;
        decode_emit(decoder, &event);
    }
}
