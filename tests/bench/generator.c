/*
 * A load generator without checks: each connection keeps a number of messages in flight, and sends
 * the next for each echo, whole or in fragments, masked or not.
 *
 *     generator [raw] PORT CONNECTIONS SIZE IN_FLIGHT SECONDS
 *
 * Prints "MESSAGES SECONDS". With "raw" there is no upgrade: the other end is a plain TCP echo.
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
    int fd;
    uint8_t header[14];
    size_t have;
    uint64_t left; /* left of the payload that is being read */
    int fin;
    uint64_t owed; /* bytes of messages to send */
    size_t at;     /* offset of the next byte in `messages` */
    int writing;
};

static uint8_t *messages; /* the messages in flight, one after the other */
static size_t message_len, round_len;
static int epoll_fd;
static uint64_t received;

static void watch(struct peer *peer, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (peer->writing ? EPOLLOUT : 0u),
                                .data.ptr = peer};
    if (epoll_ctl(epoll_fd, operation, peer->fd, &event) < 0)
        bench_die("epoll_ctl");
}

static void send_owed(struct peer *peer)
{
    while (peer->owed > 0) {
        size_t n = round_len - peer->at < peer->owed ? round_len - peer->at : (size_t)peer->owed;
        ssize_t sent = send(peer->fd, messages + peer->at, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent <= 0)
            bench_die("send");
        peer->owed -= (uint64_t)sent;
        peer->at = (peer->at + (size_t)sent) % round_len;
    }
    if ((peer->owed > 0) != peer->writing) {
        peer->writing = !peer->writing;
        watch(peer, EPOLL_CTL_MOD);
    }
}

/* Counts the messages that end in `data`. */
static unsigned count(struct peer *peer, const uint8_t *data, size_t len)
{
    unsigned ended = 0;
    while (len > 0) {
        if (peer->left > 0) {
            size_t n = peer->left < len ? (size_t)peer->left : len;
            peer->left -= n;
            data += n;
            len -= n;
        } else {
            uint64_t payload = 0;
            const uint8_t *key;
            peer->header[peer->have++] = *data++;
            len--;
            if (!bench_header(peer->header, peer->have, &payload, &peer->fin, &key))
                continue;
            peer->have = 0;
            peer->left = payload;
        }
        if (peer->left == 0 && peer->have == 0 && peer->fin)
            ended++;
    }
    return ended;
}

static void connect_to(struct peer *peer, int port, int raw)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    int on = 1;
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer->fd < 0 || connect(peer->fd, (struct sockaddr *)&address, sizeof address) < 0)
        bench_die("connect");
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!raw) {
        char head[4096];
        size_t have = 0;
        bench_send_all(peer->fd, request, sizeof request - 1);
        while (have < 4 || memcmp(head + have - 4, "\r\n\r\n", 4) != 0)
            if (have == sizeof head || recv(peer->fd, head + have++, 1, 0) != 1)
                bench_die("upgrade");
    }
    fcntl(peer->fd, F_SETFL, O_NONBLOCK);
    watch(peer, EPOLL_CTL_ADD);
}

static void make_messages(size_t size, size_t in_flight)
{
    static const uint8_t key[4] = {0x12, 0x34, 0x56, 0x78};
    uint8_t header[14];
    size_t h = bench_put_header(header, 0x82, size);
    header[1] |= 0x80;
    memcpy(header + h, key, 4);
    h += 4;
    message_len = h + size;
    round_len = message_len * in_flight;
    messages = malloc(round_len);
    if (!messages)
        bench_die("malloc");
    for (size_t i = 0; i < in_flight; i++) {
        memcpy(messages + i * message_len, header, h);
        memset(messages + i * message_len + h, 'x', size);
    }
}

int main(int argc, char **argv)
{
    static uint8_t buffer[1 << 20];
    struct epoll_event events[64];
    int raw = argc > 1 && strcmp(argv[1], "raw") == 0;
    if (argc - raw != 6) {
        fprintf(stderr, "usage: generator [raw] PORT CONNECTIONS SIZE IN_FLIGHT SECONDS\n");
        return 2;
    }
    argv += raw;
    int connections = atoi(argv[2]);
    size_t in_flight = (size_t)atol(argv[4]);
    make_messages((size_t)atol(argv[3]), in_flight);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct peer *peers = calloc((size_t)connections, sizeof *peers);
    if (!peers)
        bench_die("calloc");
    for (int i = 0; i < connections; i++)
        connect_to(&peers[i], atoi(argv[1]), raw);
    fputs("connected\n", stderr); /* who measures the server begins here */
    double begun = bench_now(), until = begun + atof(argv[5]), now = begun;
    for (int i = 0; i < connections; i++) {
        peers[i].owed = message_len * in_flight;
        send_owed(&peers[i]);
    }
    while (now < until) {
        int n = epoll_wait(epoll_fd, events, 64, 100);
        for (int i = 0; i < n; i++) {
            struct peer *peer = events[i].data.ptr;
            if (events[i].events & EPOLLIN) {
                ssize_t len = recv(peer->fd, buffer, sizeof buffer, 0);
                if (len <= 0)
                    bench_die("recv");
                unsigned ended = count(peer, buffer, (size_t)len);
                received += ended;
                peer->owed += ended * message_len;
            }
            send_owed(peer);
        }
        now = bench_now();
    }
    printf("%llu %.6f\n", (unsigned long long)received, now - begun);
    fflush(stdout);
    /* Closing is not a part of it: who measures the server ends stdin when that is done. */
    while (read(STDIN_FILENO, buffer, 1) > 0)
        ;
    return 0;
}
