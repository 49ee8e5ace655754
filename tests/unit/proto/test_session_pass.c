/* Payload that passes by unseen: which may, and that everything else stays as it is. */
#include "tests/unit/proto/session.h"

enum { STREAM_MOST = 4 << 20, LARGE = 100000 };

static const struct ws_session_config chunked = {
    .role = WS_ROLE_CLIENT, .random = fill_random, .chunks = true};

static uint32_t pick(uint32_t below)
{
    uint32_t value;
    fill_random(NULL, &value, sizeof value);
    return value % below;
}

/* --- which may --- */

/* Feeds the header of a frame of LARGE bytes and `fed` bytes of its payload. */
static uint64_t passable_after(struct ws_session *s, unsigned opcode, bool fin, size_t fed)
{
    static uint8_t bytes[LARGE + 16];
    struct ws_event event;
    size_t n = make(bytes, WS_ROLE_CLIENT, opcode, fin, LARGE, NULL, 0);
    memset(bytes + n, 'x', fed);
    ws_session_feed(s, bytes, n + fed, 0);
    while (ws_session_next(s, &event) != WS_EVENT_NONE)
        assert_int_not_equal(event.type, WS_EVENT_ERROR);
    return ws_session_passable(s);
}

static void what_may_pass(void **state)
{
    struct ws_session s;
    struct ws_event event;
    (void)state;
    ws_session_init_open(&s, &chunked);
    assert_int_equal(ws_session_passable(&s), 0);
    assert_true(ws_session_feed_most(&s) == SIZE_MAX);
    assert_int_equal(passable_after(&s, WS_OP_BINARY, false, 0), LARGE);
    ws_session_pass(&s, LARGE - 1);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    assert_int_equal(ws_session_passable(&s), 1);
    ws_session_pass(&s, 1);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE); /* not the end of the message */
    assert_int_equal(ws_session_passable(&s), 0);
    assert_int_equal(passable_after(&s, WS_OP_CONTINUATION, true, 70), LARGE - 70);
    ws_session_pass(&s, LARGE - 70);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CHUNK);
    assert_int_equal(event.len, 0);
    assert_true(event.last && !event.first);
    assert_int_equal(event.opcode, WS_OP_BINARY);
    assert_int_equal(event.total, 2 * LARGE);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    ws_session_free(&s);
}

static void what_may_not_pass(void **state)
{
    static const struct ws_session_config whole = {.role = WS_ROLE_CLIENT, .random = fill_random},
                                          servers = {.role = WS_ROLE_SERVER, .chunks = true},
                                          lenient = {.role = WS_ROLE_CLIENT,
                                                     .random = fill_random,
                                                     .chunks = true,
                                                     .lenient = true};
    struct ws_session s;
    struct ws_event event;
    uint8_t bytes[64];
    (void)state;
    /* text, which is checked; where whole messages are wanted */
    ws_session_init_open(&s, &chunked);
    assert_int_equal(passable_after(&s, WS_OP_TEXT, true, 0), 0);
    ws_session_free(&s);
    ws_session_init_open(&s, &whole);
    assert_int_equal(passable_after(&s, WS_OP_BINARY, true, 0), 0);
    ws_session_free(&s);
    /* masked, by either side */
    for (int side = 0; side < 2; side++) {
        ws_session_init_open(&s, side ? &lenient : &servers);
        size_t n = make(bytes, WS_ROLE_SERVER, WS_OP_BINARY, true, LARGE, NULL, 0);
        ws_session_feed(&s, bytes, n, 0);
        assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
        assert_int_equal(ws_session_passable(&s), 0);
        ws_session_free(&s);
    }
    /* a small one, which is delivered whole; a ping */
    ws_session_init_open(&s, &chunked);
    size_t n = make(bytes, WS_ROLE_CLIENT, WS_OP_BINARY, false, WS_CHUNK_ABOVE, NULL, 0);
    ws_session_feed(&s, bytes, n, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    assert_int_equal(ws_session_passable(&s), 0);
    ws_session_free(&s);
    /* what was fed and is not yet read comes first; nothing comes after the end */
    ws_session_init_open(&s, &chunked);
    assert_int_equal(passable_after(&s, WS_OP_BINARY, true, 0), LARGE);
    memcpy(bytes, "xyz", 3);
    ws_session_feed(&s, bytes, 3, 0);
    assert_int_equal(ws_session_passable(&s), 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CHUNK);
    assert_int_equal(ws_session_passable(&s), LARGE - 3);
    ws_session_end(&s, WS_E_LOST);
    assert_int_equal(ws_session_passable(&s), 0);
    ws_session_free(&s);
}

/* What is left of a frame may not fit into a size_t of 32 bits: it must not look like nothing. */
static void more_than_32_bits(void **state)
{
    static uint8_t header[] = {0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0};
    struct ws_session s;
    struct ws_event event;
    (void)state;
    ws_session_init_open(&s, &chunked);
    assert_int_equal(passable_after(&s, WS_OP_BINARY, true, 0), LARGE);
    ws_session_pass(&s, LARGE);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CHUNK);
    ws_session_feed(&s, header, sizeof header, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    assert_int_equal(ws_session_passable(&s), 0); /* text is validated */
    assert_true(ws_session_feed_most(&s) >= UINT32_MAX);
}

static void how_much_to_feed(void **state)
{
    struct ws_session s;
    struct ws_event event;
    uint8_t bytes[300];
    size_t n = make(bytes, WS_ROLE_CLIENT, WS_OP_BINARY, true, LARGE, NULL, 0);
    (void)state;
    ws_session_init_open(&s, &chunked);
    assert_int_equal(passable_after(&s, WS_OP_BINARY, true, 0), LARGE);
    ws_session_pass(&s, LARGE);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CHUNK);
    /* a header like the last, in any pieces */
    assert_int_equal(ws_session_feed_most(&s), n);
    for (size_t at = 0; at < n; at++) {
        ws_session_feed(&s, bytes + at, 1, 0);
        assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
        if (at + 1 < n)
            assert_int_equal(ws_session_feed_most(&s), at == 0 ? 3 : n - at - 1);
    }
    assert_int_equal(ws_session_passable(&s), LARGE);
    ws_session_pass(&s, LARGE);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CHUNK);
    /* three small frames are fed by themselves, and nothing less is read after a fourth */
    for (int i = 0; i < 4; i++) {
        size_t len = make(bytes, WS_ROLE_CLIENT, WS_OP_BINARY, true, 200, NULL, 0);
        memset(bytes + len, 'x', 200);
        ws_session_feed(&s, bytes, len, 0);
        assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
        assert_true(ws_session_feed_most(&s) == (i < 3 ? 200 : SIZE_MAX));
        ws_session_feed(&s, bytes + len, 200, 0);
        assert_int_equal(ws_session_next(&s, &event), WS_EVENT_MESSAGE);
        assert_int_equal(event.len, 200);
    }
    assert_true(ws_session_feed_most(&s) == SIZE_MAX);
    ws_session_free(&s);
}

/* --- the same messages --- */

static const size_t lengths[] = {0,     1,     125,   126,   4000,  16384,
                                 16385, 40000, 65535, 65536, 70000, 300000};

/* Appends a frame of random bytes. */
static size_t append(uint8_t *stream, size_t at, unsigned opcode, bool fin, size_t len)
{
    at += make(stream + at, WS_ROLE_CLIENT, opcode, fin, len, NULL, 0);
    for (size_t i = 0; i < len; i++)
        stream[at + i] = opcode == WS_OP_TEXT ? 'a' + (uint8_t)(i % 26) : (uint8_t)pick(256);
    return at + len;
}

/* Messages, whole and in fragments, with pings between and inside them; then a frame that is
 * wrong. */
static size_t make_stream(uint8_t *stream)
{
    size_t at = 0;
    for (int i = 0; i < 12; i++) {
        unsigned opcode = pick(8) ? WS_OP_BINARY : WS_OP_TEXT;
        bool fin;
        do {
            fin = opcode == WS_OP_TEXT || pick(2);
            at = append(stream, at, opcode, fin, lengths[pick(12)]);
            if (!pick(3))
                at = append(stream, at, WS_OP_PING, true, pick(126));
            opcode = WS_OP_CONTINUATION;
        } while (!fin && at < STREAM_MOST / 2);
        if (!fin)
            at = append(stream, at, opcode, true, 5);
    }
    stream[at++] = 0xF2;
    stream[at++] = 0;
    return at;
}

/* What was received, in an order that does not depend on the pieces. */
struct heard {
    uint64_t message, all; /* checksums: of the present message, of everything */
    uint64_t passed, error_offset;
    bool wrong;
};

static void mix(uint64_t *sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        *sum = (*sum ^ data[i]) * UINT64_C(1099511628211);
}

static void pull(struct ws_session *s, struct heard *heard)
{
    struct ws_event event;
    while (ws_session_next(s, &event) != WS_EVENT_NONE) {
        uint8_t note[2] = {(uint8_t)event.type, event.opcode};
        switch (event.type) {
        case WS_EVENT_MESSAGE:
        case WS_EVENT_CHUNK:
            mix(&heard->message, event.data, event.len);
            if (event.type == WS_EVENT_CHUNK && !event.last)
                break;
            note[0] = WS_EVENT_MESSAGE;
            mix(&heard->all, note, 2);
            mix(&heard->all, (uint8_t *)&heard->message, sizeof heard->message);
            mix(&heard->all, (uint8_t *)&event.total, sizeof event.total);
            heard->message = 0;
            break;
        case WS_EVENT_ERROR:
            heard->wrong = true;
            heard->error_offset = event.offset;
            break;
        default:
            mix(&heard->all, note, 1);
            mix(&heard->all, event.data, event.len);
        }
    }
}

static struct heard hear(const uint8_t *stream, size_t size, bool passes)
{
    static uint8_t memory[STREAM_MOST];
    struct heard heard = {0};
    struct ws_session s;
    ws_session_init_open(&s, &chunked);
    for (size_t at = 0; at < size && !heard.wrong;) {
        uint64_t ahead = passes ? ws_session_passable(&s) : 0;
        size_t most = passes ? ws_session_feed_most(&s) : SIZE_MAX, len = size - at;
        if (ahead > 0 && pick(8)) {
            len = pick(2) ? (size_t)ahead : 1 + pick((uint32_t)ahead);
            mix(&heard.message, stream + at, len);
            ws_session_pass(&s, len);
            heard.passed += len;
        } else {
            len = passes && len > 20000 ? 20000 : len;
            len = len > most ? most : len;
            memcpy(memory, stream + at, len);
            ws_session_feed(&s, memory, len, 0);
        }
        pull(&s, &heard);
        at += len;
    }
    ws_session_free(&s);
    return heard;
}

static void the_same_messages(void **state)
{
    static uint8_t stream[STREAM_MOST];
    uint64_t passed = 0, size = 0;
    (void)state;
    for (int i = 0; i < 40; i++) {
        size_t len = make_stream(stream);
        struct heard fed = hear(stream, len, false), seen = hear(stream, len, true);
        assert_true(fed.wrong && seen.wrong);
        assert_int_equal(fed.error_offset, len - 2);
        assert_int_equal(seen.error_offset, fed.error_offset);
        assert_true(seen.all == fed.all);
        assert_true(fed.passed == 0);
        passed += seen.passed;
        size += len;
    }
    assert_true(passed > size / 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_pass),     cmocka_unit_test(what_may_not_pass),
        cmocka_unit_test(more_than_32_bits), cmocka_unit_test(how_much_to_feed),
        cmocka_unit_test(the_same_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
