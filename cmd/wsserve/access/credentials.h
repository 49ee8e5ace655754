/*
 * credentials: passwords and tokens that let a request in (RFC 7617, RFC 6750).
 *
 * Only SHA-256 digests are kept. A guess is compared with all of them, each in constant time, so
 * that the time taken says nothing about the secrets. Constant once it is set up: any thread.
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
    bool passwords, tokens; /* is there one? */
};

/* "USER:PASSWORD". False without a colon or memory. */
bool ws_credentials_add_password(struct ws_credentials *credentials, struct ws_str user_password);

/* Not empty. False if so, or without memory. */
bool ws_credentials_add_token(struct ws_credentials *credentials, struct ws_str token);

void ws_credentials_free(struct ws_credentials *credentials);

enum ws_credentials_verdict {
    WS_CREDENTIALS_MISSING,
    WS_CREDENTIALS_WRONG, /* also: more than one Authorization header, or a malformed one */
    WS_CREDENTIALS_RIGHT,
};

enum { WS_CREDENTIALS_USER = 64 };

/*
 * Checks the credentials of `request`: "Authorization: Basic", "Authorization: Bearer" or, since a
 * page cannot set headers on a WebSocket, "token=" in the target's query. The header takes
 * precedence. `user` gets the claimed name, cut and unverified; "" if there is none.
 */
enum ws_credentials_verdict ws_credentials_check(const struct ws_credentials *credentials,
                                                 const struct ws_request *request,
                                                 char user[WS_CREDENTIALS_USER]);

/* The value of parameter `name` in the query of `target`, as it stands there. False when there is
 * none. */
bool ws_query_find(struct ws_str target, const char *name, struct ws_str *value);

#endif
