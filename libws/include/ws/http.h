/*
 * http: a strict parser for the head of an HTTP/1.1 request or response (RFC 9112), in linear time.
 *
 * It is fed as bytes arrive, resumes where it stopped, and fails at the first illegal byte. The
 * head's bytes stay the caller's; the parser keeps offsets into them, so the buffer may move
 * between two calls. Used by session and handshake. No state but the caller's; any thread may call
 * it.
 */
#ifndef WS_HTTP_H
#define WS_HTTP_H

#include <ws/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes without a final NUL; the function that returns one says what it points into. `p` may be
 * NULL where `len` is 0. */
struct ws_str {
    const char *p;
    size_t len;
};

enum {
    WS_HTTP_HEADERS_MAX = 100,
    WS_HTTP_REQUEST_MAX = 8 * 1024,   /* bytes of head that a server takes */
    WS_HTTP_RESPONSE_MAX = 64 * 1024, /* and that a client takes */
};

struct ws_http_field {
    uint32_t name, name_len;
    uint32_t value, value_len; /* without the white space around it */
};

/* A head, being parsed or parsed. Begin with ws_http_init(). Read it through the accessors. */
struct ws_http_head {
    bool response;
    bool lenient; /* set after ws_http_init(): a line may end in LF alone */
    bool http2;   /* the same: it came over a stream of HTTP/2, as a gateway writes it */
    bool done;
    uint8_t minor; /* HTTP/1.minor */
    uint16_t status;
    uint32_t max;     /* bytes of head allowed */
    uint32_t line;    /* where the line that is being read begins */
    uint32_t scanned; /* bytes looked at */
    uint32_t length;  /* once done: of the head, the empty line included */
    uint32_t method_len;
    uint32_t start; /* of the first line */
    uint32_t target, target_len;
    uint32_t reason, reason_len;
    uint32_t count;
    struct ws_http_field fields[WS_HTTP_HEADERS_MAX];
};

/* Sets `head` to the beginning of a request or a response of at most `max` bytes of head. */
void ws_http_init(struct ws_http_head *head, bool response, size_t max);

/*
 * Parses the bytes of `buffer` that were added since the last call; `buffer` has all bytes of the
 * head so far, `len` of them. Returns WS_OK when the head is whole (`head->length`
 * bytes; what follows is not touched), WS_MORE, or WS_E_HTTP_SYNTAX, WS_E_HTTP_TLS,
 * WS_E_HTTP_LINE_END, WS_E_HTTP_FOLDED, WS_E_HTTP_HEADER_NAME, WS_E_HTTP_HEADER_VALUE,
 * WS_E_HTTP_VERSION, WS_E_HTTP_TOO_LARGE, WS_E_HTTP_TOO_MANY_HEADERS, after which it must not be
 * called again. `head->scanned` is then the offset of the offending byte.
 */
enum ws_error ws_http_parse(struct ws_http_head *head, const char *buffer, size_t len);

/*
 * Decodes the chunks of a body (RFC 9112 7.1), from its first byte: `len` bytes of it that have
 * come so far, of which at most `size` decoded ones go to `out`. `*out_len` gets their number, in
 * any case. WS_OK: the last chunk was met, or `out` is full; WS_MORE; WS_E_HTTP_SYNTAX.
 */
enum ws_error ws_http_dechunk(const char *data, size_t len, char *out, size_t size,
                              size_t *out_len);

/* Of a whole head in `buffer`; the results point into it. */
struct ws_str ws_http_method(const struct ws_http_head *head, const char *buffer);
struct ws_str ws_http_target(const struct ws_http_head *head, const char *buffer);
struct ws_str ws_http_reason(const struct ws_http_head *head, const char *buffer);
struct ws_str ws_http_name(const struct ws_http_head *head, const char *buffer, size_t index);
struct ws_str ws_http_value(const struct ws_http_head *head, const char *buffer, size_t index);

/* The next header called `name`, any case, beginning at `from`: its index, or -1. */
int ws_http_find(const struct ws_http_head *head, const char *buffer, const char *name, int from);

/* True if any header called `name` has `token` in its comma-separated list (any case, RFC 9110
 * 5.6.1). */
bool ws_http_has_token(const struct ws_http_head *head, const char *buffer, const char *name,
                       const char *token);

/* Takes the next element off a comma-separated list; false when there is none. Empty elements are
 * skipped; white space around one is not part of it. A comma inside a quoted string does not
 * separate. Linear. */
bool ws_http_list_next(struct ws_str *list, struct ws_str *element);

/* True for a token (RFC 9110 5.6.2): not empty, no separators, no controls. */
bool ws_http_is_token(struct ws_str s);

/* True if it may be the value of a header: no control characters except tab. */
bool ws_http_is_value(struct ws_str s);

/* Dates and seconds since 1970, without leap seconds. Unlike gmtime_r() and timegm() they know
 * dates after 2038 also where time_t has 32 bits. The first fills all of `tm` but the day of the
 * year; years are cut to what an int holds. The second takes year, month, day, hour, minute and
 * second; of those only tm_mon must be in range. */
void ws_utc_split(int64_t seconds, struct tm *tm);
int64_t ws_utc_seconds(const struct tm *tm);

enum { WS_HTTP_DATE = 30 }; /* bytes of a date with its NUL */

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), of seconds since 1970, in the years 0 to 9999:
 * the form has no others. Returns `text`. */
const char *ws_http_date_format(int64_t seconds, char text[WS_HTTP_DATE]);

/* Reads a date in that form, or in one of the two obsolete ones. False if it is none. */
bool ws_http_date_parse(struct ws_str text, int64_t *seconds);

bool ws_str_equal(struct ws_str a, const char *b);      /* byte by byte */
bool ws_str_equal_case(struct ws_str a, const char *b); /* ASCII letters in any case */
/* Without the spaces and tabs at both ends. */
struct ws_str ws_str_trim(struct ws_str s);

#ifdef __cplusplus
}
#endif

#endif
