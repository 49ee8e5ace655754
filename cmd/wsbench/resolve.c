#include "cmd/wsbench/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_address(const struct addrinfo *a, const struct addrinfo *b)
{
    return a->ai_addrlen == b->ai_addrlen && memcmp(a->ai_addr, b->ai_addr, a->ai_addrlen) == 0;
}

/* The address of `host` in numeric form; `host` itself if it has several, which are tried in turn
 * until one answers (peer.c keeps that one). NULL with the reason in `problem`. */
static char *look_up(const char *host, char *problem, size_t size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char digits[64] = "";
    bool several = false;
    int error = getaddrinfo(host, NULL, &hints, &list);
    if (error == 0) {
        for (const struct addrinfo *i = list; i; i = i->ai_next)
            several |= !same_address(i, list);
        error = getnameinfo(list->ai_addr, list->ai_addrlen, digits, sizeof digits, NULL, 0,
                            NI_NUMERICHOST);
        freeaddrinfo(list);
    }
    if (error != 0) {
        snprintf(problem, size, "resolve %s: %s", host, gai_strerror(error));
        return NULL;
    }
    return strdup(several ? host : digits);
}

bool resolve_target(const struct target *target, struct ws_url *url, struct ws_proxy *proxy,
                    char *problem, size_t size)
{
    bool named = !target->url.unix_path && !target->proxy.host && !target->address;
    snprintf(problem, size, "out of memory");
    *url = target->url;
    *proxy = target->proxy;
    url->host = named ? look_up(target->url.host, problem, size) : strdup(target->url.host);
    proxy->host = target->proxy.host ? look_up(target->proxy.host, problem, size) : NULL;
    if (url->host && (proxy->host || !target->proxy.host))
        return true;
    resolve_free(url, proxy);
    return false;
}

void resolve_free(struct ws_url *url, struct ws_proxy *proxy)
{
    free(url->host);
    free(proxy->host);
    url->host = proxy->host = NULL;
}

bool resolve_is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}
