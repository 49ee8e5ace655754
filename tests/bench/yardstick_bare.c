/*
 * The second reference: a WebSocket echo that only frames and unmasks: no checks, no limits, no
 * deadlines, no queue. It measures the cost of the format.
 *
 * With the argument "cut" a large frame is echoed as fragments while it arrives; without it, a
 * message is buffered until it is complete.
 */
#include "tests/bench/bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct peer {
    int fd;
    int open;
    uint8_t *kept; /* bytes of an incomplete frame */
    size_t len, capacity;
    uint64_t left; /* left of a frame that is being echoed in fragments */
    uint64_t passed;
    uint8_t key[4];
    int fin;
    int begun; /* its first fragment was sent */
};

static void keep(struct peer *peer, const uint8_t *data, size_t len)
{
    if (peer->capacity - peer->len < len) {
        peer->capacity = (peer->len + len) * 2;
        peer->kept = realloc(peer->kept, peer->capacity);
        if (!peer->kept)
            bench_die("realloc");
    }
    memmove(peer->kept + peer->len, data, len);
    peer->len += len;
}

static void unmask(uint8_t *to, const uint8_t *from, size_t len, const uint8_t *key,
                   uint64_t offset)
{
    uint8_t turned[8];
    uint64_t word, w;
    size_t i = 0;
    for (unsigned k = 0; k < 8; k++)
        turned[k] = key[(offset + k) & 3];
    memcpy(&word, turned, 8);
    for (; i + 8 <= len; i += 8) {
        memcpy(&w, from + i, 8);
        w ^= word;
        memcpy(to + i, &w, 8);
    }
    for (; i < len; i++)
        to[i] = from[i] ^ turned[i & 7];
}

/* Replies to the complete frames in `data`, in place, and returns the number of bytes used. */
static size_t reply(struct peer *peer, uint8_t *data, size_t len, int in_pieces)
{
    uint8_t *out = data, *in = data, *end = data + len;
    if (in_pieces && peer->left > 0) {
        size_t n = peer->left < len ? (size_t)peer->left : len;
        uint8_t header[10];
        size_t h = bench_put_header(header, peer->left == n && peer->fin ? 128 : 0, n);
        out = data - h;
        unmask(data, data, n, peer->key, peer->passed);
        memcpy(out, header, h);
        peer->left -= n;
        peer->passed += n;
        if (!bench_send_all(peer->fd, out, h + n))
            return len;
        in = out = data + n;
    }
    uint8_t *begin = out;
    while (in < end) {
        uint64_t payload;
        const uint8_t *key;
        int fin;
        size_t h = bench_header(in, (size_t)(end - in), &payload, &fin, &key);
        if (h == 0)
            break;
        unsigned first = in[0];
        size_t there = (size_t)(end - in) - h;
        if (there < payload && !(in_pieces && payload > 16384))
            break;
        size_t n = there < payload ? there : (size_t)payload;
        memcpy(peer->key, key, 4);
        size_t o = bench_put_header(out, n < payload ? first & 127 : first, n);
        unmask(out + o, in + h, n, peer->key, 0);
        out += o + n;
        in += h + n;
        peer->left = payload - n;
        peer->passed = n;
        peer->fin = fin;
    }
    if (out > begin && !bench_send_all(peer->fd, begin, (size_t)(out - begin)))
        return len;
    return (size_t)(in - data);
}

static int cut;

static int on_input(void *connection, uint8_t *data, size_t len)
{
    struct peer *peer = connection;
    if (!peer->open) {
        char answer[256];
        keep(peer, data, len);
        if (!memmem(peer->kept, peer->len, "\r\n\r\n", 4))
            return 1;
        size_t n = bench_upgrade((char *)peer->kept, peer->len, answer, sizeof answer);
        peer->open = 1;
        peer->len = 0;
        return n > 0 && bench_send_all(peer->fd, answer, n);
    }
    if (peer->len > 0) {
        keep(peer, data, len);
        size_t used = reply(peer, peer->kept, peer->len, 0);
        peer->len -= used;
        memmove(peer->kept, peer->kept + used, peer->len);
        return 1;
    }
    size_t used = reply(peer, data, len, cut);
    keep(peer, data + used, len - used);
    return 1;
}

static void over(void *connection)
{
    struct peer *peer = connection;
    close(peer->fd);
    free(peer->kept);
    free(peer);
}

int main(int argc, char **argv)
{
    cut = argc > 1 && strcmp(argv[1], "cut") == 0;
    bench_serve(sizeof(struct peer), on_input, over);
}
