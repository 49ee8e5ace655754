/*
 * settings_tls: what wsserve was asked to do about TLS. A part of struct settings; secure.c carries
 * it out.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_TLS_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_TLS_H

#include "cmd/common/options.h"

#include <stdbool.h>

struct settings_tls {
    bool on; /* --tls, or what implies it */
    const char *certificate, *key, *passphrase;
    const char *client_ca; /* NULL: clients need no certificate */
    bool self_signed;
};

enum { SETTINGS_TLS_ROWS = 7 };
extern const struct option_row settings_tls_rows[SETTINGS_TLS_ROWS];

/* Do they fit together? False after a fault that was told, with `options->status`. */
bool settings_tls_check(struct settings_tls *settings, struct options *options);

#endif
