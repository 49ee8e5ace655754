/*
 * target_tls: the TLS options of the client tools, as rows for their option tables, and the TLS
 * context made from them. A part of target.
 */
#ifndef CMD_COMMON_OPTIONS_TARGET_TLS_H
#define CMD_COMMON_OPTIONS_TARGET_TLS_H

#include "cmd/common/options/options.h"
#include <ws/tls_context.h>

#include <stdbool.h>
#include <stddef.h>

/* Starts as all zero. */
struct target_tls {
    /* Set by the rows. */
    const char *ca;
    const char *certificate, *key, *passphrase;
    bool insecure;
    const char *domain; /* the name that the certificate must have; NULL: the URL's host */
    int least;          /* 0: TLS 1.2, 1: 1.3 */

    /* Set by target_tls_read(). */
    struct ws_tls_context *context; /* NULL for a URL without TLS */
    int key_log;                    /* a descriptor if `logs` is set */
    bool logs;
};

enum { TARGET_TLS_ROWS = 8 };
extern const struct option_row target_tls_rows[TARGET_TLS_ROWS];

/* Makes the context, for connections in our `role`, if the URL is `secure`, and opens the file that
 * SSLKEYLOGFILE names. False after an error message, with `options->status`. Free it with
 * target_tls_free() in either case, after all connections that use the context. */
bool target_tls_read(struct target_tls *tls, struct options *options, enum ws_role role,
                     bool secure);

void target_tls_free(struct target_tls *tls);

#endif
