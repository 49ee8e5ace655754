#include "libws/client/proxy.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    SOCKS_VERSION = 5,
    NO_PASSWORD = 0, /* methods, RFC 1928 3 */
    USER_PASSWORD = 2,
    NO_METHOD = 0xFF,
    PASSWORD_VERSION = 1, /* RFC 1929 2 */
    CONNECT = 1,          /* RFC 1928 4 */
    ADDRESS_V4 = 1,
    ADDRESS_NAME = 3,
    ADDRESS_V6 = 4,
    TLS_ALERT = 0x15, /* what a TLS server says to plain text, RFC 8446 5.1 */
    HOST_MAX = 255,
    QUOTED_MAX = 60, /* of what a proxy says */
};

/* --- what is sent --- */

static void put(struct ws_proxy_handshake *talk, const void *bytes, size_t len)
{
    memcpy(talk->out + talk->out_len, bytes, len);
    talk->out_len += len;
}

static void put_text(struct ws_proxy_handshake *talk, const char *text)
{
    put(talk, text, strlen(text));
}

static void put_byte(struct ws_proxy_handshake *talk, unsigned byte)
{
    talk->out[talk->out_len++] = (uint8_t)byte;
}

/* A length in one byte, and so much text. */
static void put_counted(struct ws_proxy_handshake *talk, const char *text)
{
    put_byte(talk, (unsigned)strlen(text));
    put_text(talk, text);
}

static void write_connect(struct ws_proxy_handshake *talk, const struct ws_proxy *proxy,
                          const char *host, uint16_t port)
{
    char authority[HOST_MAX + 10];
    snprintf(authority, sizeof authority, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
    put_text(talk, "CONNECT ");
    put_text(talk, authority);
    put_text(talk, " HTTP/1.1\r\nHost: ");
    put_text(talk, authority);
    if (proxy->user) {
        unsigned char pair[WS_PROXY_USER_MAX + 1 + WS_PROXY_PASSWORD_MAX + 1];
        int len = snprintf((char *)pair, sizeof pair, "%s:%s", proxy->user,
                           proxy->password ? proxy->password : "");
        put_text(talk, "\r\nProxy-Authorization: Basic ");
        talk->out_len += (size_t)EVP_EncodeBlock(talk->out + talk->out_len, pair, len);
        explicit_bzero(pair, sizeof pair);
    }
    put_text(talk, "\r\n\r\n");
    talk->due = talk->out_len;
    ws_http_init(&talk->head, true, WS_PROXY_ANSWER_MAX);
}

static void write_socks(struct ws_proxy_handshake *talk, const struct ws_proxy *proxy,
                        const char *host, uint16_t port)
{
    struct in_addr v4;
    struct in6_addr v6;
    put_byte(talk, SOCKS_VERSION);
    put_byte(talk, proxy->user ? 2 : 1);
    put_byte(talk, NO_PASSWORD);
    if (proxy->user)
        put_byte(talk, USER_PASSWORD);
    talk->due = talk->out_len;

    if (proxy->user) {
        put_byte(talk, PASSWORD_VERSION);
        put_counted(talk, proxy->user);
        put_counted(talk, proxy->password ? proxy->password : "");
    }
    talk->password_end = talk->out_len;

    put_byte(talk, SOCKS_VERSION);
    put_byte(talk, CONNECT);
    put_byte(talk, 0);
    if (inet_pton(AF_INET, host, &v4) == 1) {
        put_byte(talk, ADDRESS_V4);
        put(talk, &v4, sizeof v4);
    } else if (inet_pton(AF_INET6, host, &v6) == 1) {
        put_byte(talk, ADDRESS_V6);
        put(talk, &v6, sizeof v6);
    } else {
        put_byte(talk, ADDRESS_NAME);
        put_counted(talk, host);
    }
    put_byte(talk, port >> 8);
    put_byte(talk, port & 0xFF);
}

static bool is_host(const char *host)
{
    size_t len = strlen(host);
    for (const char *c = host; *c; c++)
        if (*c <= 0x20 || *c >= 0x7F || strchr("/?#@[]", *c))
            return false;
    return len > 0 && len <= HOST_MAX;
}

enum ws_error ws_proxy_begin(struct ws_proxy_handshake *talk, const struct ws_proxy *proxy,
                             const char *host, uint16_t port)
{
    bool socks = proxy->kind == WS_PROXY_SOCKS5;
    size_t max = socks ? WS_PROXY_SOCKS_PASSWORD_MAX : WS_PROXY_PASSWORD_MAX;
    /* Not the buffers: they are written before they are read, and there may be very many talks. */
    talk->state = socks ? WS_PROXY_METHOD : WS_PROXY_HEAD;
    talk->has_password = proxy->user != NULL;
    talk->sent = talk->due = talk->password_end = talk->out_len = talk->taken = talk->in_len = 0;
    talk->fault[0] = '\0';
    if (!is_host(host) || (proxy->user && strlen(proxy->user) > WS_PROXY_USER_MAX) ||
        (proxy->password && strlen(proxy->password) > max)) {
        talk->state = WS_PROXY_FAILED;
        return WS_E_ARGUMENT;
    }
    (socks ? write_socks : write_connect)(talk, proxy, host, port);
    return WS_OK;
}

const uint8_t *ws_proxy_output(const struct ws_proxy_handshake *talk, size_t *len)
{
    *len = talk->due - talk->sent;
    return talk->out + talk->sent;
}

void ws_proxy_sent(struct ws_proxy_handshake *talk, size_t len)
{
    talk->sent += len;
}

/* --- what is received --- */

__attribute__((format(printf, 2, 3))) static enum ws_error fail(struct ws_proxy_handshake *talk,
                                                                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(talk->fault, sizeof talk->fault, format, args);
    va_end(args);
    talk->state = WS_PROXY_FAILED;
    talk->sent = talk->due;
    return WS_E_PROXY;
}

/* Does the proxy take what Basic has to offer? Where it does not say what it takes, it may. */
static bool wants_basic(const struct ws_proxy_handshake *talk)
{
    int found = -1;
    bool any = false;
    while ((found = ws_http_find(&talk->head, talk->in, "Proxy-Authenticate", found + 1)) >= 0) {
        struct ws_str list = ws_http_value(&talk->head, talk->in, (size_t)found), one;
        any = true;
        while (ws_http_list_next(&list, &one))
            if (one.len >= 5 && strncasecmp(one.p, "Basic", 5) == 0 &&
                (one.len == 5 || one.p[5] == ' ' || one.p[5] == '\t'))
                return true;
    }
    return !any;
}

static enum ws_error judge_status(struct ws_proxy_handshake *talk)
{
    const struct ws_http_head *head = &talk->head;
    if (head->status >= 200 && head->status < 300) {
        talk->state = WS_PROXY_DONE;
        return WS_OK;
    }
    if (head->status >= 100 && head->status < 200 && head->status != 101) {
        /* An interim answer (RFC 9110 15.2): the one that counts follows. */
        talk->in_len = 0;
        ws_http_init(&talk->head, true, WS_PROXY_ANSWER_MAX);
        return WS_MORE;
    }
    if (head->status == 407) {
        if (!wants_basic(talk))
            return fail(talk, "the proxy wants a password in a way that is not spoken here (407)");
        return fail(talk, talk->has_password ? "the proxy refused the password (407)"
                                             : "the proxy wants a password (407)");
    }
    if (head->status == 401 && talk->has_password) /* as some say who know the 407 too */
        return fail(talk, "the proxy refused the password (401)");
    char reason[QUOTED_MAX + 1];
    struct ws_str said = ws_http_reason(head, talk->in);
    size_t len = said.len < QUOTED_MAX ? said.len : QUOTED_MAX;
    for (size_t i = 0; i < len; i++)
        reason[i] = said.p[i] >= 0x20 && said.p[i] < 0x7F ? said.p[i] : '?';
    reason[len] = '\0';
    return fail(talk, "the proxy refused: %u%s%s", head->status, len ? " " : "", reason);
}

static enum ws_error step_head(struct ws_proxy_handshake *talk)
{
    if (talk->in_len == 1 && talk->in[0] == SOCKS_VERSION)
        return fail(talk, "this is no HTTP proxy: it answered SOCKS5");
    if (talk->in_len == 1 && talk->in[0] == TLS_ALERT)
        return fail(talk, "this is no HTTP proxy: it answered TLS");
    enum ws_error error = ws_http_parse(&talk->head, talk->in, talk->in_len);
    switch (error) {
    case WS_OK:
        return judge_status(talk);
    case WS_MORE:
        return WS_MORE;
    case WS_E_HTTP_TLS:
        return fail(talk, "this is no HTTP proxy: it answered TLS");
    case WS_E_HTTP_TOO_LARGE:
    case WS_E_HTTP_TOO_MANY_HEADERS:
        return fail(talk, "the proxy's answer is too large");
    default:
        return fail(talk, "the proxy's answer is no HTTP: %s", ws_error_info(error)->explanation);
    }
}

static enum ws_error step_method(struct ws_proxy_handshake *talk)
{
    unsigned version = (uint8_t)talk->in[0];
    if (version == 'H')
        return fail(talk, "this is no SOCKS5 proxy: it answered HTTP");
    if (version != SOCKS_VERSION)
        return fail(talk, "this is no SOCKS5 proxy: its answer begins with byte 0x%02X", version);
    if (talk->in_len < 2)
        return WS_MORE;
    switch ((uint8_t)talk->in[1]) {
    case NO_PASSWORD:
        talk->state = WS_PROXY_REPLY;
        talk->sent = talk->password_end;
        talk->due = talk->out_len;
        break;
    case USER_PASSWORD:
        if (!talk->has_password)
            return fail(talk, "the proxy chose a way of authentication that was not offered");
        talk->state = WS_PROXY_PASSWORD;
        talk->due = talk->password_end;
        break;
    case NO_METHOD:
        return fail(talk, talk->has_password
                              ? "the proxy takes no password, and wants authentication"
                              : "the proxy wants a password");
    default:
        return fail(talk, "the proxy chose a way of authentication that was not offered");
    }
    talk->in_len = 0;
    return WS_MORE;
}

static enum ws_error step_password(struct ws_proxy_handshake *talk)
{
    if ((uint8_t)talk->in[0] != PASSWORD_VERSION)
        return fail(talk, "SOCKS5: the answer to the password begins with byte 0x%02X",
                    (uint8_t)talk->in[0]);
    if (talk->in_len < 2)
        return WS_MORE;
    if (talk->in[1] != 0)
        return fail(talk, "the proxy refused the password");
    talk->state = WS_PROXY_REPLY;
    talk->due = talk->out_len;
    talk->in_len = 0;
    return WS_MORE;
}

/* RFC 1928 6 */
static enum ws_error refused(struct ws_proxy_handshake *talk, unsigned reply)
{
    static const char *const words[] = {
        [1] = "general failure",       [2] = "not allowed by its rules",
        [3] = "network unreachable",   [4] = "host unreachable",
        [5] = "connection refused",    [6] = "time to live expired",
        [7] = "command not supported", [8] = "address type not supported",
    };
    if (reply >= sizeof words / sizeof words[0])
        return fail(talk, "SOCKS5: refused with code 0x%02X", reply);
    return fail(talk, "SOCKS5: %s", words[reply]);
}

static enum ws_error step_reply(struct ws_proxy_handshake *talk)
{
    const uint8_t *in = (const uint8_t *)talk->in;
    if (in[0] != SOCKS_VERSION)
        return fail(talk, "SOCKS5: the reply begins with byte 0x%02X", in[0]);
    if (talk->in_len >= 2 && in[1] != 0)
        return refused(talk, in[1]);
    if (talk->in_len < 5)
        return WS_MORE;
    /* in[2] is reserved, and nobody's business. The address is of no use, but has a length. */
    size_t address = 0;
    switch (in[3]) {
    case ADDRESS_V4:
        address = 4;
        break;
    case ADDRESS_NAME:
        address = 1 + (size_t)in[4];
        break;
    case ADDRESS_V6:
        address = 16;
        break;
    default:
        return fail(talk, "SOCKS5: the reply has an address of type 0x%02X", in[3]);
    }
    if (talk->in_len < 4 + address + 2)
        return WS_MORE;
    talk->state = WS_PROXY_DONE;
    return WS_OK;
}

static enum ws_error step(struct ws_proxy_handshake *talk)
{
    switch (talk->state) {
    case WS_PROXY_HEAD:
        return step_head(talk);
    case WS_PROXY_METHOD:
        return step_method(talk);
    case WS_PROXY_PASSWORD:
        return step_password(talk);
    case WS_PROXY_REPLY:
        return step_reply(talk);
    case WS_PROXY_DONE:
        return fail(talk, "the proxy sent bytes behind its answer");
    case WS_PROXY_FAILED:
        break;
    }
    return WS_E_PROXY;
}

/* A byte at a time, so that no cut makes a difference; an answer has few. */
enum ws_error ws_proxy_feed(struct ws_proxy_handshake *talk, const void *bytes, size_t len)
{
    const char *p = bytes;
    enum ws_error error = talk->state == WS_PROXY_DONE     ? WS_OK
                          : talk->state == WS_PROXY_FAILED ? WS_E_PROXY
                                                           : WS_MORE;
    for (size_t i = 0; i < len && (error == WS_MORE || error == WS_OK); i++) {
        if (talk->sent < talk->due)
            return fail(talk, "the proxy answered before it was asked");
        if (talk->taken == WS_PROXY_ANSWER_MAX)
            return fail(talk, "the proxy's answer is too large");
        talk->taken++;
        talk->in[talk->in_len++] = p[i];
        error = step(talk);
    }
    return error;
}

enum ws_error ws_proxy_ended(struct ws_proxy_handshake *talk)
{
    if (talk->state == WS_PROXY_FAILED)
        return WS_E_PROXY;
    if (talk->taken == 0)
        return fail(talk, "the proxy hung up without an answer");
    return fail(talk, "the proxy hung up before it was done");
}

const char *ws_proxy_fault(const struct ws_proxy_handshake *talk)
{
    return talk->fault;
}

void ws_proxy_wipe(struct ws_proxy_handshake *talk)
{
    explicit_bzero(talk->out, sizeof talk->out);
    explicit_bzero(talk->in, talk->in_len);
    talk->sent = talk->due = talk->out_len = talk->in_len = 0;
    talk->state = WS_PROXY_FAILED;
}
