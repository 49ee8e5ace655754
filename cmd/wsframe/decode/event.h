/*
 * event: what the decoder finds: heads, frames, messages and what is wrong with them.
 *
 * decode makes events; cause judges them; the printers show them. An event borrows from the decoder
 * and is gone when the sink returns.
 */
#ifndef CMD_WSFRAME_DECODE_EVENT_H
#define CMD_WSFRAME_DECODE_EVENT_H

#include "cmd/wsframe/read/packet.h"
#include <ws/frame.h>
#include <ws/handshake.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sender { SENDER_UNKNOWN, SENDER_CLIENT, SENDER_SERVER };

enum conversation_kind {
    KIND_UNKNOWN,
    KIND_WEBSOCKET,
    KIND_HTTP,
    KIND_HTTP2,
    KIND_TLS,
    KIND_OTHER
};

/* What is known of the connection that an event belongs to. */
struct conversation_info {
    uint64_t id;   /* from 1 in a capture, 0 for plain bytes */
    bool captured; /* it came out of a capture: the fields below are set */
    bool v6;
    struct packet_end ends[2];
    unsigned client_end; /* which of them is the client, as far as is known */
    int64_t began_us;    /* when its first packet was captured, since 1970 */
    enum conversation_kind kind;
    char url[512]; /* "" unless a request was seen */
};

struct finding {
    enum ws_error error;
    uint64_t offset;   /* of the byte at fault, counted as the event's is */
    const char *cause; /* what is likely behind it in practice; constant, or NULL */
};

enum { DECODE_FINDINGS = 8 };

enum decode_type {
    DECODE_HEAD,    /* the head of an HTTP request or response */
    DECODE_FRAME,   /* a frame, whole or cut */
    DECODE_MESSAGE, /* data frames put together, or a control frame; where config asks for them */
    DECODE_LOST,    /* bytes that cannot be read as anything, or are not there */
};

struct decode_event {
    enum decode_type type;
    const struct conversation_info *conversation;
    enum sender sender; /* sent it */
    uint64_t offset;    /* of its first byte among those of its direction */
    int64_t utc;        /* when its last byte was captured; 0: not known */
    uint64_t packet;    /* that carried it; 0: none */
    uint64_t missing;   /* bytes that lack at its end, at least; 0: it is whole */
    struct finding findings[DECODE_FINDINGS];
    size_t finding_count;

    const uint8_t *wire; /* FRAME: as captured, header and payload. HEAD: its text */
    size_t wire_len;

    const struct ws_frame *frame; /* FRAME; `known` says how much of the header was there */
    unsigned opcode;              /* FRAME, MESSAGE */
    const uint8_t *payload;       /* FRAME, MESSAGE: unmasked, unless config.keep_mask */
    size_t len;
    bool compressed; /* RSV1 began the message: the payload is no text yet */

    const struct ws_http_head *head;  /* HEAD; NULL where it could not be read */
    const struct ws_request *request; /* one of these two, with the head */
    const struct ws_response *response;

    uint64_t lost; /* LOST: how many bytes */
    const char *why;
};

typedef void decode_sink(void *context, const struct decode_event *event);

/* "client", "server" or "unknown". Constant. */
const char *sender_name(enum sender sender);

#endif
