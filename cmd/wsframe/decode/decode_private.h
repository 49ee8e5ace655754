/*
 * decode_private: what the files of the decoder share.
 *
 * decode.c walks through the bytes of a direction, decode_frame.c judges a frame, decode_http.c a
 * head, resync.c finds the first frame of a capture that began in the middle, cause.c names the
 * likely cause of a fault. stream.c feeds them from captures.
 */
#ifndef CMD_WSFRAME_DECODE_DECODE_PRIVATE_H
#define CMD_WSFRAME_DECODE_DECODE_PRIVATE_H

#include "cmd/wsframe/decode/decode.h"

static inline const uint8_t *decode_data(const struct decoder *d)
{
    return d->buffer.data + d->at;
}
static inline size_t decode_left(const struct decoder *d)
{
    return d->buffer.len - d->at;
}
void decode_consume(struct decoder *decoder, size_t len);
/* The event with what is the same for all of the direction. */
struct decode_event decode_event_begin(const struct decoder *decoder, enum decode_type type);
void decode_emit(struct decoder *decoder, const struct decode_event *event);
void decode_find(struct decode_event *event, enum ws_error error, uint64_t offset);
/* Counts `len` bytes as lost for the reason; they are told of when something else comes. */
void skip_bytes(struct decoder *decoder, uint64_t len, const char *why);
/* Now it is known who speaks in which direction. */
void decode_assign(struct decoder *decoder, enum sender sender);

/* decode_frame: judges and emits a frame with the payload bytes that are there; `missing` lack. */
void decode_frame(struct decoder *decoder, const struct ws_frame *frame, size_t payload,
                  uint64_t missing);
/* The frame in `event` breaks these rules; false where its length cannot be believed. */
bool decode_frame_rules(struct decode_event *event, const struct ws_frame *frame, unsigned rules);

/* Takes the head: false when more bytes are needed. */
bool decode_http(struct decoder *decoder);
/* The input ended inside it. */
void decode_http_cut(struct decoder *decoder);

#endif
