/*
 * client_private: what the files of client share.
 *
 * client.c connects and upgrades, client_proxy.c asks a proxy for a tunnel in between.
 */
#ifndef LIBWS_CLIENT_CLIENT_PRIVATE_H
#define LIBWS_CLIENT_CLIENT_PRIVATE_H

#include "libws/client/proxy.h"
#include "libws/io/connector.h"
#include <ws/client.h>

#include <net/if.h>
#include <sys/socket.h>

enum { WS_PROXY_NAME_MAX = 270 }; /* "[host]:port" */

/* The proxy that is to be asked, or is being asked. */
struct ws_client_proxy {
    struct ws_watch watch;
    struct ws_client *client;
    int64_t begun_us;
    uint16_t port;
    char name[WS_PROXY_NAME_MAX]; /* "proxy.example:3128", for messages */
    char *host;
    struct ws_proxy_handshake handshake;
};

struct ws_client {
    struct ws_loop *loop;
    struct ws_client_options options; /* its pointers point to copies */
    struct ws_url url;
    char **subprotocols;
    char *tls_name;
    char *address;                 /* to connect to; NULL: the URL's host */
    struct sockaddr_storage local; /* ss_family 0: any */
    char interface[IF_NAMESIZE];   /* "": any */
    struct ws_header *headers;
    struct ws_client_proxy *proxy;  /* NULL: none */
    struct ws_connector *connector; /* NULL: not yet, or done */
    struct ws_timer deadline;       /* of the proxy's answer */
    struct ws_deferred task; /* frees it, or reports a failure that came before the loop ran */
    bool finished;
    int64_t deadline_ms; /* in the loop's milliseconds; 0: none */
    struct ws_client_times times;
    enum ws_error error; /* what `failed` is called with */
    char detail[512];
};

/* --- client.c --- */

/* Keeps what went wrong, for ws_client_fail(). */
void ws_client_note(struct ws_client *client, enum ws_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports what was noted, and ends. */
void ws_client_fail(struct ws_client *client);

/* Starts the upgrade on `fd`, which leads to the server, and takes it over. */
void ws_client_upgrade(struct ws_client *client, int fd);

/* --- client_proxy.c --- */

/* Makes client->proxy ready for the URL. WS_OK, WS_E_ARGUMENT or WS_E_NO_MEMORY. */
enum ws_error ws_client_proxy_new(struct ws_client *client, const struct ws_proxy *proxy);

/* Asks over `fd`, which it takes over, for a tunnel: ends in ws_client_upgrade() or
 * ws_client_fail().
 */
void ws_client_proxy_ask(struct ws_client *client, int fd);

/* True while it is being asked. */
bool ws_client_proxy_asked(const struct ws_client *client);

/* Closes the socket, if it is being asked. */
void ws_client_proxy_end(struct ws_client *client);

/* Wipes and frees it. */
void ws_client_proxy_free(struct ws_client *client);

#endif
