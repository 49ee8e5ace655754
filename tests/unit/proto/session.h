/* What the tests of the session share: frames as a peer sends them, and output as one piece. */
#ifndef TESTS_UNIT_PROTO_SESSION_H
#define TESTS_UNIT_PROTO_SESSION_H

#include <ws/session.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static uint32_t random_state = 1;

static inline bool fill_random(void *context, void *bytes, size_t size)
{
    uint8_t *p = bytes;
    (void)context;
    for (size_t i = 0; i < size; i++) {
        random_state = random_state * 1664525u + 1013904223u;
        p[i] = (uint8_t)(random_state >> 24);
    }
    return true;
}

static inline bool no_random(void *context, void *bytes, size_t size)
{
    (void)context, (void)bytes, (void)size;
    return false;
}

static const struct ws_session_config server = {.role = WS_ROLE_SERVER};
static const struct ws_session_config client = {.role = WS_ROLE_CLIENT, .random = fill_random};

/* A frame as the peer of `role` sends it, masked with zeros where it is masked; its length. */
static inline size_t make(uint8_t *out, enum ws_role role, unsigned opcode, bool fin,
                          uint64_t claim, const void *data, size_t len)
{
    struct ws_frame frame = {.fin = fin,
                             .opcode = (uint8_t)opcode,
                             .length = claim,
                             .masked = role == WS_ROLE_SERVER,
                             .length_bytes = (uint8_t)ws_frame_length_bytes(claim)};
    size_t n = ws_frame_encode(out, &frame);
    if (len)
        memcpy(out + n, data, len);
    return n + len;
}

/* Feeds one frame and pulls one event. */
static inline enum ws_event_type give(struct ws_session *s, unsigned opcode, bool fin,
                                      const void *data, size_t len, struct ws_event *event)
{
    static uint8_t bytes[70000];
    size_t n = make(bytes, s->config->role, opcode, fin, len, data, len);
    ws_session_feed(s, bytes, n, 0);
    return ws_session_next(s, event);
}

static inline size_t flat(const struct ws_out *out, uint8_t *to, size_t room)
{
    size_t at = 0;
    assert_true(out->bytes <= room);
    for (size_t i = 0; i < out->count; i++) {
        memcpy(to + at, ws_out_span_data(out, i), out->spans[i].len);
        at += out->spans[i].len;
    }
    return at;
}

#endif
