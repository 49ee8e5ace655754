/*
 * cgi: the environment of a process that serves a connection, as websocketd has it (CGI/1.1 with
 * what WebSockets add).
 *
 * It is made from nothing: of our own environment only what --passenv names is handed on, and a
 * client's header reaches it only as HTTP_<NAME>, so no client sets LD_PRELOAD or a proxy.
 */
#ifndef CMD_WSSERVE_BRIDGE_CGI_H
#define CMD_WSSERVE_BRIDGE_CGI_H

#include <ws/handshake.h>

#include <stdbool.h>

/* What --passenv hands on where nothing else was said. */
#define CGI_PASSENV "PATH,LD_LIBRARY_PATH,HOME,USER,SHELL,LANG,LC_ALL,LC_CTYPE,TZ,TMPDIR"

/* All borrowed for the call. Strings may be NULL: the variable is empty then. */
struct cgi_request {
    const struct ws_request *request; /* NULL: a process that serves no single connection */
    const char *script_name;          /* the part of the path that named the program; NULL: "/" */
    struct ws_str path_info;          /* the rest of it, decoded; p NULL: the whole path */
    const char *path_translated;      /* the file of the program, under --dir */
    const char *address;              /* the client's: "127.0.0.1", "::1", "unix" */
    unsigned port;                    /* 0: none is known */
    const char *user;                 /* whom the server let in by a password */
    const char *unique_id;            /* the connection's name */
    const char *passenv; /* names of our own variables, commas between; NULL: CGI_PASSENV */
    bool https;
};

/*
 * The environment as execve takes it: NULL-ended, in one piece of memory, to be freed with free().
 * NULL without memory.
 *
 * Of each header name one variable: "User-Agent" becomes HTTP_USER_AGENT, what came more than once
 * is joined by commas (Cookie by semicolons). Left out: Proxy, since programs take HTTP_PROXY for
 * the proxy to use; names with other characters than letters, digits and "-", since "X_Y" would
 * pass for "X-Y"; and Authorization where the server itself judged it (`user`).
 */
char **cgi_environment(const struct cgi_request *cgi);

/* Decodes %XX of `path` into `to`, which has room for path.len + 1 bytes; ends it in NUL. False for
 * what is no %XX, and for %00. */
bool cgi_decode_path(struct ws_str path, char *to);

/* Cuts the target of a request at its "?", and off what a proxy's absolute URL has before its path.
 */
void cgi_split_target(struct ws_str target, struct ws_str *path, struct ws_str *query);

#endif
