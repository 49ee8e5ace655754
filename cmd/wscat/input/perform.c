#include "cmd/wscat/input/perform.h"

#include "cmd/common/exit.h"
#include <ws/close.h>
#include <ws/frame.h>
#include <ws/session.h>

#include <string.h>

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

static bool is_blank(const char *line, size_t len)
{
    size_t at = 0;
    while (at < len && strchr(" \t\r\n", line[at]))
        at++;
    return at == len;
}

/* The messages that the other side has sent come back by themselves. */
static bool is_ours(struct perform *p, const struct record_in *in)
{
    bool ours = record_sent_by(&p->side, in, p->server);
    bool message = in->type == RECORD_TEXT || in->type == RECORD_BINARY;
    if (!ours && message && !p->noted && !p->quiet) {
        exit_warn("what the %s sent (\"dir\":\"%s\") is not sent", p->server ? "client" : "server",
                  in->direction == RECORD_IN ? "in" : "out");
        p->noted = true;
    }
    return ours;
}

const char *perform_record(struct perform *p, const void *line, size_t len)
{
    struct record_in in;
    if (is_blank(line, len))
        return NULL;
    const char *problem = record_read(&in, line, len);
    if (!problem && is_ours(p, &in))
        problem = perform(p->ops, p->context, &in);
    record_in_free(&in);
    return problem;
}
