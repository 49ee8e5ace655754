#include "cmd/wsserve/bridge/channel.h"

#include "libws/io/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum {
    DIRECT = 16 * 1024, /* from this size a write of its own is cheaper than a copy */
};

static void on_ready(struct ws_watch *watch, unsigned ready);
static void on_writable(struct ws_watch *watch, unsigned ready);
static void on_task(struct ws_deferred *task);

static void update(struct channel *c)
{
    unsigned in = c->reading && !c->paused ? WS_READABLE : 0u;
    unsigned out = channel_queued(c) > 0 ? WS_WRITABLE : 0u;
    if (c->duplex) {
        ws_loop_rewatch(c->loop, &c->in, in | out);
        return;
    }
    if (c->in.fd >= 0)
        ws_loop_rewatch(c->loop, &c->in, in);
    if (c->out.fd >= 0)
        ws_loop_rewatch(c->loop, &c->out, out);
}

enum ws_error channel_open(struct channel *c, struct ws_loop *loop, int in, int out,
                           uint8_t *memory, size_t high_water)
{
    const struct channel_user *user = c->user;
    *c = (struct channel){
        .user = user,
        .loop = loop,
        .memory = memory,
        .high_water = high_water,
        .in = {.fd = in, .ready = on_ready},
        .out = {.fd = in == out ? -1 : out, .ready = on_writable},
        .task = {.run = on_task},
        .duplex = in == out,
        .reading = true,
        .writable = true,
        .paused = true,
    };
    enum ws_error error = ws_loop_watch(loop, &c->in, 0);
    if (error == WS_OK && !c->duplex) {
        error = ws_loop_watch(loop, &c->out, 0);
        if (error != WS_OK)
            ws_loop_unwatch(loop, &c->in);
    }
    c->opened = error == WS_OK;
    return error;
}

/* --- writing --- */

bool channel_heard(const struct channel *c)
{
    int unread = 0;
    if (c->written == 0 || c->heard || (!c->duplex && c->out.fd < 0))
        return c->heard;
    return c->duplex || ioctl(c->out.fd, FIONREAD, &unread) < 0 || c->written > (uint64_t)unread;
}

/* Closes the writing half, by the means of its kind of descriptor. */
static void end_output(struct channel *c)
{
    static const char end_of_input[] = {4};
    struct termios mode;
    c->writable = false;
    c->heard = channel_heard(c);
    if (!c->duplex) {
        if (c->out.fd >= 0)
            close(ws_loop_unwatch(c->loop, &c->out));
    } else if (shutdown(c->in.fd, SHUT_WR) < 0 && errno == ENOTSOCK &&
               tcgetattr(c->in.fd, &mode) == 0) {
        /* The result does not matter: a terminal that is full is stuck anyway. */
        if (write(c->in.fd, end_of_input, sizeof end_of_input) < 0)
            return;
    }
}

static void break_off(struct channel *c, enum ws_error why)
{
    ws_bytes_free(&c->queue);
    c->full = false;
    end_output(c);
    if (c->user->broken)
        c->user->broken(c, why);
}

/* The number of bytes written. */
static size_t try_write(struct channel *c, const uint8_t *data, size_t len, enum ws_error *error)
{
    int fd = c->duplex ? c->in.fd : c->out.fd;
    size_t done = 0;
    *error = WS_OK;
    while (done < len) {
        ssize_t n = send(fd, data + done, len - done, MSG_NOSIGNAL);
        if (n < 0 && errno == ENOTSOCK)
            n = write(fd, data + done, len - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno != EINTR) {
            *error = errno == EPIPE || errno == ECONNRESET || errno == EIO ? WS_E_RESET : WS_E_IO;
            break;
        }
    }
    return done;
}

static size_t write_counted(struct channel *c, const uint8_t *data, size_t len,
                            enum ws_error *error)
{
    size_t done = try_write(c, data, len, error);
    c->written += done;
    return done;
}

enum ws_error channel_write(struct channel *c, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    enum ws_error error = WS_OK;
    if (!c->writable || c->finishing)
        return WS_E_CLOSING;
    if (len == 0)
        return WS_OK;
    if (channel_queued(c) == 0 && len >= DIRECT) {
        size_t done = write_counted(c, bytes, len, &error);
        bytes += done;
        len -= done;
    }
    /* An error is reported when the rest is written. */
    if (len > 0 && !ws_bytes_append(&c->queue, bytes, len))
        return WS_E_NO_MEMORY;
    if (channel_queued(c) > c->high_water)
        c->full = true;
    ws_loop_defer(c->loop, &c->task);
    return WS_OK;
}

static void drain(struct channel *c)
{
    enum ws_error error = WS_OK;
    if (!c->opened || !c->writable)
        return;
    if (c->queue)
        ws_bytes_consume(c->queue,
                         write_counted(c, ws_bytes_data(c->queue), channel_queued(c), &error));
    if (error != WS_OK) {
        break_off(c, error);
        return;
    }
    if (channel_queued(c) == 0) {
        ws_bytes_free(&c->queue);
        if (c->finishing)
            end_output(c);
    }
    update(c);
    if (c->full && channel_queued(c) <= c->high_water / 4) {
        c->full = false;
        if (c->user->drained)
            c->user->drained(c);
    }
}

static void on_task(struct ws_deferred *task)
{
    drain(ws_container_of(task, struct channel, task));
}

void channel_finish(struct channel *c)
{
    if (!c->opened || c->finishing)
        return;
    c->finishing = true;
    ws_loop_defer(c->loop, &c->task);
}

/* --- reading --- */

void channel_resume(struct channel *c)
{
    if (!c->opened || !c->paused)
        return;
    c->paused = false;
    update(c);
}

void channel_stop(struct channel *c)
{
    c->reading = false;
    if (c->opened)
        update(c);
}

static void on_readable(struct channel *c)
{
    size_t len;
    if (c->user->ready && !c->user->ready(c)) {
        c->paused = true;
        update(c);
        return;
    }
    enum ws_error error = ws_stream_receive(c->in.fd, c->memory, CHANNEL_READ_SIZE, &len);
    if (error == WS_OK) {
        c->user->input(c, c->memory, len);
    } else if (error != WS_MORE) {
        /* A terminal without other users reports EIO: the end of both directions. */
        bool hung_up = c->duplex && error == WS_E_IO;
        c->reading = false;
        if (hung_up && c->writable)
            break_off(c, WS_E_RESET);
        if (!c->opened)
            return;
        update(c);
        c->user->end(c, hung_up ? WS_E_LOST : error);
    }
}

static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct channel *c = ws_container_of(watch, struct channel, in);
    if (c->duplex && (ready & WS_WRITABLE))
        drain(c);
    if ((ready & WS_READABLE) && c->opened && c->reading && !c->paused)
        on_readable(c);
}

static void on_writable(struct ws_watch *watch, unsigned ready)
{
    (void)ready;
    drain(ws_container_of(watch, struct channel, out));
}

void channel_close(struct channel *c)
{
    if (!c->opened)
        return;
    c->opened = c->reading = c->writable = false;
    if (c->in.fd >= 0)
        close(ws_loop_unwatch(c->loop, &c->in));
    if (c->out.fd >= 0)
        close(ws_loop_unwatch(c->loop, &c->out));
    ws_bytes_free(&c->queue);
}
