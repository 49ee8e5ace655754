/*
 * A session of either role, whole and in pieces as in session.h, on what a session of the other
 * role sends by a recipe: so that most of it is right, or nearly.
 *
 * The input: bit 0 of the first byte is the reader's role; the next three bytes choose as in
 * session.h. Then three bytes for each thing that is sent: its kind and flags, its length, and
 * what is in it or how the frame is spoilt.
 */
#include "tests/fuzz/session.h"

enum { HEAD = 4, STEP = 3, STREAM_MAX = 1 << 20, PAYLOAD_MAX = 1 << 16, LONGEST_CONTROL = 125 };

/* Bits of the first byte of a step, above the kind. */
enum { KIND = 7, MORE = 8, SPOIL = 16 };

struct writer {
    struct ws_session session;
    struct ws_out out;
    size_t len;
    uint8_t stream[HEAD + STREAM_MAX]; /* as fuzz_session() gets it */
};

static size_t length_of(uint8_t choice)
{
    static const uint32_t edges[] = {0, 1, 7, 8, 125, 126, 127, 1000, 1001, 16384, 65535, 65536};
    enum { EDGES = sizeof edges / sizeof edges[0] };
    return choice < EDGES ? edges[choice] : choice;
}

/* Text whose characters have one to four bytes, beginning and ending anywhere in it; a quarter has
 * one byte that mostly is none. */
static void fill(uint8_t *payload, size_t len, uint8_t what)
{
    static const char *const texts[] = {"plain text, ", "\xC3\xA9t\xC3\xA9 ",
                                        "\xE2\x82\xAC\xF0\x9F\x98\x80", "\xED\x9F\xBF\xEE\x80\x80"};
    const char *text = texts[what & 3];
    size_t size = strlen(text);
    for (size_t i = 0; i < len; i++)
        payload[i] = (uint8_t)text[(i + (what >> 4)) % size];
    if ((what & 12) == 12 && len > 0)
        payload[len / 2] = what;
}

/* Appends what was written, with a bit of its first frame's beginning turned over if so chosen. */
static void take(struct writer *w, bool spoil, uint8_t how)
{
    size_t begun = w->len;
    for (size_t i = 0; i < w->out.count; i++) {
        size_t len = w->out.spans[i].len, left = HEAD + STREAM_MAX - w->len;
        memcpy(w->stream + w->len, ws_out_span_data(&w->out, i), len < left ? len : left);
        w->len += len < left ? len : left;
    }
    ws_out_clear(&w->out);
    size_t at = begun + (how >> 3) % 12;
    if (spoil && at < w->len)
        w->stream[at] ^= (uint8_t)(1 << (how & 7));
}

static void send(struct writer *w, const uint8_t *step)
{
    static uint8_t payload[PAYLOAD_MAX];
    static const uint16_t codes[] = {1000, 1001, 1011, 3000, 4999};
    size_t len = length_of(step[1]), control = len < LONGEST_CONTROL ? len : LONGEST_CONTROL;
    unsigned kind = step[0] & KIND, flags = step[0] & MORE ? WS_SEND_MORE : 0;
    struct ws_session *s = &w->session;
    fill(payload, len, step[2]);
    switch (kind) {
    case 0:
        ws_session_close(s, &w->out, codes[step[2] % 5], (char *)payload,
                         control > 2 ? control - 2 : 0);
        break;
    case 1:
        ws_session_ping(s, &w->out, payload, control);
        break;
    case 2:
        ws_session_pong(s, &w->out, payload, control);
        break;
    default: /* a fragment continues the message before it, of whichever opcode */
        ws_session_send(s, &w->out, s->fragment_opcode ? s->fragment_opcode : 1 + (kind & 1),
                        flags | WS_SEND_COPY, payload, len);
    }
    take(w, step[0] & SPOIL, step[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct writer w;
    uint32_t random = 1;
    if (size < HEAD)
        return 0;
    enum ws_role reader = data[0] & 1 ? WS_ROLE_CLIENT : WS_ROLE_SERVER;
    bool deflate = data[2] & 128;
    struct ws_deflate_pool pool = {0};
    struct ws_deflate_config wishes;
    ws_deflate_config_init(&wishes);
    wishes.preference.client_no_takeover = data[2] & 64; /* as the reader has it */
    struct ws_session_config config = {
        .role = reader == WS_ROLE_SERVER ? WS_ROLE_CLIENT : WS_ROLE_SERVER,
        .random = fuzz_random,
        .random_context = &random,
        .deflate = deflate ? &wishes : NULL,
        .deflate_pool = &pool,
    };
    w.out = (struct ws_out){0};
    w.len = HEAD - 1; /* the bytes that choose */
    memcpy(w.stream, data + 1, w.len);
    w.stream[0] &= (uint8_t)~4u; /* the streams begin after the upgrade */
    ws_session_init_open(&w.session, &config);
    if (deflate)
        CHECK(ws_session_init_deflate(&w.session, &wishes.preference) == WS_OK);
    for (size_t at = HEAD; at + STEP <= size; at += STEP)
        send(&w, data + at);
    ws_session_free(&w.session);
    ws_out_free(&w.out);
    ws_deflate_pool_free(&pool);

    uint8_t *exact = malloc(w.len);
    CHECK(exact);
    memcpy(exact, w.stream, w.len);
    fuzz_session(reader, exact, w.len);
    free(exact);
    return 0;
}
