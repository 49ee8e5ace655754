/* What the tests of compressed sessions share: sessions that have agreed, messages, and a pump. */
#ifndef TESTS_UNIT_PROTO_SESSION_DEFLATE_H
#define TESTS_UNIT_PROTO_SESSION_DEFLATE_H

#include <ws/session.h>

#include <ws/mask.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static uint32_t random_state = 1;
static bool random_fails;

static inline uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(random_state >> 8) * below) >> 24);
}

static inline bool fill_random(void *context, void *bytes, size_t size)
{
    uint8_t *p = bytes;
    (void)context;
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)draw(256);
    return !random_fails;
}

static struct ws_deflate_pool pool;

/* A session of `role` in OPEN that has agreed on `params`. */
static inline void open_with(struct ws_session *s, struct ws_session_config *config,
                             enum ws_role role, const struct ws_deflate_params *params)
{
    config->role = role;
    config->random = fill_random;
    config->deflate_pool = &pool;
    ws_session_init_open(s, config);
    assert_int_equal(ws_session_init_deflate(s, params), WS_OK);
}

static const struct ws_deflate_params takeover = {false, false, 15, 15};
static const struct ws_deflate_params alone = {true, true, 15, 15};

static inline size_t flat(const struct ws_out *out, uint8_t *to, size_t room)
{
    size_t at = 0;
    assert_true(out->bytes <= room);
    for (size_t i = 0; i < out->count; i++) {
        memcpy(to + at, ws_out_span_data(out, i), out->spans[i].len);
        at += out->spans[i].len;
    }
    assert_int_equal(at, out->bytes);
    return at;
}

/* A frame as the peer of `role` sends it; its length. */
static inline size_t make(uint8_t *to, enum ws_role role, unsigned opcode, bool fin, unsigned rsv,
                          const void *data, size_t len)
{
    struct ws_frame frame = {.fin = fin,
                             .opcode = (uint8_t)opcode,
                             .rsv = (uint8_t)rsv,
                             .length = len,
                             .masked = role == WS_ROLE_SERVER,
                             .mask_key = {1, 2, 3, 4},
                             .length_bytes = (uint8_t)ws_frame_length_bytes(len)};
    size_t n = ws_frame_encode(to, &frame);
    if (len > 0 && frame.masked)
        ws_mask(to + n, data, len, frame.mask_key, 0);
    else if (len > 0)
        memcpy(to + n, data, len);
    return n + len;
}

/* `len` bytes as a message compressed by itself, without its tail; its size. */
static inline size_t squeeze(const void *data, size_t len, uint8_t *to, size_t room)
{
    struct ws_deflate_config config;
    ws_deflate_config_init(&config);
    size_t size = ws_deflate_once(&pool, &config, 15, data, len, to, room);
    assert_true(size > 0);
    return size;
}

/* A message that is put together from its chunks. */
struct message {
    uint8_t *data;
    size_t len;
    unsigned opcode;
    bool whole;
};

static inline void collect(struct message *m, const struct ws_event *e)
{
    if (e->type == WS_EVENT_MESSAGE || e->first) {
        assert_true(m->whole);
        free(m->data);
        *m = (struct message){.opcode = e->opcode};
    }
    assert_int_equal(m->opcode, e->opcode);
    m->data = realloc(m->data, m->len + e->len + 1);
    if (e->len > 0)
        memcpy(m->data + m->len, e->data, e->len);
    m->len += e->len;
    m->whole = e->type == WS_EVENT_MESSAGE || e->last;
    if (m->whole)
        assert_int_equal(e->total, m->len);
    else
        assert_true(e->total >= m->len);
}

static inline void fill(uint8_t *data, size_t len, bool text)
{
    static const char words[] = "{\"name\":\"K\xc3\xb6ln\",\"temperature\":21.5,\"ok\":true}";
    unsigned kind = draw(3);
    size_t i = 0;
    while (i < len) {
        if (!text && kind == 0) {
            data[i++] = (uint8_t)draw(256);
            continue;
        }
        size_t n = kind == 1 ? 1 + draw(sizeof words - 2) : sizeof words - 1;
        const char *from = words;
        if (kind == 1 && ((uint8_t)words[n] & 0xC0) == 0x80)
            n++;
        if (n > len - i) { /* no code point is cut */
            memset(data + i, 'x', len - i);
            return;
        }
        memcpy(data + i, from, n);
        i += n;
    }
}

/* Pulls one end's input through it in pieces, with pauses; what it echoes goes to `echo`. */
static inline void pump(struct ws_session *s, const uint8_t *wire, size_t len, struct message *m,
                        unsigned *messages, struct ws_out *echo, bool pauses)
{
    uint8_t *memory = NULL;
    size_t at = 0;
    while (at < len) {
        size_t n = draw(3) ? 1 + draw((uint32_t)(len - at)) : 1 + draw(20);
        if (n > len - at)
            n = len - at;
        free(memory);
        memory = malloc(WS_HEADROOM + n);
        memcpy(memory + WS_HEADROOM, wire + at, n);
        at += n;
        ws_session_feed(s, memory + WS_HEADROOM, n, WS_HEADROOM);
        struct ws_event event;
        while (ws_session_next(s, &event) != WS_EVENT_NONE) {
            if (event.type == WS_EVENT_PING)
                continue;
            if (event.type != WS_EVENT_MESSAGE && event.type != WS_EVENT_CHUNK)
                fail_msg("event %d, %s", event.type, ws_error_info(event.error)->name);
            assert_true(s->config->chunks || event.type == WS_EVENT_MESSAGE);
            collect(m, &event);
            *messages += m->whole;
            if (echo)
                assert_int_equal(ws_session_reply(s, echo, &event), WS_OK);
            if (pauses) {
                const uint8_t *rest;
                size_t left = ws_session_unread(s, &rest);
                uint8_t *other = malloc(left + 1);
                memcpy(other, rest, left);
                /* what was sent may lie in the old memory */
                if (echo && echo->in_place) {
                    struct ws_out copy = {0};
                    for (size_t i = 0; i < echo->count; i++)
                        ws_out_copy(&copy, ws_out_span_data(echo, i), echo->spans[i].len);
                    ws_out_free(echo);
                    *echo = copy;
                }
                free(memory);
                memory = other;
                if (left > 0)
                    ws_session_feed(s, memory, left, 0);
            }
        }
        if (echo && echo->in_place) {
            struct ws_out copy = {0};
            for (size_t i = 0; i < echo->count; i++)
                ws_out_copy(&copy, ws_out_span_data(echo, i), echo->spans[i].len);
            ws_out_free(echo);
            *echo = copy;
        }
    }
    free(memory);
}

/* Sends one message in one of the ways there are. */
static inline void send_somehow(struct ws_session *s, struct ws_out *out, unsigned opcode,
                                uint8_t *data, size_t len)
{
    unsigned pieces = draw(3) ? 1 : 1 + draw(4);
    size_t at = 0;
    while (pieces > 0) {
        size_t n = --pieces ? draw((uint32_t)(len - at + 1)) : len - at;
        assert_int_equal(ws_session_send(s, out, opcode, pieces ? WS_SEND_MORE : 0, data + at, n),
                         WS_OK);
        at += n;
        if (draw(3) == 0)
            assert_int_equal(ws_session_ping(s, out, "p", 1), WS_OK);
    }
}

static inline int empty_pool(void **state)
{
    (void)state;
    ws_deflate_pool_free(&pool);
    return 0;
}

#endif
