/*
 * handshake: the upgrade from HTTP to WebSocket (RFC 6455 section 4), both roles.
 *
 * Checks a request or a response whose head http has parsed, and builds both. Every violation has
 * its own error, whose row in the error table has its HTTP status. No I/O, no state; any thread may
 * call it. Used by session. Sections without a prefix are of RFC 6455.
 */
#ifndef WS_HANDSHAKE_H
#define WS_HANDSHAKE_H

#include <ws/error.h>
#include <ws/http.h>
#include <ws/out.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WS_KEY_LEN = 24,    /* 16 bytes in base64 */
    WS_ACCEPT_LEN = 28, /* 20 bytes in base64 */
};

#define WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* base64(SHA-1(key GUID)) (4.2.2): writes 28 characters and a NUL. False when libcrypto fails, or
 * the key has more than 256 bytes. */
bool ws_handshake_accept(const char *key, size_t key_len, char accept[WS_ACCEPT_LEN + 1]);

/* 16 bytes in base64: writes 24 characters and a NUL. */
void ws_handshake_key(const uint8_t nonce[16], char key[WS_KEY_LEN + 1]);

/* True if it is base64 of exactly 16 bytes, in canonical form. */
bool ws_handshake_key_valid(struct ws_str key);

/* A request as a server sees it. The strings point into the head's buffer. */
struct ws_request {
    const struct ws_http_head *head; /* the other headers, by ws_http_find() */
    const char *buffer;              /* that its offsets refer to */
    bool upgrade;                    /* asks for a WebSocket; else a plain HTTP request */
    struct ws_str method;
    struct ws_str target; /* as sent: "/chat?x=1", or an absolute URL */
    struct ws_str host;
    struct ws_str origin; /* len 0 when there is none */
    struct ws_str key;
    enum ws_error violation; /* WS_OK: may be accepted */
};

/*
 * Reads the whole request in `buffer` and checks it (4.2.1). Returns `request->violation`: WS_OK
 * for an upgrade that may be accepted; WS_E_NOT_AN_UPGRADE for a plain HTTP request (no Upgrade:
 * websocket and no Sec-WebSocket-Key), which a server may answer otherwise; else the first of:
 * HOST_DUPLICATE, HOST_MISSING and HOST_INVALID (of HTTP/1.1), TARGET (a URL without a valid host),
 * HTTP_LENGTH, HTTP_BODY, all for plain requests too; METHOD, HTTP_VERSION, TARGET,
 * UPGRADE_MISSING, CONNECTION_MISSING, VERSION_MISSING, VERSION_DUPLICATE, VERSION, KEY_MISSING,
 * KEY_DUPLICATE, KEY_INVALID, ORIGIN_DUPLICATE, SUBPROTOCOL_SYNTAX, EXTENSION_SYNTAX. All strings
 * that are present are set in any case.
 */
enum ws_error ws_handshake_read_request(const struct ws_http_head *head, const char *buffer,
                                        struct ws_request *request);

/* The next of the client's subprotocols, in order of preference, from all its headers (they may be
 * repeated, 11.3.4). `*cursor` begins at 0. False at the end. */
bool ws_request_subprotocol(const struct ws_request *request, int *cursor, struct ws_str *rest,
                            struct ws_str *subprotocol);

/* The client's first subprotocol that is in `offered` (NULL-terminated, or NULL): the entry of
 * `offered`, or NULL. */
const char *ws_request_choose_subprotocol(const struct ws_request *request,
                                          const char *const *offered);

enum ws_extension_result {
    WS_EXTENSION_FOUND,     /* `name` and `params` are set */
    WS_EXTENSION_END,       /* the list is empty */
    WS_EXTENSION_MALFORMED, /* it does not follow the grammar of 9.1 */
};

/* Takes the next extension off `list`, the value of a Sec-WebSocket-Extensions header, and sets its
 * name and the text of its parameters; both point into the list. */
enum ws_extension_result ws_extension_next(struct ws_str *list, struct ws_str *name,
                                           struct ws_str *params);

/* A header of the caller's for a request or a response. Both strings are the caller's. */
struct ws_header {
    const char *name;
    const char *value;
};

/* True if it may go into a head: the name is a token, the value has no CR, LF or NUL. */
bool ws_header_valid(const char *name, const char *value);

/* Optional parts of a server's 101. NULL leaves a part out. Read only during the call. */
struct ws_acceptance {
    const char *subprotocol;
    const char *extensions;          /* session's: what was agreed on */
    const char *date;                /* session's: ws_http_date_format() */
    const struct ws_header *headers; /* `header_count` of them */
    size_t header_count;
};

/* Writes the 101 (4.2.2); without Sec-WebSocket-Accept where the key is empty, over HTTP/2. WS_OK,
 * WS_E_NO_MEMORY, WS_E_ARGUMENT (a header that may not be sent), WS_E_INTERNAL (libcrypto). Nothing
 * is written on failure. */
enum ws_error ws_handshake_write_accept(struct ws_out *out, struct ws_str key,
                                        const struct ws_acceptance *acceptance);

/* A plain HTTP answer. NULL leaves a part out. Read only during the call. */
struct ws_http_answer {
    unsigned status;
    const struct ws_header *headers; /* besides Content-Length, Content-Type, Connection */
    size_t header_count;
    const char *content_type; /* NULL: text/plain; charset=utf-8, if there is a body */
    const char *date;         /* session's: ws_http_date_format() */
    const void *body;         /* NULL: the caller sends it, only the headers are written */
    uint64_t body_len;
    bool head_only;    /* the answer to a HEAD: no body, but its length */
    enum ws_error why; /* what a connection reports as the cause of its end; not sent */
};

/*
 * Writes an HTTP answer that ends the connection: Connection: close, Content-Length, and for 426
 * Upgrade: websocket and Sec-WebSocket-Version: 13, for 405 Allow: GET. The body is copied; a 204
 * and a 304 have neither body nor length (RFC 9110 8.6). WS_OK, WS_E_NO_MEMORY, or WS_E_ARGUMENT: a
 * header that may not be sent, or a status that is not from 200 to 999, since a 1xx ends nothing.
 */
enum ws_error ws_handshake_write_answer(struct ws_out *out, const struct ws_http_answer *answer);

/*
 * Writes the answer that the row of `why` names: its status, and its explanation both as the body
 * and as X-WebSocket-Error; for WS_CAT_ACCESS only that the request was refused. `headers` are
 * added, and with 429 and 503 a Retry-After, unless they have one. `date` may be NULL. WS_OK,
 * WS_E_NO_MEMORY or WS_E_ARGUMENT.
 */
enum ws_error ws_handshake_write_refusal(struct ws_out *out, enum ws_error why,
                                         const struct ws_header *headers, size_t header_count,
                                         const char *date, bool head_only);

/* "Switching Protocols", "Not Found", …; never NULL. */
const char *ws_http_status_name(unsigned status);

/* What a client asks for. Read only during the call. */
struct ws_request_options {
    const char *target;              /* NULL: "/" */
    const char *host;                /* with ":port" where it is not the scheme's default */
    const char *const *subprotocols; /* NULL-terminated, in order of preference; NULL: none */
    const char *extensions;          /* session's: what is offered; NULL: nothing */
    const struct ws_header *headers; /* replace ours of the same name; value NULL removes it */
    size_t header_count;
};

/* Writes the request (4.1) with `key`. WS_OK, WS_E_NO_MEMORY, or WS_E_ARGUMENT when a part may not
 * go into a head. Nothing is written on failure. */
enum ws_error ws_handshake_write_request(struct ws_out *out, const char *key,
                                         const struct ws_request_options *options);

/* A response as a client sees it. The strings point into the head's buffer. */
struct ws_response {
    const struct ws_http_head *head;
    const char *buffer;
    unsigned status;
    struct ws_str reason;
    struct ws_str subprotocol; /* len 0: none */
    struct ws_str extensions;  /* len 0: none */
    const char *cause;  /* of WS_E_ACCEPT_WRONG: a known mistake by name, or NULL. Constant */
    struct ws_str body; /* of a refusal: its beginning, at most WS_RESPONSE_BODY_MAX bytes */
};

enum { WS_RESPONSE_BODY_MAX = 1024 };

/*
 * Checks the whole response in `buffer` to a request that was sent with `key` and that offered
 * `subprotocols` (NULL-terminated list or NULL) (4.1). WS_OK, WS_E_STATUS, WS_E_HTTP_VERSION,
 * WS_E_RESPONSE_UPGRADE, WS_E_RESPONSE_CONNECTION, WS_E_ACCEPT_MISSING, WS_E_ACCEPT_DUPLICATE,
 * WS_E_ACCEPT_WRONG, WS_E_SUBPROTOCOL_UNSOLICITED, WS_E_SUBPROTOCOL_DUPLICATE,
 * WS_E_RESPONSE_EXTENSION; WS_E_EXTENSION_UNSOLICITED for any extension, and last of all:
 * a caller that has offered one then checks the extensions itself. `offered` is the text of the
 * Sec-WebSocket-Protocol that was sent, or NULL.
 */
enum ws_error ws_handshake_read_response(const struct ws_http_head *head, const char *buffer,
                                         const char *key, const char *offered,
                                         struct ws_response *response);

/* The last step of it: the extensions of a response whose other parts are right. WS_OK,
 * WS_E_RESPONSE_EXTENSION or WS_E_EXTENSION_UNSOLICITED. */
enum ws_error ws_handshake_read_extensions(const struct ws_response *response);

#ifdef __cplusplus
}
#endif

#endif
