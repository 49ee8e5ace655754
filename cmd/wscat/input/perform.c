#include "cmd/wscat/input/perform.h"

#include "cmd/common/record_read.h"
#include <ws/close.h>
#include <ws/frame.h>
#include <ws/session.h>

static const char *perform(const struct slash_ops *ops, void *context, const struct record_in *in)
{
    void *data = (void *)(uintptr_t)in->data;
    switch (in->type) {
    case RECORD_TEXT:
    case RECORD_BINARY:
        ops->send(context, in->type == RECORD_TEXT ? WS_OP_TEXT : WS_OP_BINARY, WS_SEND_COPY, data,
                  in->len);
        break;
    case RECORD_PING:
    case RECORD_PONG:
        if (in->len > WS_CONTROL_PAYLOAD_MAX)
            return "the payload of a ping or pong is at most 125 bytes";
        ops->control(context, in->type == RECORD_PING ? WS_OP_PING : WS_OP_PONG, data, in->len);
        break;
    case RECORD_CLOSE:
        if (in->code == WS_CLOSE_ABNORMAL || in->code == WS_CLOSE_TLS)
            break; /* a recording's last: how the connection ended, not what was sent */
        if (record_close_problem(in))
            return record_close_problem(in);
        ops->close(context, record_close_code(in), in->reason ? in->reason : "");
        break;
    case RECORD_OPEN:
    case RECORD_ERROR:
        break;
    }
    return NULL;
}

const char *perform_record(const struct slash_ops *ops, void *context, const void *line, size_t len)
{
    struct record_in in;
    const char *problem = record_read(&in, line, len);
    if (!problem)
        problem = perform(ops, context, &in);
    record_in_free(&in);
    return problem;
}
