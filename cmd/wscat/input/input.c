#include "cmd/wscat/input/input.h"

#include "cmd/common/hex.h"
#include "cmd/common/pipe.h"
#include "libws/proto/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 * 1024,
    /* What is read of chunks at a time is sent at a time: so many bytes, but no more chunks than
     * one sendmsg() takes. */
    CHUNKS_SIZE = 512 * 1024,
    CHUNKS_MOST = 128,
    TOGETHER_MOST = 64,       /* messages that are handed over together */
    PIECE_SIZE = 1024 * 1024, /* more of a message without an end is handed over in pieces */
};

static void on_ready(struct ws_watch *watch, unsigned ready);
static void on_task(struct ws_deferred *task);

static void on_line(void *context, char *text, size_t len);

static void on_editor_end(void *context)
{
    struct input *input = context;
    input->ended = true;
    input_stop(input);
    input->receiver->end(input->context);
}

static void open_editor(struct input *input, const struct settings *settings)
{
    const struct editor_options editor = {
        .loop = input->loop,
        .history =
            settings->history && strcmp(settings->history, "none") != 0 ? settings->history : NULL,
        .slash = settings->slash,
        .context = input,
        .line = on_line,
        .end = on_editor_end,
    };
    input->editor = editor_new(&editor);
}

void input_init(struct input *input, struct ws_loop *loop, const struct settings *settings,
                bool edit, const struct input_receiver *receiver, void *context)
{
    *input = (struct input){
        .loop = loop,
        .receiver = receiver,
        .context = context,
        .split = {.form = settings->input, .keep_end = settings->keep_newline},
        .text = settings_opcode(settings) == WS_OP_TEXT,
        .stopped = true,
        .chunk = (size_t)settings->chunk,
        .max = settings_largest(settings),
    };
    if (edit && settings->input == INPUT_LINES && editor_possible())
        open_editor(input, settings);
    /* Reads must not block, even if another process empties the same pipe first. */
    int fd = input->editor ? -1 : pipe_reopen(STDIN_FILENO, O_RDONLY);
    input->own = fd >= 0;
    input->watch.fd = input->own ? fd : STDIN_FILENO;
    if (settings->input == INPUT_CHUNKS)
        pipe_enlarge(input->watch.fd);
    input->watch.ready = on_ready;
    input->task.run = on_task;
}

void input_take_whole(struct input *input)
{
    input->split.form = INPUT_WHOLE;
}

/* --- what is wrong with it --- */

static void give_up(struct input *input, const char *why)
{
    input_stop(input);
    input->ended = true;
    input->receiver->error(input->context, why);
}

/* What the user can find: "line 3 of the input". */
static void name_message(const struct input *input, char *text, size_t size)
{
    enum input_form form = input->split.form;
    bool lines = form == INPUT_LINES || form == INPUT_HEX || form == INPUT_JSONL;
    if (form == INPUT_WHOLE)
        snprintf(text, size, "the input");
    else
        snprintf(text, size, "%s %" PRIu64 " of the input", lines ? "line" : "message",
                 input->number);
}

__attribute__((format(printf, 2, 3))) static void complain(struct input *input, const char *format,
                                                           ...)
{
    char name[64], what[160], why[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    name_message(input, name, sizeof name);
    snprintf(why, sizeof why, "%s%s", name, what);
    give_up(input, why);
}

/* --- handing over --- */

/* Decodes hex digits, and checks JSON. False after a complaint. */
static bool decode(struct input *input, uint8_t *data, size_t *len)
{
    if (input->split.form == INPUT_HEX) {
        size_t at = 0, size = *len;
        enum hex_result result = hex_parse((char *)data, size, data, size, len, &at);
        if (result != HEX_OK)
            complain(input, ", column %zu: %s", at + 1, hex_problem(result));
        return result == HEX_OK;
    }
    if (input->split.form == INPUT_JSON) {
        json_error_t error;
        json_t *value = json_loadb(
            (char *)data, *len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
        if (!value)
            complain(input, " is not JSON: %s", error.text);
        json_decref(value);
        return value != NULL;
    }
    return true;
}

static bool check_text(struct input *input, const uint8_t *data, size_t len, bool more)
{
    if (!input->text)
        return true;
    if (!input->begun)
        input->utf8 = (struct ws_utf8){0};
    if (ws_utf8_check(&input->utf8, data, len) == len && (more || ws_utf8_complete(&input->utf8)))
        return true;
    complain(input, " is not UTF-8; --binary sends bytes");
    return false;
}

/* Hands over a message, or with `more` a piece of one that is not the last. */
static void hand_over(struct input *input, uint8_t *data, size_t len, bool more)
{
    if (!input->begun)
        input->number++;
    if (input->split.form == INPUT_JSONL) {
        const char *problem = input->receiver->record(input->context, data, len);
        if (problem)
            complain(input, ": %s", problem);
        return;
    }
    if (!decode(input, data, &len) || !check_text(input, data, len, more))
        return;
    input->begun = more;
    input->receiver->message(input->context, data, len, more);
}

static void on_line(void *context, char *text, size_t len)
{
    hand_over(context, (uint8_t *)text, len, false);
}

/* A message that has no end so far may be too long to wait for it. */
static void hand_over_piece(struct input *input)
{
    size_t len = ws_bytes_len(input->buffer);
    if (split_streams(input->split.form) && len >= PIECE_SIZE) {
        uint8_t *data = ws_bytes_data(input->buffer);
        split_taken(&input->split, len);
        ws_bytes_consume(input->buffer, len);
        hand_over(input, data, len, true);
    } else if (!split_streams(input->split.form) && len > input->max) {
        input->number++;
        complain(input, " is longer than %zu bytes", input->max);
    }
}

/* What is left at the end of input is the last message. */
static void hand_over_tail(struct input *input)
{
    static uint8_t nothing[1];
    struct split_message found;
    size_t len = ws_bytes_len(input->buffer);
    uint8_t *data = len > 0 ? ws_bytes_data(input->buffer) : nothing;
    bool is_message = split_tail(&input->split, data, len, &found) || input->begun;
    if (len > 0)
        ws_bytes_consume(input->buffer, len);
    if (is_message)
        hand_over(input, data + found.skip, found.len, false);
    if (input->ended)
        return;
    input->ended = true;
    input_stop(input);
    input->receiver->end(input->context);
}

/* Hands over the messages at the beginning of what is buffered, together. False: the receiver does
 * not take them so, there is none, or one is wrong, which is found when they are handed over one at
 * a time. */
static bool hand_over_together(struct input *input)
{
    struct iovec messages[TOGETHER_MOST];
    struct split_message found;
    size_t count = 0, at = 0, len = input->buffer->len;
    uint8_t *data = ws_bytes_data(input->buffer);
    if (!input->receiver->messages || input->begun ||
        (input->split.form != INPUT_LINES && input->split.form != INPUT_NUL))
        return false;
    while (count < TOGETHER_MOST && at < READ_SIZE &&
           split_next(&input->split, data + at, len - at, &found)) {
        messages[count++] = (struct iovec){data + at, found.len};
        at += found.len + found.after;
    }
    if (count == 0)
        return false;
    /* What separates them is ASCII, and ends a character that is not whole. */
    if (input->text && !ws_utf8_valid(data, at)) {
        input->split.seen = 0; /* it counts from the beginning of what was not handed over */
        return false;
    }
    input->number += count;
    ws_bytes_consume(input->buffer, at);
    input->receiver->messages(input->context, messages, count);
    return true;
}

/* Hands over what is buffered, until it is stopped. Consumed bytes stay where they are until the
 * next read. */
static void hand_over_buffered(struct input *input)
{
    struct split_message found;
    while (!input->stopped && !input->ended && ws_bytes_len(input->buffer) > 0) {
        size_t len = input->buffer->len;
        uint8_t *data = ws_bytes_data(input->buffer);
        if (hand_over_together(input))
            continue;
        /* Bytes that were buffered for another reason are chunks of the right size, too. */
        if (input->split.form == INPUT_CHUNKS && len > input->chunk)
            len = input->chunk;
        if (!split_next(&input->split, data, len, &found))
            break;
        ws_bytes_consume(input->buffer, found.skip + found.len + found.after);
        hand_over(input, data + found.skip, found.len, false);
    }
    if (!input->stopped && !input->ended)
        hand_over_piece(input);
    if (!input->stopped && !input->ended && input->at_end)
        hand_over_tail(input);
}

/* --- reading --- */

/* How much to read at a time: of chunks, whole ones. */
static size_t read_size(const struct input *input)
{
    size_t chunks = input->chunk < CHUNKS_SIZE ? CHUNKS_SIZE / input->chunk : 1;
    if (input->split.form != INPUT_CHUNKS)
        return READ_SIZE;
    return input->chunk * (chunks < CHUNKS_MOST ? chunks : CHUNKS_MOST);
}

static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct input *input = ws_container_of(watch, struct input, watch);
    size_t size = read_size(input);
    (void)ready;
    if (!ws_bytes_reserve(&input->buffer, size)) {
        give_up(input, "out of memory");
        return;
    }
    ssize_t n = read(watch->fd, ws_bytes_data(input->buffer) + input->buffer->len, size);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    /* EIO: the terminal has hung up, or the process is in its background. */
    if (n < 0 && errno != EIO) {
        char why[160];
        snprintf(why, sizeof why, "cannot read %s: %s",
                 watch->fd == STDIN_FILENO ? "standard input" : "the input", strerror(errno));
        give_up(input, why);
        return;
    }
    if (n > 0)
        input->buffer->len += (size_t)n;
    else
        input->at_end = true;
    hand_over_buffered(input);
}

/* What was read before the stop is handed over before more is read. */
static void on_task(struct ws_deferred *task)
{
    struct input *input = ws_container_of(task, struct input, task);
    if (!input->stopped && !input->ended && (ws_bytes_len(input->buffer) > 0 || input->at_end))
        hand_over_buffered(input);
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
    if (input->editor) {
        editor_start(input->editor);
        return;
    }
    ws_loop_defer(input->loop, &input->task);
}

void input_stop(struct input *input)
{
    if (input->stopped)
        return;
    input->stopped = true;
    if (input->editor)
        editor_stop(input->editor);
    else
        ws_loop_rewatch(input->loop, &input->watch, 0);
}

bool input_pending(const struct input *input)
{
    int waiting = 0;
    if (input->ended || input->editor)
        return false;
    return ws_bytes_len(input->buffer) > 0 ||
           (ioctl(input->watch.fd, FIONREAD, &waiting) == 0 && waiting > 0);
}

void input_free(struct input *input)
{
    input->ended = true;
    input->stopped = true;
    editor_free(input->editor);
    input->editor = NULL;
    int fd = ws_loop_unwatch(input->loop, &input->watch);
    if (input->own && fd >= 0)
        close(fd);
    ws_bytes_free(&input->buffer);
}
