/*
 * url: ws, wss and ws+unix URLs (RFC 6455 section 3), taken apart.
 *
 * Used by client, proxy_url and the tools. No state; any thread may call it.
 */
#ifndef WS_URL_H
#define WS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every string is on the heap and belongs to the struct; ws_url_free() frees them. */
struct ws_url {
    bool secure;     /* wss, wss+unix */
    char *unix_path; /* ws+unix, wss+unix; else NULL */
    char *host;      /* without the brackets of an IPv6 address, which may have a zone after a %,
                      * "fe80::1%eth0"; "localhost" for ws+unix */
    uint16_t port;
    bool has_port;   /* the text names one; else it is the scheme's default */
    char *target;    /* path and query, as in the request: "/chat?room=1" */
    char *authority; /* for the Host header: without the scheme's default port and a zone */
    char *user_info; /* "user:password" before an @, percent-decoded, or NULL */
};

enum ws_url_error {
    WS_URL_OK,
    WS_URL_NO_MEMORY,
    WS_URL_SCHEME,    /* neither ws, wss, http, https, ws+unix nor wss+unix */
    WS_URL_HOST,      /* the host is missing or malformed */
    WS_URL_PORT,      /* the port is not a number from 1 to 65535 */
    WS_URL_FRAGMENT,  /* a # may not be in a WebSocket URL (3) */
    WS_URL_CHARACTER, /* a control character, or a space before the path */
    WS_URL_USER,      /* a NUL (%00) in the user or the password */
    WS_URL_NAME,      /* a host name outside ASCII that IDNA 2008 does not know */
    WS_URL_PATH,      /* the path of a unix socket is missing or too long */
    WS_URL_SLASHES,   /* a scheme with // or :/ after it instead of ://, which would be a host */
};

/*
 * Parses `text`: ws://host[:port][/path][?query], wss://, http:// and https:// (for ws and
 * wss), host[:port][/path] without a scheme (ws), PORT or :PORT with or without a path for
 * localhost, ws+unix:/path/to/socket[:/target] (or with //), and wss+unix: for TLS on such a
 * socket. An IPv6 address may have a zone, [fe80::1%25eth0] (RFC 6874). In path and query spaces
 * and what is outside ASCII are percent-encoded; a host name in UTF-8 gets its ASCII form (xn--).
 * On WS_URL_OK `url` owns memory; else it owns none.
 */
enum ws_url_error ws_url_parse(const char *text, struct ws_url *url);

void ws_url_free(struct ws_url *url);

/* Parses host[:port] or [address][:port], the `len` bytes at `text`: sets `*host`, from malloc and
 * without brackets and in ASCII, and `*port`, unless there is none. WS_URL_OK; WS_URL_HOST,
 * WS_URL_PORT, WS_URL_NAME or WS_URL_NO_MEMORY, with NULL in `*host`. */
enum ws_url_error ws_url_host_port(const char *text, size_t len, char **host, uint16_t *port);

/* Percent-decodes `len` bytes; invalid escapes stay as they are. From malloc; NULL without memory.
 */
char *ws_url_decode(const char *text, size_t len);

/* One line, no full stop: "the host is missing". Constant. */
const char *ws_url_error_text(enum ws_url_error error);

#ifdef __cplusplus
}
#endif

#endif
