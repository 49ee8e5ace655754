/*
 * origin: which pages may use a server (RFC 6454; RFC 6455 4.2.2, 10.2), and under which names.
 *
 * A browser names the page's origin in Origin, and lets any page open a socket to any address, the
 * user's own machine included: a server that does not check serves every page. With DNS rebinding a
 * foreign page even has the server's own origin, as its name resolves to the server; only Host
 * shows that. Scheme, host and port are compared exactly, never by prefix or suffix. Pure
 * functions.
 */
#ifndef CMD_WSSERVE_ACCESS_ORIGIN_H
#define CMD_WSSERVE_ACCESS_ORIGIN_H

#include <ws/http.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strings point into what was parsed. */
struct ws_origin {
    struct ws_str scheme; /* len 0: only in a rule, for http and https alike */
    struct ws_str host;   /* with the brackets of an IPv6 address */
    uint16_t port;        /* 0: the scheme's own */
    bool any_port;        /* only in a rule */
};

/* "https://example.com", "http://[::1]:8080", as browsers write them, without surrounding text.
 * False for "null" and for what is malformed: a bad port, a path, a user, two origins. */
bool ws_origin_parse(struct ws_str text, struct ws_origin *origin);

/* A rule: the same, or without its scheme: "example.com:8080"; "example.com" is that host on any
 * port, as in websocketd. */
bool ws_origin_rule_parse(struct ws_str text, struct ws_origin *rule);

/* Scheme, host and port are the same; ASCII letters in any case, defaults filled in. */
bool ws_origin_matches(const struct ws_origin *rule, const struct ws_origin *origin);

/* Is it a page of this server, which the client called `host` (a Host header)? A port that Host
 * leaves out is the default of the origin's scheme. `secure`: over TLS, so that http:// origins do
 * not match; without, a proxy may terminate TLS, and both schemes match. */
bool ws_origin_is_same(const struct ws_origin *origin, struct ws_str host, bool secure);

/* A Host header or a rule for one: "example.com:8080". `*port` is 0 where there is none. */
bool ws_host_parse(struct ws_str text, struct ws_str *host, uint16_t *port);

/* Is the name in this Host header one that DNS rebinding cannot produce: an IP address or
 * localhost? */
bool ws_host_is_literal(struct ws_str host_header);

/* Does the Host header name the host of `rule`, on its port if the rule has one? */
bool ws_host_matches(struct ws_str rule, struct ws_str host_header);

#endif
