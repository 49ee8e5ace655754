/*
 * The reference for broadcasting: what a connection sends is framed once and sent to all others,
 * one after the other, without checks, limits or queues: a receiver that takes no more is waited
 * for.
 */
#include "tests/bench/bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_MOST = 1 << 20 };

struct peer {
    int fd, open, gone;
    struct peer *next;
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

static int on_input(void *connection, uint8_t *data, size_t len)
{
    struct peer *peer = connection;
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
        peer->next = peers;
        peers = peer;
        return peer->open;
    }
    return 1;
}

/* It stays in the list: a run is short. */
static void over(void *connection)
{
    struct peer *peer = connection;
    peer->gone = 1;
    close(peer->fd);
}

int main(void)
{
    bench_serve(sizeof(struct peer), on_input, over);
}
