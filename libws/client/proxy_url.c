#include <ws/proxy_url.h>

#include "libws/io/address.h"
#include <ws/url.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char no_memory[] = "out of memory";

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void ws_proxy_free(struct ws_proxy *proxy)
{
    free(proxy->host);
    wipe(proxy->user);
    wipe(proxy->password);
    *proxy = (struct ws_proxy){0};
}

/* --- URLs --- */

/* Sets the kind; returns what follows "://", or NULL for an unknown scheme. */
static const char *take_scheme(const char *text, struct ws_proxy *proxy)
{
    static const struct {
        const char *prefix;
        enum ws_proxy_kind kind;
    } schemes[] = {{"http://", WS_PROXY_HTTP},
                   {"socks5://", WS_PROXY_SOCKS5},
                   {"socks5h://", WS_PROXY_SOCKS5}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].prefix);
        if (strncasecmp(text, schemes[i].prefix, len) == 0) {
            proxy->kind = schemes[i].kind;
            return text + len;
        }
    }
    proxy->kind = WS_PROXY_HTTP;
    return strncmp(text + strcspn(text, ":/@"), "://", 3) == 0 ? NULL : text;
}

/* A user or a password of `len` bytes, decoded. */
static const char *decode(const char *text, size_t len, char **to)
{
    for (size_t i = 0; i + 2 < len; i++)
        if (memcmp(text + i, "%00", 3) == 0)
            return "there is a %00 in the user name or the password";
    *to = ws_url_decode(text, len);
    if (!*to)
        return no_memory;
    for (const char *c = *to; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) /* RFC 7617 2 */
            return "there is a control character in the user name or the password";
    return NULL;
}

/* user[:password], `len` bytes of it */
static const char *take_user(const char *text, size_t len, struct ws_proxy *proxy)
{
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon ? (size_t)(colon - text) : len;
    const char *password = colon ? colon + 1 : text + len;
    const char *wrong = decode(text, user_len, &proxy->user);
    if (!wrong)
        wrong = decode(password, len - (size_t)(password - text), &proxy->password);
    if (wrong)
        return wrong;
    size_t users = strlen(proxy->user), passwords = strlen(proxy->password);
    bool socks = proxy->kind == WS_PROXY_SOCKS5;
    if (users > WS_PROXY_USER_MAX)
        return "the user name is longer than 255 bytes";
    if (passwords > (socks ? WS_PROXY_SOCKS_PASSWORD_MAX : WS_PROXY_PASSWORD_MAX))
        return socks ? "the password is longer than 255 bytes"
                     : "the password is longer than 1024 bytes";
    if (socks && (users == 0 || passwords == 0))
        return "SOCKS5 knows no empty user name and no empty password";
    if (!socks && strchr(proxy->user, ':'))
        return "HTTP knows no user name with a colon in it";
    return NULL;
}

static const char *parse(const char *text, struct ws_proxy *proxy)
{
    const char *rest = take_scheme(text, proxy);
    if (!rest)
        return "the scheme is none of http, socks5, socks5h";
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7F)
            return "it has a character that must be percent-encoded";
    size_t len = strlen(rest);
    if (len > 0 && rest[len - 1] == '/')
        len--;
    const char *at = memrchr(rest, '@', len);
    const char *host = at ? at + 1 : rest;
    size_t host_len = len - (size_t)(host - rest);
    const char *wrong = at ? take_user(rest, (size_t)(at - rest), proxy) : NULL;
    if (wrong)
        return wrong;
    if (memchr(host, '/', host_len) || memchr(host, '?', host_len) || memchr(host, '#', host_len))
        return "a proxy has no path";
    proxy->port = proxy->kind == WS_PROXY_SOCKS5 ? 1080 : 80;
    switch (ws_url_host_port(host, host_len, &proxy->host, &proxy->port)) {
    case WS_URL_OK:
        return NULL;
    case WS_URL_NO_MEMORY:
        return no_memory;
    case WS_URL_PORT:
        return ws_url_error_text(WS_URL_PORT);
    case WS_URL_NAME:
        return ws_url_error_text(WS_URL_NAME);
    default:
        return ws_url_error_text(WS_URL_HOST);
    }
}

const char *ws_proxy_parse(const char *text, struct ws_proxy *proxy)
{
    *proxy = (struct ws_proxy){0};
    const char *wrong = parse(text, proxy);
    if (wrong)
        ws_proxy_free(proxy);
    return wrong;
}

/* --- hosts that are reached without a proxy --- */

static struct ws_str without_dots(struct ws_str name)
{
    if (name.len > 0 && name.p[name.len - 1] == '.')
        name.len--;
    return name;
}

/* Takes ":port" off the end of an entry; false when it has another port. An IPv6 address has colons
 * of its own, and brackets if a port follows. */
static bool take_port(struct ws_str *entry, uint16_t port)
{
    struct ws_host_port split;
    enum ws_host_port_error error = ws_host_port_parse(*entry, &split);
    if (!split.bracketed && memchr(split.host.p, ':', split.host.len))
        return true;
    if (error != WS_HOST_PORT_OK)
        return false;
    *entry = split.host;
    return !split.has_port || split.port == port;
}

static bool name_matches(struct ws_str entry, struct ws_str host)
{
    if (entry.len > 1 && entry.p[0] == '*' && entry.p[1] == '.')
        entry = (struct ws_str){entry.p + 1, entry.len - 1};
    if (entry.len > 0 && entry.p[0] == '.')
        entry = (struct ws_str){entry.p + 1, entry.len - 1};
    entry = without_dots(entry);
    if (entry.len == 0 || entry.len > host.len)
        return false;
    size_t before = host.len - entry.len;
    return strncasecmp(host.p + before, entry.p, entry.len) == 0 &&
           (before == 0 || host.p[before - 1] == '.');
}

static bool matches(struct ws_str entry, struct ws_str host, const struct ws_address *address,
                    uint16_t port)
{
    struct ws_network network;
    if (entry.len == 1 && entry.p[0] == '*')
        return true;
    if (!take_port(&entry, port))
        return false;
    if (address->kind != WS_ADDRESS_IP)
        return name_matches(entry, host);
    return ws_network_parse(entry, &network) && ws_network_has(&network, address);
}

bool ws_proxy_bypassed(const char *list, const char *host, uint16_t port)
{
    static const char between[] = ", \t\r\n";
    struct ws_address address;
    struct ws_str name = without_dots((struct ws_str){host, strlen(host)});
    /* One colon would be a port, but a host is alone here. */
    if (!ws_address_parse(name, &address) || address.port != 0)
        address.kind = WS_ADDRESS_UNKNOWN;
    for (const char *p = list ? list : ""; *(p += strspn(p, between));) {
        struct ws_str entry = {p, strcspn(p, between)};
        if (matches(entry, name, &address, port))
            return true;
        p += entry.len;
    }
    return false;
}
