/*
 * packet: parses a captured packet: link, VLAN, IP and TCP headers, down to the TCP segment, also
 * inside tunnels: PPPoE, MPLS, IP in IP, GRE, VXLAN, Geneve.
 *
 * Fed by the readers of captures and of tcpdump's text; stream takes the segments. No state, no
 * allocation, and every length is checked against the bytes that are there.
 */
#ifndef CMD_WSFRAME_READ_PACKET_H
#define CMD_WSFRAME_READ_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_link {
    LINK_GUESS, /* the one that fits: for text, which does not name it */
    LINK_ETHERNET,
    LINK_SLL,  /* Linux cooked capture, from older versions of tcpdump -i any */
    LINK_SLL2, /* version 2, from newer ones */
    LINK_NULL, /* four bytes of address family: loopback on the BSDs and macOS */
    LINK_RAW,  /* IP without a link header */
    LINK_PPP,
};

struct packet {
    int64_t utc_us;  /* microseconds since 1970; 0: not known */
    uint64_t number; /* number in its capture, from 1 */
    const uint8_t *data;
    size_t len; /* captured bytes */
};

struct packet_end {
    uint8_t address[16];
    uint16_t port;
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct segment {
    bool v6;
    struct packet_end from, to;
    uint32_t seq, ack;
    uint8_t flags;
    const uint8_t *data; /* inside the packet */
    size_t len;          /* captured bytes of payload */
    size_t claimed; /* sent bytes of payload: more than `len` if the capture truncated the packet */
};

/* Receives the packets; each is borrowed for the call. Returns false to stop. */
typedef bool read_packet(void *context, const struct packet *packet, enum packet_link link);

/* Receives the secrets of TLS that a capture carries, as lines of SSLKEYLOGFILE. */
typedef void read_secrets(void *context, const char *text, size_t len);

enum packet_result {
    PACKET_SEGMENT,  /* a TCP segment, with or without payload */
    PACKET_OTHER,    /* not TCP */
    PACKET_FRAGMENT, /* an IP fragment; fragments are not reassembled */
    PACKET_CUT,      /* truncated inside the headers */
};

/* The link of a capture's link type (LINKTYPE_ numbers, which pcap and pcapng share); false if it
 * is not supported. */
bool packet_link_of(unsigned type, enum packet_link *link);
/* What a link type that is not supported is: " (802.11)", or "". Constant. */
const char *packet_link_name(unsigned type);

enum packet_result packet_peel(const struct packet *packet, enum packet_link link,
                               struct segment *segment);

/* Are these bytes certainly a packet of TCP, from its link or IP header to its end? */
bool packet_is_whole(const uint8_t *data, size_t len);

/* "127.0.0.1:8080", "[::1]:8080" */
enum { PACKET_END_TEXT = 64 };
char *packet_end_text(const struct packet_end *end, bool v6, char text[PACKET_END_TEXT]);

#endif
