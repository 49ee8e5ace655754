#include "cmd/wscat/input.h"

#include "cmd/common/hex.h"
#include "libws/proto/bytes.h"
#include <ws/utf8.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

static void on_ready(struct ws_watch *watch, unsigned ready);
static void on_task(struct ws_deferred *task);

/* Reads must not block, even if another process empties the same pipe first. O_NONBLOCK cannot be
 * set on the inherited descriptor: the flag belongs to the open file description, which other
 * processes share. Opening a pipe or terminal again through /proc gives a description of our own.
 * If that fails, the original descriptor is read. */
static int reopen(void)
{
    struct stat status;
    if (fstat(STDIN_FILENO, &status) < 0 || (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)))
        return -1;
    return open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void input_init(struct input *input, struct ws_loop *loop, enum input_form form, bool text,
                size_t max, const struct input_receiver *receiver, void *context)
{
    *input = (struct input){
        .loop = loop,
        .receiver = receiver,
        .context = context,
        .form = form,
        .text = text,
        .stopped = true,
        .max = max,
    };
    int fd = reopen();
    input->own = fd >= 0;
    input->watch.fd = input->own ? fd : STDIN_FILENO;
    input->watch.ready = on_ready;
    input->task.run = on_task;
}

static void give_up(struct input *input, const char *why)
{
    input_stop(input);
    input->ended = true;
    input->receiver->error(input->context, why);
}

/* Checks a message, decodes hex digits, and hands it over. */
static bool hand_over(struct input *input, uint8_t *data, size_t len)
{
    char why[160];
    input->line++;
    if (len > input->max) {
        snprintf(why, sizeof why, "line %" PRIu64 " of the input is longer than %zu bytes",
                 input->line, input->max);
        give_up(input, why);
        return false;
    }
    if (input->form == INPUT_HEX) {
        size_t at = 0, bytes = 0;
        enum hex_result result = hex_parse((char *)data, len, data, len, &bytes, &at);
        if (result != HEX_OK) {
            snprintf(why, sizeof why, "line %" PRIu64 " of the input, column %zu: %s", input->line,
                     at + 1, hex_problem(result));
            give_up(input, why);
            return false;
        }
        len = bytes;
    }
    if (input->text && !ws_utf8_valid(data, len)) {
        snprintf(why, sizeof why,
                 input->form == INPUT_WHOLE ? "the input is not UTF-8; --binary sends bytes"
                                            : "line %" PRIu64
                                              " of the input is not UTF-8; --binary sends bytes",
                 input->line);
        give_up(input, why);
        return false;
    }
    return input->receiver->message(input->context, data, len) && !input->stopped;
}

static void finish(struct input *input)
{
    input_stop(input);
    input->ended = true;
    input->receiver->end(input->context);
}

/* Hands over the buffered lines, until it is stopped. */
static void cut_lines(struct input *input)
{
    while (!input->stopped && !input->ended && ws_bytes_len(input->buffer) > 0) {
        uint8_t *line = ws_bytes_data(input->buffer);
        size_t len = input->buffer->len;
        uint8_t *newline = memchr(line + input->searched, '\n', len - input->searched);
        if (!newline) {
            input->searched = len;
            if (len > input->max) {
                input->searched = 0;
                hand_over(input, line, len);
            }
            return;
        }
        /* Consumed bytes stay where they are until the next read. */
        ws_bytes_consume(input->buffer, (size_t)(newline + 1 - line));
        input->searched = 0;
        if (!hand_over(input, line, (size_t)(newline - line)))
            return;
    }
}

/* Hands over all that is buffered as one message. */
static void hand_over_all(struct input *input)
{
    size_t len = input->buffer->len;
    uint8_t *data = ws_bytes_data(input->buffer);
    ws_bytes_consume(input->buffer, len);
    hand_over(input, data, len);
}

/* At the end of input the rest is the last message. */
static void at_end(struct input *input)
{
    if (ws_bytes_len(input->buffer) > 0 || input->form == INPUT_WHOLE)
        hand_over_all(input);
    if (!input->ended)
        finish(input);
}

static void take(struct input *input, size_t len)
{
    input->buffer->len += len;
    if (input->form == INPUT_CHUNKS) {
        hand_over_all(input);
    } else if (input->form == INPUT_WHOLE) {
        if (input->buffer->len > input->max)
            give_up(input, "the input is larger than --max-message-size");
    } else {
        cut_lines(input);
    }
}

static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct input *input = ws_container_of(watch, struct input, watch);
    (void)ready;
    if (!ws_bytes_reserve(&input->buffer, READ_SIZE)) {
        give_up(input, "out of memory");
        return;
    }
    ssize_t n = read(watch->fd, ws_bytes_data(input->buffer) + input->buffer->len, READ_SIZE);
    if (n > 0)
        take(input, (size_t)n);
    else if (n == 0)
        at_end(input);
    else if (errno == EIO)
        at_end(input); /* the terminal has hung up, or the process is in its background */
    else if (errno != EINTR && errno != EAGAIN)
        give_up(input, strerror(errno));
}

/* Lines that were read before the stop are handed over before more is read. */
static void on_task(struct ws_deferred *task)
{
    struct input *input = ws_container_of(task, struct input, task);
    if (input->stopped || input->ended)
        return;
    if (input->form == INPUT_LINES || input->form == INPUT_HEX)
        cut_lines(input);
    if (input->stopped || input->ended)
        return;
    enum ws_error error = ws_loop_rewatch(input->loop, &input->watch, WS_READABLE);
    if (error != WS_OK)
        give_up(input, ws_error_info(error)->explanation);
}

void input_start(struct input *input)
{
    if (input->ended || !input->stopped)
        return;
    input->stopped = false;
    ws_loop_defer(input->loop, &input->task);
}

void input_stop(struct input *input)
{
    if (input->stopped)
        return;
    input->stopped = true;
    ws_loop_rewatch(input->loop, &input->watch, 0);
}

void input_free(struct input *input)
{
    input->ended = true;
    input->stopped = true;
    int fd = ws_loop_unwatch(input->loop, &input->watch);
    if (input->own && fd >= 0)
        close(fd);
    ws_bytes_free(&input->buffer);
}
