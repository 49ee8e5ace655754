/*
 * origin: which pages may talk to a server (RFC 6454; RFC 6455 4.2.2, 10.2), and by which names.
 *
 * A browser says with Origin where the page comes from, and lets any page open a socket to
 * anywhere, to the user's own machine too: a server that does not look serves them all. With DNS
 * rebinding such a page even seems to be the server's own: its name has been made to lead here,
 * which only the Host header tells. Both are compared whole and exactly: scheme, host and port;
 * never by their beginning or end. Pure functions.
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
};

/* "https://example.com", "http://[::1]:8080", as browsers write them: nothing before or behind.
 * False for "null" and for what is malformed: a bad port, a path, a user, two origins. */
bool ws_origin_parse(struct ws_str text, struct ws_origin *origin);

/* A rule: the same, or without its scheme: "example.com", "example.com:8080". */
bool ws_origin_rule_parse(struct ws_str text, struct ws_origin *rule);

/* Scheme, host and port are the same; ASCII letters in any case, defaults filled in. */
bool ws_origin_matches(const struct ws_origin *rule, const struct ws_origin *origin);

/* Is it a page of this server, which the client called `host` (a Host header)? The port that Host
 * leaves out is that of the origin's scheme. `secure`: over TLS, so that pages of plain HTTP are
 * another server's; without, TLS may end at a proxy before this server, and both schemes will do.
 */
bool ws_origin_is_same(const struct ws_origin *origin, struct ws_str host, bool secure);

/* A Host header or a rule for one: "example.com:8080". `*port` is 0 where there is none. */
bool ws_host_parse(struct ws_str text, struct ws_str *host, uint16_t *port);

/* Can the name in this Host header not have been made up by a page? So it is with an IP address and
 * with localhost. */
bool ws_host_is_literal(struct ws_str host_header);

/* Does the Host header name the host of `rule`, on its port if the rule has one? */
bool ws_host_matches(struct ws_str rule, struct ws_str host_header);

#endif
