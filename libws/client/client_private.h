/*
 * client_private: what the files of client share, and nobody else.
 *
 * client_race.c finds out which address answers first, client_proxy.c talks to a proxy; client.c
 * does what comes before and after.
 */
#ifndef LIBWS_CLIENT_CLIENT_PRIVATE_H
#define LIBWS_CLIENT_CLIENT_PRIVATE_H

#include "libws/client/proxy.h"
#include "libws/io/resolve.h"
#include <ws/client.h>

#include <netinet/in.h>

enum {
    WS_RACERS = 8, /* addresses tried side by side */
    WS_PROXY_NAME_MAX = 270
};

struct ws_attempt {
    struct ws_watch watch;
    struct ws_client *client;
    char name[INET6_ADDRSTRLEN + 10]; /* "[::1]:8080", for messages */
};

/* The proxy that is to be asked, or is being asked. */
struct ws_client_proxy {
    struct ws_watch watch;
    struct ws_client *client;
    int64_t begun_us;
    uint16_t port;
    char name[WS_PROXY_NAME_MAX]; /* "proxy.example:3128", for messages */
    char *host;
    struct ws_proxy_handshake talk;
};

struct ws_client {
    struct ws_loop *loop;
    struct ws_client_options options; /* its pointers into the caller's memory point to copies */
    struct ws_url url;
    char **subprotocols;
    char *tls_name;
    struct ws_header *headers;
    struct ws_client_proxy *proxy; /* NULL: none */
    struct ws_resolve *resolve;
    struct addrinfo *addresses, *next;
    struct ws_attempt racers[WS_RACERS];
    unsigned racing; /* sockets that have not answered */
    unsigned started;
    struct ws_timer deadline, head_start;
    struct ws_deferred task; /* frees it, or tells of a failure that came before the loop ran */
    bool over;
    int64_t begun_us, resolved_us;
    struct ws_client_times times;
    enum ws_error error; /* the last failure, reported if nothing works out */
    char detail[512];
};

/* --- client.c --- */

/* Keeps what went wrong last, to be told if nothing works out. */
void ws_client_note(struct ws_client *client, enum ws_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tells what was noted, and ends. */
void ws_client_fail(struct ws_client *client);

/* `fd` is connected, to the proxy where there is one: goes on to the next step, which owns it. */
void ws_client_connected(struct ws_client *client, int fd);

/* `fd` leads to the server and is the client's no longer: the others are dropped, the upgrade
 * begins. */
void ws_client_upgrade(struct ws_client *client, int fd);

/* --- client_race.c --- */

/* Begins with what was resolved, or with the unix socket of the URL. */
void ws_client_race(struct ws_client *client, struct addrinfo *addresses);
void ws_client_race_unix(struct ws_client *client);

/* Closes all sockets that are on their way. */
void ws_client_race_end(struct ws_client *client);

/* --- client_proxy.c --- */

/* Makes client->proxy ready for the URL. WS_OK, WS_E_ARGUMENT or WS_E_NO_MEMORY. */
enum ws_error ws_client_proxy_new(struct ws_client *client, const struct ws_proxy *proxy);

/* Talks over `fd`, which is owned from now on, until there is a tunnel or none to be had. */
void ws_client_proxy_ask(struct ws_client *client, int fd);

/* Is it being asked? */
bool ws_client_proxy_asked(const struct ws_client *client);

/* Closes the socket, if it is being asked. */
void ws_client_proxy_end(struct ws_client *client);

/* Wipes and frees it. */
void ws_client_proxy_free(struct ws_client *client);

#endif
