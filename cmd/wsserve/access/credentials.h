/*
 * credentials: passwords and tokens that let a request in (RFC 7617, RFC 6750).
 *
 * Only SHA-256 digests are kept, and digests are compared, every one of them and each in constant
 * time: how long it takes tells neither how much of a guess was right, nor its length, nor which
 * entry it was near to. Unchanged after it is set up, so any thread may ask.
 */
#ifndef CMD_WSSERVE_ACCESS_CREDENTIALS_H
#define CMD_WSSERVE_ACCESS_CREDENTIALS_H

#include <ws/handshake.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_credential;

/* All zero is empty. */
struct ws_credentials {
    struct ws_credential *items;
    size_t count;
    bool passwords, tokens; /* what there is of */
};

/* "USER:PASSWORD". False without a colon or memory. */
bool ws_credentials_add_password(struct ws_credentials *credentials, struct ws_str user_password);

/* Not empty. False if so, or without memory. */
bool ws_credentials_add_token(struct ws_credentials *credentials, struct ws_str token);

void ws_credentials_free(struct ws_credentials *credentials);

enum ws_credentials_verdict {
    WS_CREDENTIALS_MISSING,
    WS_CREDENTIALS_WRONG, /* also more than one Authorization header, or one that makes no sense */
    WS_CREDENTIALS_RIGHT,
};

enum { WS_CREDENTIALS_USER = 64 };

/*
 * Looks at what `request` brings: "Authorization: Basic", "Authorization: Bearer", or, since a
 * page cannot set headers on a WebSocket, a "token=" in the target's query. The header counts where
 * both are there. `user` gets the name that was claimed, cut and unchecked; "" where there is none.
 */
enum ws_credentials_verdict ws_credentials_check(const struct ws_credentials *credentials,
                                                 const struct ws_request *request,
                                                 char user[WS_CREDENTIALS_USER]);

/* The value of parameter `name` in the query of `target`, as it stands there. False when there is
 * none. */
bool ws_query_find(struct ws_str target, const char *name, struct ws_str *value);

#endif
