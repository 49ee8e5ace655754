#include "cmd/wsframe/read/packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { ETHERTYPE_4 = 0x0800, ETHERTYPE_6 = 0x86DD, PROTOCOL_TCP = 6 };

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* --- link layer --- */

static bool is_vlan(unsigned type)
{
    return type == 0x8100 || type == 0x88A8 || type == 0x9100;
}

/* Skips VLAN tags; `at` is the offset of the payload, of `type`. False if it is not IP. */
static bool pass_tags(const struct packet *packet, size_t *at, unsigned type)
{
    while (is_vlan(type) && packet->len >= *at + 4) {
        type = get16(packet->data + *at + 2);
        *at += 4;
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

static enum packet_result peel_4(const uint8_t *p, size_t len, struct segment *segment)
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
    if (p[9] != PROTOCOL_TCP)
        return PACKET_OTHER;
    if (get16(p + 6) & 0x3FFF)
        return PACKET_FRAGMENT;
    memcpy(segment->from.address, p + 12, 4);
    memcpy(segment->to.address, p + 16, 4);
    /* Bytes after the packet are the link's padding. */
    return peel_tcp(p + header, (len < total ? len : total) - header, total - header, segment);
}

static enum packet_result peel_6(const uint8_t *p, size_t len, struct segment *segment)
{
    enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };
    if (len < 40)
        return PACKET_CUT;
    size_t total = get16(p + 4) ? get16(p + 4) + 40u : len, at = 40;
    uint8_t next = p[6];
    segment->v6 = true;
    memcpy(segment->from.address, p + 8, 16);
    memcpy(segment->to.address, p + 24, 16);
    if (len > total)
        len = total;
    while (next == HOP_BY_HOP || next == ROUTING || next == DESTINATION) {
        if (len < at + 8)
            return PACKET_CUT;
        next = p[at];
        at += 8 + p[at + 1] * 8u;
        if (at > len)
            return PACKET_CUT;
    }
    if (next == FRAGMENT)
        return PACKET_FRAGMENT;
    if (next != PROTOCOL_TCP || at > total)
        return PACKET_OTHER;
    return peel_tcp(p + at, len - at, total - at, segment);
}

enum packet_result packet_peel(const struct packet *packet, enum packet_link link,
                               struct segment *segment)
{
    size_t at;
    *segment = (struct segment){0};
    enum packet_result result =
        link_header(packet, link == LINK_GUESS ? guess_link(packet, &at) : link, &at);
    if (result != PACKET_SEGMENT)
        return result;
    if (at >= packet->len)
        return PACKET_CUT;
    switch (packet->data[at] >> 4) {
    case 4:
        return peel_4(packet->data + at, packet->len - at, segment);
    case 6:
        return peel_6(packet->data + at, packet->len - at, segment);
    default:
        return PACKET_OTHER;
    }
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
