/*
 * cgi: the environment of a process that serves a connection, as websocketd sets it (CGI/1.1 with
 * additions for WebSockets).
 *
 * It starts empty: of our own environment only the variables of --passenv are passed on, and a
 * client's header becomes HTTP_<NAME> only, so no client can set LD_PRELOAD or a proxy.
 */
#ifndef CMD_WSSERVE_BRIDGE_CGI_H
#define CMD_WSSERVE_BRIDGE_CGI_H

#include <ws/handshake.h>

#include <stdbool.h>

/* The default of --passenv. */
#define CGI_PASSENV "PATH,LD_LIBRARY_PATH,HOME,USER,SHELL,LANG,LC_ALL,LC_CTYPE,TZ,TMPDIR"

/* All borrowed for the call. A string that is NULL makes an empty variable. */
struct cgi_request {
    const struct ws_request *request; /* NULL: a process that serves no single connection */
    const char *script_name;          /* the part of the path that named the program; NULL: "/" */
    struct ws_str path_info;          /* the rest of it, decoded; p NULL: the whole path */
    const char *path_translated;      /* the file of the program, under --dir */
    const char *address;              /* the client's: "127.0.0.1", "::1", "unix" */
    unsigned port;                    /* 0: none is known */
    const char *user;                 /* that a password authenticated */
    const char *unique_id;            /* the connection's name */
    const char *passenv; /* names of our own variables, commas between; NULL: CGI_PASSENV */
    bool https;
};

/*
 * The environment as execve takes it: NULL-ended, in one piece of memory, to be freed with free().
 * NULL without memory.
 *
 * Of each header name one variable: "User-Agent" becomes HTTP_USER_AGENT, what came more than once
 * is joined by commas (Cookie by semicolons). Left out: Proxy, since programs use HTTP_PROXY as
 * their proxy; names with characters other than letters, digits and "-", since "X_Y" would look
 * like "X-Y"; and Authorization if the server itself checked it (`user`).
 */
char **cgi_environment(const struct cgi_request *cgi);

/* Decodes the %XX of `path` into `to`, of path.len + 1 bytes, and appends a NUL. False for a
 * malformed %XX, and for %00. */
bool cgi_decode_path(struct ws_str path, char *to);

#endif
