/*
 * entry: the one place where it is decided whether a request may enter, and where it is refused.
 *
 * serve.c asks it when a connection is accepted and when a request has come; modes that answer an
 * upgrade themselves do it through here. Refusals are HTTP answers that end the connection. Of
 * those that are about security the log says all and the peer hears little.
 */
#ifndef CMD_WSSERVE_ACCESS_ACCESS_CONTROL_H
#define CMD_WSSERVE_ACCESS_ACCESS_CONTROL_H

#include "cmd/wsserve/access/access_rules.h"
#include <ws/conn.h>

struct serve;

enum entry_verdict {
    ENTRY_REFUSED, /* and answered */
    ENTRY_PLAIN,   /* no upgrade: http.c's */
    ENTRY_UPGRADE, /* may be accepted */
};

/* Makes the rules ready of `serve->settings`, at the start and again on SIGHUP: files are read
 * again then, and those who are in stay. False with one line in `error`, and the rules are what
 * they were.
 */
bool entry_start(struct serve *serve, char *error, size_t size);

/* A connection came: one from an address that is kept out is answered before it has sent anything.
 */
void entry_accepted(struct ws_conn *conn);

/* Judges the request, in this order: faults of the handshake, the address behind trusted proxies,
 * Host, and for an upgrade path, origin, credentials, replay and subprotocol. */
enum entry_verdict entry_judge(struct ws_conn *conn, const struct ws_request *request);

/* For what is not an upgrade and not for everybody: false when it brings no password or token where
 * one is asked for, and has been refused. */
bool entry_judge_plain(struct ws_conn *conn, const struct ws_request *request);

/* For a request to --admin: false when it is malformed or its Host is neither an address, nor
 * localhost, nor allowed, and it has been refused. */
bool entry_judge_admin(struct ws_conn *conn, const struct ws_request *request);

/* Accepts the upgrade with the subprotocol and the headers that the options ask for. `request` is
 * the one that handler.request() got; it lives until it is answered. Errors as ws_conn_accept. */
enum ws_error entry_accept(struct ws_conn *conn, const struct ws_request *request);

/* Refuses it for `why`, with the user's headers and, where `retry_after` is not 0, that many
 * seconds. */
enum ws_error entry_refuse(struct ws_conn *conn, enum ws_error why, unsigned retry_after);

/* A plain answer with the user's headers besides its own, of which there are at most 8. */
enum ws_error entry_answer(struct ws_conn *conn, const struct ws_http_answer *answer);

/* The same with a body that is read as there is room: see ws_conn_refuse_body. */
enum ws_error entry_answer_body(struct ws_conn *conn, const struct ws_http_answer *answer,
                                struct ws_body *body);

enum { ENTRY_WHO = 160 };

/* Whose connection it is, to be shown: "127.0.0.1:4711", or, where a trusted proxy said more,
 * "192.0.2.1 by way of 127.0.0.1:4711". Returns `text`. */
const char *client_label(const struct ws_conn *conn, char text[ENTRY_WHO]);

/* Whose request it is: the peer's, or, behind a trusted proxy, its client's. */
void entry_client(const struct ws_conn *conn, const struct ws_request *request,
                  struct ws_address *client);

/* Whom a password let in; "" where none was asked for, or a token was brought. */
void entry_user(const struct ws_conn *conn, const struct ws_request *request,
                char user[WS_CREDENTIALS_USER]);

#endif
