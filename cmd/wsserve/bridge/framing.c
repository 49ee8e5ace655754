#include "cmd/wsserve/bridge/framing.h"

#include <ws/frame.h>

#include <string.h>

enum { LENGTH_BYTES = 4 };

void framing_feed(struct framing_reader *reader, void *data, size_t len)
{
    reader->input = data;
    reader->input_len = len;
}

/* Appends the first `len` bytes of the input to `held`. Memory grows with the bytes that arrived,
 * never with what a length claims. */
static bool hold(struct framing_reader *r, size_t len)
{
    if (!ws_bytes_append(&r->held, r->input, len))
        return false;
    r->input += len;
    r->input_len -= len;
    return true;
}

static void forget_held(struct framing_reader *r)
{
    /* Own no memory between two messages. */
    ws_bytes_free(&r->held);
    r->spent = false;
}

/* A record is longer than its payload: \u0000 stands for a byte. */
enum { RECORD_GROWTH = 6, RECORD_REST = 4096 };

static bool too_long(const struct framing_reader *r, size_t len)
{
    if (r->framing == FRAMING_JSONL)
        return r->max && len > RECORD_REST && (len - RECORD_REST) / RECORD_GROWTH > r->max;
    return r->max && len > r->max;
}

static enum framing_result give(struct framing_message *message, const uint8_t *data, size_t len)
{
    *message = (struct framing_message){.data = (uint8_t *)(uintptr_t)data, .len = len};
    return FRAMING_MESSAGE;
}

/* A message that lies whole in the input, or began in `held`: its `len` bytes of the input, then
 * `skip` bytes of marks. */
static enum framing_result complete(struct framing_reader *r, size_t len, size_t skip,
                                    struct framing_message *message)
{
    const uint8_t *data = r->input;
    if (too_long(r, ws_bytes_len(r->held) + len))
        return FRAMING_TOO_LONG;
    if (ws_bytes_len(r->held) > 0) {
        if (!hold(r, len))
            return FRAMING_NO_MEMORY;
        r->spent = true;
        data = ws_bytes_data(r->held);
        len = ws_bytes_len(r->held);
    } else {
        r->input += len;
        r->input_len -= len;
    }
    r->input += skip;
    r->input_len -= skip;
    return give(message, data, len);
}

static enum framing_result next_marked(struct framing_reader *r, uint8_t mark,
                                       struct framing_message *message)
{
    if (r->input_len == 0)
        return FRAMING_MORE;
    const uint8_t *end = memchr(r->input, mark, r->input_len);
    if (end)
        return complete(r, (size_t)(end - r->input), 1, message);
    if (too_long(r, ws_bytes_len(r->held) + r->input_len))
        return FRAMING_TOO_LONG;
    return hold(r, r->input_len) ? FRAMING_MORE : FRAMING_NO_MEMORY;
}

static size_t read_length(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* The length is kept together with the bytes that follow it. */
static enum framing_result next_counted(struct framing_reader *r, struct framing_message *message)
{
    if (ws_bytes_len(r->held) == 0 && r->input_len >= LENGTH_BYTES) {
        size_t len = read_length(r->input);
        if (too_long(r, len))
            return FRAMING_TOO_LONG;
        if (r->input_len - LENGTH_BYTES >= len) {
            const uint8_t *data = r->input + LENGTH_BYTES;
            r->input += LENGTH_BYTES + len;
            r->input_len -= LENGTH_BYTES + len;
            return give(message, data, len);
        }
    }
    if (ws_bytes_len(r->held) < LENGTH_BYTES) {
        size_t missing = LENGTH_BYTES - ws_bytes_len(r->held);
        if (!hold(r, missing < r->input_len ? missing : r->input_len))
            return FRAMING_NO_MEMORY;
        if (ws_bytes_len(r->held) < LENGTH_BYTES)
            return FRAMING_MORE;
    }
    size_t len = read_length(ws_bytes_data(r->held));
    if (too_long(r, len))
        return FRAMING_TOO_LONG;
    size_t missing = LENGTH_BYTES + len - ws_bytes_len(r->held);
    if (!hold(r, missing < r->input_len ? missing : r->input_len))
        return FRAMING_NO_MEMORY;
    if (ws_bytes_len(r->held) < LENGTH_BYTES + len)
        return FRAMING_MORE;
    r->spent = true;
    return give(message, ws_bytes_data(r->held) + LENGTH_BYTES, len);
}

static enum framing_result next_chunk(struct framing_reader *r, struct framing_message *message)
{
    if (r->input_len == 0)
        return FRAMING_MORE;
    size_t len = too_long(r, r->input_len) ? (size_t)r->max : r->input_len;
    return complete(r, len, 0, message);
}

static bool blank(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] != ' ' && data[i] != '\t' && data[i] != '\r')
            return false;
    return true;
}

/* Why the record is none to send, or NULL. */
static const char *unsendable(const struct record_in *record)
{
    switch (record->type) {
    case RECORD_TEXT:
    case RECORD_BINARY:
        break;
    case RECORD_PING:
        return record->len > WS_CONTROL_PAYLOAD_MAX ? "a ping of more than 125 bytes" : NULL;
    case RECORD_CLOSE:
        return record_close_problem(record);
    case RECORD_PONG:
    case RECORD_OPEN:
    case RECORD_ERROR:
        return "\"type\" is not text, binary, ping or close";
    }
    return NULL;
}

static enum framing_result read_record(struct framing_reader *r, struct framing_message *message)
{
    r->error = record_read(&r->record, message->data, message->len);
    if (!r->error && r->max && r->record.len > r->max)
        r->error = "the payload is larger than a message may be";
    if (!r->error)
        r->error = unsendable(&r->record);
    if (r->error)
        return FRAMING_BAD_RECORD;
    message->record = &r->record;
    message->data = (uint8_t *)(uintptr_t)r->record.data;
    message->len = r->record.len;
    return FRAMING_MESSAGE;
}

/* Lines of programs that end them with CR LF, as websocketd strips them. */
static void strip_cr(const struct framing_reader *r, struct framing_message *message)
{
    if (r->framing == FRAMING_LINES && message->len > 0 && message->data[message->len - 1] == '\r')
        message->len--;
}

enum framing_result framing_next(struct framing_reader *r, struct framing_message *message)
{
    enum framing_result result;
    record_in_free(&r->record);
    for (;;) {
        if (r->spent)
            forget_held(r);
        switch (r->framing) {
        case FRAMING_LEN32:
            return next_counted(r, message);
        case FRAMING_CHUNKS:
            return next_chunk(r, message);
        case FRAMING_NUL:
            return next_marked(r, 0, message);
        case FRAMING_LINES:
            result = next_marked(r, '\n', message);
            if (result == FRAMING_MESSAGE)
                strip_cr(r, message);
            return result;
        case FRAMING_JSONL:
            break;
        }
        result = next_marked(r, '\n', message);
        if (result != FRAMING_MESSAGE)
            return result;
        if (!blank(message->data, message->len))
            return read_record(r, message);
    }
}

enum framing_result framing_end(struct framing_reader *r, struct framing_message *message)
{
    record_in_free(&r->record);
    if (r->spent)
        forget_held(r);
    if (ws_bytes_len(r->held) == 0)
        return FRAMING_MORE;
    r->spent = true;
    if (r->framing == FRAMING_LEN32)
        return FRAMING_TOO_LONG;
    if (r->framing == FRAMING_JSONL && blank(ws_bytes_data(r->held), ws_bytes_len(r->held)))
        return FRAMING_MORE;
    give(message, ws_bytes_data(r->held), ws_bytes_len(r->held));
    strip_cr(r, message);
    return r->framing == FRAMING_JSONL ? read_record(r, message) : FRAMING_MESSAGE;
}

const char *framing_error(const struct framing_reader *reader)
{
    return reader->error;
}

void framing_free(struct framing_reader *reader)
{
    record_in_free(&reader->record);
    forget_held(reader);
    reader->input_len = 0;
}

bool framing_mark(enum framing framing, size_t len, struct framing_marks *marks)
{
    *marks = (struct framing_marks){0};
    switch (framing) {
    case FRAMING_LINES:
        marks->tail = '\n';
        marks->tail_len = 1;
        break;
    case FRAMING_NUL:
        marks->tail_len = 1;
        break;
    case FRAMING_LEN32:
        if (len > UINT32_MAX)
            return false;
        marks->head_len = LENGTH_BYTES;
        for (unsigned i = 0; i < LENGTH_BYTES; i++)
            marks->head[i] = (uint8_t)(len >> (24 - 8 * i));
        break;
    case FRAMING_JSONL:
    case FRAMING_CHUNKS:
        break;
    }
    return true;
}
