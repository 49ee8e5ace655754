#include "cmd/wsframe/decode/tunnel.h"

#include <string.h>

enum { V1_MAX = 107, V2_HEADER = 16, SOCKS4_MAX = 600 };

/* --- the PROXY protocol --- */

static long proxy_header(const uint8_t *data, size_t len)
{
    static const char v1[] = "PROXY ";
    static const uint8_t v2[] = "\r\n\r\n\0\r\nQUIT\n";
    size_t n = len < sizeof v1 - 1 ? len : sizeof v1 - 1;
    if (memcmp(data, v1, n) == 0) {
        const uint8_t *end = memchr(data, '\n', len < V1_MAX ? len : V1_MAX);
        return end ? end + 1 - data : len < V1_MAX ? TUNNEL_MORE : 0;
    }
    n = len < sizeof v2 - 1 ? len : sizeof v2 - 1;
    if (memcmp(data, v2, n) != 0)
        return 0;
    if (len < V2_HEADER)
        return TUNNEL_MORE;
    long whole = V2_HEADER + (data[14] << 8 | data[15]);
    return len < (size_t)whole ? TUNNEL_MORE : whole;
}

/* --- SOCKS --- */

static long whole(size_t needed, size_t len)
{
    return len < needed ? TUNNEL_MORE : (long)needed;
}

/* The length of version, command or reply, a reserved byte, address and port (RFC 1928 4 and 6). */
static long socks5_address(const uint8_t *data, size_t len)
{
    if (len < 5)
        return TUNNEL_MORE;
    size_t address = data[3] == 1 ? 4u : data[3] == 4 ? 16u : data[3] == 3 ? 1u + data[4] : 0u;
    return address ? whole(4 + address + 2, len) : 0;
}

static long socks5_client(struct tunnel *tunnel, const uint8_t *data, size_t len)
{
    if (tunnel->steps[0] == 0)
        return len < 2 ? TUNNEL_MORE : whole(2u + data[1], len);
    if (data[0] == 1 && tunnel->steps[0] == 1) { /* user name and password (RFC 1929) */
        tunnel->authenticates = true;
        if (len < 2 || len < 3u + data[1])
            return TUNNEL_MORE;
        return whole(3u + data[1] + data[2 + data[1]], len);
    }
    return data[0] == 5 ? socks5_address(data, len) : 0;
}

static long socks5_server(const struct tunnel *tunnel, const uint8_t *data, size_t len)
{
    if (tunnel->steps[1] == 0 || (data[0] == 1 && tunnel->authenticates))
        return whole(2, len);
    return data[0] == 5 ? socks5_address(data, len) : 0;
}

/* Version, command, port, address, user name; and the host's name for the address 0.0.0.x. */
static long socks4_client(const uint8_t *data, size_t len)
{
    if (len < 9)
        return TUNNEL_MORE;
    size_t most = len < SOCKS4_MAX ? len : SOCKS4_MAX;
    const uint8_t *end = memchr(data + 8, 0, most - 8);
    bool named = data[4] == 0 && data[5] == 0 && data[6] == 0 && data[7] != 0;
    if (end && named)
        end = memchr(end + 1, 0, (size_t)(data + most - end - 1));
    return end ? end + 1 - data : len < SOCKS4_MAX ? TUNNEL_MORE : 0;
}

static bool begins_socks(const uint8_t *data, size_t len)
{
    bool five = data[0] == 5 && (len < 2 || (data[1] > 0 && data[1] < 10));
    bool four = data[0] == 4 && (len < 2 || data[1] == 1);
    return five || four;
}

static long socks(struct tunnel *tunnel, enum sender sender, const uint8_t *data, size_t len)
{
    bool server = sender == SENDER_SERVER;
    /* 5: greeting, password, request; 4: request only. */
    int most = tunnel->socks == 4 ? 1 : tunnel->authenticates ? 3 : 2;
    if (!tunnel->socks && !server && begins_socks(data, len))
        tunnel->socks = data[0];
    if (!tunnel->socks || (tunnel->steps[server] >= most && tunnel->steps[server] > 0))
        return 0;
    long n = tunnel->socks == 4 ? (server ? whole(8, len) : socks4_client(data, len))
             : server           ? socks5_server(tunnel, data, len)
                                : socks5_client(tunnel, data, len);
    if (n > 0)
        tunnel->steps[server]++;
    return n;
}

long tunnel_prefix(struct tunnel *tunnel, enum sender sender, const uint8_t *data, size_t len,
                   bool from_start)
{
    if (!tunnel->proxy_protocol && !tunnel->socks && sender != SENDER_SERVER) {
        long n = proxy_header(data, len);
        tunnel->proxy_protocol = n > 0;
        if (n != 0)
            return n;
    }
    if (!from_start)
        return 0;
    return socks(tunnel, sender, data, len);
}
