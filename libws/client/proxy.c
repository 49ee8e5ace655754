#include "libws/client/proxy.h"

#include "libws/io/address.h"

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
    TLS_ALERT = 0x15, /* a TLS server's answer to plaintext, RFC 8446 5.1 */
    HOST_MAX = 255,
    QUOTED_MAX = 60, /* of what a proxy says */
};

/* --- what is sent --- */

static void put(struct ws_proxy_handshake *handshake, const void *bytes, size_t len)
{
    memcpy(handshake->out + handshake->out_len, bytes, len);
    handshake->out_len += len;
}

static void put_text(struct ws_proxy_handshake *handshake, const char *text)
{
    put(handshake, text, strlen(text));
}

static void put_byte(struct ws_proxy_handshake *handshake, unsigned byte)
{
    handshake->out[handshake->out_len++] = (uint8_t)byte;
}

/* Text after its length in one byte. */
static void put_counted(struct ws_proxy_handshake *handshake, const char *text)
{
    put_byte(handshake, (unsigned)strlen(text));
    put_text(handshake, text);
}

static void write_connect(struct ws_proxy_handshake *handshake, const struct ws_proxy *proxy,
                          const char *host, uint16_t port)
{
    char authority[HOST_MAX + 10];
    ws_host_port_format(host, port, authority, sizeof authority);
    put_text(handshake, "CONNECT ");
    put_text(handshake, authority);
    put_text(handshake, " HTTP/1.1\r\nHost: ");
    put_text(handshake, authority);
    if (proxy->user) {
        unsigned char pair[WS_PROXY_USER_MAX + 1 + WS_PROXY_PASSWORD_MAX + 1];
        int len = snprintf((char *)pair, sizeof pair, "%s:%s", proxy->user,
                           proxy->password ? proxy->password : "");
        put_text(handshake, "\r\nProxy-Authorization: Basic ");
        handshake->out_len +=
            (size_t)EVP_EncodeBlock(handshake->out + handshake->out_len, pair, len);
        explicit_bzero(pair, sizeof pair);
    }
    put_text(handshake, "\r\n\r\n");
    handshake->due = handshake->out_len;
    ws_http_init(&handshake->head, true, WS_PROXY_ANSWER_MAX);
}

static void write_socks(struct ws_proxy_handshake *handshake, const struct ws_proxy *proxy,
                        const char *host, uint16_t port)
{
    struct in_addr v4;
    struct in6_addr v6;
    put_byte(handshake, SOCKS_VERSION);
    put_byte(handshake, proxy->user ? 2 : 1);
    put_byte(handshake, NO_PASSWORD);
    if (proxy->user)
        put_byte(handshake, USER_PASSWORD);
    handshake->due = handshake->out_len;

    if (proxy->user) {
        put_byte(handshake, PASSWORD_VERSION);
        put_counted(handshake, proxy->user);
        put_counted(handshake, proxy->password ? proxy->password : "");
    }
    handshake->password_end = handshake->out_len;

    put_byte(handshake, SOCKS_VERSION);
    put_byte(handshake, CONNECT);
    put_byte(handshake, 0);
    if (inet_pton(AF_INET, host, &v4) == 1) {
        put_byte(handshake, ADDRESS_V4);
        put(handshake, &v4, sizeof v4);
    } else if (inet_pton(AF_INET6, host, &v6) == 1) {
        put_byte(handshake, ADDRESS_V6);
        put(handshake, &v6, sizeof v6);
    } else {
        put_byte(handshake, ADDRESS_NAME);
        put_counted(handshake, host);
    }
    put_byte(handshake, port >> 8);
    put_byte(handshake, port & 0xFF);
}

static bool is_host(const char *host)
{
    size_t len = strlen(host);
    for (const char *c = host; *c; c++)
        if (*c <= 0x20 || *c >= 0x7F || strchr("/?#@[]", *c))
            return false;
    return len > 0 && len <= HOST_MAX;
}

enum ws_error ws_proxy_begin(struct ws_proxy_handshake *handshake, const struct ws_proxy *proxy,
                             const char *host, uint16_t port)
{
    bool socks = proxy->kind == WS_PROXY_SOCKS5;
    size_t max = socks ? WS_PROXY_SOCKS_PASSWORD_MAX : WS_PROXY_PASSWORD_MAX;
    /* The buffers are not cleared: they are written before they are read, and there may be many. */
    handshake->state = socks ? WS_PROXY_METHOD : WS_PROXY_HEAD;
    handshake->has_password = proxy->user != NULL;
    handshake->sent = handshake->due = handshake->password_end = handshake->out_len =
        handshake->taken = handshake->in_len = 0;
    handshake->failure[0] = '\0';
    if (!is_host(host) || (proxy->user && strlen(proxy->user) > WS_PROXY_USER_MAX) ||
        (proxy->password && strlen(proxy->password) > max)) {
        handshake->state = WS_PROXY_FAILED;
        return WS_E_ARGUMENT;
    }
    (socks ? write_socks : write_connect)(handshake, proxy, host, port);
    return WS_OK;
}

const uint8_t *ws_proxy_output(const struct ws_proxy_handshake *handshake, size_t *len)
{
    *len = handshake->due - handshake->sent;
    return handshake->out + handshake->sent;
}

void ws_proxy_sent(struct ws_proxy_handshake *handshake, size_t len)
{
    handshake->sent += len;
}

/* --- what is received --- */

__attribute__((format(printf, 2, 3))) static enum ws_error
fail(struct ws_proxy_handshake *handshake, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(handshake->failure, sizeof handshake->failure, format, args);
    va_end(args);
    handshake->state = WS_PROXY_FAILED;
    handshake->sent = handshake->due;
    return WS_E_PROXY;
}

/* True if the proxy accepts Basic, or does not say what it accepts. */
static bool wants_basic(const struct ws_proxy_handshake *handshake)
{
    int found = -1;
    bool any = false;
    while ((found = ws_http_find(&handshake->head, handshake->in, "Proxy-Authenticate",
                                 found + 1)) >= 0) {
        struct ws_str list = ws_http_value(&handshake->head, handshake->in, (size_t)found), one;
        any = true;
        while (ws_http_list_next(&list, &one))
            if (one.len >= 5 && strncasecmp(one.p, "Basic", 5) == 0 &&
                (one.len == 5 || one.p[5] == ' ' || one.p[5] == '\t'))
                return true;
    }
    return !any;
}

static enum ws_error judge_status(struct ws_proxy_handshake *handshake)
{
    const struct ws_http_head *head = &handshake->head;
    if (head->status >= 200 && head->status < 300) {
        handshake->state = WS_PROXY_DONE;
        return WS_OK;
    }
    if (head->status >= 100 && head->status < 200 && head->status != 101) {
        /* An interim answer (RFC 9110 15.2): the one that counts follows. */
        handshake->in_len = 0;
        ws_http_init(&handshake->head, true, WS_PROXY_ANSWER_MAX);
        return WS_MORE;
    }
    if (head->status == 407) {
        if (!wants_basic(handshake))
            return fail(handshake,
                        "the proxy wants a password in a way that is not spoken here (407)");
        return fail(handshake, handshake->has_password ? "the proxy refused the password (407)"
                                                       : "the proxy wants a password (407)");
    }
    if (head->status == 401 && handshake->has_password) /* as some proxies answer in place of 407 */
        return fail(handshake, "the proxy refused the password (401)");
    char reason[QUOTED_MAX + 1];
    struct ws_str said = ws_http_reason(head, handshake->in);
    size_t len = said.len < QUOTED_MAX ? said.len : QUOTED_MAX;
    for (size_t i = 0; i < len; i++)
        reason[i] = said.p[i] >= 0x20 && said.p[i] < 0x7F ? said.p[i] : '?';
    reason[len] = '\0';
    return fail(handshake, "the proxy refused: %u%s%s", head->status, len ? " " : "", reason);
}

static enum ws_error step_head(struct ws_proxy_handshake *handshake)
{
    if (handshake->in_len == 1 && handshake->in[0] == SOCKS_VERSION)
        return fail(handshake, "this is no HTTP proxy: it answered SOCKS5");
    if (handshake->in_len == 1 && handshake->in[0] == TLS_ALERT)
        return fail(handshake, "this is no HTTP proxy: it answered TLS");
    enum ws_error error = ws_http_parse(&handshake->head, handshake->in, handshake->in_len);
    switch (error) {
    case WS_OK:
        return judge_status(handshake);
    case WS_MORE:
        return WS_MORE;
    case WS_E_HTTP_TLS:
        return fail(handshake, "this is no HTTP proxy: it answered TLS");
    case WS_E_HTTP_TOO_LARGE:
    case WS_E_HTTP_TOO_MANY_HEADERS:
        return fail(handshake, "the proxy's answer is too large");
    default:
        return fail(handshake, "the proxy's answer is no HTTP: %s",
                    ws_error_info(error)->explanation);
    }
}

static enum ws_error step_method(struct ws_proxy_handshake *handshake)
{
    unsigned version = (uint8_t)handshake->in[0];
    if (version == 'H')
        return fail(handshake, "this is no SOCKS5 proxy: it answered HTTP");
    if (version != SOCKS_VERSION)
        return fail(handshake, "this is no SOCKS5 proxy: its answer begins with byte 0x%02X",
                    version);
    if (handshake->in_len < 2)
        return WS_MORE;
    switch ((uint8_t)handshake->in[1]) {
    case NO_PASSWORD:
        handshake->state = WS_PROXY_REPLY;
        handshake->sent = handshake->password_end;
        handshake->due = handshake->out_len;
        break;
    case USER_PASSWORD:
        if (!handshake->has_password)
            return fail(handshake, "the proxy chose a way of authentication that was not offered");
        handshake->state = WS_PROXY_PASSWORD;
        handshake->due = handshake->password_end;
        break;
    case NO_METHOD:
        return fail(handshake, handshake->has_password
                                   ? "the proxy takes no password, and wants authentication"
                                   : "the proxy wants a password");
    default:
        return fail(handshake, "the proxy chose a way of authentication that was not offered");
    }
    handshake->in_len = 0;
    return WS_MORE;
}

static enum ws_error step_password(struct ws_proxy_handshake *handshake)
{
    if ((uint8_t)handshake->in[0] != PASSWORD_VERSION)
        return fail(handshake, "SOCKS5: the answer to the password begins with byte 0x%02X",
                    (uint8_t)handshake->in[0]);
    if (handshake->in_len < 2)
        return WS_MORE;
    if (handshake->in[1] != 0)
        return fail(handshake, "the proxy refused the password");
    handshake->state = WS_PROXY_REPLY;
    handshake->due = handshake->out_len;
    handshake->in_len = 0;
    return WS_MORE;
}

/* RFC 1928 6 */
static enum ws_error refused(struct ws_proxy_handshake *handshake, unsigned reply)
{
    static const char *const words[] = {
        [1] = "general failure",       [2] = "not allowed by its rules",
        [3] = "network unreachable",   [4] = "host unreachable",
        [5] = "connection refused",    [6] = "time to live expired",
        [7] = "command not supported", [8] = "address type not supported",
    };
    if (reply >= sizeof words / sizeof words[0])
        return fail(handshake, "SOCKS5: refused with code 0x%02X", reply);
    return fail(handshake, "SOCKS5: %s", words[reply]);
}

static enum ws_error step_reply(struct ws_proxy_handshake *handshake)
{
    const uint8_t *in = (const uint8_t *)handshake->in;
    if (in[0] != SOCKS_VERSION)
        return fail(handshake, "SOCKS5: the reply begins with byte 0x%02X", in[0]);
    if (handshake->in_len >= 2 && in[1] != 0)
        return refused(handshake, in[1]);
    if (handshake->in_len < 5)
        return WS_MORE;
    /* in[2] is reserved. The address is not needed, but its length is. */
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
        return fail(handshake, "SOCKS5: the reply has an address of type 0x%02X", in[3]);
    }
    if (handshake->in_len < 4 + address + 2)
        return WS_MORE;
    handshake->state = WS_PROXY_DONE;
    return WS_OK;
}

static enum ws_error step(struct ws_proxy_handshake *handshake)
{
    switch (handshake->state) {
    case WS_PROXY_HEAD:
        return step_head(handshake);
    case WS_PROXY_METHOD:
        return step_method(handshake);
    case WS_PROXY_PASSWORD:
        return step_password(handshake);
    case WS_PROXY_REPLY:
        return step_reply(handshake);
    case WS_PROXY_DONE:
        return fail(handshake, "the proxy sent bytes after its answer");
    case WS_PROXY_FAILED:
        break;
    }
    return WS_E_PROXY;
}

/* A byte at a time, so that fragmentation makes no difference; an answer is short. */
enum ws_error ws_proxy_feed(struct ws_proxy_handshake *handshake, const void *bytes, size_t len)
{
    const char *p = bytes;
    enum ws_error error = handshake->state == WS_PROXY_DONE     ? WS_OK
                          : handshake->state == WS_PROXY_FAILED ? WS_E_PROXY
                                                                : WS_MORE;
    for (size_t i = 0; i < len && (error == WS_MORE || error == WS_OK); i++) {
        if (handshake->sent < handshake->due)
            return fail(handshake, "the proxy answered before it was asked");
        if (handshake->taken == WS_PROXY_ANSWER_MAX)
            return fail(handshake, "the proxy's answer is too large");
        handshake->taken++;
        handshake->in[handshake->in_len++] = p[i];
        error = step(handshake);
    }
    return error;
}

enum ws_error ws_proxy_ended(struct ws_proxy_handshake *handshake)
{
    if (handshake->state == WS_PROXY_FAILED)
        return WS_E_PROXY;
    if (handshake->taken == 0)
        return fail(handshake, "the proxy hung up without an answer");
    return fail(handshake, "the proxy hung up before it was done");
}

const char *ws_proxy_failure(const struct ws_proxy_handshake *handshake)
{
    return handshake->failure;
}

void ws_proxy_wipe(struct ws_proxy_handshake *handshake)
{
    explicit_bzero(handshake->out, sizeof handshake->out);
    explicit_bzero(handshake->in, handshake->in_len);
    handshake->sent = handshake->due = handshake->out_len = handshake->in_len = 0;
    handshake->state = WS_PROXY_FAILED;
}
