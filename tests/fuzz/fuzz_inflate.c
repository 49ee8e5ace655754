/*
 * Compressed messages: read by a session of either role, whole and in pieces, and by zlib, with the
 * same result. The session echoes the messages, and the echoes must inflate to the same data.
 *
 * The first six bytes choose: bit 0 the role, bit 1 chunks, bit 2 a limit of 5000 bytes, bit 3
 * text, bit 4 pauses after every event, bits 5 and 6 no takeover of the server and of the client,
 * bit 7 our own max_frame; the windows; the seed of the cuts; the largest piece; the size of
 * fragments (0: one); where in the rest the first message ends. The rest is the payload of two
 * messages.
 */
#include "tests/fuzz/fuzz.h"
#include <ws/mask.h>
#include <ws/session.h>

#include <zlib.h>

enum { CAP = 5000 };

struct buffer {
    uint8_t *data;
    size_t len, capacity;
};

static void append(struct buffer *b, const void *data, size_t len)
{
    if (b->len + len > b->capacity) {
        b->capacity = (b->len + len) * 2;
        b->data = realloc(b->data, b->capacity);
        CHECK(b->data);
    }
    if (len > 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

/* The two messages as decoded, and the state of the session. A message that is too big may be
 * invalid further on too: then either is right, whichever is found first. */
struct result {
    struct buffer messages[2];
    unsigned count;
    enum ws_error error;
    enum ws_error or_error; /* as right as `error`; WS_OK: none is */
};

static void free_result(struct result *r)
{
    free(r->messages[0].data);
    free(r->messages[1].data);
}

/* Inflates one message after the other with zlib; restores the window after a block marked as the
 * last. */
static void naive(const uint8_t *const payload[2], const size_t len[2], bool takeover, uint64_t cap,
                  struct result *result)
{
    z_stream z = {0};
    CHECK(inflateInit2(&z, -15) == Z_OK);
    for (int i = 0; i < 2 && result->error == WS_OK; i++) {
        struct buffer in = {0}, *out = &result->messages[i];
        append(&in, payload[i], len[i]);
        append(&in, "\x00\x00\xff\xff", 4);
        z.next_in = in.data;
        z.avail_in = (unsigned)in.len;
        int status = Z_OK;
        unsigned had;
        bool ends; /* between two blocks, with no input left */
        bool too_big = false;
        do {
            uint8_t some[1000], window[32768];
            unsigned size = 0;
            z.next_out = some;
            z.avail_out = sizeof some;
            had = z.avail_in;
            status = inflate(&z, Z_SYNC_FLUSH);
            append(out, some, sizeof some - z.avail_out);
            ends = z.avail_in == 0 &&
                   (status == Z_STREAM_END || ((z.data_type & 128) && (z.data_type & 63) == 0));
            too_big |= cap && out->len > cap;
            if (status == Z_STREAM_END) {
                CHECK(inflateGetDictionary(&z, window, &size) == Z_OK);
                CHECK(inflateReset(&z) == Z_OK);
                CHECK(inflateSetDictionary(&z, window, size) == Z_OK);
            } else if (status != Z_OK && status != Z_BUF_ERROR) {
                result->error = WS_E_INFLATE;
                break;
            }
        } while (!ends && (z.avail_out == 0 || (z.avail_in > 0 && z.avail_in < had)));
        if (result->error == WS_OK && !ends)
            result->error = WS_E_INFLATE;
        if (too_big) {
            result->or_error = result->error;
            result->error = WS_E_MESSAGE_TOO_BIG;
        }
        free(in.data);
        if (!takeover)
            inflateReset(&z);
        result->count += result->error == WS_OK;
    }
    inflateEnd(&z);
}

static bool fuzz_random(void *context, void *bytes, size_t size)
{
    memset(bytes, 0x5a, size);
    return context == NULL;
}

struct run {
    struct ws_session session, peer;
    struct ws_out out;
    struct buffer echo;
    struct result result, echoed;
    uint8_t *memory;
};

static void take_event(struct result *result, const struct ws_event *event)
{
    if (event->type == WS_EVENT_ERROR) {
        CHECK(result->error == WS_OK);
        result->error = event->error;
        return;
    }
    if (event->type == WS_EVENT_PONG)
        return;
    CHECK(event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK);
    CHECK(result->error == WS_OK && result->count < 2);
    append(&result->messages[result->count], event->data, event->len);
    CHECK(event->total >= result->messages[result->count].len);
    result->count += event->type == WS_EVENT_MESSAGE || event->last;
}

static void collect(struct run *run)
{
    for (size_t i = 0; i < run->out.count; i++)
        append(&run->echo, ws_out_span_data(&run->out, i), run->out.spans[i].len);
    ws_out_clear(&run->out);
}

static void lend(struct run *run, const uint8_t *data, size_t len)
{
    uint8_t *memory = malloc(len + 1);
    CHECK(memory);
    memcpy(memory, data, len);
    free(run->memory);
    run->memory = memory;
    ws_session_feed(&run->session, memory, len, 0);
}

static void pull(struct run *run, bool pauses)
{
    struct ws_event event;
    while (ws_session_next(&run->session, &event) != WS_EVENT_NONE) {
        take_event(&run->result, &event);
        uint64_t cap = run->session.config->max_message;
        CHECK(!cap || event.total <= cap);
        CHECK(!cap || ws_session_holds(&run->session) <= cap + WS_CHUNK_ABOVE);
        if (event.type == WS_EVENT_MESSAGE || event.type == WS_EVENT_CHUNK)
            CHECK(ws_session_reply(&run->session, &run->out, &event) == WS_OK);
        collect(run);
        if (pauses) {
            const uint8_t *rest;
            size_t len = ws_session_unread(&run->session, &rest);
            if (len > 0)
                lend(run, rest, len);
        }
    }
}

/* Encodes the two messages as frames, in fragments, with a pong between each two. */
static void frame_up(struct buffer *wire, bool masked, bool text, const uint8_t *payload,
                     size_t len, size_t fragment)
{
    size_t at = 0;
    do {
        uint8_t header[WS_HEADER_MAX];
        size_t n = fragment && len - at > fragment ? fragment : len - at;
        struct ws_frame frame = {.fin = at + n == len,
                                 .opcode = at     ? WS_OP_CONTINUATION
                                           : text ? WS_OP_TEXT
                                                  : WS_OP_BINARY,
                                 .rsv = at ? 0 : WS_RSV1,
                                 .masked = masked,
                                 .mask_key = {9, 8, 7, 6},
                                 .length = n,
                                 .length_bytes = (uint8_t)ws_frame_length_bytes(n)};
        append(wire, header, ws_frame_encode(header, &frame));
        append(wire, payload + at, n);
        if (masked)
            ws_mask(wire->data + wire->len - n, wire->data + wire->len - n, n, frame.mask_key, 0);
        at += n;
        frame = (struct ws_frame){.fin = true, .opcode = WS_OP_PONG, .masked = masked};
        append(wire, header, ws_frame_encode(header, &frame));
    } while (at < len);
}

static void drive(struct run *run, const struct buffer *wire, unsigned cut, size_t largest,
                  bool pauses)
{
    for (size_t at = 0; at < wire->len;) {
        size_t n = wire->len - at;
        if (largest) {
            cut = cut * 1664525u + 1013904223u;
            if (n > 1 + (cut >> 8) % largest)
                n = 1 + (cut >> 8) % largest;
        }
        lend(run, wire->data + at, n);
        pull(run, pauses);
        at += n;
    }
    /* reads the echo as the peer */
    struct ws_event event;
    ws_session_feed(&run->peer, run->echo.data, run->echo.len, 0);
    while (ws_session_next(&run->peer, &event) != WS_EVENT_NONE)
        take_event(&run->echoed, &event);
    CHECK(run->echoed.error == WS_OK && run->echoed.count == run->result.count);
    for (unsigned i = 0; i < 2; i++) {
        const struct buffer *a = &run->result.messages[i], *b = &run->echoed.messages[i];
        if (i < run->result.count)
            CHECK(a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
    }
}

static void check_same(const struct result *a, const struct result *b)
{
    CHECK(a->count == b->count);
    CHECK(a->error == b->error || (a->error != WS_OK && a->error == b->or_error));
    for (unsigned i = 0; i < a->count; i++)
        CHECK(a->messages[i].len == b->messages[i].len &&
              (a->messages[i].len == 0 ||
               memcmp(a->messages[i].data, b->messages[i].data, a->messages[i].len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 6)
        return 0;
    uint8_t mode = data[0];
    bool server = mode & 1, text = mode & 8;
    struct ws_deflate_params params = {mode & 32, mode & 64, (uint8_t)(8 + (data[1] & 7)),
                                       (uint8_t)(8 + (data[1] >> 4 & 7))};
    /* The input may use the full window, like zlib below. */
    if (server)
        params.client_bits = 15;
    else
        params.server_bits = 15;
    unsigned seed = data[2], largest = data[3];
    size_t fragment = data[4], first = data[5];
    data += 6;
    size -= 6;
    if (first > size)
        first = size;
    const uint8_t *const payload[2] = {data, data + first};
    const size_t len[2] = {first, size - first};

    struct ws_deflate_pool pool = {0};
    struct ws_deflate_config wishes;
    ws_deflate_config_init(&wishes);
    wishes.threshold = seed % 3 ? 0 : 100;
    struct ws_session_config config = {.role = server ? WS_ROLE_SERVER : WS_ROLE_CLIENT,
                                       .chunks = mode & 2,
                                       .max_message = mode & 4 ? CAP : 0,
                                       .max_frame = mode & 128 ? 1 + seed : 0,
                                       .random = fuzz_random,
                                       .deflate = &wishes,
                                       .deflate_pool = &pool};
    struct ws_session_config other = {.role = server ? WS_ROLE_CLIENT : WS_ROLE_SERVER,
                                      .random = fuzz_random,
                                      .deflate_pool = &pool};
    struct result expected = {0};
    bool takeover = !(server ? params.client_no_takeover : params.server_no_takeover);
    naive(payload, len, takeover, config.max_message, &expected);

    struct buffer wire = {0};
    frame_up(&wire, server, text, payload[0], len[0], fragment);
    frame_up(&wire, server, text, payload[1], len[1], fragment);

    struct result before = {0};
    for (int pieces = 0; pieces < 2; pieces++) {
        struct run run = {0};
        ws_session_init_open(&run.session, &config);
        ws_session_init_open(&run.peer, &other);
        CHECK(ws_session_init_deflate(&run.session, &params) == WS_OK);
        CHECK(ws_session_init_deflate(&run.peer, &params) == WS_OK);
        drive(&run, &wire, seed, pieces ? largest + 1 : 0, pieces && (mode & 16));
        if (text && run.result.error == WS_E_UTF8)
            CHECK(run.result.count <= 1);
        else
            check_same(&run.result, &expected);
        if (pieces) {
            check_same(&run.result, &before);
            free_result(&run.result);
        } else {
            before = run.result;
            if (before.error == expected.error)
                before.or_error = expected.or_error;
            else if (before.error == expected.or_error)
                before.or_error = expected.error;
        }
        free_result(&run.echoed);
        ws_session_free(&run.session);
        ws_session_free(&run.peer);
        ws_out_free(&run.out);
        free(run.echo.data);
        free(run.memory);
    }
    free_result(&before);
    free_result(&expected);
    free(wire.data);
    ws_deflate_pool_free(&pool);
    return 0;
}
