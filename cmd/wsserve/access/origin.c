#include "cmd/wsserve/access/origin.h"

#include "libws/io/address.h"

#include <string.h>
#include <strings.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool same_text(struct ws_str a, struct ws_str b)
{
    return a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

static bool parse_port(struct ws_str text, uint16_t *port)
{
    unsigned number = 0;
    if (text.len == 0 || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        number = number * 10 + (unsigned)(text.p[i] - '0');
    }
    *port = (uint16_t)number;
    return number >= 1 && number <= 65535;
}

static bool is_v6(struct ws_str host)
{
    struct ws_address address;
    return host.p[0] == '[' && ws_address_parse(host, &address);
}

static bool is_host(struct ws_str host)
{
    if (host.len == 0 || host.len > 255)
        return false;
    if (host.p[0] == '[')
        return is_v6(host);
    for (size_t i = 0; i < host.len; i++)
        if (!is_alnum(host.p[i]) && !strchr("-._", host.p[i]))
            return false;
    return host.p[0] != '.' && host.p[0] != '-';
}

bool ws_host_parse(struct ws_str text, struct ws_str *host, uint16_t *port)
{
    size_t len = 0;
    *port = 0;
    *host = text;
    if (text.len > 0 && memchr(text.p, '\0', text.len))
        return false;
    if (text.len > 0 && text.p[0] == '[') {
        const char *end = memchr(text.p, ']', text.len);
        len = end ? (size_t)(end - text.p) + 1 : text.len;
    } else {
        const char *colon = text.len ? memchr(text.p, ':', text.len) : NULL;
        len = colon ? (size_t)(colon - text.p) : text.len;
    }
    host->len = len;
    if (!is_host(*host))
        return false;
    if (len == text.len)
        return true;
    return text.p[len] == ':' &&
           parse_port((struct ws_str){text.p + len + 1, text.len - len - 1}, port);
}

bool ws_origin_parse(struct ws_str text, struct ws_origin *origin)
{
    size_t len = 0;
    *origin = (struct ws_origin){.scheme = {text.p, 0}};
    while (len < text.len && (is_alnum(text.p[len]) || strchr("+-.", text.p[len])) &&
           text.p[len] != '\0')
        len++;
    if (len == 0 || text.len - len < 4 || memcmp(text.p + len, "://", 3) != 0)
        return false;
    origin->scheme.len = len;
    return ws_host_parse((struct ws_str){text.p + len + 3, text.len - len - 3}, &origin->host,
                         &origin->port);
}

bool ws_origin_rule_parse(struct ws_str text, struct ws_origin *rule)
{
    if (ws_origin_parse(text, rule))
        return true;
    *rule = (struct ws_origin){.scheme = {text.p, 0}};
    /* Any sandboxed frame has the origin null: no rule can allow a particular one. */
    if (ws_str_equal_case(text, "null") || !ws_host_parse(text, &rule->host, &rule->port))
        return false;
    rule->any_port = rule->port == 0;
    return true;
}

/* 0: the scheme has no port of its own. */
static uint16_t default_port(struct ws_str scheme)
{
    if (ws_str_equal_case(scheme, "http") || ws_str_equal_case(scheme, "ws"))
        return 80;
    if (ws_str_equal_case(scheme, "https") || ws_str_equal_case(scheme, "wss"))
        return 443;
    return 0;
}

static bool same_host(struct ws_str a, struct ws_str b)
{
    struct ws_address x, y;
    if (same_text(a, b))
        return true;
    /* An IPv6 address has more spellings than one. */
    return a.len > 0 && b.len > 0 && a.p[0] == '[' && b.p[0] == '[' && ws_address_parse(a, &x) &&
           ws_address_parse(b, &y) && memcmp(x.ip, y.ip, sizeof x.ip) == 0;
}

static uint16_t effective(uint16_t port, struct ws_str scheme)
{
    return port ? port : default_port(scheme);
}

bool ws_origin_matches(const struct ws_origin *rule, const struct ws_origin *origin)
{
    if (rule->scheme.len > 0 ? !same_text(rule->scheme, origin->scheme)
                             : default_port(origin->scheme) == 0)
        return false;
    return same_host(rule->host, origin->host) &&
           (rule->any_port ||
            effective(rule->port, origin->scheme) == effective(origin->port, origin->scheme));
}

bool ws_origin_is_same(const struct ws_origin *origin, struct ws_str host_header, bool secure)
{
    struct ws_origin here = {.scheme = {"https", secure ? 5 : 0}};
    return ws_host_parse(host_header, &here.host, &here.port) && ws_origin_matches(&here, origin);
}

bool ws_host_is_literal(struct ws_str host_header)
{
    struct ws_address address;
    struct ws_str host;
    uint16_t port;
    return ws_host_parse(host_header, &host, &port) &&
           (ws_str_equal_case(host, "localhost") || ws_address_parse(host, &address));
}

bool ws_host_matches(struct ws_str rule, struct ws_str host_header)
{
    struct ws_str wanted, host;
    uint16_t wanted_port, port;
    if (!ws_host_parse(rule, &wanted, &wanted_port) || !ws_host_parse(host_header, &host, &port) ||
        !same_host(wanted, host))
        return false;
    /* Without TLS here, the omitted port may be 80 or 443. */
    bool left_out = port == 0 && (wanted_port == 80 || wanted_port == 443);
    return wanted_port == 0 || wanted_port == port || left_out;
}
