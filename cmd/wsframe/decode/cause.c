#include "cmd/wsframe/decode/cause.h"

#include "cmd/wsframe/decode/event.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include <ws/close.h>

static const char no_frame[] =
    "not the beginning of a frame: the input starts inside one, or an earlier length was wrong";

static const char *cause_of_rsv(const struct decode_event *event)
{
    const struct ws_frame *frame = event->frame;
    if (detect_http_head(event->wire, event->wire_len) == WS_OK)
        return "a proxy or the server answered in HTTP where a frame should be";
    if (frame->rsv == 4 && (frame->opcode == WS_OP_TEXT || frame->opcode == WS_OP_BINARY))
        return "permessage-deflate, agreed on in a handshake that is not in this input";
    if (frame->rsv == 4 && frame->opcode == WS_OP_CONTINUATION)
        return "a compressor that sets RSV1 on every fragment: only the first may have it (RFC "
               "7692 "
               "6.1)";
    return no_frame;
}

static const char *cause_of_top_bit(const struct ws_frame *frame)
{
    /* With its bytes reversed, is it a plausible length? */
    return __builtin_bswap64(frame->length) < (UINT64_C(1) << 40)
               ? "the length was written lowest byte first"
               : no_frame;
}

static const char *cause_of_length(const struct ws_frame *frame)
{
    if ((frame->length_bytes == 2 && frame->length == 125) ||
        (frame->length_bytes == 8 && frame->length == 65535))
        return "a comparison with < where the limit is included: 125 fits into 7 bits, 65535 into "
               "16";
    return "an encoder that always writes the length in 16 or 64 bits";
}

static const char *cause_of_close_code(const struct decode_event *event)
{
    unsigned code = (unsigned)event->payload[0] << 8 | event->payload[1];
    unsigned swapped = (unsigned)event->payload[1] << 8 | event->payload[0];
    if (code == WS_CLOSE_NO_CODE || code == WS_CLOSE_ABNORMAL || code == WS_CLOSE_TLS)
        return "a program that sends the code that its own library reported";
    if (ws_close_code_valid(swapped))
        return "the code was written lowest byte first";
    if (code >= '0' * 256u && code <= '9' * 256u + 255)
        return "the code was written as digits of text, not as two bytes";
    if (code < 1000)
        return "an application's own number, such as an exit or HTTP status: use 4000 to 4999";
    return "an application's own number: use 4000 to 4999";
}

static const char *cause_of_continuation(const struct decode_event *event)
{
    if (event->frame && event->frame->length == 0 && !event->frame->fin && event->offset > 0)
        return "zero bytes after a frame: a buffer was sent with more than the frame in it";
    return event->offset == 0 ? "the first fragment is before the beginning of this input"
                              : "FIN was set on the fragment before it, or a fragment was lost";
}

static const char *cause_of_status(const struct decode_event *event)
{
    unsigned status = event->response ? event->response->status : 0;
    if (status >= 300 && status < 400)
        return "the server redirects, to https or to another path: WebSocket clients do not follow";
    switch (status) {
    case 200:
        return "no WebSocket at this path, or a proxy that dropped the Upgrade header";
    case 401:
    case 403:
    case 407:
        return "credentials, cookies or an Origin that the server requires";
    case 404:
        return "no WebSocket at this path";
    case 400:
        if (event->conversation->proxy_protocol)
            return "a server that does not expect the PROXY protocol (HAProxy: send-proxy)";
        __attribute__((fallthrough));
    case 426:
        return "a proxy that dropped the Upgrade header, or another version of the protocol";
    case 502:
    case 503:
    case 504:
        return "a proxy whose upstream server is down";
    default:
        return "a proxy, or a server without a WebSocket here, answered in HTTP";
    }
}

static const char *cause_of_control(enum ws_error error, const struct decode_event *event)
{
    /* After a wrong opcode or reserved bit it is probably no control frame, nor any frame. */
    if (event->finding_count > 0 &&
        (event->findings[0].error == WS_E_RSV || event->findings[0].error == WS_E_OPCODE))
        return event->findings[0].cause;
    if (error == WS_E_CONTROL_FRAGMENTED)
        return "an encoder that never sets FIN, or fragments all large messages";
    return event->frame->opcode == WS_OP_CLOSE ? "a close reason that was not cut to 123 bytes"
                                               : "application data sent in a ping or a pong";
}

const char *cause_of_end(enum decode_end end, enum sender sender, bool reset, int64_t silent_us)
{
    enum { SILENCE_US = 900 * 1000 }; /* the shortest timeout that anybody sets is 1 s */
    if (end == END_OF_ANSWER && sender == SENDER_CLIENT)
        return "a client, or a proxy before it, that waited no longer for the answer";
    if (end == END_OF_ANSWER)
        return "a server that ended or crashed at the request, or that speaks TLS, or something "
               "else, on this port";
    if (end == END_OF_REPLY)
        return "a program that closes TCP when it receives a close frame, instead of answering it "
               "(RFC 6455 5.5.1)";
    if (silent_us >= SILENCE_US)
        return "an idle timeout, of a proxy or of a program: pings must come more often";
    return reset ? "a program that ended or was killed, or a firewall"
                 : "a program that ended, or that closes TCP without a close frame";
}

/* The cause that does not depend on the frame or head, or NULL. */
static const char *cause_of_rule(enum ws_error error)
{
    static const struct {
        enum ws_error error;
        const char *cause;
    } causes[] = {
        {WS_E_OPCODE, no_frame},
        {WS_E_UNMASKED, "a client that does not mask, or an intermediary that forwards unmasked"},
        {WS_E_MASKED, "a server that uses a client's framing code"},
        {WS_E_CONTINUATION_EXPECTED,
         "two writers on one connection, or a last fragment without FIN"},
        {WS_E_CLOSE_LENGTH, "half a close code: the payload is none, or two bytes and a reason"},
        {WS_E_CLOSE_UTF8, "a reason cut inside a character"},
        {WS_E_KEY_INVALID, "a key made by hand: 'wsframe key' makes a valid one"},
        {WS_E_HTTP_VERSION,
         "a proxy that speaks HTTP/1.0 to the server (nginx: proxy_http_version 1.1)"},
        {WS_E_UPGRADE_MISSING,
         "a proxy that does not pass Upgrade on: it is hop-by-hop (RFC 9110 7.6.1)"},
        {WS_E_CONNECTION_MISSING, "a proxy that passes Upgrade on, and its own Connection (nginx: "
                                  "proxy_set_header Connection \"upgrade\")"},
    };
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (causes[i].error == error)
            return causes[i].cause;
    return NULL;
}

const char *cause_of(enum ws_error error, const struct decode_event *event, uint64_t at)
{
    switch (error) {
    case WS_E_RSV:
        return cause_of_rsv(event);
    case WS_E_LENGTH_NOT_MINIMAL:
        return cause_of_length(event->frame);
    case WS_E_LENGTH_TOP_BIT:
        return cause_of_top_bit(event->frame);
    case WS_E_CONTROL_TOO_LONG:
    case WS_E_CONTROL_FRAGMENTED:
        return cause_of_control(error, event);
    case WS_E_CONTINUATION_UNEXPECTED:
        return cause_of_continuation(event);
    case WS_E_UTF8:
        return at >= event->wire_len ? "text cut inside a character"
                                     : "binary data or text of another encoding sent as text";
    case WS_E_CLOSE_CODE:
        return cause_of_close_code(event);
    case WS_E_CLOSING:
        return event->frame && event->frame->opcode == WS_OP_CONTINUATION &&
                       event->frame->length == 0
                   ? "zero bytes after the frame: a buffer was sent with more than the frame in it"
                   : "a writer that does not check for the close";
    case WS_E_STATUS:
        return cause_of_status(event);
    case WS_E_ACCEPT_WRONG:
        return event->response && event->response->cause
                   ? event->response->cause
                   : "a server that computes it differently, or a cached response";
    default:
        return cause_of_rule(error);
    }
}
