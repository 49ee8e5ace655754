/*
 * answer_policy: what answers carry besides what they say: the user's headers and the subprotocols.
 *
 * Compiled from the settings, constant after that: any thread may read it.
 */
#ifndef CMD_WSSERVE_REQUEST_ANSWER_POLICY_H
#define CMD_WSSERVE_REQUEST_ANSWER_POLICY_H

#include "cmd/wsserve/options/settings_http.h"
#include <ws/handshake.h>

enum { ANSWER_HEADERS_MAX = 24 }; /* of the user's, in one answer */

struct answer_policy {
    const char **subprotocols;      /* that are accepted; NULL-ended */
    struct ws_header *headers_ws;   /* of a 101: --header, --header-ws */
    struct ws_header *headers_http; /* of any other answer: --header, --header-http */
    size_t header_ws_count, header_http_count;
    char *realm;  /* the value of WWW-Authenticate in a 401 */
    char **owned; /* names of headers, NULL-ended */
};

/* `settings` must outlive it. NULL with one line in `error`, cut to `size` bytes, for a header or a
 * subprotocol that cannot be sent, and without memory. */
struct answer_policy *answer_policy_new(const struct settings_http *settings, char *error,
                                        size_t size);

/* NULL is allowed. */
void answer_policy_free(struct answer_policy *policy);

#endif
