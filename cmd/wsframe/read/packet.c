#include "cmd/wsframe/read/packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
    ETHERTYPE_4 = 0x0800,
    ETHERTYPE_6 = 0x86DD,
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_MULTICAST = 0x8848,
    ETHERTYPE_PPPOE = 0x8864,
    ETHERTYPE_BRIDGED = 0x6558, /* an Ethernet frame in GRE or Geneve */
    PROTOCOL_4 = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_6 = 41,
    PROTOCOL_GRE = 47,
    PROTOCOL_AUTHENTICATION = 51,
    PORT_VXLAN = 4789,
    PORT_GENEVE = 6081,
    DEPTH_MAX = 6, /* packets inside packets */
};

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* --- link types --- */

bool packet_link_of(unsigned type, enum packet_link *link)
{
    static const struct {
        unsigned type;
        enum packet_link link;
    } links[] = {
        {0, LINK_NULL},  {1, LINK_ETHERNET}, {9, LINK_PPP},   {12, LINK_RAW},
        {14, LINK_RAW},  {50, LINK_PPP},     {101, LINK_RAW}, {108, LINK_NULL},
        {113, LINK_SLL}, {228, LINK_RAW},    {229, LINK_RAW}, {276, LINK_SLL2},
    };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (links[i].type == type) {
            *link = links[i].link;
            return true;
        }
    }
    return false;
}

const char *packet_link_name(unsigned type)
{
    switch (type) {
    case 105:
    case 119:
    case 127:
    case 163:
        return " (802.11)";
    case 187:
    case 201:
    case 251:
    case 272:
        return " (Bluetooth)";
    case 189:
    case 220:
    case 249:
        return " (USB)";
    case 195:
    case 230:
        return " (802.15.4)";
    default:
        return "";
    }
}

/* --- link layer --- */

static bool is_vlan(unsigned type)
{
    return type == 0x8100 || type == 0x88A8 || type == 0x9100;
}

/* Skips VLAN tags, MPLS labels and PPPoE's header; `at` is the offset of the payload, of `type`.
 * False if it is not IP. */
static bool pass_tags(const struct packet *packet, size_t *at, unsigned type)
{
    const uint8_t *p = packet->data;
    while (is_vlan(type) && packet->len >= *at + 4) {
        type = get16(p + *at + 2);
        *at += 4;
    }
    if (type == ETHERTYPE_PPPOE && packet->len >= *at + 8) {
        type = get16(p + *at + 6) == 0x57 ? ETHERTYPE_6 : ETHERTYPE_4;
        *at += 8;
    }
    if (type == ETHERTYPE_MPLS || type == ETHERTYPE_MPLS_MULTICAST) {
        bool last = false;
        while (!last && packet->len >= *at + 4) {
            last = p[*at + 2] & 1;
            *at += 4;
        }
        return last;
    }
    return type == ETHERTYPE_4 || type == ETHERTYPE_6;
}

/* Sets the offset of the IP header. PACKET_SEGMENT if there may be one. */
static enum packet_result link_header(const struct packet *packet, enum packet_link link,
                                      size_t *at)
{
    static const struct {
        size_t header, type_at;
    } layout[] = {
        [LINK_ETHERNET] = {14, 12},
        [LINK_SLL] = {16, 14},
        [LINK_SLL2] = {20, 0},
    };
    const uint8_t *p = packet->data;
    switch (link) {
    case LINK_ETHERNET:
    case LINK_SLL:
    case LINK_SLL2:
        *at = layout[link].header;
        if (packet->len < *at)
            return PACKET_CUT;
        return pass_tags(packet, at, get16(p + layout[link].type_at)) ? PACKET_SEGMENT
                                                                      : PACKET_OTHER;
    case LINK_PPP:
        /* HDLC's address and control bytes may be left out. */
        *at = packet->len >= 2 && p[0] == 0xFF && p[1] == 3 ? 4 : 2;
        if (packet->len < *at)
            return PACKET_CUT;
        return get16(p + *at - 2) == 0x21 || get16(p + *at - 2) == 0x57 ? PACKET_SEGMENT
                                                                        : PACKET_OTHER;
    case LINK_NULL:
        *at = 4;
        if (packet->len < 4)
            return PACKET_CUT;
        /* The address family is in the capturing host's byte order, and IPv6's number differs
         * between systems: the IP header's version decides instead. */
        return get32(p) == 0 ? PACKET_OTHER : PACKET_SEGMENT;
    case LINK_RAW:
    case LINK_GUESS:
        break;
    }
    *at = 0;
    return packet->len > 0 ? PACKET_SEGMENT : PACKET_CUT;
}

/* --- guessing the link type --- */

/* The sum over a header with a valid checksum is all ones (RFC 1071). */
static bool checksum_fits(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += get16(p + i);
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum == 0xFFFF;
}

/* Rates how likely an IP header is: 0 (none) to 3 (certain). */
static int ip_score(const uint8_t *p, size_t len)
{
    if (len >= 20 && p[0] >> 4 == 4 && (p[0] & 15) >= 5 && (p[0] & 15) * 4u <= len) {
        size_t header = (p[0] & 15) * 4u, total = get16(p + 2);
        if (total != 0 && total < header)
            return 0;
        return checksum_fits(p, header) ? 3 : p[9] == PROTOCOL_TCP ? 2 : 1;
    }
    if (len >= 40 && p[0] >> 4 == 6)
        return get16(p + 4) + 40u == len ? 3 : p[6] == PROTOCOL_TCP ? 2 : 1;
    return 0;
}

static enum packet_link guess_link(const struct packet *packet, size_t *ip)
{
    static const enum packet_link links[] = {LINK_RAW, LINK_ETHERNET, LINK_SLL2, LINK_SLL,
                                             LINK_NULL};
    enum packet_link best = LINK_RAW;
    int best_score = 0;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        size_t at;
        if (link_header(packet, links[i], &at) != PACKET_SEGMENT || at > packet->len)
            continue;
        int score = ip_score(packet->data + at, packet->len - at);
        if (score > best_score) {
            best_score = score;
            best = links[i];
            *ip = at;
        }
    }
    return best;
}

/* --- IP and TCP --- */

static enum packet_result peel_tcp(const uint8_t *p, size_t len, size_t claimed,
                                   struct segment *segment)
{
    if (len < 20)
        return PACKET_CUT;
    size_t header = (p[12] >> 4) * 4u;
    if (header < 20 || claimed < header)
        return PACKET_OTHER;
    segment->from.port = (uint16_t)get16(p);
    segment->to.port = (uint16_t)get16(p + 2);
    segment->seq = get32(p + 4);
    segment->ack = get32(p + 8);
    segment->flags = p[13];
    segment->claimed = claimed - header;
    segment->data = len > header ? p + header : p + len;
    segment->len = len > header ? len - header : 0;
    return PACKET_SEGMENT;
}

static enum packet_result peel_ip(const uint8_t *p, size_t len, int depth, struct segment *segment);

/* An Ethernet frame or an IP packet inside a tunnel, of this Ethernet type. */
static enum packet_result peel_inner(const uint8_t *p, size_t len, unsigned type, int depth,
                                     struct segment *segment)
{
    struct packet inner = {.data = p, .len = len};
    size_t at = 0;
    if (type == ETHERTYPE_BRIDGED) {
        enum packet_result result = link_header(&inner, LINK_ETHERNET, &at);
        if (result != PACKET_SEGMENT)
            return result;
    } else if (!pass_tags(&inner, &at, type)) {
        return PACKET_OTHER;
    }
    return at < len ? peel_ip(p + at, len - at, depth + 1, segment) : PACKET_CUT;
}

/* GRE (RFC 2784, 2890), of which version 0 only. */
static enum packet_result peel_gre(const uint8_t *p, size_t len, int depth, struct segment *segment)
{
    if (len < 4)
        return PACKET_CUT;
    size_t header = 4u + (p[0] & 0x80 ? 4 : 0) + (p[0] & 0x20 ? 4 : 0) + (p[0] & 0x10 ? 4 : 0);
    if (p[1] & 7)
        return PACKET_OTHER;
    if (len <= header)
        return PACKET_CUT;
    return peel_inner(p + header, len - header, get16(p + 2), depth, segment);
}

/* VXLAN (RFC 7348) and Geneve (RFC 8926). */
static enum packet_result peel_udp(const uint8_t *p, size_t len, int depth, struct segment *segment)
{
    enum { UDP = 8, HEADER = 8 };
    unsigned port = len >= UDP ? get16(p + 2) : 0, type = ETHERTYPE_BRIDGED;
    size_t header = UDP + HEADER;
    if (port != PORT_VXLAN && port != PORT_GENEVE)
        return PACKET_OTHER;
    if (len < header)
        return PACKET_CUT;
    if (port == PORT_GENEVE) {
        type = get16(p + UDP + 2);
        header += (p[UDP] & 0x3F) * 4u;
    }
    if (len <= header)
        return PACKET_CUT;
    return peel_inner(p + header, len - header, type, depth, segment);
}

/* What an IP packet carries: `len` captured bytes of `claimed`. */
static enum packet_result peel_protocol(unsigned protocol, const uint8_t *p, size_t len,
                                        size_t claimed, int depth, struct segment *segment);

/* What it authenticates is readable (RFC 4302 2). */
static enum packet_result peel_authentication(const uint8_t *p, size_t len, size_t claimed,
                                              int depth, struct segment *segment)
{
    size_t size = len > 1 ? 8 + p[1] * 4u : 8;
    if (depth == DEPTH_MAX)
        return PACKET_OTHER;
    if (len <= size || claimed <= size)
        return PACKET_CUT;
    return peel_protocol(p[0], p + size, len - size, claimed - size, depth + 1, segment);
}

static enum packet_result peel_protocol(unsigned protocol, const uint8_t *p, size_t len,
                                        size_t claimed, int depth, struct segment *segment)
{
    switch (protocol) {
    case PROTOCOL_TCP:
        return peel_tcp(p, len, claimed, segment);
    case PROTOCOL_4:
    case PROTOCOL_6:
        return peel_ip(p, len, depth + 1, segment);
    case PROTOCOL_GRE:
        return peel_gre(p, len, depth, segment);
    case PROTOCOL_UDP:
        return peel_udp(p, len, depth, segment);
    case PROTOCOL_AUTHENTICATION:
        return peel_authentication(p, len, claimed, depth, segment);
    default:
        return PACKET_OTHER;
    }
}

static enum packet_result peel_4(const uint8_t *p, size_t len, int depth, struct segment *segment)
{
    if (len < 20)
        return PACKET_CUT;
    size_t header = (p[0] & 15) * 4u, total = get16(p + 2);
    /* With segmentation offload, packets are captured before their length is set. */
    if (total == 0)
        total = len;
    if (header < 20 || total < header)
        return PACKET_OTHER;
    if (len < header)
        return PACKET_CUT;
    if (get16(p + 6) & 0x3FFF)
        return p[9] == PROTOCOL_TCP ? PACKET_FRAGMENT : PACKET_OTHER;
    segment->v6 = false;
    memset(segment->from.address, 0, sizeof segment->from.address);
    memset(segment->to.address, 0, sizeof segment->to.address);
    memcpy(segment->from.address, p + 12, 4);
    memcpy(segment->to.address, p + 16, 4);
    /* Bytes after the packet are the link's padding. */
    return peel_protocol(p[9], p + header, (len < total ? len : total) - header, total - header,
                         depth, segment);
}

/* The headers of IPv6 that say which comes next, and their own length (RFC 8200 4, RFC 6275 6.1).
 */
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60, MOBILITY = 135 };

static bool is_extension(unsigned protocol)
{
    return protocol == HOP_BY_HOP || protocol == ROUTING || protocol == FRAGMENT ||
           protocol == PROTOCOL_AUTHENTICATION || protocol == DESTINATION || protocol == MOBILITY;
}

static enum packet_result peel_6(const uint8_t *p, size_t len, int depth, struct segment *segment)
{
    if (len < 40)
        return PACKET_CUT;
    size_t total = get16(p + 4) ? get16(p + 4) + 40u : len, at = 40;
    uint8_t next = p[6];
    segment->v6 = true;
    memcpy(segment->from.address, p + 8, 16);
    memcpy(segment->to.address, p + 24, 16);
    if (len > total)
        len = total;
    while (is_extension(next)) {
        if (len < at + 8)
            return PACKET_CUT;
        /* A fragment with offset 0 and no more to follow is whole (RFC 6946). */
        if (next == FRAGMENT && get16(p + at + 2) & 0xFFF9)
            return p[at] == PROTOCOL_TCP ? PACKET_FRAGMENT : PACKET_OTHER;
        size_t size = next == FRAGMENT                  ? 8
                      : next == PROTOCOL_AUTHENTICATION ? 8 + p[at + 1] * 4u
                                                        : 8 + p[at + 1] * 8u;
        next = p[at];
        at += size;
        if (at > len)
            return PACKET_CUT;
    }
    if (at > total)
        return PACKET_OTHER;
    return peel_protocol(next, p + at, len - at, total - at, depth, segment);
}

static enum packet_result peel_ip(const uint8_t *p, size_t len, int depth, struct segment *segment)
{
    if (depth == DEPTH_MAX || len == 0)
        return PACKET_OTHER;
    switch (p[0] >> 4) {
    case 4:
        return peel_4(p, len, depth, segment);
    case 6:
        return peel_6(p, len, depth, segment);
    default:
        return PACKET_OTHER;
    }
}

enum packet_result packet_peel(const struct packet *packet, enum packet_link link,
                               struct segment *segment)
{
    size_t at;
    *segment = (struct segment){0};
    if (packet->len == 0) /* zeros at the end of a file that was allocated before it was written */
        return PACKET_OTHER;
    enum packet_result result =
        link_header(packet, link == LINK_GUESS ? guess_link(packet, &at) : link, &at);
    if (result != PACKET_SEGMENT)
        return result;
    if (at >= packet->len)
        return PACKET_CUT;
    return peel_ip(packet->data + at, packet->len - at, 0, segment);
}

bool packet_is_whole(const uint8_t *data, size_t len)
{
    enum { PADDED = 60 }; /* the length that Ethernet pads short packets to */
    struct packet packet = {.data = data, .len = len};
    struct segment segment;
    size_t ip = 0;
    enum packet_link link = guess_link(&packet, &ip);
    if (len < 40 || packet_peel(&packet, link, &segment) != PACKET_SEGMENT)
        return false;
    size_t total = data[ip] >> 4 == 4 ? get16(data + ip + 2) : get16(data + ip + 4) + 40u;
    return ip + total == len || (ip + total < len && len == PADDED);
}

char *packet_end_text(const struct packet_end *end, bool v6, char text[PACKET_END_TEXT])
{
    char address[INET6_ADDRSTRLEN] = "?";
    inet_ntop(v6 ? AF_INET6 : AF_INET, end->address, address, sizeof address);
    snprintf(text, PACKET_END_TEXT, v6 ? "[%s]:%u" : "%s:%u", address, end->port);
    return text;
}
