#include "libws/client/client_private.h"
#include "libws/io/address.h"
#include "libws/io/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_SIZE = 1024 };

enum ws_error ws_client_proxy_new(struct ws_client *client, const struct ws_proxy *from)
{
    struct ws_client_proxy *proxy = malloc(sizeof *proxy);
    if (!proxy)
        return WS_E_NO_MEMORY;
    proxy->watch = (struct ws_watch){.fd = -1};
    proxy->client = client;
    proxy->port = from->port;
    proxy->host = strdup(from->host);
    ws_host_port_format(from->host, from->port, proxy->name, sizeof proxy->name);
    client->proxy = proxy;
    enum ws_error error =
        ws_proxy_begin(&proxy->handshake, from, client->url.host, client->url.port);
    return proxy->host ? error : WS_E_NO_MEMORY;
}

void ws_client_proxy_free(struct ws_client *client)
{
    if (!client->proxy)
        return;
    ws_proxy_wipe(&client->proxy->handshake);
    free(client->proxy->host);
    free(client->proxy);
    client->proxy = NULL;
}

void ws_client_proxy_end(struct ws_client *client)
{
    if (!ws_client_proxy_asked(client))
        return;
    close(ws_loop_unwatch(client->loop, &client->proxy->watch));
}

bool ws_client_proxy_asked(const struct ws_client *client)
{
    return client->proxy && client->proxy->watch.fd >= 0;
}

static void give_up(struct ws_client_proxy *proxy, enum ws_error error, const char *why)
{
    ws_client_note(proxy->client, error, "proxy %s: %s", proxy->name, why);
    ws_client_fail(proxy->client);
}

/* Sends what is due, as much as the kernel takes. False after a failure, which was reported. */
static bool send_due(struct ws_client_proxy *proxy)
{
    size_t len;
    const uint8_t *due = ws_proxy_output(&proxy->handshake, &len);
    while (len > 0) {
        ssize_t n = send(proxy->watch.fd, due, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EPIPE || errno == ECONNRESET))
            break; /* an answer before the hang-up is still to be read */
        if (n < 0) {
            give_up(proxy, WS_E_PROXY, strerror(errno));
            return false;
        }
        ws_proxy_sent(&proxy->handshake, (size_t)n);
        due = ws_proxy_output(&proxy->handshake, &len);
    }
    if (ws_loop_rewatch(proxy->client->loop, &proxy->watch,
                        WS_READABLE | (len > 0 ? WS_WRITABLE : 0)) == WS_OK)
        return true;
    give_up(proxy, WS_E_NO_MEMORY, ws_error_info(WS_E_NO_MEMORY)->explanation);
    return false;
}

/* Receives once. False when the handshake has ended, with a tunnel or without. */
static bool receive(struct ws_client_proxy *proxy)
{
    struct ws_client *client = proxy->client;
    uint8_t bytes[RECEIVE_SIZE];
    size_t n;
    enum ws_error error = ws_stream_receive(proxy->watch.fd, bytes, sizeof bytes, &n);
    if (error == WS_OK)
        error = ws_proxy_feed(&proxy->handshake, bytes, n);
    else if (error == WS_E_LOST)
        error = ws_proxy_ended(&proxy->handshake);
    switch (error) {
    case WS_MORE:
        return true;
    case WS_OK:
        client->times.proxy_us = ws_clock_us() - proxy->begun_us;
        ws_client_upgrade(client, ws_loop_unwatch(client->loop, &proxy->watch));
        return false;
    case WS_E_PROXY:
        give_up(proxy, WS_E_PROXY, ws_proxy_failure(&proxy->handshake));
        return false;
    default:
        give_up(proxy, error == WS_E_NO_MEMORY ? error : WS_E_PROXY,
                ws_error_info(error)->explanation);
        return false;
    }
}

static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct ws_client_proxy *proxy = ws_container_of(watch, struct ws_client_proxy, watch);
    if ((ready & WS_READABLE) && !receive(proxy))
        return;
    send_due(proxy);
}

void ws_client_proxy_ask(struct ws_client *client, int fd)
{
    struct ws_client_proxy *proxy = client->proxy;
    proxy->begun_us = ws_clock_us();
    proxy->watch = (struct ws_watch){.fd = fd, .ready = on_ready};
    if (ws_loop_watch(client->loop, &proxy->watch, WS_READABLE) != WS_OK) {
        give_up(proxy, WS_E_NO_MEMORY, ws_error_info(WS_E_NO_MEMORY)->explanation);
        return;
    }
    send_due(proxy);
}
