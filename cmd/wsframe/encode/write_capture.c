#include "cmd/wsframe/encode/write_capture.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "cmd/wsframe/read/packet.h"
#include <ws/frame.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINK_TYPE_RAW = 101,
    HEADERS = 40, /* of IP and TCP */
    SEGMENT_MAX = 32768,
    SNAPSHOT = 65535,
    CLIENT_PORT = 50000,
    CLIENT_PORTS = 10000,
    SERVER_PORT = 80,
    PUSH = 8,
    STEP_US = 100,     /* between two packets */
    STEP_TIMED_US = 1, /* of frames that have times */
    BEFORE_US = 10,    /* the first of those, for the handshake: more packets than it has */
};

/* The times of a capture are 32 bits of seconds. */
#define LATEST_US ((int64_t)UINT32_MAX * 1000000)

struct capture {
    int64_t utc_us, step_us;
    size_t conn; /* of the packet that is written, from 0 */
    struct connection {
        uint32_t seq[2]; /* of client and server */
        bool begun, closed;
    } * connections;
};

static uint8_t *put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
    return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t value)
{
    return put16(put16(p, value >> 16), value & 0xFFFF);
}

/* The checksum of IP and TCP (RFC 1071) over a header and what came before. */
static unsigned checksum(const uint8_t *p, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return ~sum & 0xFFFF;
}

static void write_packet(struct capture *capture, int side, unsigned flags, const uint8_t *data,
                         size_t len)
{
    static uint8_t packet[HEADERS + SEGMENT_MAX];
    uint32_t head[4] = {(uint32_t)(capture->utc_us / 1000000),
                        (uint32_t)(capture->utc_us % 1000000), (uint32_t)(HEADERS + len),
                        (uint32_t)(HEADERS + len)};
    struct connection *connection = &capture->connections[capture->conn];
    /* Each connection has a port, and so many of them an address (RFC 2544). */
    uint32_t block = (uint32_t)(capture->conn / CLIENT_PORTS);
    const uint32_t address[2] = {block ? 0xC6120000 + block : 0xC0000201, 0xC0000202};
    const unsigned ports[2] = {CLIENT_PORT + (unsigned)(capture->conn % CLIENT_PORTS), SERVER_PORT};
    bool opening = flags == TCP_SYN;
    uint8_t *p = put16(packet, 0x4500);
    p = put16(p, (unsigned)(HEADERS + len));
    p = put32(p, 0x4000);
    p = put16(p, 0x4006); /* time to live, TCP */
    p = put16(p, 0);
    p = put32(p, address[side]);
    p = put32(p, address[!side]);
    put16(packet + 10, checksum(packet, 20, 0));
    p = put16(p, ports[side]);
    p = put16(p, ports[!side]);
    p = put32(p, connection->seq[side]);
    p = put32(p, opening ? 0 : connection->seq[!side]);
    p = put16(p, 0x5000 | flags);
    p = put16(p, 65535);
    p = put32(p, 0);
    if (len > 0)
        memcpy(p, data, len);
    /* The pseudo header: addresses, protocol, length. */
    uint32_t sum = 6 + 20 + (uint32_t)len;
    for (int i = 0; i < 2; i++)
        sum += (address[i] >> 16) + (address[i] & 0xFFFF);
    put16(packet + 36, checksum(packet + 20, 20 + len, sum));
    fwrite(head, sizeof head, 1, stdout);
    fwrite(packet, 1, HEADERS + len, stdout);
    connection->seq[side] += (uint32_t)len + ((flags & (TCP_SYN | TCP_FIN)) != 0);
    capture->utc_us += capture->step_us;
}

static void send_bytes(struct capture *capture, int side, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at += SEGMENT_MAX) {
        size_t n = len - at < SEGMENT_MAX ? len - at : SEGMENT_MAX;
        write_packet(capture, side, TCP_ACK | PUSH, data + at, n);
    }
}

static void send_text(struct capture *capture, int side, const char *text)
{
    send_bytes(capture, side, (const uint8_t *)text, strlen(text));
}

static void shake_hands(struct capture *capture, bool deflate)
{
    char text[512];
    const char *extension = deflate ? "Sec-WebSocket-Extensions: permessage-deflate; "
                                      "server_no_context_takeover; client_no_context_takeover\r\n"
                                    : "";
    write_packet(capture, 0, TCP_SYN, NULL, 0);
    write_packet(capture, 1, TCP_SYN | TCP_ACK, NULL, 0);
    write_packet(capture, 0, TCP_ACK, NULL, 0);
    /* The key of RFC 6455 1.3. */
    snprintf(text, sizeof text,
             "GET / HTTP/1.1\r\nHost: 192.0.2.2\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
             extension);
    send_text(capture, 0, text);
    snprintf(text, sizeof text,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n%s\r\n",
             extension);
    send_text(capture, 1, text);
}

static void send_frame(struct capture *capture, const struct encoded_frame *frame,
                       const uint8_t *data, size_t len, bool deflate)
{
    capture->conn = frame->conn > 0 ? frame->conn - 1 : 0;
    struct connection *connection = &capture->connections[capture->conn];
    if (!connection->begun)
        shake_hands(capture, deflate);
    connection->begun = true;
    if (frame->utc_us > capture->utc_us && frame->utc_us <= LATEST_US)
        capture->utc_us = frame->utc_us;
    bool by_client =
        frame->sender == SENDER_UNKNOWN ? data[1] & 0x80 : frame->sender == SENDER_CLIENT;
    send_bytes(capture, !by_client, data, len);
    connection->closed |= (data[0] & 0xF) == WS_OP_CLOSE;
}

void write_capture(struct ws_bytes *wire, struct ws_bytes *frames, bool deflate)
{
    const uint32_t file[6] = {0xA1B2C3D4, 2 | 4 << 16, 0, 0, SNAPSHOT, LINK_TYPE_RAW};
    struct encoded_frame frame;
    int64_t first_us = 0; /* the earliest time of a frame */
    size_t count = ws_bytes_len(frames) / sizeof frame, at = 0, connections = 1;
    for (size_t i = 0; i < count; i++) {
        memcpy(&frame, bytes_data(frames) + i * sizeof frame, sizeof frame);
        if (frame.conn > connections)
            connections = frame.conn;
        if (frame.utc_us > BEFORE_US && (first_us == 0 || frame.utc_us < first_us))
            first_us = frame.utc_us;
    }
    bool timed = first_us > 0 && first_us <= LATEST_US;
    struct capture capture = {.utc_us = timed ? first_us - BEFORE_US : units_now_utc(),
                              .step_us = timed ? STEP_TIMED_US : STEP_US,
                              .connections = calloc(connections, sizeof *capture.connections)};
    if (!capture.connections)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    for (size_t i = 0; i < connections; i++)
        capture.connections[i].seq[0] = 1000, capture.connections[i].seq[1] = 2000;
    fwrite(file, sizeof file, 1, stdout);
    if (count == 0)
        shake_hands(&capture, deflate);
    for (size_t i = 0; i < count; i++) {
        memcpy(&frame, bytes_data(frames) + i * sizeof frame, sizeof frame);
        send_frame(&capture, &frame, bytes_data(wire) + at, frame.end - at, deflate);
        at = frame.end;
    }
    /* Without a close frame a connection stays open: its loss was not asked for. */
    for (capture.conn = 0; capture.conn < connections; capture.conn++) {
        if (!capture.connections[capture.conn].closed)
            continue;
        write_packet(&capture, 0, TCP_FIN | TCP_ACK, NULL, 0);
        write_packet(&capture, 1, TCP_FIN | TCP_ACK, NULL, 0);
    }
    free(capture.connections);
}
