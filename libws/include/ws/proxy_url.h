/*
 * proxy_url: URLs of proxies, and NO_PROXY, the list of hosts that are reached without one.
 *
 * Used by client, proxy and the tools. No state, and no access to the environment: the
 * caller passes the text of variables.
 */
#ifndef WS_PROXY_URL_H
#define WS_PROXY_URL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ws_proxy_kind {
    WS_PROXY_HTTP,   /* CONNECT (RFC 9110 9.3.6) */
    WS_PROXY_SOCKS5, /* RFC 1928; names are left to the proxy to resolve */
};

/* Every string is on the heap and belongs to the struct; ws_proxy_free() wipes and frees them. */
struct ws_proxy {
    enum ws_proxy_kind kind;
    char *host; /* without the brackets of an IPv6 address */
    uint16_t port;
    char *user; /* NULL: no user and no password */
    char *password;
};

enum {
    WS_PROXY_USER_MAX = 255,           /* bytes; RFC 1929 2 allows no more */
    WS_PROXY_PASSWORD_MAX = 1024,      /* for HTTP, where tokens serve as passwords */
    WS_PROXY_SOCKS_PASSWORD_MAX = 255, /* RFC 1929 2 */
};

/*
 * Parses `text`: http://[user[:password]@]host[:port], socks5:// and socks5h:// which mean the
 * same, or without a scheme, which is http. User and password are percent-decoded. Without a port
 * it is 80, or 1080 for SOCKS. Returns NULL, and `proxy` owns memory; or one line on what is wrong:
 * constant text without any part of `text`, which may have a password in it.
 */
const char *ws_proxy_parse(const char *text, struct ws_proxy *proxy);

void ws_proxy_free(struct ws_proxy *proxy);

/*
 * True if `list`, the value of NO_PROXY, says that `host` (without brackets) and `port` are
 * reached without a proxy. Entries are parted by commas or white space: a name, which stands for
 * all names below it too, with or without "." or "*." before it; an IP address; a network in CIDR
 * form; each but a network with or without ":port"; or "*" for everything. Letters count in any
 * case, a dot at the end of a name not at all. Entries that make no sense match nothing. NULL is an
 * empty list.
 */
bool ws_proxy_bypassed(const char *list, const char *host, uint16_t port);

#ifdef __cplusplus
}
#endif

#endif
