#include "libws/client/client_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTION_ATTEMPT_DELAY_MS = 250 /* RFC 8305 section 5 */ };

static void start_next(struct ws_client *client);

static void attempt_succeeded(struct ws_attempt *attempt)
{
    struct ws_client *client = attempt->client;
    client->times.connect_us = ws_clock_us() - client->resolved_us;
    ws_client_connected(client, ws_loop_unwatch(client->loop, &attempt->watch));
}

static void attempt_failed(struct ws_attempt *attempt, int number)
{
    struct ws_client *client = attempt->client;
    int fd = ws_loop_unwatch(client->loop, &attempt->watch);
    if (fd >= 0)
        close(fd);
    client->racing--;
    ws_client_note(client, WS_E_CONNECT, "connect %s%s: %s", client->proxy ? "to the proxy " : "",
                   attempt->name, strerror(number));
    if (client->next)
        start_next(client);
    else if (client->racing == 0)
        ws_loop_defer(client->loop, &client->task);
}

static void on_connected(struct ws_watch *watch, unsigned ready)
{
    struct ws_attempt *attempt = ws_container_of(watch, struct ws_attempt, watch);
    int number = 0;
    socklen_t len = sizeof number;
    (void)ready;
    if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &number, &len) < 0)
        number = errno;
    if (number != 0)
        attempt_failed(attempt, number);
    else
        attempt_succeeded(attempt);
}

static void name_address(struct ws_attempt *attempt, const struct sockaddr *address)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        snprintf(attempt->name, sizeof attempt->name, "%s:%u", host, ntohs(v4.sin_port));
    } else {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        snprintf(attempt->name, sizeof attempt->name, "[%s]:%u", host, ntohs(v6.sin6_port));
    }
}

/* Sets one socket off. */
static void race(struct ws_client *client, const struct sockaddr *address, socklen_t len)
{
    struct ws_attempt *attempt = &client->racers[client->started++];
    attempt->client = client;
    attempt->watch.ready = on_connected;
    attempt->watch.fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    client->racing++;
    if (attempt->watch.fd < 0) {
        attempt_failed(attempt, errno);
        return;
    }
    if (address->sa_family != AF_UNIX) {
        int on = 1;
        setsockopt(attempt->watch.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    int result;
    do
        result = connect(attempt->watch.fd, address, len);
    while (result < 0 && errno == EINTR);
    if (result < 0 && errno != EINPROGRESS) {
        attempt_failed(attempt, errno);
        return;
    }
    if (ws_loop_watch(client->loop, &attempt->watch, WS_WRITABLE) != WS_OK)
        attempt_failed(attempt, ENOMEM);
}

static void start_next(struct ws_client *client)
{
    const struct addrinfo *address = client->next;
    client->next = client->started + 1 < WS_RACERS ? address->ai_next : NULL;
    name_address(&client->racers[client->started], address->ai_addr);
    if (client->next)
        ws_loop_arm(client->loop, &client->head_start,
                    ws_loop_now(client->loop) + CONNECTION_ATTEMPT_DELAY_MS);
    race(client, address->ai_addr, address->ai_addrlen);
}

static void on_head_start(struct ws_timer *timer)
{
    struct ws_client *client = ws_container_of(timer, struct ws_client, head_start);
    if (client->next)
        start_next(client);
}

/* The families take turns, so that one that is broken costs one head start and not many (RFC 8305
 * section 4). */
static struct addrinfo *interleave(struct addrinfo *list)
{
    struct addrinfo *heads[2] = {NULL, NULL}, **tails[2] = {&heads[0], &heads[1]};
    if (!list)
        return NULL;
    int first = list->ai_family;
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        int which = a->ai_family != first;
        *tails[which] = a;
        tails[which] = &a->ai_next;
    }
    *tails[0] = *tails[1] = NULL;
    struct addrinfo *result = NULL, **tail = &result;
    while (heads[0] || heads[1]) {
        for (int i = 0; i < 2; i++) {
            if (!heads[i])
                continue;
            *tail = heads[i];
            tail = &heads[i]->ai_next;
            heads[i] = heads[i]->ai_next;
        }
    }
    *tail = NULL;
    return result;
}

void ws_client_race(struct ws_client *client, struct addrinfo *addresses)
{
    client->head_start.fire = on_head_start;
    client->addresses = client->next = interleave(addresses);
    start_next(client);
}

void ws_client_race_unix(struct ws_client *client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, client->url.unix_path, sizeof address.sun_path - 1);
    snprintf(client->racers[0].name, sizeof client->racers[0].name, "%.*s",
             (int)sizeof client->racers[0].name - 1, client->url.unix_path);
    client->resolved_us = client->begun_us;
    race(client, (const struct sockaddr *)(const void *)&address, sizeof address);
}

void ws_client_race_end(struct ws_client *client)
{
    for (unsigned i = 0; i < client->started; i++) {
        int fd = ws_loop_unwatch(client->loop, &client->racers[i].watch);
        if (fd >= 0)
            close(fd);
    }
    if (client->addresses)
        freeaddrinfo(client->addresses);
    client->addresses = NULL;
    ws_loop_disarm(client->loop, &client->head_start);
}
