/*
 * settings_tls: the options of TLS. A part of struct settings; certificates.c carries it out.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_TLS_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_TLS_H

#include "cmd/common/options/options.h"

#include <stdbool.h>

struct settings_tls {
    bool on; /* --tls, or implied */
    const char *certificate, *key, *passphrase;
    const char *client_ca; /* NULL: clients need no certificate */
    bool self_signed;
};

enum { SETTINGS_TLS_ROWS = 7 };
extern const struct option_row settings_tls_rows[SETTINGS_TLS_ROWS];

/* Do they fit together? Sets `on` where it is implied. False after a usage error was printed, with
 * `options->status`. */
bool settings_tls_check(struct settings_tls *settings, struct options *options);

#endif
