#include "libws/io/stream.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECES = 256 }; /* of output a call; more than that are rare, and wait for the next one */

static enum ws_error error_of(int number)
{
    switch (number) {
    case EAGAIN:
#if EAGAIN != EWOULDBLOCK
    case EWOULDBLOCK:
#endif
        return WS_MORE;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return WS_E_RESET;
    case ENOMEM:
    case ENOBUFS:
        return WS_E_NO_MEMORY;
    default:
        return WS_E_IO;
    }
}

size_t ws_stream_receive(int fd, void *buffer, size_t size, enum ws_error *error)
{
    ssize_t n;
    do
        n = recv(fd, buffer, size, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ENOTSOCK) {
        do
            n = read(fd, buffer, size);
        while (n < 0 && errno == EINTR);
    }
    *error = n > 0 ? WS_OK : n == 0 ? WS_E_LOST : error_of(errno);
    return n > 0 ? (size_t)n : 0;
}

static ssize_t send_pieces(int fd, struct iovec *iov, int count)
{
    ssize_t n;
    do {
        if (count == 1) {
            n = send(fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
        } else {
            struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
            n = sendmsg(fd, &message, MSG_NOSIGNAL);
        }
        if (n < 0 && errno == ENOTSOCK)
            n = writev(fd, iov, count);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* One call's worth: how many bytes went, or 0 and why not. */
static size_t send_once(int fd, struct iovec *iov, int count, enum ws_error *error)
{
    ssize_t n = send_pieces(fd, iov, count);
    *error = WS_OK;
    if (n >= 0)
        return (size_t)n;
    *error = error_of(errno);
    return 0;
}

size_t ws_stream_send(int fd, const struct ws_out *out, enum ws_error *error)
{
    size_t sent = 0, span = 0;
    *error = WS_OK;
    while (span < out->count) {
        struct iovec iov[PIECES];
        size_t bytes = 0;
        int count = 0;
        for (; span < out->count && count < PIECES; span++, count++) {
            iov[count].iov_base = (void *)(uintptr_t)ws_out_span_data(out, span);
            iov[count].iov_len = out->spans[span].len;
            bytes += iov[count].iov_len;
        }
        size_t n = send_once(fd, iov, count, error);
        sent += n;
        if (n < bytes)
            break;
    }
    if (*error == WS_MORE)
        *error = WS_OK;
    return sent;
}

size_t ws_stream_send_queue(int fd, const struct ws_queue *queue, enum ws_error *error)
{
    struct iovec iov[PIECES];
    int count = ws_queue_iov(queue, iov, PIECES);
    size_t n = count ? send_once(fd, iov, count, error) : 0;
    if (!count || *error == WS_MORE)
        *error = WS_OK;
    return n;
}

void ws_stream_shutdown(int fd)
{
    shutdown(fd, SHUT_WR);
}
