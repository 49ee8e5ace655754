/*
 * settings_http: the options of requests: who may enter, what is served beside WebSockets, what
 * answers carry. A part of struct settings; access_rules, answer_policy and http carry it out.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_HTTP_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_HTTP_H

#include "cmd/common/options/options.h"

#include <stdbool.h>
#include <stdint.h>

struct settings_http {
    /* Access. */
    struct option_list origin;
    bool same_origin;
    struct option_list host_allow;
    const char *auth;                     /* "USER:PASSWORD", or NULL */
    const char *auth_file;                /* the same, one a line */
    const char *token;                    /* one a line, if it is from a file */
    const char *auth_again, *token_again; /* "@FILE", to be read again on SIGHUP; NULL: neither */
    struct option_list allow, deny, trust_proxy;
    int64_t replay_window_us; /* 0: none */

    /* What is served. */
    const char *path; /* of WebSockets; NULL: any */
    struct option_list subprotocols;
    const char *mode_subprotocol; /* that the mode speaks without --subprotocol; NULL: none */
    bool require_protocol;
    const char *static_dir;
    bool dev_console;
    const char *health; /* paths; NULL: not served */
    const char *metrics;
    const char *admin; /* ADDR:PORT; NULL: none */

    /* What answers carry: every one, the 101, all others. */
    struct option_list header, header_ws, header_http;
};

enum { SETTINGS_HTTP_ROWS = 23 };
extern const struct option_row settings_http_rows[SETTINGS_HTTP_ROWS];

/* Can rules be compiled from these settings? False with one line in `error`, cut to `size` bytes.
 * access_rules_check(); a hook, as access/ stands above options/. */
typedef bool settings_http_checker(const struct settings_http *settings, char *error, size_t size);

/* Is each valid, and do they fit together? False after a usage error was printed, with the exit
 * status in `options->status`. */
bool settings_http_check(const struct settings_http *settings, settings_http_checker *check,
                         struct options *options);

#endif
