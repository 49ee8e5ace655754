/*
 * event: the decoder's output: heads, frames, messages and findings.
 *
 * decode makes events; cause adds causes; the printers show them. An event borrows from the decoder
 * and is valid until the sink returns.
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
    KIND_UPGRADED, /* by HTTP, to another protocol */
    KIND_OTHER
};

/* The connection that an event belongs to. */
struct conversation_info {
    uint64_t id;     /* from 1 in a capture, or where a text has several; 0 for plain bytes */
    uint32_t stream; /* of HTTP/2, which is the WebSocket; 0: HTTP/1.1, or the connection itself */
    const char *recorded; /* its name in a recording, or "" or NULL */
    bool recorded_is_number;
    bool captured; /* from a capture: the fields below are set */
    bool v6;
    struct packet_end ends[2];
    unsigned client_end; /* the index of the client among them, if known */
    int64_t began_us;    /* time of its first packet, since 1970 */
    enum conversation_kind kind;
    bool http2;            /* a connection of HTTP/2, or a stream of one */
    const char *tls;       /* "TLS 1.3" where it was decrypted; or NULL */
    bool proxy_protocol;   /* its header came first */
    char url[512];         /* "" unless a request was seen */
    char subprotocol[128]; /* of the response; "" if it has none or was not seen */
    char extensions[256];
    int64_t ended_us; /* time of its last packet */
    struct conversation_traffic {
        uint64_t frames, messages, bytes; /* bytes: of payloads */
        unsigned close_code; /* 1005: a close frame without a code; 0: no close frame */
    } traffic[2];            /* by the client, by the server */
};

struct finding {
    enum ws_error error;
    uint64_t offset;   /* of the invalid byte, counted like the event's offset */
    const char *cause; /* the likely cause in practice; constant, or NULL */
};

enum { DECODE_FINDINGS = 8 };

enum decode_type {
    DECODE_HEAD,    /* the head of an HTTP request or response */
    DECODE_FRAME,   /* a frame, whole or cut */
    DECODE_MESSAGE, /* an assembled data message, or a control frame; if decode.messages */
    DECODE_LOST,    /* bytes that cannot be decoded or are missing */
    DECODE_CLOSED,  /* TCP ended before the WebSocket did */
    DECODE_HTTP2,   /* what HTTP/2 says of streams: `notice` */
    DECODE_END,     /* the end of a conversation with frames: its summary is in `conversation` */
};

enum decode_notice {
    HTTP2_WAS_RESET, /* RST_STREAM: `number` is its error code, `why` the name of it */
    HTTP2_GOES_AWAY, /* GOAWAY: the same */
    HTTP2_OTHERS,    /* `number` streams were no WebSockets */
    HTTP2_BEYOND,    /* `number` WebSockets are not shown: too many were open at once */
};

/* What TCP's end came in place of. */
enum decode_end {
    END_OF_FRAMES, /* a close frame */
    END_OF_ANSWER, /* the answer to the upgrade's request */
    END_OF_REPLY,  /* the reply to a close frame */
};

struct decode_event {
    enum decode_type type;
    const struct conversation_info *conversation;
    enum sender sender; /* who sent it */
    uint64_t offset;    /* of its first byte in its direction */
    int64_t utc_us;     /* capture time of its last byte, since 1970; 0: unknown */
    uint64_t packet;    /* number of its last packet; 0: none */
    uint64_t missing;   /* minimum of bytes missing at its end; 0: complete */
    size_t finding_count;

    const uint8_t *wire; /* FRAME: as captured, header and payload. HEAD: its text */
    size_t wire_len;

    const struct ws_frame *frame; /* FRAME; `known` is the number of header bytes */
    unsigned opcode;              /* FRAME, MESSAGE */
    const uint8_t *payload;       /* FRAME, MESSAGE: unmasked, unless decode.keep_mask, or in a
                                   * frame without findings that is not in decode.payloads, or
                                   * after decode.binary_shown bytes of a binary one */
    size_t len;
    bool compressed;             /* the message has RSV1 */
    bool inflated;               /* and the payload is what it was compressed from */
    const char *inflate_problem; /* why it is not; or NULL */

    const struct ws_http_head *head;  /* HEAD; NULL if malformed */
    const struct ws_request *request; /* one of these two is set with the head */
    const struct ws_response *response;

    uint64_t lost;   /* LOST: number of bytes */
    bool harmless;   /* they belong to no frame: HTTP before the upgrade, a proxy's handshake */
    const char *why; /* LOST, HTTP2; CLOSED: the likely cause */

    enum decode_notice notice; /* HTTP2 */
    uint64_t number;

    enum decode_end end; /* CLOSED */
    bool reset;          /* CLOSED: by RST, not FIN */
    int64_t silent_us;   /* CLOSED: since the last payload of either direction */

    struct finding findings[DECODE_FINDINGS]; /* `finding_count` of them are set */
};

typedef void decode_sink(void *context, const struct decode_event *event);

/* "client", "server" or "unknown". Constant. */
const char *sender_name(enum sender sender);

#endif
