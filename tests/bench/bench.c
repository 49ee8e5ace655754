#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Noreturn void bench_die(const char *what)
{
    perror(what);
    exit(1);
}

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int bench_listen(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        bench_die("listen");
    printf("listening %u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int bench_accept(int listener)
{
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

size_t bench_upgrade(const char *head, size_t len, char *answer, size_t size)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[20], accept[32], text[24 + sizeof guid];
    const char *key = memmem(head, len, name, sizeof name - 1);
    if (!key || (size_t)(head + len - key) < sizeof name - 1 + 24)
        return 0;
    memcpy(text, key + sizeof name - 1, 24);
    memcpy(text + 24, guid, sizeof guid);
    EVP_Digest(text, 24 + sizeof guid - 1, digest, NULL, EVP_sha1(), NULL);
    EVP_EncodeBlock(accept, digest, 20);
    return (size_t)snprintf(answer, size,
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                            accept);
}

size_t bench_header(const uint8_t *p, size_t have, uint64_t *payload, int *fin, const uint8_t **key)
{
    if (have < 2)
        return 0;
    unsigned extra = (p[1] & 127) == 126 ? 2 : (p[1] & 127) == 127 ? 8 : 0;
    size_t len = 2 + extra + (p[1] & 128 ? 4 : 0);
    if (have < len)
        return 0;
    uint64_t n = extra ? 0 : p[1] & 127;
    for (unsigned i = 0; i < extra; i++)
        n = n << 8 | p[2 + i];
    *payload = n;
    *fin = (p[0] & 128) != 0;
    *key = p + 2 + extra;
    return len;
}

size_t bench_put_header(uint8_t *p, unsigned first_byte, uint64_t payload)
{
    unsigned extra = payload < 126 ? 0 : payload < 65536 ? 2 : 8;
    p[0] = (uint8_t)first_byte;
    p[1] = (uint8_t)(extra == 0 ? payload : extra == 2 ? 126 : 127);
    for (unsigned i = 0; i < extra; i++)
        p[2 + i] = (uint8_t)(payload >> (8 * (extra - 1 - i)));
    return 2 + extra;
}

int bench_send_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (n <= 0) {
            return 0;
        } else {
            p += n;
            len -= (size_t)n;
        }
    }
    return 1;
}

_Noreturn void bench_serve(size_t size, int (*input)(void *peer, uint8_t *data, size_t len),
                           void (*over)(void *peer))
{
    static uint8_t memory[BUFFER_ROOM + BUFFER_SIZE];
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    int listener = bench_listen(), epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int *peer = events[i].data.ptr, fd;
            if (!peer) {
                fd = bench_accept(listener);
                peer = fd >= 0 ? calloc(1, size) : NULL;
                if (peer) {
                    *peer = fd;
                    event.data.ptr = peer;
                    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            ssize_t n = recv(*peer, memory + BUFFER_ROOM, BUFFER_SIZE, 0);
            if (n <= 0 || !input(peer, memory + BUFFER_ROOM, (size_t)n))
                over(peer);
        }
    }
}
