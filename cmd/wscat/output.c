#include "cmd/wscat/output.h"

#include "cmd/common/exit.h"
#include "libws/proto/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HIGH_WATER = 256 * 1024,
    LOW_WATER = 64 * 1024,
    DIRECT = 16 * 1024, /* from this size a direct write is cheaper than a copy */
};

static void on_ready(struct ws_watch *watch, unsigned ready);
static void on_task(struct ws_deferred *task);

/* O_NONBLOCK cannot be set on the inherited descriptor: the flag belongs to the open file
 * description, which other processes share, such as the shell. Opening a pipe or terminal again
 * through /proc gives a description of our own. If that fails (a socket, another system), writes
 * block and are only slower. */
static int reopen(void)
{
    struct stat status;
    if (fstat(STDOUT_FILENO, &status) < 0 || S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode))
        return -1;
    return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void output_init(struct output *output, struct ws_loop *loop, void (*on_unblocked)(void *context),
                 void *context)
{
    *output = (struct output){.loop = loop, .on_unblocked = on_unblocked, .context = context};
    int fd = reopen();
    output->own = fd >= 0;
    output->watch.fd = output->own ? fd : STDOUT_FILENO;
    output->watch.ready = on_ready;
    output->task.run = on_task;
}

/* Returns the number of bytes written to stdout. */
static size_t try_write(const struct output *output, const uint8_t *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = write(output->watch.fd, data + done, len - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            exit_stdout_failed();
        }
    }
    return done;
}

static void append(struct output *output, const uint8_t *data, size_t len)
{
    if (!ws_bytes_append(&output->buffer, data, len))
        exit_die(WS_EXIT_FAILURE, "out of memory");
    if (ws_bytes_len(output->buffer) > HIGH_WATER)
        output->full = true;
    ws_loop_defer(output->loop, &output->task);
}

void output_write(struct output *output, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    if (len == 0)
        return;
    if (ws_bytes_len(output->buffer) == 0 && len >= DIRECT) {
        size_t done = try_write(output, bytes, len);
        bytes += done;
        len -= done;
    }
    if (len > 0)
        append(output, bytes, len);
}

static void write_buffered(struct output *output)
{
    struct ws_bytes *buffer = output->buffer;
    if (buffer)
        ws_bytes_consume(buffer, try_write(output, ws_bytes_data(buffer), buffer->len));
}

static void drain(struct output *output)
{
    write_buffered(output);
    size_t left = ws_bytes_len(output->buffer);
    /* Frees the memory of a large message. */
    if (left == 0 && ws_bytes_capacity(output->buffer) > 4 * HIGH_WATER)
        ws_bytes_free(&output->buffer);
    if (!output->watching && left > 0)
        output->watching = ws_loop_watch(output->loop, &output->watch, WS_WRITABLE) == WS_OK;
    else if (output->watching)
        ws_loop_rewatch(output->loop, &output->watch, left > 0 ? WS_WRITABLE : 0);
    if (output->full && left <= LOW_WATER) {
        output->full = false;
        output->on_unblocked(output->context);
    }
}

static void on_ready(struct ws_watch *watch, unsigned ready)
{
    (void)ready;
    drain(ws_container_of(watch, struct output, watch));
}

static void on_task(struct ws_deferred *task)
{
    drain(ws_container_of(task, struct output, task));
}

void output_finish(struct output *output)
{
    while (ws_bytes_len(output->buffer) > 0) {
        struct pollfd wait = {.fd = output->watch.fd, .events = POLLOUT};
        write_buffered(output);
        if (ws_bytes_len(output->buffer) > 0)
            poll(&wait, 1, -1);
    }
}

void output_free(struct output *output)
{
    int fd = output->watch.fd;
    if (output->watching)
        ws_loop_unwatch(output->loop, &output->watch);
    if (output->own)
        close(fd);
    ws_bytes_free(&output->buffer);
}
