/*
 * cluster_url: the argument of --cluster, taken apart:
 * redis://[[USER]:PASSWORD@]HOST[:PORT]/CHANNEL, or rediss:// for TLS.
 *
 * Used by settings_operate, which checks it, and by cluster. No state.
 */
#ifndef CMD_WSSERVE_OPTIONS_CLUSTER_URL_H
#define CMD_WSSERVE_OPTIONS_CLUSTER_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLUSTER_URL_CHANNEL_MAX = 128,
    CLUSTER_URL_USER_MAX = 255,
    CLUSTER_URL_PASSWORD_MAX = 1024,
};

/* Strings are on the heap and belong to the struct. */
struct cluster_url {
    bool secure;    /* rediss */
    char *host;     /* without brackets */
    uint16_t port;  /* 6379 where none is given */
    char *user;     /* NULL: Redis's default user */
    char *password; /* NULL: none */
    char *channel;  /* visible ASCII characters without { and }, 1 to CLUSTER_URL_CHANNEL_MAX */
};

/*
 * Parses `text`. User and password are percent-decoded; a password "env:NAME" is read from that
 * variable. NULL, and `url` is to be freed; or one line on what is wrong with it, in `error` (cut
 * to `size` bytes with its NUL) or a constant, without the password; `url` is empty then.
 */
const char *cluster_url_parse(const char *text, struct cluster_url *url, char *error, size_t size);

/* Wipes the password. An empty one is allowed. */
void cluster_url_free(struct cluster_url *url);

#endif
