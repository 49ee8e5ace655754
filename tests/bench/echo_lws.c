/* An echo on libwebsockets, for comparison. Fragments are echoed as fragments. */
#include <arpa/inet.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct piece {
    struct piece *next;
    size_t len;
    enum lws_write_protocol how;
    unsigned char data[]; /* LWS_PRE bytes, then the payload */
};

struct peer {
    struct piece *first, **last;
    size_t queued;
};

enum { HIGH_WATER = 1 << 20 };

static int keep(struct lws *wsi, struct peer *peer, const void *in, size_t len)
{
    struct piece *piece = malloc(sizeof *piece + LWS_PRE + len);
    if (!piece)
        return -1;
    int first = lws_is_first_fragment(wsi), last = lws_is_final_fragment(wsi);
    piece->next = NULL;
    piece->len = len;
    piece->how = (enum lws_write_protocol)lws_write_ws_flags(
        lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, first, last);
    memcpy(piece->data + LWS_PRE, in, len);
    *peer->last = piece;
    peer->last = &piece->next;
    peer->queued += len;
    if (peer->queued > HIGH_WATER)
        lws_rx_flow_control(wsi, 0);
    lws_callback_on_writable(wsi);
    return 0;
}

static int write_one(struct lws *wsi, struct peer *peer)
{
    while (peer->first && !lws_send_pipe_choked(wsi)) {
        struct piece *piece = peer->first;
        if (lws_write(wsi, piece->data + LWS_PRE, piece->len, piece->how) < 0)
            return -1;
        peer->first = piece->next;
        if (!peer->first)
            peer->last = &peer->first;
        peer->queued -= piece->len;
        free(piece);
    }
    if (peer->first)
        lws_callback_on_writable(wsi);
    if (peer->queued <= HIGH_WATER / 4)
        lws_rx_flow_control(wsi, 1);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct peer *peer = user;
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        peer->first = NULL;
        peer->last = &peer->first;
        peer->queued = 0;
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return keep(wsi, peer, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return write_one(wsi, peer);
    case LWS_CALLBACK_CLOSED:
        while (peer->first) {
            struct piece *piece = peer->first;
            peer->first = piece->next;
            free(piece);
        }
        return 0;
    default:
        return 0;
    }
}

/* A free port: the library does not report the one it chose for 0. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        exit(1);
    close(fd);
    return ntohs(address.sin_port);
}

int main(void)
{
    static const struct lws_protocols protocols[] = {
        {.name = "echo",
         .callback = on_event,
         .per_session_data_size = sizeof(struct peer),
         .rx_buffer_size = 64 * 1024},
        {0},
    };
    struct lws_context_creation_info info = {
        .port = free_port(), .iface = "127.0.0.1", .protocols = protocols, .gid = -1, .uid = -1};
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    if (!context)
        return 1;
    printf("listening %d\n", info.port);
    fflush(stdout);
    while (lws_service(context, 0) >= 0)
        ;
    return 0;
}
