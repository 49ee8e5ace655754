/*
 * close: the close codes of RFC 6455 section 7.4 and of IANA's registry.
 *
 * The name and meaning of each, and whether it may be in a close frame. No state; any thread may
 * call it.
 */
#ifndef WS_CLOSE_H
#define WS_CLOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING_AWAY = 1001,
    WS_CLOSE_PROTOCOL_ERROR = 1002,
    WS_CLOSE_UNSUPPORTED_DATA = 1003,
    WS_CLOSE_NO_CODE = 1005,  /* never sent: a close frame without a code arrived */
    WS_CLOSE_ABNORMAL = 1006, /* never sent: the connection ended without a close frame */
    WS_CLOSE_INVALID_PAYLOAD = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_MANDATORY_EXTENSION = 1010,
    WS_CLOSE_INTERNAL = 1011,
    WS_CLOSE_SERVICE_RESTART = 1012,
    WS_CLOSE_TRY_AGAIN = 1013,
    WS_CLOSE_BAD_GATEWAY = 1014,
    WS_CLOSE_TLS = 1015, /* never sent */
};

/* A close frame's payload is at most 125 bytes (5.5), two of which are the code. */
#define WS_CLOSE_REASON_MAX 123

struct ws_close_info {
    uint16_t code;
    bool on_wire;        /* it may be in a close frame */
    const char *name;    /* "going away" */
    const char *meaning; /* one line */
};

/* The registered codes in ascending order; `*count` gets their number. Constant. */
const struct ws_close_info *ws_close_table(size_t *count);

/* The row of a registered code, or NULL for another code. Constant. */
const struct ws_close_info *ws_close_info(unsigned code);

/* True if `code` may be in a close frame (7.4): 1000 to 1014 but for the reserved ones, and 3000 to
 * 4999.
 */
bool ws_close_code_valid(unsigned code);

/* A name of `code` for messages, never NULL: the registered name, or that of its range (7.4.2).
 * Constant. */
const char *ws_close_name(unsigned code);

#ifdef __cplusplus
}
#endif

#endif
