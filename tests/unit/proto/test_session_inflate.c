/* What sessions that have agreed on permessage-deflate receive: caps, bombs, pieces, errors. */
#include "tests/unit/proto/session_deflate.h"

static void the_cap_counts_what_was_inflated(void **state)
{
    enum { CAP = 100000 };
    uint8_t *data = malloc(CAP + 1), *wire = malloc(CAP), *frames = malloc(CAP);
    (void)state;
    for (int noise = 0; noise <= 1; noise++) {
        for (int chunks = 0; chunks <= 1; chunks++) {
            for (size_t over = 0; over <= 1; over++) {
                for (int fragments = 0; fragments <= 1; fragments++) {
                    struct ws_session_config config = {.max_message = CAP, .chunks = chunks};
                    struct ws_session s;
                    struct ws_event event;
                    struct message m = {.whole = true};
                    for (size_t i = 0; i < CAP + over; i++)
                        data[i] = noise ? (uint8_t)(draw(256) & 63) : 0;
                    size_t size = squeeze(data, CAP + over, wire, CAP), n = 0;
                    size_t first = fragments ? size / 2 : 0;
                    if (fragments)
                        n = make(frames, WS_ROLE_SERVER, WS_OP_BINARY, false, WS_RSV1, wire, first);
                    n += make(frames + n, WS_ROLE_SERVER,
                              fragments ? WS_OP_CONTINUATION : WS_OP_BINARY, true,
                              fragments ? 0 : WS_RSV1, wire + first, size - first);
                    open_with(&s, &config, WS_ROLE_SERVER, &alone);
                    ws_session_feed(&s, frames, n, 0);
                    while (ws_session_next(&s, &event) == WS_EVENT_CHUNK)
                        collect(&m, &event);
                    if (event.type == WS_EVENT_MESSAGE)
                        collect(&m, &event);
                    if (over) {
                        assert_int_equal(event.type, WS_EVENT_ERROR);
                        assert_int_equal(event.error, WS_E_MESSAGE_TOO_BIG);
                        assert_true(m.len <= CAP);
                    } else {
                        assert_true(m.whole);
                        assert_int_equal(m.len, CAP);
                        assert_memory_equal(m.data, data, CAP);
                    }
                    free(m.data);
                    ws_session_free(&s);
                }
            }
        }
    }
    free(data);
    free(wire);
    free(frames);
}

static void more_on_the_wire_than_the_cap(void **state)
{
    /* Ten bytes, each flushed: seven times as much, and still within the cap. */
    struct ws_session_config config = {.max_message = 10};
    struct ws_session s, peer;
    struct ws_session_config peers = {0};
    struct ws_event event;
    struct ws_out out = {0};
    uint8_t wire[1000];
    (void)state;
    open_with(&s, &config, WS_ROLE_SERVER, &takeover);
    open_with(&peer, &peers, WS_ROLE_CLIENT, &takeover);
    for (int i = 0; i < 10; i++)
        assert_int_equal(
            ws_session_send(&peer, &out, WS_OP_TEXT, i < 9 ? WS_SEND_MORE : 0, (char[]){"x"}, 1),
            WS_OK);
    size_t len = flat(&out, wire, sizeof wire);
    assert_true(len > 100);
    ws_session_feed(&s, wire, len, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_MESSAGE);
    assert_int_equal(event.len, 10);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    ws_session_free(&peer);
    ws_out_free(&out);

    /* But there is an end to what may be claimed, over all fragments, and no sum wraps. */
    struct ws_frame frame = {
        .opcode = WS_OP_BINARY, .rsv = WS_RSV1, .length = 0, .masked = true, .length_bytes = 0};
    len = ws_frame_encode(wire, &frame);
    frame = (struct ws_frame){.opcode = WS_OP_CONTINUATION, .masked = true, .length_bytes = 8};
    frame.length = WS_PAYLOAD_MAX;
    len += ws_frame_encode(wire + len, &frame);
    ws_session_feed(&s, wire, len, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_ERROR);
    assert_int_equal(event.error, WS_E_MESSAGE_TOO_BIG);
    ws_session_free(&s);

    config.max_message = 0;
    open_with(&s, &config, WS_ROLE_SERVER, &takeover);
    ws_session_feed(&s, wire, len, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    uint8_t next[16];
    frame.length = 1 << 20;
    size_t n = ws_frame_encode(next, &frame);
    ws_session_free(&s);
    open_with(&s, &config, WS_ROLE_SERVER, &takeover);
    n = make(wire, WS_ROLE_SERVER, WS_OP_BINARY, false, WS_RSV1, "", 0);
    ws_session_feed(&s, wire, n, 0);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    ws_session_free(&s);
}

/* Mebibytes of zeros, as many as wanted, in a KiB each: blocks that are repeated. */
static uint8_t *bomb(size_t mib, size_t *size)
{
    uint8_t *zeros = calloc(1, 1 << 20), *block = malloc(4096);
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = zeros;
    z.avail_in = 1 << 20;
    z.next_out = block;
    z.avail_out = 4096;
    assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
    size_t len = 4096 - z.avail_out;
    deflateEnd(&z);
    uint8_t *all = malloc(mib * len + 1);
    for (size_t i = 0; i < mib; i++)
        memcpy(all + i * len, block, len);
    *size = mib * len;
    all[(*size)++] = 0;
    free(zeros);
    free(block);
    return all;
}

static void a_gibibyte_in_a_mebibyte(void **state)
{
    enum { CAP = 16 << 20 };
    size_t size;
    uint8_t *payload = bomb(1024, &size);
    uint8_t *wire = malloc(size + WS_HEADER_MAX);
    (void)state;
    assert_true(size < (5 << 18)); /* 1.25 MiB */
    for (int role = WS_ROLE_SERVER; role <= WS_ROLE_CLIENT; role++) {
        for (int chunks = 0; chunks <= 1; chunks++) {
            struct ws_session_config config = {.max_message = CAP, .chunks = chunks};
            struct ws_session s;
            struct ws_event event;
            struct ws_out out = {0};
            uint64_t got = 0;
            size_t most = 0;
            size_t len = make(wire, (enum ws_role)role, WS_OP_BINARY, true, WS_RSV1, payload, size);
            open_with(&s, &config, (enum ws_role)role, &takeover);
            ws_session_feed(&s, wire, len, 0);
            enum ws_event_type type;
            while ((type = ws_session_next(&s, &event)) == WS_EVENT_CHUNK) {
                got += event.len;
                most = ws_session_holds(&s) > most ? ws_session_holds(&s) : most;
            }
            assert_int_equal(type, WS_EVENT_ERROR);
            assert_int_equal(event.error, WS_E_MESSAGE_TOO_BIG);
            assert_int_equal(got, chunks ? CAP : 0);
            most = ws_session_holds(&s) > most ? ws_session_holds(&s) : most;
            assert_true(most <= CAP);
            if (chunks)
                assert_int_equal(most, 0);
            assert_int_equal(ws_session_answer(&s, &out, &event), WS_OK);
            uint8_t answer[200];
            flat(&out, answer, sizeof answer);
            if (role == WS_ROLE_SERVER)
                assert_memory_equal(answer + 2, "\x03\xf1", 2); /* 1009 */
            ws_session_free(&s);
            ws_out_free(&out);
        }
    }
    free(payload);
    free(wire);
}

static void without_a_cap_in_pieces(void **state)
{
    enum { MIB = 128 };
    size_t size, pieces = 0;
    uint8_t *payload = bomb(MIB, &size);
    uint8_t *wire = malloc(size + WS_HEADER_MAX);
    struct ws_session_config config = {.chunks = true};
    struct ws_session s;
    struct ws_event event;
    uint64_t got = 0;
    (void)state;
    size_t len = make(wire, WS_ROLE_SERVER, WS_OP_BINARY, true, WS_RSV1, payload, size);
    open_with(&s, &config, WS_ROLE_SERVER, &takeover);
    ws_session_feed(&s, wire, len, 0);
    do {
        assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CHUNK);
        assert_true(event.len <= WS_INFLATE_ROOM);
        assert_int_equal(event.data[0] | event.data[event.len - 1], 0);
        assert_int_equal(ws_session_holds(&s), 0);
        got += event.len;
        pieces++;
        /* a caller that stops may take the input away at any time */
        if (pieces % 16 == 0) {
            const uint8_t *rest;
            size_t left = ws_session_unread(&s, &rest);
            uint8_t *copy = malloc(left + 1);
            memcpy(copy, rest, left);
            free(wire);
            wire = copy;
            ws_session_feed(&s, wire, left, 0);
        }
    } while (!event.last);
    assert_int_equal(got, (uint64_t)MIB << 20);
    assert_int_equal(event.total, got);
    assert_int_equal(pieces, MIB * 16);
    assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
    ws_session_free(&s);
    free(payload);
    free(wire);
}

static void many_messages_in_one_read(void **state)
{
    /* Each is legal and inflates to 60,000 bytes: at no time is there more than one of them. */
    enum { LEN = 60000, COUNT = 2000 };
    uint8_t *data = calloc(1, LEN), *payload = malloc(1000);
    size_t size = squeeze(data, LEN, payload, 1000), len = 0;
    uint8_t *wire = malloc((size + WS_HEADER_MAX) * COUNT);
    (void)state;
    for (int i = 0; i < COUNT; i++)
        len += make(wire + len, WS_ROLE_SERVER, WS_OP_TEXT, true, WS_RSV1, payload, size);
    struct ws_session_config config = {.max_message = LEN};
    struct ws_session s;
    struct ws_event event;
    unsigned count = 0;
    open_with(&s, &config, WS_ROLE_SERVER, &alone);
    ws_session_feed(&s, wire, len, 0);
    while (ws_session_next(&s, &event) == WS_EVENT_MESSAGE) {
        count++;
        assert_int_equal(event.len, LEN);
        assert_ptr_equal(event.data, pool.room);
        assert_int_equal(ws_session_holds(&s), 0);
        assert_null(ws_session_deflate(&s)->inflater);
    }
    assert_int_equal(count, COUNT);
    ws_session_free(&s);
    free(data);
    free(payload);
    free(wire);
}

static void text_is_checked_inflated(void **state)
{
    static const struct {
        const char *text;
        size_t len, cut; /* where the first fragment ends; 0: one frame */
        bool good;
    } rows[] = {
        {"\xce\xba\xe1\xbd\xb9", 5, 0, true},
        {"\xce\xba\xe1\xbd\xb9", 5, 1, true},
        {"\xce\xba\xe1\xbd\xb9", 5, 3, true},
        {"\xce\xba\xe1\xbd", 4, 0, false},
        {"abc\xff", 4, 0, false},
        {"abc\xff", 4, 2, false},
        {"\xed\xa0\x80", 3, 1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int chunks = 0; chunks <= 1; chunks++) {
            struct ws_session_config config = {.chunks = chunks}, peers = {0};
            struct ws_session s, peer;
            struct ws_event event;
            struct ws_out out = {0};
            struct message m = {.whole = true};
            uint8_t wire[200];
            char text[16];
            memcpy(text, rows[i].text, rows[i].len);
            open_with(&s, &config, WS_ROLE_SERVER, &takeover);
            open_with(&peer, &peers, WS_ROLE_CLIENT, &takeover);
            if (rows[i].cut)
                assert_int_equal(
                    ws_session_send(&peer, &out, WS_OP_TEXT, WS_SEND_MORE, text, rows[i].cut),
                    WS_OK);
            size_t first = out.bytes;
            assert_int_equal(ws_session_send(&peer, &out, WS_OP_TEXT,
                                             rows[i].cut ? 0 : WS_SEND_MORE, text + rows[i].cut,
                                             rows[i].len - rows[i].cut),
                             WS_OK);
            if (!rows[i].cut)
                assert_int_equal(ws_session_send(&peer, &out, WS_OP_TEXT, 0, NULL, 0), WS_OK);
            ws_session_feed(&s, wire, flat(&out, wire, sizeof wire), 0);
            while (ws_session_next(&s, &event) == WS_EVENT_CHUNK)
                collect(&m, &event);
            if (event.type == WS_EVENT_MESSAGE)
                collect(&m, &event);
            if (rows[i].good) {
                assert_true(m.whole);
                assert_int_equal(m.len, rows[i].len);
                assert_memory_equal(m.data, rows[i].text, m.len);
            } else {
                assert_int_equal(event.type, WS_EVENT_ERROR);
                assert_int_equal(event.error, WS_E_UTF8);
                assert_true(event.offset == 6 || event.offset >= first + 6);
            }
            free(m.data);
            ws_out_free(&out);
            ws_session_free(&s);
            ws_session_free(&peer);
        }
    }
}

static void the_end_inside_a_message(void **state)
{
    struct ws_session_config config = {0};
    struct ws_session s;
    struct ws_event event;
    uint8_t wire[100], payload[50];
    (void)state;
    size_t size = squeeze("Hello Hello Hello", 17, payload, sizeof payload);
    size_t len = make(wire, WS_ROLE_SERVER, WS_OP_TEXT, true, WS_RSV1, payload, size);
    for (int chunks = 0; chunks <= 1; chunks++) {
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t copy[sizeof wire];
            memcpy(copy, wire, len);
            config.chunks = chunks;
            open_with(&s, &config, WS_ROLE_SERVER, &alone);
            ws_session_feed(&s, copy, cut, 0);
            assert_int_equal(ws_session_next(&s, &event), WS_EVENT_NONE);
            ws_session_end(&s, WS_E_LOST);
            assert_int_equal(ws_session_next(&s, &event), WS_EVENT_CLOSE);
            assert_int_equal(event.error, WS_E_LOST);
            ws_session_free(&s);
        }
    }
}

static void garbage(void **state)
{
    static const struct ws_deflate_params *const params[] = {&takeover, &alone};
    uint8_t data[3000], wire[8000];
    unsigned errors = 0, fine = 0;
    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        enum ws_role role = round % 2 ? WS_ROLE_SERVER : WS_ROLE_CLIENT;
        struct ws_session_config config = {.chunks = draw(2), .max_message = draw(2) ? 0 : 2000};
        struct ws_session_config peers = {.max_frame = draw(3) * 20};
        struct ws_session s, peer;
        struct ws_out out = {0};
        open_with(&s, &config, role, params[round / 2 % 2]);
        open_with(&peer, &peers, role == WS_ROLE_SERVER ? WS_ROLE_CLIENT : WS_ROLE_SERVER,
                  params[round / 2 % 2]);
        for (int i = 0; i < 3; i++) {
            size_t len = 1 + draw(2000);
            fill(data, len, false);
            send_somehow(&peer, &out, draw(2) ? WS_OP_TEXT : WS_OP_BINARY, data, len);
        }
        size_t len = flat(&out, wire, sizeof wire);
        for (unsigned i = draw(4); i > 0; i--)
            wire[draw((uint32_t)len)] ^= (uint8_t)(1u << draw(8));
        bool over = false;
        for (size_t at = 0; at < len && !over;) {
            size_t n = 1 + draw((uint32_t)(len - at));
            uint8_t *memory = malloc(n);
            struct ws_event event;
            memcpy(memory, wire + at, n);
            at += n;
            ws_session_feed(&s, memory, n, 0);
            while (ws_session_next(&s, &event) != WS_EVENT_NONE) {
                assert_true(!config.max_message || event.total <= 2000);
                errors += event.type == WS_EVENT_ERROR;
                fine += event.type == WS_EVENT_MESSAGE;
                over = event.type == WS_EVENT_ERROR;
            }
            free(memory);
        }
        ws_session_free(&s);
        ws_session_free(&peer);
        ws_out_free(&out);
    }
    assert_true(errors > 1000 && fine > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cap_counts_what_was_inflated),
        cmocka_unit_test(more_on_the_wire_than_the_cap),
        cmocka_unit_test(a_gibibyte_in_a_mebibyte),
        cmocka_unit_test(without_a_cap_in_pieces),
        cmocka_unit_test(many_messages_in_one_read),
        cmocka_unit_test(text_is_checked_inflated),
        cmocka_unit_test(the_end_inside_a_message),
        cmocka_unit_test(garbage),
    };
    return cmocka_run_group_tests(tests, NULL, empty_pool);
}
