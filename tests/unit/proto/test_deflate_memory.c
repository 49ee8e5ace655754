/*
 * Every allocation fails once, zlib's among them: two sessions that compress, from agreeing to
 * their end, again and again. What fails says so and can be tried again; what was sent can be read.
 *
 * Linked with --wrap for what the library calls.
 */
#include <ws/session.h>

#include "tests/unit/failing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static bool fill_random(void *context, void *bytes, size_t size)
{
    memset(bytes, 0x35, size);
    return context == NULL;
}

enum { LEN = 100000, ROOM = 3 * LEN, MESSAGES = 4 };

static char data[LEN];
static uint8_t wire[ROOM];

static size_t flat(const struct ws_out *out)
{
    size_t at = 0;
    assert_true(out->bytes <= ROOM);
    for (size_t i = 0; i < out->count; i++) {
        memcpy(wire + at, ws_out_span_data(out, i), out->spans[i].len);
        at += out->spans[i].len;
    }
    assert_int_equal(at, out->bytes);
    return at;
}

/* Message `n` begins at byte 100 n of the data; the third leaves in two fragments. */
static const size_t lengths[MESSAGES] = {3000, LEN - 100, 2000, 30000};

/* Where memory fails, nothing has changed, and it is sent once more. */
static void send_piece(struct ws_session *s, struct ws_out *out, unsigned flags, char *from,
                       size_t len)
{
    size_t before = out->bytes;
    enum ws_error error = ws_session_send(s, out, WS_OP_TEXT, flags, from, len);
    if (error == WS_OK)
        return;
    assert_int_equal(error, WS_E_NO_MEMORY);
    assert_int_equal(out->bytes, before);
    armed = false;
    assert_int_equal(ws_session_send(s, out, WS_OP_TEXT, flags, from, len), WS_OK);
    armed = true;
}

static void send_message(struct ws_session *s, struct ws_out *out, unsigned n)
{
    char *from = data + 100 * n;
    size_t first = n == 2 ? lengths[n] / 2 : 0;
    if (first)
        send_piece(s, out, WS_SEND_MORE, from, first);
    send_piece(s, out, 0, from + first, lengths[n] - first);
}

static void converse(const struct ws_deflate_params *params, bool chunks, enum ws_role sender,
                     size_t piece)
{
    struct ws_deflate_pool pool = {0};
    struct ws_deflate_config wishes;
    ws_deflate_config_init(&wishes);
    struct ws_session_config one = {
        .role = sender, .random = fill_random, .deflate = &wishes, .deflate_pool = &pool};
    struct ws_session_config other = {.role = sender == WS_ROLE_SERVER ? WS_ROLE_CLIENT
                                                                       : WS_ROLE_SERVER,
                                      .chunks = chunks,
                                      .random = fill_random,
                                      .deflate_pool = &pool};
    struct ws_session s, peer;
    struct ws_out out = {0};
    struct ws_event event;
    unsigned n = 0;
    size_t got = 0;

    armed = true;
    ws_session_init_open(&s, &one);
    ws_session_init_open(&peer, &other);
    bool agreed = ws_session_init_deflate(&s, params) == WS_OK &&
                  ws_session_init_deflate(&peer, params) == WS_OK;
    for (unsigned i = 0; agreed && i < MESSAGES; i++)
        send_message(&s, &out, i);
    size_t len = agreed ? flat(&out) : 0;
    bool over = !agreed;
    for (size_t at = 0; at < len && !over; at += piece) {
        ws_session_feed(&peer, wire + at, len - at < piece ? len - at : piece, 0);
        while (ws_session_next(&peer, &event) != WS_EVENT_NONE) {
            if (event.type == WS_EVENT_ERROR) {
                assert_int_equal(event.error, WS_E_NO_MEMORY);
                assert_true(failed > 0);
                over = true;
                continue;
            }
            assert_true(n < MESSAGES);
            assert_memory_equal(event.data, data + 100 * n + got, event.len);
            got += event.len;
            if (event.type == WS_EVENT_MESSAGE || event.last) {
                assert_int_equal(got, lengths[n]);
                got = 0;
                n++;
            }
        }
    }
    if (!over)
        assert_int_equal(n, MESSAGES);
    if (agreed) {
        /* one for all is sent as it is where there is no memory */
        static uint8_t once[4000];
        size_t size = ws_deflate_once(&pool, &wishes, 15, data, 3000, once, sizeof once);
        assert_true(size > 0 || failed > 0);
    }
    armed = false;
    ws_session_free(&s);
    ws_session_free(&peer);
    ws_out_free(&out);
    ws_deflate_pool_free(&pool);
}

static void every_allocation(void **state)
{
    static const struct ws_deflate_params all[] = {{false, false, 15, 15}, {true, true, 12, 12}};
    unsigned long most = 0;
    (void)state;
    /* words, and then what makes the output grow more than once */
    uint32_t random = 1;
    for (size_t i = 0; i < LEN; i++) {
        random = random * 1664525u + 1013904223u;
        data[i] = i < 20000 ? "the quick brown fox jumps over the lazy dog, "[(i + i / 1000) % 45]
                            : (char)('0' + (random >> 24) % 64);
    }
    for (unsigned way = 0; way < 32; way++) {
        from_there_on = way & 16;
        for (fail_at = 1;; fail_at++) {
            calls = failed = 0;
            converse(&all[way & 1], way & 2, way & 4 ? WS_ROLE_CLIENT : WS_ROLE_SERVER,
                     way & 8 ? ROOM : 700);
            if (failed == 0)
                break;
        }
        most = fail_at > most ? fail_at : most;
    }
    assert_true(most > 15); /* it fails at all */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
