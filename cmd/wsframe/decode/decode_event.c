#include "cmd/wsframe/decode/cause.h"
#include "cmd/wsframe/decode/decode_private.h"

#include <stddef.h>
#include <string.h>

const char *sender_name(enum sender sender)
{
    static const char *const names[] = {"unknown", "client", "server"};
    return names[sender];
}

void decode_event_begin(struct decode_event *event, const struct decoder *decoder,
                        enum decode_type type)
{
    struct conversation *conversation = decoder->conversation;
    conversation->info.client_end = conversation->side[1].sender == SENDER_CLIENT;
    /* For memset() the compiler takes an instruction that is slower than the rest of a frame. */
    static const struct decode_event blank;
    memcpy(event, &blank, offsetof(struct decode_event, findings));
    if (decoder->utc_us > conversation->info.ended_us)
        conversation->info.ended_us = decoder->utc_us;
    event->type = type;
    event->conversation = &conversation->info;
    event->sender = decoder->sender;
    event->offset = decoder->offset;
    event->utc_us = decoder->utc_us;
    event->packet = decoder->packet;
}

void decode_find_because(struct decode_event *event, enum ws_error error, uint64_t offset,
                         const char *cause)
{
    if (event->finding_count < DECODE_FINDINGS)
        event->findings[event->finding_count++] = (struct finding){error, offset, cause};
}

void decode_find(struct decode_event *event, enum ws_error error, uint64_t offset)
{
    /* It looks at the findings before this one. */
    decode_find_because(event, error, offset, cause_of(error, event, offset - event->offset));
}

/* Is the conversation one that was asked for? */
static bool is_selected(const struct conversation *conversation)
{
    struct decode *decode = conversation->decode;
    if (decode->follow && decode->stream == 0)
        decode->stream = conversation->info.id;
    if (decode->follow && decode->http2_stream == 0)
        decode->http2_stream = conversation->info.stream;
    return (decode->stream == 0 || decode->stream == conversation->info.id) &&
           (!decode->follow || conversation->info.stream == 0 ||
            decode->http2_stream == conversation->info.stream);
}

static void report_skipped(struct decoder *decoder)
{
    struct decode *decode = decoder->conversation->decode;
    if (decoder->lost == 0 || !is_selected(decoder->conversation))
        return;
    struct decode_event event;
    decode_event_begin(&event, decoder, DECODE_LOST);
    event.offset = decoder->offset - decoder->lost;
    event.lost = decoder->lost;
    event.why = decoder->lost_why;
    event.harmless = decoder->lost_harmless;
    decoder->lost = 0;
    decode->incomplete += !event.harmless;
    decode->sink(decode->context, &event);
}

void decode_report_skipped(struct decoder *decoder)
{
    const struct conversation_info *info = &decoder->conversation->info;
    if (!info->captured || info->kind == KIND_WEBSOCKET)
        report_skipped(decoder);
}

void decode_emit(struct decoder *decoder, const struct decode_event *event)
{
    struct decode *decode = decoder->conversation->decode;
    if (!is_selected(decoder->conversation))
        return;
    report_skipped(decoder);
    decode->heads += event->type == DECODE_HEAD;
    decode->frames += event->type == DECODE_FRAME;
    decode->violations += event->finding_count;
    decode->incomplete += event->missing > 0;
    if (!decode->stop)
        decode->sink(decode->context, event);
}

void skip_bytes(struct decoder *decoder, uint64_t len, const char *why, bool harmless)
{
    if (decoder->lost > 0 && decoder->lost_why != why)
        decode_report_skipped(decoder);
    decoder->lost_harmless = decoder->lost > 0 ? decoder->lost_harmless && harmless : harmless;
    decoder->lost += len;
    decoder->lost_why = why;
}

/* Does the end of a stream of bytes by a sender come in place of something, and of what? */
static bool lacks(const struct conversation *conversation, enum sender sender, enum decode_end *end)
{
    const struct decoder *side = conversation->side;
    const struct conversation_traffic *traffic = conversation->info.traffic;
    bool frames = side[0].frames + side[1].frames > 0 ||
                  (side[0].state == STATE_FRAMES && side[1].state == STATE_FRAMES);
    bool by_server = sender == SENDER_SERVER;
    if (conversation->info.kind != KIND_WEBSOCKET)
        return false;
    *end = conversation->waiting                            ? END_OF_ANSWER
           : traffic[0].close_code || traffic[1].close_code ? END_OF_REPLY
                                                            : END_OF_FRAMES;
    switch (*end) {
    case END_OF_ANSWER:
        return true;
    case END_OF_REPLY:
        return sender != SENDER_UNKNOWN && !traffic[by_server].close_code;
    case END_OF_FRAMES:
        return frames;
    }
    return false;
}

bool decode_ended(struct decoder *decoder, bool reset, bool first, int64_t silent_us)
{
    enum decode_end end;
    /* A side that ends after its close frame does not wait for a reply. */
    if (!lacks(decoder->conversation, decoder->sender, &end) || (end == END_OF_REPLY && !first))
        return false;
    struct decode_event event;
    decode_event_begin(&event, decoder, DECODE_CLOSED);
    event.offset += decode_left(decoder);
    event.end = end;
    event.reset = reset;
    event.silent_us = silent_us;
    event.why = cause_of_end(end, event.sender, reset, event.silent_us);
    decode_emit(decoder, &event);
    return true;
}
