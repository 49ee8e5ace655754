/*
 * packet: from a captured packet to the TCP segment in it: link, VLAN, IP and TCP headers peeled
 * off.
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
    LINK_GUESS, /* whichever fits: for text, which does not say */
    LINK_ETHERNET,
    LINK_SLL,  /* Linux "cooked", of tcpdump -i any in older versions */
    LINK_SLL2, /* and in newer ones */
    LINK_NULL, /* four bytes of address family: loopback of the BSDs and macOS */
    LINK_RAW,  /* IP and nothing before it */
};

struct packet {
    int64_t utc;     /* microseconds since 1970; 0: not known */
    uint64_t number; /* in its capture, from 1 */
    const uint8_t *data;
    size_t len; /* bytes that were captured */
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
    size_t len;          /* bytes of payload that were captured */
    size_t claimed;      /* and those that were sent: more, where the capture cut packets off */
};

enum packet_result {
    PACKET_SEGMENT,  /* a TCP segment, with payload or without */
    PACKET_OTHER,    /* no TCP in it */
    PACKET_FRAGMENT, /* a piece of an IP packet, not put together here */
    PACKET_CUT,      /* the capture ends before the end of the headers */
};

enum packet_result packet_peel(const struct packet *packet, enum packet_link link,
                               struct segment *segment);

/* "127.0.0.1:8080", "[::1]:8080" */
enum { PACKET_END_TEXT = 64 };
char *packet_end_text(const struct packet_end *end, bool v6, char text[PACKET_END_TEXT]);

#endif
