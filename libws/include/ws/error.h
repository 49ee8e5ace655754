/*
 * error: every violation and every failure that the toolkit knows, in one table.
 *
 * Every check returns an `enum ws_error`; the table has its category, its close code or HTTP
 * status, the level at which a server logs it, the section of the RFC and a one-line explanation.
 * The tools' messages, the server's log and its metrics are printed from it. No state; any thread
 * may call it.
 */
#ifndef WS_ERROR_H
#define WS_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ws_category {
    WS_CAT_NONE,     /* success, or a call that merely needs more bytes */
    WS_CAT_PROTOCOL, /* the peer broke a rule of RFC 6455 after the upgrade */
    WS_CAT_UPGRADE,  /* the upgrade failed: a bad head, a refusal, an unusable response */
    WS_CAT_NETWORK,  /* the transport failed: no such name, refused, reset, ended early */
    WS_CAT_TIMEOUT,  /* the peer took too long */
    WS_CAT_RESOURCE, /* a limit of ours: memory, message size, connections */
    WS_CAT_POLICY,   /* a decision of ours: shutdown, shedding, rates */
    WS_CAT_ACCESS,   /* access control: the log has the reason, the peer only a refusal */
    WS_CAT_CALLER,   /* an error of the program that uses the library */
};

enum ws_level { WS_LOG_DEBUG, WS_LOG_INFO, WS_LOG_WARNING, WS_LOG_ERROR };

/*
 * X(NAME, category, close code, HTTP status, log level, section, explanation)
 *
 * A close code of 0 means that no close frame is sent for it, an HTTP status of 0 that it cannot
 * happen before the upgrade. Sections without a prefix are of RFC 6455.
 */
/* clang-format off */
#define WS_ERROR_TABLE(X)                                                                                    \
    /* frames */                                                                                             \
    X(RSV, PROTOCOL, 1002, 0, INFO, "5.2", "a reserved bit is set though no extension gave it a meaning")    \
    X(OPCODE, PROTOCOL, 1002, 0, INFO, "5.2", "the opcode is reserved")                                      \
    X(LENGTH_NOT_MINIMAL, PROTOCOL, 1002, 0, INFO, "5.2", "the payload length is not in its shortest form")  \
    X(LENGTH_TOP_BIT, PROTOCOL, 1002, 0, INFO, "5.2", "the top bit of the 64-bit payload length is set")     \
    X(CONTROL_TOO_LONG, PROTOCOL, 1002, 0, INFO, "5.5", "a control frame carries more than 125 bytes")       \
    X(CONTROL_FRAGMENTED, PROTOCOL, 1002, 0, INFO, "5.5", "a control frame is fragmented")                   \
    X(UNMASKED, PROTOCOL, 1002, 0, INFO, "5.1", "a client's frame is not masked")                            \
    X(MASKED, PROTOCOL, 1002, 0, INFO, "5.1", "a server's frame is masked")                                  \
    /* messages */                                                                                           \
    X(CONTINUATION_UNEXPECTED, PROTOCOL, 1002, 0, INFO, "5.4", "a continuation frame without a message to continue") \
    X(CONTINUATION_EXPECTED, PROTOCOL, 1002, 0, INFO, "5.4", "a new message began inside a fragmented one")  \
    X(UTF8, PROTOCOL, 1007, 0, INFO, "8.1", "a text message is not valid UTF-8")                             \
    X(CLOSE_LENGTH, PROTOCOL, 1002, 0, INFO, "5.5.1", "a close frame carries a single byte")                 \
    X(CLOSE_CODE, PROTOCOL, 1002, 0, INFO, "7.4", "a close code that must not be on the wire")               \
    X(CLOSE_UTF8, PROTOCOL, 1007, 0, INFO, "5.5.1", "a close reason is not valid UTF-8")                     \
    X(INFLATE, PROTOCOL, 1007, 0, INFO, "RFC 7692 7.2.2", "a compressed message cannot be inflated")         \
    X(MESSAGE_TOO_BIG, RESOURCE, 1009, 0, WARNING, "7.4.1", "the message is larger than is allowed here")    \
    /* HTTP heads */                                                                                         \
    X(HTTP_SYNTAX, UPGRADE, 0, 400, INFO, "RFC 9112 2.2", "the HTTP head is malformed")                      \
    X(HTTP_TLS, UPGRADE, 0, 400, INFO, "RFC 9112 2.2", "the peer speaks TLS, this port does not")            \
    X(TLS_EXPECTED, UPGRADE, 0, 400, INFO, "RFC 9110 4.2.2", "this port speaks TLS, the request came without it") \
    X(HTTP_LINE_END, UPGRADE, 0, 400, INFO, "RFC 9112 2.2", "a line of the HTTP head does not end in CRLF")  \
    X(HTTP_FOLDED, UPGRADE, 0, 400, INFO, "RFC 9112 5.2", "a header line is folded")                         \
    X(HTTP_HEADER_NAME, UPGRADE, 0, 400, INFO, "RFC 9112 5.1", "a header name is empty or is no token")      \
    X(HTTP_HEADER_VALUE, UPGRADE, 0, 400, INFO, "RFC 9110 5.5", "a header value contains a control character") \
    X(HTTP_TOO_LARGE, UPGRADE, 0, 431, INFO, "RFC 6585 5", "the HTTP head is too large")                     \
    X(HTTP_TOO_MANY_HEADERS, UPGRADE, 0, 431, INFO, "RFC 6585 5", "the HTTP head has too many headers")      \
    X(HTTP_VERSION, UPGRADE, 0, 505, INFO, "4.2.1", "the HTTP version is not 1.1")                           \
    X(HTTP_LENGTH, UPGRADE, 0, 400, INFO, "RFC 9112 6.3", "the Content-Length is no number, or there are several that differ") \
    X(HTTP_BODY, UPGRADE, 0, 413, INFO, "4.1", "the request announces a body")                               \
    /* the request, as a server sees it */                                                                   \
    X(NOT_AN_UPGRADE, UPGRADE, 0, 426, INFO, "4.2.1", "the request asks for no upgrade to a WebSocket")      \
    X(PROTOCOL, UPGRADE, 0, 501, INFO, "RFC 8441 4", "the :protocol of the extended CONNECT is not websocket")  \
    X(METHOD, UPGRADE, 0, 405, INFO, "4.2.1", "the method is not GET")                                       \
    X(TARGET, UPGRADE, 0, 400, INFO, "4.2.1", "the request target is neither a path nor a URL")              \
    X(HOST_MISSING, UPGRADE, 0, 400, INFO, "4.2.1", "the Host header is missing")                            \
    X(HOST_DUPLICATE, UPGRADE, 0, 400, INFO, "RFC 9112 3.2", "the Host header is there more than once")        \
    X(HOST_INVALID, UPGRADE, 0, 400, INFO, "RFC 9112 3.2", "the Host header is empty or names no host")        \
    X(UPGRADE_MISSING, UPGRADE, 0, 400, INFO, "4.2.1", "the Upgrade header lacks the token websocket")       \
    X(CONNECTION_MISSING, UPGRADE, 0, 400, INFO, "4.2.1", "the Connection header lacks the token Upgrade")   \
    X(KEY_MISSING, UPGRADE, 0, 400, INFO, "4.2.1", "the Sec-WebSocket-Key header is missing")                \
    X(KEY_DUPLICATE, UPGRADE, 0, 400, INFO, "11.3.1", "the Sec-WebSocket-Key header is there more than once")  \
    X(KEY_INVALID, UPGRADE, 0, 400, INFO, "4.2.1", "the Sec-WebSocket-Key is not 16 bytes in base64")        \
    X(VERSION_MISSING, UPGRADE, 0, 400, INFO, "4.2.1", "the Sec-WebSocket-Version header is missing")        \
    X(VERSION_DUPLICATE, UPGRADE, 0, 400, INFO, "11.3.5", "the Sec-WebSocket-Version header is there more than once") \
    X(VERSION, UPGRADE, 0, 426, INFO, "4.2.2", "the Sec-WebSocket-Version is not 13")                        \
    X(ORIGIN_DUPLICATE, UPGRADE, 0, 400, INFO, "RFC 6454 7.3", "the Origin header is there more than once")    \
    X(SUBPROTOCOL_SYNTAX, UPGRADE, 0, 400, INFO, "4.1", "Sec-WebSocket-Protocol is not a list of distinct tokens") \
    X(EXTENSION_SYNTAX, UPGRADE, 0, 400, INFO, "9.1", "Sec-WebSocket-Extensions does not follow its grammar") \
    /* the response, as a client sees it */                                                                  \
    X(STATUS, UPGRADE, 0, 0, ERROR, "4.1", "the server refused the upgrade")                                 \
    X(RESPONSE_UPGRADE, UPGRADE, 0, 0, ERROR, "4.1", "the answer's Upgrade header is not websocket")         \
    X(RESPONSE_CONNECTION, UPGRADE, 0, 0, ERROR, "4.1", "the answer's Connection header lacks Upgrade")      \
    X(ACCEPT_MISSING, UPGRADE, 0, 0, ERROR, "4.1", "the answer lacks Sec-WebSocket-Accept")                  \
    X(ACCEPT_DUPLICATE, UPGRADE, 0, 0, ERROR, "11.3.3", "the answer has more than one Sec-WebSocket-Accept")   \
    X(ACCEPT_WRONG, UPGRADE, 0, 0, ERROR, "4.1", "the answer's Sec-WebSocket-Accept does not fit our key")   \
    X(SUBPROTOCOL_UNSOLICITED, UPGRADE, 0, 0, ERROR, "4.1", "the server chose a subprotocol that was not offered") \
    X(SUBPROTOCOL_DUPLICATE, UPGRADE, 0, 0, ERROR, "11.3.4", "the answer has more than one subprotocol")       \
    X(EXTENSION_UNSOLICITED, UPGRADE, 0, 0, ERROR, "4.1", "the server chose an extension that was not offered")  \
    X(RESPONSE_EXTENSION, UPGRADE, 0, 0, ERROR, "9.1", "the answer's Sec-WebSocket-Extensions does not follow its grammar") \
    X(DEFLATE_PARAMETER, UPGRADE, 0, 0, ERROR, "RFC 7692 7.1", "the answer's permessage-deflate has a parameter that is unknown, doubled or invalid") \
    X(DEFLATE_MISMATCH, UPGRADE, 0, 0, ERROR, "RFC 7692 7.1", "the answer's permessage-deflate is not what was offered") \
    X(DEFLATE_DUPLICATE, UPGRADE, 0, 0, ERROR, "RFC 7692 5.1", "the answer accepts permessage-deflate more than once") \
    /* the transport */                                                                                      \
    X(RESOLVE, NETWORK, 0, 0, ERROR, "4.1", "the host name could not be resolved")                           \
    X(CONNECT, NETWORK, 0, 0, ERROR, "4.1", "the connection could not be made")                              \
    X(PROXY, NETWORK, 0, 0, ERROR, "4.1", "the proxy made no connection")                                    \
    X(LOST, NETWORK, 0, 0, INFO, "7.1.5", "the connection ended without a close frame")                      \
    X(RESET, NETWORK, 0, 0, INFO, "7.1.5", "the connection was reset")                                       \
    X(EOF_IN_HANDSHAKE, NETWORK, 0, 0, INFO, "4.1", "the connection ended before the upgrade was done")      \
    X(IO, NETWORK, 0, 0, WARNING, "7.1.5", "the system reported an I/O error")                               \
    X(TLS, NETWORK, 0, 0, INFO, "4.1", "TLS failed")                                                      \
    X(HTTP2, NETWORK, 0, 0, INFO, "RFC 9113 5.4", "the peer broke a rule of HTTP/2")                         \
    X(HTTP2_FLOOD, NETWORK, 0, 0, WARNING, "RFC 9113 10.5", "the peer sends too many HTTP/2 frames that carry nothing") \
    X(HTTP2_UNSUPPORTED, UPGRADE, 0, 0, ERROR, "RFC 8441 3", "the server's HTTP/2 takes no WebSockets")      \
    X(STREAM_LIMIT, UPGRADE, 0, 0, ERROR, "RFC 9113 5.1.2", "the server permits no more streams on the HTTP/2 connection") \
    X(STREAM_RESET, NETWORK, 0, 0, INFO, "RFC 8441 5", "the peer reset the HTTP/2 stream")                   \
    X(GOAWAY, NETWORK, 0, 0, INFO, "RFC 9113 6.8", "the peer ended the HTTP/2 connection because of an error") \
    /* times */                                                                                              \
    X(CONNECT_TIMEOUT, TIMEOUT, 0, 0, ERROR, "4.1", "the connection was not made in time")                   \
    X(HANDSHAKE_TIMEOUT, TIMEOUT, 0, 408, INFO, "4.2.1", "the upgrade was not finished in time")             \
    X(CLOSE_TIMEOUT, TIMEOUT, 0, 0, INFO, "7.1.1", "the peer did not answer our close frame in time")        \
    X(IDLE_TIMEOUT, TIMEOUT, 1001, 0, INFO, "7.4.1", "no message came for too long")                         \
    X(FRAGMENT_TIMEOUT, TIMEOUT, 1008, 0, INFO, "5.4", "a fragmented message was not finished in time")      \
    X(WRITE_TIMEOUT, TIMEOUT, 0, 0, INFO, "7.1.7", "the peer took no bytes for too long")                    \
    X(HEARTBEAT_TIMEOUT, TIMEOUT, 1001, 0, INFO, "5.5.2", "the peer did not answer our pings")                  \
    /* limits and decisions of ours */                                                                       \
    X(NO_MEMORY, RESOURCE, 1011, 503, ERROR, "7.4.1", "out of memory")                                       \
    X(NO_DESCRIPTORS, RESOURCE, 0, 503, ERROR, "7.4.1", "out of file descriptors")                           \
    X(TOO_MANY_CONNECTIONS, POLICY, 1013, 503, WARNING, "7.4.1", "all connections that are allowed here are taken") \
    X(TOO_MANY_FROM_ADDRESS, POLICY, 1013, 429, INFO, "RFC 6585 4", "too many connections from one address") \
    X(CONNECT_RATE, POLICY, 1013, 429, INFO, "RFC 6585 4", "one address connects too often")                 \
    X(MEMORY_LIMIT, POLICY, 1013, 503, WARNING, "7.4.1", "the memory for waiting messages is used up")       \
    X(TOO_SLOW, POLICY, 1008, 0, INFO, "7.4.1", "the peer reads too slowly")                                 \
    X(RATE, POLICY, 1008, 429, INFO, "7.4.1", "the peer sends too fast")                                     \
    X(SHED, POLICY, 1013, 503, INFO, "7.4.1", "the server is overloaded")                                    \
    X(REFUSED, POLICY, 1008, 403, WARNING, "4.2.2", "the request is not allowed")                            \
    X(SHUTDOWN, POLICY, 1001, 503, INFO, "7.4.1", "the server is going away")                                \
    X(INTERNAL, RESOURCE, 1011, 500, ERROR, "7.4.1", "an error of our own")                                  \
    X(RANDOM, RESOURCE, 1011, 500, ERROR, "10.3", "the source of randomness failed")                         \
    /* what a server does not serve */                                                                       \
    X(NOT_FOUND, UPGRADE, 0, 404, INFO, "RFC 9110 15.5.5", "nothing is served at this path")                 \
    X(SUBPROTOCOL_REQUIRED, UPGRADE, 0, 400, INFO, "4.2.2", "none of the subprotocols that are spoken here was asked for") \
    X(BACKING_OFF, RESOURCE, 1013, 503, INFO, "RFC 9110 15.6.4", "what serves this cannot be reached or started now") \
    X(TOO_MANY_PROGRAMS, RESOURCE, 1013, 503, INFO, "RFC 9110 15.6.4", "as many programs run as may at a time")      \
    X(SERVICE_UNREACHABLE, RESOURCE, 1011, 502, INFO, "RFC 9110 15.6.3", "the service cannot be reached")    \
    X(INJECTED, POLICY, 0, 503, INFO, "7.1.7", "a fault was injected on purpose")                            \
    /* who may enter */                                                                                      \
    X(ADDRESS_REFUSED, ACCESS, 0, 403, WARNING, "4.2.2", "the client's address is not allowed here")         \
    X(HOST_REFUSED, ACCESS, 0, 403, WARNING, "10.2", "the Host header names no host that is allowed here")   \
    X(ORIGIN_REFUSED, ACCESS, 0, 403, WARNING, "10.2", "the page's origin is not allowed here")              \
    X(CREDENTIALS_MISSING, ACCESS, 0, 401, INFO, "10.5", "a password or a token is needed")                  \
    X(CREDENTIALS_WRONG, ACCESS, 0, 401, WARNING, "10.5", "the password or the token is wrong")              \
    X(REPLAYED, ACCESS, 0, 403, WARNING, "4.1", "the Sec-WebSocket-Key was used before")                     \
    /* what a program that uses the library did wrong */                                                     \
    X(CLOSING, CALLER, 0, 0, WARNING, "5.5.1", "nothing can be sent after a close frame")                    \
    X(STATE, CALLER, 0, 0, ERROR, "4.1", "the call does not fit the state of the session")                   \
    X(ARGUMENT, CALLER, 0, 0, ERROR, "5.2", "an argument is out of its range")
/* clang-format on */

enum ws_error {
    WS_OK,   /* done */
    WS_MORE, /* no error so far, but more bytes are needed */
#define WS_ERROR_NAME(name, ...) WS_E_##name,
    WS_ERROR_TABLE(WS_ERROR_NAME)
#undef WS_ERROR_NAME
        WS_ERROR_COUNT
};

struct ws_error_info {
    const char *name; /* "LENGTH_NOT_MINIMAL": stable, for logs, counters and JSON */
    enum ws_category category;
    uint16_t close_code;     /* of the close frame that is sent for it; 0: none is sent */
    uint16_t http_status;    /* of the answer before the upgrade; 0: cannot happen there */
    enum ws_level level;     /* at which a server logs it */
    const char *section;     /* of RFC 6455 unless another RFC is named */
    const char *explanation; /* one line, no full stop */
};

/* The row of `error`; never NULL: a value outside the table gets the row of WS_E_INTERNAL. The row
 * is constant and lives as long as the program. */
const struct ws_error_info *ws_error_info(enum ws_error error);

/* "RFC 6455 5.2", or the other RFC that the row names. Writes at most `size` bytes with the final
 * NUL into `text` and returns it. */
const char *ws_error_section(enum ws_error error, char *text, unsigned size);

/* "protocol", "upgrade", … for logs and JSON. */
const char *ws_category_name(enum ws_category category);

#ifdef __cplusplus
}
#endif

#endif
