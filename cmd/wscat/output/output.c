#include "cmd/wscat/output/output.h"

#include "cmd/common/pipe.h"
#include "libws/proto/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HIGH_WATER = 256 * 1024,
    LOW_WATER = 64 * 1024,
    DIRECT = 16 * 1024, /* from this size a direct write is cheaper than a copy */
};

static void on_ready(struct ws_watch *watch, unsigned ready);
static void on_task(struct ws_deferred *task);

static void find_kind(struct output *output)
{
    struct stat status;
    output->watch.fd = STDOUT_FILENO;
    output->kind = OUTPUT_BLOCKS;
    if (fstat(STDOUT_FILENO, &status) < 0)
        return;
    output->pipe = S_ISFIFO(status.st_mode);
    if (S_ISSOCK(status.st_mode)) {
        output->kind = OUTPUT_SOCKET;
    } else if (output->pipe || isatty(STDOUT_FILENO)) {
        int fd = pipe_reopen(STDOUT_FILENO, O_WRONLY);
        output->kind = fd >= 0 ? OUTPUT_OWN : OUTPUT_SHARED;
        if (fd >= 0)
            output->watch.fd = fd;
    }
}

void output_init(struct output *output, struct ws_loop *loop,
                 const struct output_receiver *receiver, void *context)
{
    *output = (struct output){.loop = loop, .receiver = receiver, .context = context};
    output->watch.ready = on_ready;
    output->task.run = on_task;
    find_kind(output);
    /* A reader that leaves is noticed even while there is nothing to write. */
    if (output->kind != OUTPUT_BLOCKS)
        output->watching = ws_loop_watch(loop, &output->watch, WS_HANGUP) == WS_OK;
}

static bool is_writable(const struct output *output)
{
    struct pollfd writable = {.fd = output->watch.fd, .events = POLLOUT};
    return poll(&writable, 1, 0) != 0;
}

/* One write that does not wait. */
static ssize_t write_once(const struct output *output, const uint8_t *data, size_t len)
{
    switch (output->kind) {
    case OUTPUT_SOCKET:
        return send(output->watch.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    case OUTPUT_SHARED:
        /* A pipe that is writable takes so many bytes without waiting. */
        if (!is_writable(output)) {
            errno = EAGAIN;
            return -1;
        }
        return write(output->watch.fd, data, len < PIPE_BUF ? len : PIPE_BUF);
    default:
        return write(output->watch.fd, data, len);
    }
}

/* Returns the number of bytes written to stdout; all of them once nothing can be. */
static size_t try_write(struct output *output, const uint8_t *data, size_t len)
{
    size_t done = 0;
    while (done < len && !output->failure) {
        ssize_t n = write_once(output, data + done, len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            return done;
        else if (errno != EINTR)
            output->failure = errno;
    }
    if (output->failure)
        ws_loop_defer(output->loop, &output->task);
    return output->failure ? len : done;
}

static void after_buffering(struct output *output)
{
    if (ws_bytes_len(output->buffer) > HIGH_WATER)
        output->full = true;
    ws_loop_defer(output->loop, &output->task);
}

void output_write(struct output *output, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    if (len == 0 || output->failure)
        return;
    if (ws_bytes_len(output->buffer) == 0 && len >= DIRECT) {
        size_t done = try_write(output, bytes, len);
        bytes += done;
        len -= done;
    }
    if (len == 0)
        return;
    if (!ws_bytes_append(&output->buffer, bytes, len))
        output->failure = ENOMEM;
    after_buffering(output);
}

void output_line(struct output *output, const void *data, size_t len, char end)
{
    if (len >= DIRECT || len == 0) {
        output_write(output, data, len);
        output_write(output, &end, 1);
        return;
    }
    output_lines(output, data, len, 0, 1, end);
}

void output_lines(struct output *output, const uint8_t *data, size_t len, size_t step, size_t count,
                  char end)
{
    if (output->failure)
        return;
    if (ws_bytes_reserve(&output->buffer, count * (len + 1))) {
        uint8_t *to = ws_bytes_data(output->buffer) + output->buffer->len;
        output->buffer->len += count * (len + 1);
        for (; count > 0; count--, data += step, to += len + 1) {
            memcpy(to, data, len);
            to[len] = (uint8_t)end;
        }
    } else {
        output->failure = ENOMEM;
    }
    after_buffering(output);
}

size_t output_splice(struct output *output, int fd, size_t len)
{
    if (!output->pipe || !output->watching || output->failure || output_pending(output))
        return 0;
    ssize_t n = splice(fd, NULL, output->watch.fd, NULL, len, SPLICE_F_NONBLOCK);
    if (n > 0)
        return (size_t)n;
    /* It is not said whether the socket or the pipe is not ready. */
    if (n < 0 && errno == EAGAIN && !is_writable(output) &&
        ws_loop_rewatch(output->loop, &output->watch, WS_WRITABLE) == WS_OK) {
        pipe_enlarge(output->watch.fd);
        output->full = true;
    }
    return 0;
}

bool output_pending(const struct output *output)
{
    return !output->failure && ws_bytes_len(output->buffer) > 0;
}

static void write_buffered(struct output *output)
{
    struct ws_bytes *buffer = output->buffer;
    if (ws_bytes_len(buffer) > 0)
        ws_bytes_consume(buffer, try_write(output, ws_bytes_data(buffer), buffer->len));
    /* Frees the memory of a large message. */
    if (ws_bytes_len(buffer) == 0 && ws_bytes_capacity(buffer) > 4 * HIGH_WATER)
        ws_bytes_free(&output->buffer);
}

static void report_failure(struct output *output)
{
    if (output->watching)
        ws_loop_rewatch(output->loop, &output->watch, 0);
    if (output->reported)
        return;
    output->reported = true;
    output->receiver->failed(output->context, output->failure);
}

static void drain(struct output *output)
{
    write_buffered(output);
    if (output->failure) {
        report_failure(output);
        return;
    }
    size_t left = ws_bytes_len(output->buffer);
    if (output->watching)
        ws_loop_rewatch(output->loop, &output->watch, left > 0 ? WS_WRITABLE : WS_HANGUP);
    if (output->full && left <= LOW_WATER) {
        output->full = false;
        output->receiver->unblocked(output->context);
    }
    if (left == 0)
        output->receiver->written(output->context);
}

/* For a pipe, an error means that its other end is not open any more. */
static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct output *output = ws_container_of(watch, struct output, watch);
    if ((ready & WS_HANGUP) && !output->failure) {
        output->failure = EPIPE;
        report_failure(output);
        return;
    }
    drain(output);
}

static void on_task(struct ws_deferred *task)
{
    drain(ws_container_of(task, struct output, task));
}

void output_free(struct output *output)
{
    write_buffered(output);
    int fd = output->watch.fd;
    if (output->watching)
        ws_loop_unwatch(output->loop, &output->watch);
    if (output->kind == OUTPUT_OWN)
        close(fd);
    ws_bytes_free(&output->buffer);
}
