/*
 * target_tls: the TLS options that the clients among the tools have in common, as rows for their
 * option tables, and the contexts that come of them. A part of target.
 */
#ifndef CMD_COMMON_TARGET_TLS_H
#define CMD_COMMON_TARGET_TLS_H

#include "cmd/common/options.h"
#include <ws/tls_context.h>

#include <stdbool.h>
#include <stddef.h>

/* All zero is what a tool begins with. */
struct target_tls {
    /* Set by the rows. */
    const char *ca;
    const char *certificate, *key, *passphrase;
    bool insecure;
    const char *domain; /* whom the certificate must name; NULL: the URL's host */
    int least;          /* 0: TLS 1.2, 1: 1.3 */

    /* Set by target_tls_read(). */
    struct ws_tls_context *context; /* NULL where the URL asks for no TLS */
    int key_log;                    /* a descriptor, where `logs` */
    bool logs;
};

enum { TARGET_TLS_ROWS = 8 };
extern const struct option_row target_tls_rows[TARGET_TLS_ROWS];

/* Makes a context of them if the URL is `secure`, and opens the file that SSLKEYLOGFILE names.
 * False after a fault, which was told, with `options->status`. To be freed in any case, after all
 * that came of the context. */
bool target_tls_read(struct target_tls *tls, struct options *options, bool secure);

void target_tls_free(struct target_tls *tls);

#endif
