#include <ws/url.h>

#include "libws/io/address.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

enum { HOST_MAX = 255 /* bytes; a name in DNS has 253 */ };

const char *ws_url_error_text(enum ws_url_error error)
{
    static const char *const texts[] = {
        [WS_URL_OK] = "no error",
        [WS_URL_NO_MEMORY] = "out of memory",
        [WS_URL_SCHEME] = "the scheme is none of ws, wss, http, https, ws+unix",
        [WS_URL_HOST] = "the host is missing or malformed",
        [WS_URL_PORT] = "the port is not a number from 1 to 65535",
        [WS_URL_FRAGMENT] = "a WebSocket URL has no fragment: write # as %23",
        [WS_URL_CHARACTER] = "it has a control character, or a space before the path",
        [WS_URL_USER] = "the user or the password has a NUL (%00)",
        [WS_URL_NAME] = "the host is not a valid internationalized name (IDNA 2008)",
        [WS_URL_PATH] = "the path of the unix socket is missing or too long",
        [WS_URL_SLASHES] = "the scheme is followed by other characters than ://",
    };
    return texts[error];
}

void ws_url_free(struct ws_url *url)
{
    free(url->unix_path);
    free(url->host);
    free(url->target);
    free(url->authority);
    free(url->user_info);
    memset(url, 0, sizeof *url);
}

/* `authority_end` is where the path begins: there spaces are encoded (see make_target()). */
static enum ws_url_error find_bad_character(const char *text, const char *authority_end)
{
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7F || (c == ' ' && p < authority_end))
            return WS_URL_CHARACTER;
    }
    return WS_URL_OK;
}

/* The target from "/path?query", "?query" or nothing. What a browser's address bar takes is encoded
 * as a browser does it: spaces, and the bytes of what is outside ASCII. */
static char *make_target(const char *rest)
{
    static const char digits[] = "0123456789ABCDEF";
    char *target = malloc(3 * strlen(rest) + 2), *at = target;
    if (!target)
        return NULL;
    if (*rest != '/')
        *at++ = '/';
    for (; *rest; rest++) {
        unsigned char c = (unsigned char)*rest;
        if (c > 0x20 && c < 0x7F) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    *at = '\0';
    return target;
}

/* ws+unix:/socket[:/target] */
static enum ws_url_error parse_unix(const char *rest, struct ws_url *url)
{
    if (strncmp(rest, "//", 2) == 0)
        rest += 2;
    size_t len = strcspn(rest, ":");
    if (len == 0 || len >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return WS_URL_PATH;
    url->unix_path = strndup(rest, len);
    url->host = strdup("localhost");
    url->authority = strdup("localhost");
    url->target = make_target(rest[len] == ':' ? rest + len + 1 : "/");
    return url->unix_path ? WS_URL_OK : WS_URL_NO_MEMORY;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

char *ws_url_decode(const char *text, size_t len)
{
    char *out = malloc(len + 1), *at = out;
    if (!out)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            *at++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *at++ = text[i];
        }
    }
    *at = '\0';
    return out;
}

/* A name outside ASCII in the form that DNS and Host have, as browsers do it (UTS 46). */
static enum ws_url_error to_ascii(char **host)
{
    static const char of_names[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
    char *ascii = NULL;
    int result = idn2_to_ascii_8z(*host, &ascii, IDN2_NONTRANSITIONAL);
    free(*host);
    *host = NULL;
    /* Characters that stand for a / or an @ must not become one. */
    if (result == IDN2_OK && ascii[strspn(ascii, of_names)])
        result = IDN2_DISALLOWED;
    /* And some mean nothing at all. */
    if (result == IDN2_OK && !*ascii)
        result = IDN2_DISALLOWED;
    if (result == IDN2_OK)
        *host = strdup(ascii);
    idn2_free(ascii);
    if (*host)
        return WS_URL_OK;
    return result == IDN2_OK || result == IDN2_MALLOC ? WS_URL_NO_MEMORY : WS_URL_NAME;
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return !*text;
}

/* The zone of an IPv6 address (RFC 6874): "%25eth0" becomes "%eth0", as getaddrinfo() has it;
 * people write that, too. */
static bool take_zone(char *zone)
{
    static const char of_zones[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "-._~";
    if (zone[0] == '2' && zone[1] == '5')
        memmove(zone, zone + 2, strlen(zone + 2) + 1);
    return *zone && !zone[strspn(zone, of_zones)];
}

/* What is in brackets is an IPv6 address (RFC 3986 3.2.2), with a zone or without. */
static bool take_ipv6(char *host)
{
    struct in6_addr address;
    char *percent = strchr(host, '%');
    if (percent)
        *percent = '\0';
    bool valid = inet_pton(AF_INET6, host, &address) == 1;
    if (percent)
        *percent = '%';
    return valid && (!percent || take_zone(percent + 1));
}

enum ws_url_error ws_url_host_port(const char *text, size_t len, char **host, uint16_t *port)
{
    struct ws_host_port split;
    /* An empty port is the default one (RFC 3986 3.2.3). */
    if (len > 1 && text[len - 1] == ':' && text[len - 2] != ':')
        len--;
    enum ws_host_port_error error = ws_host_port_parse((struct ws_str){text, len}, &split);
    *host = NULL;
    if (error == WS_HOST_PORT_HOST || split.host.len == 0 || split.host.len > HOST_MAX ||
        (!split.bracketed && split.host.p[0] == ':'))
        return WS_URL_HOST;
    /* Without brackets, the port begins after the first colon. */
    if (error == WS_HOST_PORT_PORT || (split.has_port && split.port == 0) ||
        (!split.bracketed && memchr(split.host.p, ':', split.host.len)))
        return WS_URL_PORT;
    if (split.has_port)
        *port = split.port;
    *host = strndup(split.host.p, split.host.len);
    if (!*host)
        return WS_URL_NO_MEMORY;
    if (!split.bracketed && !is_ascii(*host))
        return to_ascii(host);
    /* Only an address may have a %, before its zone. */
    if (is_ascii(*host) && (split.bracketed ? take_ipv6(*host) : !strchr(*host, '%')))
        return WS_URL_OK;
    free(*host);
    *host = NULL;
    return WS_URL_HOST;
}

/* [user@]host[:port], `len` bytes of it */
static enum ws_url_error parse_authority(const char *text, size_t len, struct ws_url *url)
{
    const char *at = memrchr(text, '@', len);
    if (at) {
        url->user_info = ws_url_decode(text, (size_t)(at - text));
        if (!url->user_info)
            return WS_URL_NO_MEMORY;
        if (memmem(text, (size_t)(at - text), "%00", 3))
            return WS_URL_USER;
        len -= (size_t)(at + 1 - text);
        text = at + 1;
    }
    uint16_t own = url->secure ? 443 : 80;
    enum ws_url_error error = ws_url_host_port(text, len, &url->host, &url->port);
    if (error != WS_URL_OK)
        return error;
    url->has_port = url->port != 0; /* which no URL may name */
    url->port = url->has_port ? url->port : own;
    char authority[HOST_MAX + sizeof "[]:65535"];
    char host[HOST_MAX + 1];
    /* A zone means nothing to others, and is not sent (RFC 6874 4). */
    snprintf(host, sizeof host, "%.*s", (int)strcspn(url->host, "%"), url->host);
    ws_host_port_format(host, url->port == own ? -1 : url->port, authority, sizeof authority);
    url->authority = strdup(authority);
    return WS_URL_OK;
}

/* PORT or :PORT, for localhost; else 0. */
static size_t bare_port(const char *text)
{
    size_t colon = *text == ':', digits = strspn(text + colon, "0123456789");
    return digits > 0 && strchr("/?", text[colon + digits]) ? colon + digits : 0;
}

static enum ws_url_error parse_port(const char *text, size_t len, struct ws_url *url)
{
    char authority[sizeof "localhost:65535"];
    if (len > 6)
        return WS_URL_PORT;
    snprintf(authority, sizeof authority, "localhost%s%.*s", *text == ':' ? "" : ":", (int)len,
             text);
    return parse_authority(authority, strlen(authority), url);
}

/* Is it "ws//host" or "ws:/host"? Read as a host with a path, it would lead to a host called ws. */
static bool lacks_colon_or_slash(const char *text)
{
    static const char *const names[] = {"ws", "wss", "http", "https"};
    size_t len = strcspn(text, ":/?");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == len && strncasecmp(text, names[i], len) == 0)
            return strncmp(text + len, "//", 2) == 0 || strncmp(text + len, ":/", 2) == 0;
    return false;
}

static enum ws_url_error parse(const char *text, struct ws_url *url)
{
    static const struct {
        const char *prefix;
        bool secure;
    } schemes[] = {{"ws://", false}, {"wss://", true}, {"http://", false}, {"https://", true}};
    const char *rest = NULL;

    if (strchr(text, '#'))
        return WS_URL_FRAGMENT;
    enum ws_url_error error = find_bad_character(text, text + strcspn(text, "/?"));
    if (error != WS_URL_OK)
        return error;
    url->secure = strncasecmp(text, "wss+unix:", 9) == 0;
    if (url->secure || strncasecmp(text, "ws+unix:", 8) == 0)
        return parse_unix(strchr(text, ':') + 1, url);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && !rest; i++) {
        size_t len = strlen(schemes[i].prefix);
        if (strncasecmp(text, schemes[i].prefix, len) == 0) {
            rest = text + len;
            url->secure = schemes[i].secure;
        }
    }
    if (!rest) {
        if (strncmp(text + strcspn(text, ":/?"), "://", 3) == 0)
            return WS_URL_SCHEME;
        if (lacks_colon_or_slash(text))
            return WS_URL_SLASHES;
        rest = text;
    }
    size_t len = strcspn(rest, "/?");
    size_t port_len = rest == text ? bare_port(text) : 0;
    error = find_bad_character(text, rest + len);
    if (error == WS_URL_OK)
        error = port_len ? parse_port(rest, port_len, url) : parse_authority(rest, len, url);
    if (error == WS_URL_OK)
        url->target = make_target(rest + len);
    return error;
}

enum ws_url_error ws_url_parse(const char *text, struct ws_url *url)
{
    memset(url, 0, sizeof *url);
    enum ws_url_error error = parse(text, url);
    if (error == WS_URL_OK && (!url->host || !url->target || !url->authority))
        error = WS_URL_NO_MEMORY;
    if (error != WS_URL_OK)
        ws_url_free(url);
    return error;
}
