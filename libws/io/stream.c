#include "libws/io/stream.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECES = 256 }; /* spans of output a call; more are rare, and go with the next call */

/* The C library's functions of these names are points at which a thread may be cancelled. Once a
 * process has had a second thread, each call of one enters and leaves that state with two atomic
 * operations; no thread of a program that uses this library may be cancelled anyway. */
static ssize_t receive(int fd, void *buffer, size_t size)
{
    return syscall(SYS_recvfrom, fd, buffer, size, 0, NULL, NULL);
}

static ssize_t send_one(int fd, const struct iovec *piece)
{
    return syscall(SYS_sendto, fd, piece->iov_base, piece->iov_len, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t send_many(int fd, struct iovec *pieces, int count)
{
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    return syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
}

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

enum ws_error ws_stream_receive(int fd, void *buffer, size_t size, size_t *received)
{
    ssize_t n;
    do
        n = receive(fd, buffer, size);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ENOTSOCK) {
        do
            n = read(fd, buffer, size);
        while (n < 0 && errno == EINTR);
    }
    *received = n > 0 ? (size_t)n : 0;
    return n > 0 ? WS_OK : n == 0 ? WS_E_LOST : error_of(errno);
}

static ssize_t send_pieces(int fd, struct iovec *iov, int count)
{
    ssize_t n;
    do {
        n = count == 1 ? send_one(fd, iov) : send_many(fd, iov, count);
        if (n < 0 && errno == ENOTSOCK)
            n = writev(fd, iov, count);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* One system call; adds what the kernel took to `*sent`. */
static enum ws_error send_once(int fd, struct iovec *iov, int count, size_t *sent)
{
    ssize_t n = send_pieces(fd, iov, count);
    if (n < 0)
        return error_of(errno);
    *sent += (size_t)n;
    return WS_OK;
}

/* Apart from ws_stream_send(), whose stack then has no array of spans. */
__attribute__((noinline)) static enum ws_error send_spans(int fd, const struct ws_out *out,
                                                          size_t *sent)
{
    enum ws_error error = WS_OK;
    size_t span = 0, offered = 0;
    /* After a short write the kernel takes no more now. */
    while (error == WS_OK && span < out->count && *sent == offered) {
        struct iovec iov[PIECES];
        int count = 0;
        for (; span < out->count && count < PIECES; span++, count++) {
            iov[count].iov_base = (void *)(uintptr_t)ws_out_span_data(out, span);
            iov[count].iov_len = out->spans[span].len;
            offered += iov[count].iov_len;
        }
        error = send_once(fd, iov, count, sent);
    }
    return error;
}

enum ws_error ws_stream_send(int fd, const struct ws_out *out, size_t *sent)
{
    enum ws_error error;
    *sent = 0;
    if (out->count == 1) {
        struct iovec only = {(void *)(uintptr_t)ws_out_span_data(out, 0), out->spans[0].len};
        error = send_once(fd, &only, 1, sent);
    } else {
        error = send_spans(fd, out, sent);
    }
    return error == WS_MORE ? WS_OK : error;
}

enum ws_error ws_stream_send_queue(int fd, const struct ws_queue *queue, size_t *sent)
{
    struct iovec iov[PIECES];
    int count = ws_queue_iov(queue, iov, PIECES);
    *sent = 0;
    enum ws_error error = count ? send_once(fd, iov, count, sent) : WS_OK;
    return error == WS_MORE ? WS_OK : error;
}

bool ws_stream_at_end(int fd)
{
    uint8_t byte;
    ssize_t n = recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EINTR && errno != ENOTSOCK && error_of(errno) != WS_MORE);
}

size_t ws_stream_in_flight(int fd)
{
    int bytes;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
}

void ws_stream_shutdown(int fd)
{
    shutdown(fd, SHUT_WR);
}
