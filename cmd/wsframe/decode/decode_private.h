/*
 * decode_private: declarations shared by the files of the decoder.
 *
 * decode.c is the state machine of a direction, decode_event.c makes and emits events,
 * decode_frame.c checks frames, decode_http.c heads, decode_tls.c decrypts, decode_http2.c takes
 * HTTP/2 apart, tunnel.c knows what may stand before the first head, resync.c finds the first frame
 * of a capture that began in the middle, cause.c names the likely cause of a finding. stream.c
 * feeds them from captures.
 */
#ifndef CMD_WSFRAME_DECODE_DECODE_PRIVATE_H
#define CMD_WSFRAME_DECODE_DECODE_PRIVATE_H

#include "cmd/wsframe/decode/decode.h"

/* The bytes that are not consumed: those that are held, or the segment's own where none are. */
static inline const uint8_t *decode_data(const struct decoder *d)
{
    return d->input ? d->input : bytes_data(d->buffer);
}
static inline size_t decode_left(const struct decoder *d)
{
    return d->input ? d->input_len : ws_bytes_len(d->buffer);
}
void decode_consume(struct decoder *decoder, size_t len);
/* Sets the fields of the direction, and all others but the findings to zero. */
void decode_event_begin(struct decode_event *event, const struct decoder *decoder,
                        enum decode_type type);
void decode_emit(struct decoder *decoder, const struct decode_event *event);
void decode_find(struct decode_event *event, enum ws_error error, uint64_t offset);
void decode_find_because(struct decode_event *event, enum ws_error error, uint64_t offset,
                         const char *cause);
/* Counts `len` bytes as not shown for the reason; they are reported before the next event. Harmless
 * ones belong to no frame. */
void skip_bytes(struct decoder *decoder, uint64_t len, const char *why, bool harmless);
/* Reports them now. Those of connections that are not WebSockets are summarised by inspect. */
void decode_report_skipped(struct decoder *decoder);
/* Sets the sender of this direction, and the other one's. */
void decode_assign(struct decoder *decoder, enum sender sender);

/* Decodes nothing more of this direction. */
void decode_ignore(struct decoder *decoder, enum conversation_kind kind);

/* Is the connection known to carry something else than frames? */
bool decode_is_something_else(const struct conversation *conversation);

/* Searches what is held for a frame; `final`: no more bytes follow. The state is STATE_FRAMES when
 * one was found. */
void decode_search(struct decoder *decoder, bool final);
/* Searches from the next byte on. */
void decode_search_again(struct decoder *decoder);
/* Notes that a segment begins after what is held: most frames begin where segments do. */
void decode_search_segment(struct decoder *decoder);
/* Measures the evidence at the end of the connection, for the other direction. */
void decode_search_evidence(struct decoder *decoder);
/* Why bytes are not shown that the search passed over. */
extern const char decode_in_the_middle[];

/* Checks and emits a frame with its available payload; `missing` bytes are not available. */
void decode_frame(struct decoder *decoder, const struct ws_frame *frame, size_t payload,
                  uint64_t missing);
/* Reports the messages whose last fragments are not there, where messages are asked for. */
void decode_report_unfinished(struct decoder *decoder);
/* Adds the findings for the frame in `event`; false if its length is impossible. */
bool decode_frame_rules(struct decode_event *event, const struct ws_frame *frame, unsigned rules);

/* Reports that the WebSocket ends before its time, where it does; programs call it 1006. `first`:
 * the other direction has not ended. */
bool decode_ended(struct decoder *decoder, bool reset, bool first, int64_t silent_us);
/* Decodes nothing more of both directions; `why` says so of their bytes, unless it is NULL. */
void decode_give_up(struct decoder *decoder, enum conversation_kind kind, const char *why);

/* Begins to decrypt the direction, which is TLS from its next byte on. False when it needs more
 * bytes. */
bool decode_tls_begin(struct decoder *decoder);
/* Decrypts a record. False when it needs more bytes. */
bool decode_tls(struct decoder *decoder);
/* Ends what TLS carries; its kind becomes the connection's. */
void decode_tls_end(struct conversation *conversation);

/* Begins with HTTP/2, whose first bytes by `sender` are there: a client's preface is whole. */
void decode_http2_begin(struct decoder *decoder, enum sender sender);
/* Takes a frame, or a piece of one. False when it needs more bytes. */
bool decode_http2(struct decoder *decoder);
/* Passes over bytes that are not in the capture. False: nothing after them can be read. */
bool decode_http2_gap(struct decoder *decoder, uint64_t len);
/* TCP ended: reports the WebSockets that it ended too early. */
void decode_http2_ended(struct decoder *decoder, bool reset, int64_t silent_us);
/* Ends all streams, reports the others, and frees the memory. */
void decode_http2_end(struct conversation *conversation);

/* Notes what the summary says of the head, and what later ones are compared with. */
void decode_keep_request(struct conversation *conversation, const struct ws_request *request);
void decode_keep_response(struct conversation *conversation, const struct ws_response *response,
                          bool accepted);
/* Decodes the head. False when it needs more bytes. */
bool decode_http(struct decoder *decoder);
/* Passes over the body of an HTTP message. False when it needs more bytes. */
bool decode_body(struct decoder *decoder);
/* Reports a head that the end of input cuts off. */
void decode_http_cut(struct decoder *decoder);

#endif
