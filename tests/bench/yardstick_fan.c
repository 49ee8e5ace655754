/*
 * The reference for broadcasting: what a connection sends is framed once and sent to all others,
 * one after the other, without checks, limits or queues: a receiver that takes no more is waited
 * for.
 */
#include "tests/bench/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_MOST = 1 << 20 };

struct peer {
    struct peer *next;
    int fd, open, gone;
    size_t len;
    uint8_t *kept; /* the request's head, or a frame that is not whole */
};

static struct peer *peers;
static uint8_t frame[BUFFER_ROOM + MESSAGE_MOST];

static void send_to_others(const struct peer *sender, size_t len)
{
    for (struct peer *peer = peers; peer; peer = peer->next)
        if (peer != sender && peer->open && !peer->gone)
            peer->gone = !bench_send_all(peer->fd, frame, len);
}

/* Passes on the frames of `peer` that are whole. */
static void pass_on(struct peer *peer)
{
    uint64_t payload;
    const uint8_t *key;
    int fin;
    size_t used = 0, h;
    while ((h = bench_header(peer->kept + used, peer->len - used, &payload, &fin, &key)) > 0 &&
           payload <= MESSAGE_MOST && peer->len - used >= h + payload) {
        size_t o = bench_put_header(frame, peer->kept[used], payload);
        for (size_t i = 0; i < payload; i++)
            frame[o + i] = peer->kept[used + h + i] ^ key[i & 3];
        used += h + payload;
        send_to_others(peer, o + payload);
    }
    peer->len -= used;
    memmove(peer->kept, peer->kept + used, peer->len);
}

/* False: the connection is over. */
static int on_input(struct peer *peer, const uint8_t *data, size_t len)
{
    peer->kept = realloc(peer->kept, peer->len + len);
    if (!peer->kept)
        bench_die("realloc");
    memcpy(peer->kept + peer->len, data, len);
    peer->len += len;
    if (peer->open) {
        pass_on(peer);
    } else if (memmem(peer->kept, peer->len, "\r\n\r\n", 4)) {
        char answer[256];
        size_t n = bench_upgrade((char *)peer->kept, peer->len, answer, sizeof answer);
        peer->open = n > 0 && bench_send_all(peer->fd, answer, n);
        peer->len = 0;
        return peer->open;
    }
    return 1;
}

int main(void)
{
    static uint8_t buffer[BUFFER_SIZE];
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    int listener = bench_listen(), epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            if (!peer) {
                int fd = bench_accept(listener);
                peer = fd >= 0 ? calloc(1, sizeof *peer) : NULL;
                if (peer) {
                    peer->fd = fd;
                    peer->next = peers;
                    peers = peer;
                    event.data.ptr = peer;
                    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            ssize_t n = recv(peer->fd, buffer, sizeof buffer, 0);
            if (n > 0 && on_input(peer, buffer, (size_t)n))
                continue;
            peer->gone = 1; /* it stays in the list: a run is short */
            epoll_ctl(epoll, EPOLL_CTL_DEL, peer->fd, NULL);
            close(peer->fd);
        }
    }
}
