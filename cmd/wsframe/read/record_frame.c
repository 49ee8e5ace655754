#include "cmd/wsframe/read/record_frame.h"

#include <ws/close.h>
#include <ws/frame.h>

#include <string.h>

bool record_frame(const struct record_in *in, unsigned *opcode, struct ws_bytes **payload)
{
    static const unsigned opcodes[] = {[RECORD_TEXT] = WS_OP_TEXT,
                                       [RECORD_BINARY] = WS_OP_BINARY,
                                       [RECORD_PING] = WS_OP_PING,
                                       [RECORD_PONG] = WS_OP_PONG,
                                       [RECORD_CLOSE] = WS_OP_CLOSE};
    if (in->type < RECORD_TEXT || in->type > RECORD_CLOSE)
        return false;
    *opcode = opcodes[in->type];
    if (in->type != RECORD_CLOSE) {
        bytes_add(payload, in->data, in->len);
        return true;
    }
    /* 1005 and 1006 are never on the wire: a close frame without a code, and none (RFC 6455 7.4.1).
     */
    if (in->code == WS_CLOSE_ABNORMAL)
        return false;
    if (in->code != 0 && in->code != WS_CLOSE_NO_CODE) {
        bytes_byte(payload, (uint8_t)(in->code >> 8));
        bytes_byte(payload, (uint8_t)in->code);
        if (in->reason)
            bytes_add(payload, in->reason, strlen(in->reason));
    }
    return true;
}
