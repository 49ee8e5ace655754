/*
 * access_control: decides whether a connection and a request may enter, and refuses them.
 *
 * Applies access_rules to connections. Refusals are HTTP answers that end the connection; those for
 * security reasons say little to the peer, and all to the log. On the thread of the connection's
 * loop, except where it says otherwise.
 */
#ifndef CMD_WSSERVE_ACCESS_ACCESS_CONTROL_H
#define CMD_WSSERVE_ACCESS_ACCESS_CONTROL_H

#include "cmd/wsserve/access/credentials.h"
#include "libws/io/address.h"
#include <ws/conn.h>

#include <stdbool.h>
#include <stddef.h>

struct server;

enum access_verdict {
    ACCESS_REFUSED, /* and answered */
    ACCESS_PLAIN,   /* no upgrade: to be answered by http */
    ACCESS_UPGRADE, /* may be accepted */
};

/* Compiles the rules of `server->settings`, at the start and again on SIGHUP, when the files that
 * they name are read again; connections that have entered stay. `reaches_local` as for
 * access_rules_new(). Main thread. False with one line in `error`, and the rules stay as they were.
 */
bool access_control_start(struct server *server, bool reaches_local, char *error, size_t size);

/* Frees them, after the last connection has gone. */
void access_control_stop(struct server *server);

/* A connection was accepted. One from a refused address is answered before it has sent anything. */
void access_control_on_accept(struct ws_conn *conn);

/* Checks a request, in this order: violations of the handshake, the address over trusted proxies,
 * Host, and for an upgrade path, origin, credentials, replay and subprotocol. */
enum access_verdict access_control_check(struct ws_conn *conn, const struct ws_request *request);

/* Checks the credentials of a plain request. False: it was refused. */
bool access_control_check_plain(struct ws_conn *conn, const struct ws_request *request);

/* Checks a request to --admin. False: it was malformed or an upgrade, and it was refused. */
bool access_control_check_admin(struct ws_conn *conn, const struct ws_request *request);

/* Checks its Host, where a page could have got there by DNS rebinding: over loopback it must be an
 * address, localhost or a name of --host-allow; elsewhere the operator has opened the port to the
 * network, and Host may be any name. False: it was refused. */
bool access_control_check_admin_host(struct ws_conn *conn, const struct ws_request *request);

enum { CLIENT_LABEL_MAX = 160 };

/* The client's address for a log line: "127.0.0.1:4711" or, over a trusted proxy, "192.0.2.1 by way
 * of 127.0.0.1:4711". Returns `text`. */
const char *client_label(const struct ws_conn *conn, char text[CLIENT_LABEL_MAX]);

/* The address alone, for programs that read the log. Returns `text`. */
const char *client_address(const struct ws_conn *conn, char text[WS_ADDRESS_TEXT]);

/* The client's address: the peer's or, over a trusted proxy, the one that the proxy names. */
void access_control_client(const struct ws_conn *conn, const struct ws_request *request,
                           struct ws_address *client);

/* Does a trusted proxy say, in the X-Forwarded-Proto that it added last, that the client speaks TLS
 * to it? */
bool access_control_https(const struct ws_conn *conn, const struct ws_request *request);

/* The user whose password was accepted; "" without a password, or with a token. */
void access_control_user(const struct ws_conn *conn, const struct ws_request *request,
                         char user[WS_CREDENTIALS_USER]);

#endif
