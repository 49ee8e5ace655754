/*
 * Framing of a program's output: all at once and in pieces it gives the same messages, none above
 * the limit, and messages with their framing give the same bytes again. The first byte chooses the
 * framing, the second the limit, the third the size of a piece.
 */
#include "cmd/wsserve/bridge/framing.h"
#include "tests/fuzz/fuzz.h"

/* Every message after its length, or a marker for a dropped record. */
struct messages {
    uint8_t *data;
    size_t len;
    enum framing_result end;
};

static void add_message(struct messages *messages, const void *data, size_t len)
{
    messages->data = realloc(messages->data, messages->len + sizeof len + len);
    CHECK(messages->data);
    memcpy(messages->data + messages->len, &len, sizeof len);
    if (len > 0)
        memcpy(messages->data + messages->len + sizeof len, data, len);
    messages->len += sizeof len + len;
}

static void check_marks(enum framing framing, const struct framing_message *message)
{
    struct framing_marks marks;
    CHECK(framing_mark(framing, message->len, &marks));
    CHECK(marks.head_len <= FRAMING_HEAD_MAX && marks.tail_len <= 1);
    if (framing == FRAMING_LINES || framing == FRAMING_NUL)
        CHECK(message->len == 0 || !memchr(message->data, marks.tail, message->len));
}

static struct messages read_all(enum framing framing, uint64_t max, const uint8_t *data,
                                size_t size, size_t piece)
{
    struct framing_reader reader = {.framing = framing, .max = max};
    struct framing_message message;
    struct messages messages = {.end = FRAMING_MORE};
    bool ending = false;
    for (size_t at = 0; messages.end == FRAMING_MORE; at += piece) {
        size_t len = at < size ? (size - at < piece ? size - at : piece) : 0;
        uint8_t *part = malloc(len + 1);
        CHECK(part);
        if (len > 0)
            memcpy(part, data + at, len);
        ending = len == 0;
        if (!ending)
            framing_feed(&reader, part, len);
        do {
            messages.end =
                ending ? framing_end(&reader, &message) : framing_next(&reader, &message);
            if (messages.end == FRAMING_MESSAGE) {
                CHECK(!max || message.len <= max);
                CHECK((message.record != NULL) == (framing == FRAMING_JSONL));
                check_marks(framing, &message);
                add_message(&messages, message.data, message.len);
            } else if (messages.end == FRAMING_BAD_RECORD) {
                CHECK(framing == FRAMING_JSONL && framing_error(&reader));
                add_message(&messages, framing_error(&reader), strlen(framing_error(&reader)));
            }
        } while (messages.end == FRAMING_MESSAGE || messages.end == FRAMING_BAD_RECORD);
        free(part);
        if (ending)
            break;
    }
    framing_free(&reader);
    return messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    enum framing framing = (enum framing)(data[0] % (FRAMING_CHUNKS + 1));
    uint64_t max = data[1] < 200 ? data[1] : 0;
    size_t piece = data[2] % 64 + 1;
    struct messages whole = read_all(framing, max, data + 3, size - 3, size);
    struct messages cut = read_all(framing, max, data + 3, size - 3, piece);
    if (framing != FRAMING_CHUNKS) {
        CHECK(whole.end == cut.end && whole.len == cut.len);
        CHECK(whole.len == 0 || memcmp(whole.data, cut.data, whole.len) == 0);
    }
    free(whole.data);
    free(cut.data);
    return 0;
}
