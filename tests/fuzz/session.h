/*
 * The body of both session targets: the same bytes go through a session whole, and again in pieces.
 * Each of the two targets includes it once and defines the role.
 *
 * The first three bytes choose: bit 0 chunks and runs, bit 1 echo, bit 2 begin in the upgrade, bit
 * 3 frame events, bit 4 a limit of 1000 bytes per message, bit 5 we close first, bit 6 the stream
 * ends, bit 7 pause after every event; the seed of the cuts, whose bit 7 enables
 * permessage-deflate; the largest piece.
 */
#ifndef TESTS_FUZZ_SESSION_H
#define TESTS_FUZZ_SESSION_H

#include "libws/proto/bytes.h"
#include "tests/fuzz/fuzz.h"
#include <ws/session.h>

/* A digest of a run's events, with neighbouring chunks counted as one: checksum and size. */
struct digest {
    uint64_t sum;
    uint64_t data_len;
    uint64_t count;
    unsigned open_chunk; /* opcode of the chunk that the next one joins */
};

static void mix(struct digest *d, uint64_t value)
{
    d->sum = (d->sum ^ value) * UINT64_C(1099511628211);
}

static void mix_event(struct digest *d, const struct ws_event *e)
{
    bool data = e->type == WS_EVENT_MESSAGE || e->type == WS_EVENT_CHUNK;
    bool first = e->type == WS_EVENT_MESSAGE || e->first;
    bool last = e->type == WS_EVENT_MESSAGE || e->last;
    if (!data || !d->open_chunk || first) {
        mix(d, data ? 100u + e->opcode + (first ? 50u : 0) : (uint64_t)e->type);
        d->count++;
    }
    if (!data) {
        mix(d, e->code);
        mix(d, e->error);
        mix(d, e->offset);
        mix(d, e->clean);
    }
    /* An error's text is what came with it in one piece: it differs with the pieces. */
    size_t len = e->type == WS_EVENT_ERROR ? 0 : e->len;
    for (size_t i = 0; i < len; i++)
        mix(d, e->data[i]);
    d->data_len += len;
    if (data && last)
        mix(d, 1000);
    d->open_chunk = data && !last ? e->opcode : 0;
    if (e->request) {
        mix(d, e->request->violation);
        mix(d, e->request->target.len);
    }
    if (e->response) {
        mix(d, e->response->status);
        mix(d, e->response->body.len);
    }
}

/* The messages of a run are the same as each by itself. */
static void mix_events(struct digest *d, const struct ws_event *e)
{
    struct ws_event one = *e;
    if (e->type != WS_EVENT_RUN) {
        mix_event(d, e);
        return;
    }
    one.type = WS_EVENT_MESSAGE;
    for (unsigned i = 0; i < e->count; i++, one.data += WS_RUN_STEP(one.len)) {
        CHECK(one.opcode != WS_OP_TEXT || ws_utf8_valid(one.data, one.len));
        mix_event(d, &one);
    }
}

static bool fuzz_random(void *context, void *bytes, size_t size)
{
    uint32_t *state = context;
    uint8_t *p = bytes;
    if (size == 16) {
        memcpy(p, "the sample nonce", 16);
        return true;
    }
    for (size_t i = 0; i < size; i++) {
        *state = *state * 1664525u + 1013904223u;
        p[i] = (uint8_t)(*state >> 24);
    }
    return true;
}

/* Reads every written byte, so that ASan detects an invalid span. */
static void drain(struct ws_out *out)
{
    uint64_t sum = 0;
    size_t total = 0;
    for (size_t i = 0; i < out->count; i++) {
        const uint8_t *p = ws_out_span_data(out, i);
        for (size_t j = 0; j < out->spans[i].len; j++)
            sum += p[j];
        total += out->spans[i].len;
    }
    CHECK(total == out->bytes && sum <= total * 255);
    CHECK(out->in_place <= out->bytes);
    ws_out_clear(out);
}

struct fuzz_run {
    struct ws_session session;
    struct ws_out out;
    uint8_t *memory;
    uint8_t mode;
    bool over;
    uint64_t fed;
    uint64_t largest; /* limit of a message's bytes, and of held bytes, for the fed input */
    struct digest digest;
};

static void fuzz_lend(struct fuzz_run *run, const uint8_t *data, size_t len)
{
    size_t headroom = run->mode & 1 ? WS_HEADROOM : len % 3;
    uint8_t *memory = malloc(headroom + len + !(headroom + len));
    CHECK(memory);
    memcpy(memory + headroom, data, len);
    free(run->memory);
    run->memory = memory;
    ws_session_feed(&run->session, memory + headroom, len, headroom);
}

static void fuzz_pull(struct fuzz_run *run)
{
    struct ws_session *s = &run->session;
    for (;;) {
        struct ws_event event;
        enum ws_state before = ws_session_state(s);
        enum ws_event_type type = ws_session_next(s, &event);
        CHECK(type == event.type);
        CHECK(before == ws_session_state(s) || ws_state_may_follow(before, ws_session_state(s)));
        if (type == WS_EVENT_NONE)
            break;
        CHECK(!run->over); /* no event after an error */
        run->over = type == WS_EVENT_ERROR;
        CHECK(type != WS_EVENT_ERROR || event.offset <= run->fed);
        CHECK(event.len <= run->largest ||
              (type == WS_EVENT_ERROR && before == WS_STATE_CONNECTING));
        CHECK(type != WS_EVENT_CHUNK || (run->mode & 1));
        CHECK((type != WS_EVENT_PING && type != WS_EVENT_PONG) || event.len <= 125);
        if (type == WS_EVENT_MESSAGE && event.opcode == WS_OP_TEXT)
            CHECK(ws_utf8_valid(event.data, event.len));
        if (type == WS_EVENT_ERROR)
            CHECK(event.len == 0 || event.error == WS_E_UTF8 ||
                  (before == WS_STATE_CONNECTING && event.len <= run->fed));
        if (type == WS_EVENT_CLOSE)
            CHECK(event.code == WS_CLOSE_NO_CODE || event.code == WS_CLOSE_ABNORMAL ||
                  ws_close_code_valid(event.code));
        mix_events(&run->digest, &event);

        enum ws_error result;
        bool data = type == WS_EVENT_MESSAGE || type == WS_EVENT_RUN || type == WS_EVENT_CHUNK;
        if (data && (run->mode & 2)) {
            result = ws_session_reply(s, &run->out, &event);
            CHECK(result == WS_OK || result == WS_E_CLOSING);
        } else {
            result = ws_session_answer(s, &run->out, &event);
            CHECK(result == WS_OK);
        }
        if (run->mode & 128) {
            const uint8_t *rest;
            size_t len = ws_session_unread(s, &rest);
            drain(&run->out);
            if (len > 0)
                fuzz_lend(run, rest, len);
        }
    }
    drain(&run->out);
    /* Memory grows with the received bytes, up to twice their number, never with a header's
     * length. */
    if (s->held)
        CHECK(s->held->capacity <= 2 * run->largest + 256);
    if (s->held_control)
        CHECK(s->held_control->capacity <= 256);
}

static struct digest fuzz_drive(enum ws_role role, const uint8_t *data, size_t size, uint8_t mode,
                                uint8_t seed, size_t largest)
{
    uint32_t random = 1, cut = seed;
    bool deflate = seed & 128;
    struct ws_deflate_pool pool = {0};
    struct ws_deflate_config wishes;
    ws_deflate_config_init(&wishes);
    wishes.threshold = seed & 63;
    wishes.preference.client_no_takeover = seed & 64;
    struct ws_session_config config = {
        .role = role,
        .chunks = mode & 1,
        .runs = mode & 1,
        .frames = mode & 8,
        .max_message = mode & 16 ? 1000 : 0,
        .random = fuzz_random,
        .random_context = &random,
        .deflate = deflate ? &wishes : NULL,
        .deflate_pool = &pool,
    };
    struct fuzz_run run = {.mode = mode};
    ((mode & 4) ? ws_session_init : ws_session_init_open)(&run.session, &config);
    if (!(mode & 4) && deflate)
        CHECK(ws_session_init_deflate(&run.session, &wishes.preference) == WS_OK);
    if ((mode & 4) && role == WS_ROLE_CLIENT) {
        static const char *const protocols[] = {"chat", "superchat", NULL};
        struct ws_request_options options = {.host = "a", .subprotocols = protocols};
        CHECK(ws_session_connect(&run.session, &run.out, &options) == WS_OK);
        drain(&run.out);
    }
    if (mode & 32)
        ws_session_close(&run.session, &run.out, 1000, "enough", 6);

    for (size_t at = 0; at < size;) {
        size_t len = size - at;
        if (largest) {
            cut = cut * 1664525u + 1013904223u;
            size_t piece = 1 + (cut >> 8) % largest;
            if (piece < len)
                len = piece;
        }
        run.fed += len;
        /* Deflate expands a byte to at most 1032; held memory grows in steps. */
        run.largest = deflate ? run.fed * 1032 + 4096 : run.fed;
        fuzz_lend(&run, data + at, len);
        fuzz_pull(&run);
        at += len;
    }
    if (mode & 64) {
        ws_session_end(&run.session, WS_E_LOST);
        fuzz_pull(&run);
        CHECK(ws_session_state(&run.session) == WS_STATE_CLOSED || run.over);
    }
    ws_session_free(&run.session);
    ws_out_free(&run.out);
    ws_deflate_pool_free(&pool);
    free(run.memory);
    return run.digest;
}

static int fuzz_session(enum ws_role role, const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    uint8_t mode = data[0], seed = data[1], largest = data[2];
    data += 3;
    size -= 3;
    struct digest whole = fuzz_drive(role, data, size, mode, seed, 0);
    struct digest pieces = fuzz_drive(role, data, size, mode ^ 128, seed, largest ? largest : 1);
    CHECK(whole.sum == pieces.sum && whole.count == pieces.count &&
          whole.data_len == pieces.data_len);
    return 0;
}

#endif
