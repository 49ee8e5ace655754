#include "libws/io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool is_v4(const uint8_t ip[16])
{
    return memcmp(ip, mapped, sizeof mapped) == 0;
}

static void set_v4(uint8_t ip[16], const void *bytes)
{
    memcpy(ip, mapped, sizeof mapped);
    memcpy(ip + sizeof mapped, bytes, 4);
}

/* inet_pton() accepts neither zones nor octal numbers, as required. */
static bool parse_ip(struct ws_str text, uint8_t ip[16])
{
    char copy[INET6_ADDRSTRLEN];
    struct in_addr v4;
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.p, '\0', text.len))
        return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        set_v4(ip, &v4);
        return true;
    }
    return inet_pton(AF_INET6, copy, ip) == 1;
}

static bool parse_number(struct ws_str text, unsigned max, unsigned *number)
{
    *number = 0;
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.p[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *number = *number * 10 + (unsigned)(text.p[i] - '0');
    }
    return *number <= max;
}

static struct ws_str from(struct ws_str text, size_t begin)
{
    return (struct ws_str){text.p + begin, text.len - begin};
}

enum ws_host_port_error ws_host_port_parse(struct ws_str text, struct ws_host_port *result)
{
    struct ws_str rest = {text.p, 0};
    *result = (struct ws_host_port){.host = text};
    if (text.len > 0 && text.p[0] == '[') {
        const char *end = memchr(text.p, ']', text.len);
        if (!end)
            return WS_HOST_PORT_HOST;
        result->bracketed = true;
        result->host = (struct ws_str){text.p + 1, (size_t)(end - text.p) - 1};
        rest = from(text, (size_t)(end - text.p) + 1);
    } else {
        const char *colon = text.len ? memrchr(text.p, ':', text.len) : NULL;
        if (memchr(text.p, '[', text.len) || memchr(text.p, ']', text.len))
            return WS_HOST_PORT_HOST;
        if (colon) {
            result->host.len = (size_t)(colon - text.p);
            rest = from(text, result->host.len);
        }
    }
    if (rest.len == 0)
        return WS_HOST_PORT_OK;
    if (rest.p[0] != ':')
        return WS_HOST_PORT_HOST;
    unsigned port = 0;
    if (rest.len == 1 || rest.len > 6)
        return WS_HOST_PORT_PORT;
    for (size_t i = 1; i < rest.len; i++) {
        if (rest.p[i] < '0' || rest.p[i] > '9')
            return WS_HOST_PORT_PORT;
        port = port * 10 + (unsigned)(rest.p[i] - '0');
    }
    if (port > 65535)
        return WS_HOST_PORT_PORT;
    result->has_port = true;
    result->port = (uint16_t)port;
    return WS_HOST_PORT_OK;
}

const char *ws_host_port_format(const char *host, int port, char *text, size_t size)
{
    bool brackets = strchr(host, ':') != NULL;
    if (port < 0)
        snprintf(text, size, brackets ? "[%s]" : "%s", host);
    else
        snprintf(text, size, brackets ? "[%s]:%d" : "%s:%d", host, port);
    return text;
}

const char *ws_socket_address_format(const struct sockaddr *address, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        return ws_host_port_format(host, ntohs(v4.sin_port), text, size);
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        return ws_host_port_format(host, ntohs(v6.sin6_port), text, size);
    }
    snprintf(text, size, "unix");
    return text;
}

bool ws_address_parse(struct ws_str text, struct ws_address *address)
{
    struct ws_host_port split = {.host = text};
    const char *colon = text.len ? memchr(text.p, ':', text.len) : NULL;
    *address = (struct ws_address){.kind = WS_ADDRESS_UNKNOWN};
    /* Without brackets, one colon is before a port: an IPv6 address has two at least. */
    bool one = colon && !memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.p));
    if (text.len > 0 && (text.p[0] == '[' || one)) {
        if (ws_host_port_parse(text, &split) != WS_HOST_PORT_OK)
            return false;
        if (split.bracketed && !memchr(split.host.p, ':', split.host.len))
            return false; /* brackets are for IPv6 */
        const char *digits = (const char *)memrchr(text.p, ':', text.len) + 1;
        if (split.has_port && split.port > 0 && *digits == '0')
            return false;
    }
    if (!parse_ip(split.host, address->ip)) {
        memset(address->ip, 0, sizeof address->ip);
        return false;
    }
    address->kind = WS_ADDRESS_IP;
    address->port = split.port;
    return true;
}

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

void ws_address_of_sockaddr(const struct sockaddr *socket, struct ws_address *address)
{
    union any_address from = {0};
    *address = (struct ws_address){.kind = WS_ADDRESS_UNKNOWN};
    if (socket->sa_family == AF_INET) {
        memcpy(&from.v4, socket, sizeof from.v4);
        address->kind = WS_ADDRESS_IP;
        address->port = ntohs(from.v4.sin_port);
        set_v4(address->ip, &from.v4.sin_addr);
    } else if (socket->sa_family == AF_INET6) {
        memcpy(&from.v6, socket, sizeof from.v6);
        address->kind = WS_ADDRESS_IP;
        address->port = ntohs(from.v6.sin6_port);
        memcpy(address->ip, &from.v6.sin6_addr, sizeof address->ip);
    } else if (socket->sa_family == AF_UNIX) {
        address->kind = WS_ADDRESS_UNIX;
    }
}

void ws_address_of_peer(int fd, struct ws_address *address)
{
    union any_address peer = {0};
    socklen_t len = sizeof peer;
    *address = (struct ws_address){.kind = WS_ADDRESS_UNKNOWN};
    if (getpeername(fd, &peer.any, &len) == 0)
        ws_address_of_sockaddr(&peer.any, address);
}

void ws_address_of_socket(int fd, struct ws_address *address)
{
    union any_address own = {0};
    socklen_t len = sizeof own;
    *address = (struct ws_address){.kind = WS_ADDRESS_UNKNOWN};
    if (getsockname(fd, &own.any, &len) == 0)
        ws_address_of_sockaddr(&own.any, address);
}

bool ws_address_same_host(const struct ws_address *a, const struct ws_address *b)
{
    return a->kind == b->kind && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool ws_address_is_loopback(const struct ws_address *address)
{
    static const uint8_t v6[16] = {[15] = 1};
    return address->kind == WS_ADDRESS_IP &&
           (memcmp(address->ip, v6, sizeof v6) == 0 ||
            (is_v4(address->ip) && address->ip[sizeof mapped] == 127));
}

void ws_address_to_socket(const struct ws_address *address, struct sockaddr_storage *storage)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    *storage = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    if (address->kind == WS_ADDRESS_IP && is_v4(address->ip)) {
        memcpy(&v4.sin_addr, address->ip + sizeof mapped, sizeof v4.sin_addr);
        memcpy(storage, &v4, sizeof v4);
    } else if (address->kind == WS_ADDRESS_IP) {
        memcpy(&v6.sin6_addr, address->ip, sizeof v6.sin6_addr);
        memcpy(storage, &v6, sizeof v6);
    }
}

const char *ws_address_format(const struct ws_address *address, char text[WS_ADDRESS_TEXT])
{
    if (address->kind != WS_ADDRESS_IP)
        snprintf(text, WS_ADDRESS_TEXT, address->kind == WS_ADDRESS_UNIX ? "unix" : "unknown");
    else if (is_v4(address->ip))
        inet_ntop(AF_INET, address->ip + sizeof mapped, text, WS_ADDRESS_TEXT);
    else
        inet_ntop(AF_INET6, address->ip, text, WS_ADDRESS_TEXT);
    return text;
}

/* --- networks --- */

static bool bit_set(const uint8_t ip[16], unsigned bit)
{
    return ip[bit / 8] & (0x80 >> bit % 8);
}

bool ws_network_parse(struct ws_str text, struct ws_network *network)
{
    const char *slash = text.len ? memchr(text.p, '/', text.len) : NULL;
    struct ws_str host = {text.p, slash ? (size_t)(slash - text.p) : text.len};
    unsigned bits;
    *network = (struct ws_network){.kind = WS_ADDRESS_UNIX};
    if (ws_str_equal(text, "unix"))
        return true;
    network->kind = WS_ADDRESS_IP;
    if (!parse_ip(host, network->ip))
        return false;
    bool dotted = !memchr(host.p, ':', host.len);
    unsigned max = dotted ? 32 : 128;
    if (!slash)
        bits = max;
    else if (!parse_number(from(text, host.len + 1), max, &bits))
        return false;
    network->bits = (uint8_t)(dotted ? bits + 96 : bits);
    for (unsigned i = network->bits; i < 128; i++)
        if (bit_set(network->ip, i))
            return false;
    return true;
}

bool ws_network_has(const struct ws_network *network, const struct ws_address *address)
{
    if (address->kind != network->kind || address->kind == WS_ADDRESS_UNKNOWN)
        return false;
    if (address->kind == WS_ADDRESS_UNIX)
        return true;
    bool v4_network = network->bits >= 96 && is_v4(network->ip);
    if (v4_network != is_v4(address->ip))
        return false;
    unsigned whole = network->bits / 8, more = network->bits % 8;
    if (memcmp(network->ip, address->ip, whole) != 0)
        return false;
    unsigned mask = 0xFFu << (8 - more) & 0xFFu;
    return more == 0 || ((network->ip[whole] ^ address->ip[whole]) & mask) == 0;
}

const char *ws_networks_add(struct ws_networks *networks, const char *list, size_t *len)
{
    struct ws_str rest = {list, strlen(list)}, entry;
    while (ws_http_list_next(&rest, &entry)) {
        struct ws_network network;
        *len = entry.len;
        if (!ws_network_parse(entry, &network))
            return entry.p;
        struct ws_network *items =
            reallocarray(networks->items, networks->count + 1, sizeof *items);
        *len = 0;
        if (!items)
            return "";
        items[networks->count++] = network;
        networks->items = items;
    }
    return NULL;
}

bool ws_networks_have(const struct ws_networks *networks, const struct ws_address *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (ws_network_has(&networks->items[i], address))
            return true;
    return false;
}

void ws_networks_free(struct ws_networks *networks)
{
    free(networks->items);
    *networks = (struct ws_networks){0};
}
