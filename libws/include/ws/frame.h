/*
 * frame: the header of one frame (RFC 6455 section 5.2), decoded and encoded.
 *
 * All memory is the caller's; nothing is allocated and no state is kept; any thread may call it.
 * ws_frame_parse() reads any header, legal or not, ws_frame_violation() checks it against the
 * rules, and ws_frame_decode() does both. Sections without a prefix are of RFC 6455.
 */
#ifndef WS_FRAME_H
#define WS_FRAME_H

#include <ws/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ws_opcode {
    WS_OP_CONTINUATION = 0x0,
    WS_OP_TEXT = 0x1,
    WS_OP_BINARY = 0x2,
    WS_OP_CLOSE = 0x8,
    WS_OP_PING = 0x9,
    WS_OP_PONG = 0xA,
};

enum { WS_RSV1 = 4, WS_RSV2 = 2, WS_RSV3 = 1 };

enum {
    WS_HEADER_MAX = 14,          /* 2 bytes, 8 of length, 4 of masking key */
    WS_HEADROOM = 16,            /* bytes before a payload in which any header fits */
    WS_CONTROL_PAYLOAD_MAX = 125 /* 5.5 */
};

#define WS_PAYLOAD_MAX INT64_MAX /* 2^63 - 1: the top bit of a length must be clear (5.2) */

/* A header, decoded as far as its first `known` bytes. */
struct ws_frame {
    uint64_t length;     /* of the payload, as the header announces it */
    uint8_t mask_key[4]; /* only when `masked` */
    uint8_t opcode;      /* 0 to 15 */
    bool fin : 1;
    bool masked : 1;
    uint8_t rsv : 3;          /* the three reserved bits: WS_RSV1 and so on */
    uint8_t length_bytes : 4; /* of extended length on the wire: 0, 2 or 8 */
    uint8_t header_len : 4;   /* bytes of header, masking key included */
    uint8_t known;            /* bytes of the header seen so far; header_len once it is whole */
};

/* What the receiver requires, for ws_frame_violation(); or-ed together. */
enum ws_frame_rules {
    WS_REQUIRE_MASK = 1, /* for a server: clients mask (5.1) */
    WS_REFUSE_MASK = 2,  /* for a client: servers do not (5.1) */
    WS_ALLOW_RSV1 = 4,   /* an extension owns RSV1 on data frames (RFC 7692 section 6) */
};

/*
 * Reads the header at `data`, be it legal or not.
 * Returns WS_OK when it is whole, with every field set; WS_MORE when bytes are missing, with
 * `known` and the fields set that those bytes carry (two bytes: all but the extended length and the
 * masking key). Never another value. The payload begins at `data + frame->header_len`.
 */
enum ws_error ws_frame_parse(const void *data, size_t len, struct ws_frame *frame);

/*
 * The first rule that `frame` breaks, looking only at the header bytes that are known, or WS_OK.
 * Returns WS_E_RSV, WS_E_OPCODE, WS_E_CONTROL_FRAGMENTED (first byte), WS_E_UNMASKED, WS_E_MASKED,
 * WS_E_CONTROL_TOO_LONG (second byte), WS_E_LENGTH_TOP_BIT, WS_E_LENGTH_NOT_MINIMAL (the length).
 */
enum ws_error ws_frame_violation(const struct ws_frame *frame, unsigned rules);

/* Parse and check: WS_OK, WS_MORE, or the violation, found at the first byte that shows it. */
enum ws_error ws_frame_decode(const void *data, size_t len, unsigned rules, struct ws_frame *frame);

/* Offset in the header of the byte that shows `error`, which was found in `frame`. */
size_t ws_frame_error_offset(const struct ws_frame *frame, enum ws_error error);

/* Bytes of extended length that the shortest form of `length` takes: 0, 2 or 8 (5.2). */
unsigned ws_frame_length_bytes(uint64_t length);

/* Bytes of the shortest header for a payload of `length`: 2 to 14. */
size_t ws_frame_header_len(uint64_t length, bool masked);

/*
 * Writes the header that `frame` describes into `out`, which must have room for WS_HEADER_MAX
 * bytes, and returns its length. `length_bytes` is obeyed, so that illegal forms can be made
 * too; set it from ws_frame_length_bytes(). A length that does not fit the form is cut to it.
 * `header_len` and `known` are ignored.
 */
size_t ws_frame_encode(uint8_t *out, const struct ws_frame *frame);

/* True for a control opcode (8 to 15, 5.5). */
static inline bool ws_opcode_is_control(unsigned opcode)
{
    return (opcode & 8) != 0;
}

/* "text", "ping", …; "reserved" for the others. */
const char *ws_opcode_name(unsigned opcode);

#ifdef __cplusplus
}
#endif

#endif
