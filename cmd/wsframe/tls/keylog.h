/*
 * keylog: the secrets of TLS connections, from a file as SSLKEYLOGFILE has programs write it.
 *
 * A line is a label, the random bytes of the ClientHello and a secret, in hex. A label that is not
 * needed is passed over. The file may still be growing, as the capture may: it is read again when a
 * connection's secrets are not in it. Used by tls_stream.
 */
#ifndef CMD_WSFRAME_TLS_KEYLOG_H
#define CMD_WSFRAME_TLS_KEYLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_RANDOM_LEN = 32, TLS_SECRET_MAX = 48 };

enum keylog_label {
    KEYLOG_MASTER, /* of TLS 1.2 */
    KEYLOG_CLIENT_HANDSHAKE,
    KEYLOG_SERVER_HANDSHAKE,
    KEYLOG_CLIENT_TRAFFIC,
    KEYLOG_SERVER_TRAFFIC,
};

struct keylog_secret {
    uint8_t random[TLS_RANDOM_LEN];
    uint8_t label; /* an enum keylog_label */
    uint8_t len;
    uint8_t bytes[TLS_SECRET_MAX];
};

struct keylog;

/* Reads the file. A file that cannot be read, and one without a secret in it, end the tool; but one
 * that is not there is waited for if `wait`: it is read once it is. */
struct keylog *keylog_open(const char *path, bool wait);

/* One without a file, to which lines are added, as those that a capture carries. */
struct keylog *keylog_new(void);
void keylog_add(struct keylog *keylog, const char *text, size_t len);

/* NULL when the file does not have it. Valid until the next call. */
const struct keylog_secret *keylog_find(struct keylog *keylog, const uint8_t *random,
                                        enum keylog_label label);

/* NULL is ignored. */
void keylog_free(struct keylog *keylog);

#endif
