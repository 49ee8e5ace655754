/*
 * What a hostile Redis can send: replies are the same all at once and in pieces, and each payload
 * is a message of a node or is refused. The first byte is the size of a piece.
 */
#include "cmd/wsserve/cluster/envelope.h"
#include "cmd/wsserve/cluster/resp.h"
#include "tests/fuzz/fuzz.h"

enum { MOST = 700, SIZE_MOST = 10000 };

struct heard {
    uint64_t sum; /* of all that was heard, in its order */
    size_t replies;
    bool violation;
};

static void add(struct heard *heard, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        heard->sum = (heard->sum ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001B3);
}

static bool on_reply(void *context, const struct resp_reply *reply)
{
    struct heard *heard = context;
    CHECK(reply->count >= 1 && reply->count <= RESP_PARTS_MAX);
    CHECK(reply->array || reply->count == 1);
    for (size_t i = 0; i < reply->count; i++) {
        const struct resp_part *part = &reply->parts[i];
        struct envelope envelope;
        uint8_t head[ENVELOPE_HEAD];
        add(heard, &part->kind, sizeof part->kind);
        add(heard, &part->number, sizeof part->number);
        CHECK((part->len > MOST) == (part->kind == RESP_TOO_LARGE));
        CHECK(part->data || part->len == 0 || part->kind == RESP_TOO_LARGE);
        add(heard, &part->len, sizeof part->len);
        add(heard, part->data, part->data ? part->len : 0);
        if (part->data && envelope_read(part->data, part->len, &envelope)) {
            envelope_write(&envelope, head);
            CHECK(memcmp(head, part->data, sizeof head) == 0);
            CHECK(envelope.len == part->len - sizeof head);
        }
    }
    heard->replies++;
    return true;
}

static struct heard hear_all(const uint8_t *data, size_t size, size_t piece)
{
    struct heard heard = {0};
    struct resp *resp = resp_new(MOST);
    CHECK(resp);
    for (size_t at = 0; at < size && !heard.violation; at += piece) {
        size_t len = size - at < piece ? size - at : piece;
        char *part = malloc(len);
        CHECK(part);
        memcpy(part, data + at, len);
        heard.violation = !resp_feed(resp, part, len, on_reply, &heard);
        free(part);
        CHECK(heard.violation == (resp_violation(resp)[0] != '\0'));
    }
    resp_free(resp);
    return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > SIZE_MOST)
        return 0;
    struct heard whole = hear_all(data + 1, size - 1, size);
    struct heard cut = hear_all(data + 1, size - 1, data[0] % 64 + 1u);
    CHECK(whole.replies == cut.replies && whole.sum == cut.sum);
    CHECK(whole.violation == cut.violation);
    return 0;
}
