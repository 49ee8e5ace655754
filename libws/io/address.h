/*
 * address: IP addresses, networks in CIDR form (RFC 4632, RFC 4291 2.3), host:port.
 *
 * An IPv4 address and the same one mapped into IPv6 (::ffff:192.0.2.1) are one address here, so a
 * rule cannot be passed by using the other family. Also the one parser and the one formatter of
 * host:port. Used by the listener, the connector, URLs, and wsserve's access control. No state; any
 * thread may call it.
 */
#ifndef LIBWS_IO_ADDRESS_H
#define LIBWS_IO_ADDRESS_H

#include <ws/http.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum ws_address_kind {
    WS_ADDRESS_UNKNOWN, /* lies in no network */
    WS_ADDRESS_IP,
    WS_ADDRESS_UNIX, /* the other end of a unix socket */
};

struct ws_address {
    enum ws_address_kind kind;
    uint8_t ip[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
    uint16_t port;  /* 0: none is known */
};

enum { WS_ADDRESS_TEXT = 64 }; /* bytes that ws_address_format() needs at most */

/* host:port as it was written; nothing of it was looked up. */
struct ws_host_port {
    struct ws_str host; /* without brackets, points into the text; may be empty */
    bool bracketed;     /* it was in brackets, as an IPv6 address must be before a port */
    bool has_port;
    uint16_t port; /* 0 where there is none */
};

enum ws_host_port_error {
    WS_HOST_PORT_OK,
    WS_HOST_PORT_HOST, /* brackets that are not closed, or in the middle */
    WS_HOST_PORT_PORT, /* the port is not a number from 0 to 65535 */
};

/*
 * Splits HOST, HOST:PORT, [HOST] or [HOST]:PORT at the last colon outside of brackets. What is a
 * valid host, and whether one without brackets may have colons, is the caller's decision.
 */
enum ws_host_port_error ws_host_port_parse(struct ws_str text, struct ws_host_port *result);

/* Writes "host:port", with brackets around a host with a colon in it; without the port where it is
 * negative. At most `size` bytes with the NUL; returns `text`. */
const char *ws_host_port_format(const char *host, int port, char *text, size_t size);

/* "192.0.2.1:80", "[2001:db8::1]:80", or "unix" for every address of another family. Writes at most
 * `size` bytes with the NUL (WS_ADDRESS_TEXT are enough) and returns `text`. */
const char *ws_socket_address_format(const struct sockaddr *address, char *text, size_t size);

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". No names,
 * zones, or other forms of numbers. False, with the kind UNKNOWN, for anything else. */
bool ws_address_parse(struct ws_str text, struct ws_address *address);

/* Sets the address of the other end of socket `fd`; UNKNOWN if it has none. */
void ws_address_of_peer(int fd, struct ws_address *address);

/* Converts it; UNKNOWN for a family other than IP's and unix sockets'. */
void ws_address_of_sockaddr(const struct sockaddr *socket, struct ws_address *address);

/* The same of our end. */
void ws_address_of_socket(int fd, struct ws_address *address);

/* Are they the same, whatever their ports? Two unknown ones are. */
bool ws_address_same_host(const struct ws_address *a, const struct ws_address *b);

/* Is it 127.0.0.0/8 or ::1? */
bool ws_address_is_loopback(const struct ws_address *address);

/* Converts it to AF_INET or AF_INET6; AF_UNSPEC for what is no IP address. */
void ws_address_to_socket(const struct ws_address *address, struct sockaddr_storage *storage);

/* "192.0.2.1", "2001:db8::1", "unix" or "unknown": without the port. Returns `text`. */
const char *ws_address_format(const struct ws_address *address, char text[WS_ADDRESS_TEXT]);

struct ws_network {
    enum ws_address_kind kind;
    uint8_t ip[16];
    uint8_t bits; /* of `ip`, so an IPv4 network has 96 more */
};

/* "10.0.0.0/8", "2001:db8::/32", one address, or "unix" for all unix sockets. False when it is
 * none of them, or when bits are set after the prefix: 10.0.0.1/8 is a mistake. */
bool ws_network_parse(struct ws_str text, struct ws_network *network);

/* True if the address is in the network. ::/0 has no IPv4 address, 0.0.0.0/0 no IPv6 one. */
bool ws_network_has(const struct ws_network *network, const struct ws_address *address);

struct ws_networks {
    struct ws_network *items; /* from malloc; ws_networks_free() */
    size_t count;
};

/* Adds a comma-separated list. Returns NULL on success; else the first invalid entry, which points
 * into `list` and has `*len` bytes, or "" without memory. */
const char *ws_networks_add(struct ws_networks *networks, const char *list, size_t *len);
bool ws_networks_have(const struct ws_networks *networks, const struct ws_address *address);
void ws_networks_free(struct ws_networks *networks);

#endif
