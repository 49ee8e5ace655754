/* Sessions that have agreed on permessage-deflate: joined with each other, agreeing, sending. */
#include "tests/unit/proto/session_deflate.h"

static void both_roles_joined(void **state)
{
    enum { LARGEST = 300000, ROOM = 8 * LARGEST }; /* a frame of one byte has seven */
    uint8_t *data = malloc(LARGEST), *wire = malloc(ROOM), *sent = malloc(LARGEST);
    (void)state;
    for (unsigned round = 0; round < 250; round++) {
        struct ws_deflate_params params = {draw(2), draw(2), (uint8_t)(8 + draw(8)),
                                           (uint8_t)(8 + draw(8))};
        struct ws_deflate_config wishes;
        ws_deflate_config_init(&wishes);
        if (draw(2)) {
            wishes.level = (uint8_t)draw(10);
            wishes.memory = (uint8_t)draw(10);
        }
        wishes.threshold = draw(2) ? 0 : draw(2000);
        struct ws_session_config configs[2] = {
            {.deflate = &wishes, .chunks = draw(2), .max_frame = draw(2) ? 0 : 1 + draw(5000)},
            {.deflate = &wishes, .chunks = draw(2), .max_frame = draw(2) ? 0 : 1 + draw(5000)}};
        struct ws_session ends[2];
        struct message got[2] = {{.whole = true}, {.whole = true}};
        open_with(&ends[0], &configs[0], WS_ROLE_SERVER, &params);
        open_with(&ends[1], &configs[1], WS_ROLE_CLIENT, &params);
        uint64_t compressed = 0, plain = 0;
        for (unsigned n = 0; n < 8; n++) {
            struct ws_out out = {0}, echo = {0};
            unsigned from = draw(2), count = 0;
            size_t len = draw(4) ? draw(5000) : draw(LARGEST);
            if (draw(8) == 0)
                len = 0;
            bool text = draw(2);
            fill(data, len, text);
            memcpy(sent, data, len);
            struct ws_session *one = &ends[from], *other = &ends[!from];
            uint64_t before = ws_session_deflate(one)->counts.messages_out;
            send_somehow(one, &out, text ? WS_OP_TEXT : WS_OP_BINARY, data, len);
            if (ws_session_deflate(one)->counts.messages_out > before) {
                compressed++;
                plain += len;
            }
            assert_memory_equal(data, sent, len);
            size_t size = flat(&out, wire, ROOM);
            pump(other, wire, size, &got[!from], &count, &echo, draw(2));
            assert_int_equal(count, 1);
            assert_int_equal(got[!from].opcode, text ? WS_OP_TEXT : WS_OP_BINARY);
            assert_int_equal(got[!from].len, len);
            assert_memory_equal(got[!from].data, sent, len);
            assert_int_equal(ws_session_holds(other), 0);

            size = flat(&echo, wire, ROOM);
            pump(one, wire, size, &got[from], &count, NULL, draw(2));
            assert_int_equal(count, 2);
            assert_int_equal(got[from].len, len);
            assert_memory_equal(got[from].data, sent, len);
            ws_out_free(&out);
            ws_out_free(&echo);

            for (int i = 0; i < 2; i++) {
                bool server = i == 0;
                const struct ws_deflate *d = ws_session_deflate(&ends[i]);
                assert_true(!d->deflater ||
                            !(server ? params.server_no_takeover : params.client_no_takeover));
                assert_true(!d->inflater ||
                            !(server ? params.client_no_takeover : params.server_no_takeover));
            }
        }
        const struct ws_deflate_counts *a = &ws_session_deflate(&ends[0])->counts;
        const struct ws_deflate_counts *b = &ws_session_deflate(&ends[1])->counts;
        assert_int_equal(a->messages_out, b->messages_in);
        assert_int_equal(a->plain_out, b->plain_in);
        assert_int_equal(a->wire_out, b->wire_in);
        assert_int_equal(b->messages_out, a->messages_in);
        assert_int_equal(b->plain_out, a->plain_in);
        assert_int_equal(b->wire_out, a->wire_in);
        assert_true(a->messages_out + b->messages_out >= compressed);
        assert_true(a->plain_out + b->plain_out >= plain);
        for (int i = 0; i < 2; i++) {
            ws_session_free(&ends[i]);
            free(got[i].data);
        }
    }
    free(data);
    free(wire);
    free(sent);
}

static void agreeing(void **state)
{
    static const struct {
        bool server, client;
        const char *header; /* of the client's own; NULL: none */
        bool agreed;
    } rows[] = {{true, true, NULL, true},
                {true, false, NULL, false},
                {false, true, NULL, false},
                {true, false, "permessage-deflate", false},
                {true, true, "", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_deflate_config wishes;
        ws_deflate_config_init(&wishes);
        wishes.preference.server_no_takeover = true;
        wishes.preference.client_bits = 11;
        struct ws_session_config one = {.role = WS_ROLE_SERVER,
                                        .random = fill_random,
                                        .deflate = rows[i].server ? &wishes : NULL,
                                        .deflate_pool = &pool};
        struct ws_session_config other = {.role = WS_ROLE_CLIENT,
                                          .random = fill_random,
                                          .deflate = rows[i].client ? &wishes : NULL,
                                          .deflate_pool = &pool};
        struct ws_session server, client;
        struct ws_event event;
        struct ws_out out = {0};
        uint8_t wire[2048];
        ws_session_init(&server, &one);
        ws_session_init(&client, &other);
        assert_null(ws_session_deflate(&server));
        struct ws_header header = {"sec-websocket-extensions", rows[i].header};
        struct ws_request_options options = {
            .host = "a", .headers = &header, .header_count = rows[i].header != NULL};
        assert_int_equal(ws_session_connect(&client, &out, &options), WS_OK);
        size_t len = flat(&out, wire, sizeof wire);
        ws_out_clear(&out);
        ws_session_feed(&server, wire, len, 0);
        assert_int_equal(ws_session_next(&server, &event), WS_EVENT_REQUEST);
        assert_int_equal(ws_session_answer(&server, &out, &event), WS_OK);
        /* It may speak before it has delivered the event. */
        assert_int_equal(ws_session_deflate(&server) != NULL,
                         rows[i].server && (rows[i].agreed || i == 3));
        char text[] = "hello hello hello hello hello hello";
        assert_int_equal(ws_session_send(&server, &out, WS_OP_TEXT, WS_SEND_MORE, text, 35), WS_OK);
        assert_int_equal(ws_session_send(&server, &out, WS_OP_TEXT, 0, text, 0), WS_OK);
        assert_int_equal(ws_session_next(&server, &event), WS_EVENT_OPEN);
        assert_int_equal(ws_session_next(&server, &event), WS_EVENT_NONE);
        len = flat(&out, wire, sizeof wire - 1);
        wire[len] = '\0';
        if (i == 3) {
            /* What the caller offers by a header of its own is the caller's to read. */
            ws_session_feed(&client, wire, len, 0);
            assert_int_equal(ws_session_next(&client, &event), WS_EVENT_ERROR);
            assert_int_equal(event.error, WS_E_EXTENSION_UNSOLICITED);
        } else {
            assert_int_equal(strstr((char *)wire, "Sec-WebSocket-Extensions: permessage-deflate") !=
                                 NULL,
                             rows[i].agreed);
            ws_session_feed(&client, wire, len, 0);
            assert_int_equal(ws_session_next(&client, &event), WS_EVENT_OPEN);
            assert_int_equal(ws_session_deflate(&client) != NULL, rows[i].agreed);
            assert_int_equal(ws_session_next(&client, &event), WS_EVENT_MESSAGE);
            assert_int_equal(event.len, 35);
            assert_memory_equal(event.data, text, 35);
            if (rows[i].agreed) {
                const struct ws_deflate *a = ws_session_deflate(&server);
                const struct ws_deflate *b = ws_session_deflate(&client);
                assert_memory_equal(&a->params, &b->params, sizeof a->params);
                assert_int_equal(a->params.client_bits, 11);
                assert_true(a->params.server_no_takeover);
                assert_int_equal(a->counts.messages_out, 1);
                assert_int_equal(b->counts.plain_in, 35);
            }
        }
        ws_session_free(&server);
        ws_session_free(&client);
        ws_out_free(&out);
    }
}

static void where_rsv1_may_be(void **state)
{
    static const struct {
        unsigned first, second; /* opcode, RSV1 to 3 as bits 4 to 6; FIN of the first is not set */
        int at;                 /* the frame at fault; -1: none */
    } rows[] = {
        {WS_OP_TEXT | 0x40, WS_OP_CONTINUATION, -1},
        {WS_OP_BINARY | 0x40, WS_OP_CONTINUATION, -1},
        {WS_OP_TEXT | 0x40, WS_OP_CONTINUATION | 0x40, 1},
        {WS_OP_TEXT, WS_OP_CONTINUATION | 0x40, 1},
        {WS_OP_TEXT | 0x40, WS_OP_PING | 0x40, 1},
        {WS_OP_TEXT | 0x40, WS_OP_CLOSE | 0x40, 1},
        {WS_OP_TEXT | 0x60, WS_OP_CONTINUATION, 0},
        {WS_OP_TEXT | 0x50, WS_OP_CONTINUATION, 0},
        {WS_OP_TEXT | 0x20, WS_OP_CONTINUATION, 0},
        {WS_OP_TEXT | 0x40, WS_OP_CONTINUATION | 0x10, 1},
    };
    (void)state;
    for (int agreed = 0; agreed <= 1; agreed++) {
        for (int role = WS_ROLE_SERVER; role <= WS_ROLE_CLIENT; role++) {
            for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct ws_session_config config = {.role = (enum ws_role)role};
                struct ws_session s;
                struct ws_event event;
                uint8_t wire[64];
                if (agreed)
                    open_with(&s, &config, (enum ws_role)role, &takeover);
                else
                    ws_session_init_open(&s, &config);
                size_t n = make(wire, (enum ws_role)role, rows[i].first & 15, false,
                                rows[i].first >> 4, NULL, 0);
                size_t m = make(wire + n, (enum ws_role)role, rows[i].second & 15, true,
                                rows[i].second >> 4, "", 1);
                ws_session_feed(&s, wire, n + m, 0);
                ws_session_next(&s, &event);
                int at = rows[i].at;
                if (!agreed)
                    at = rows[i].first & 0x40 ? 0 : at;
                if (at < 0) {
                    assert_int_equal(event.type, WS_EVENT_MESSAGE);
                    assert_int_equal(event.len, 0);
                } else {
                    assert_int_equal(event.type, WS_EVENT_ERROR);
                    assert_int_equal(event.error, WS_E_RSV);
                    assert_int_equal(event.offset, at ? n : 0);
                }
                ws_session_free(&s);
            }
        }
    }
}

static void what_is_not_compressed(void **state)
{
    struct ws_deflate_config wishes;
    ws_deflate_config_init(&wishes);
    struct ws_session_config config = {.deflate = &wishes};
    uint8_t data[4000], wire[8000];
    (void)state;
    for (int with = 0; with <= 1; with++) {
        struct ws_session s;
        struct ws_out out = {0};
        open_with(&s, &config, WS_ROLE_SERVER, with ? &takeover : &alone);
        memset(data, 'x', sizeof data);
        /* below the threshold, and at it */
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, data, 1023), WS_OK);
        flat(&out, wire, sizeof wire);
        assert_int_equal(wire[0], 0x81);
        ws_out_clear(&out);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, data, 1024), WS_OK);
        flat(&out, wire, sizeof wire);
        assert_int_equal(wire[0], 0xC1);
        assert_true(out.bytes < 30);
        ws_out_clear(&out);
        /* in fragments its size is not known when it begins */
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, WS_SEND_MORE, data, 10), WS_OK);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, data, 0), WS_OK);
        flat(&out, wire, sizeof wire);
        assert_int_equal(wire[0], 0x41);
        ws_out_clear(&out);
        /* noise gets no smaller; with takeover the next message may be made of it */
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)draw(256);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_BINARY, 0, data, sizeof data), WS_OK);
        flat(&out, wire, sizeof wire);
        assert_int_equal(wire[0], with ? 0xC2 : 0x82);
        if (!with)
            assert_int_equal(out.bytes, 4 + sizeof data);
        ws_out_clear(&out);
        ws_out_free(&out);
        ws_session_free(&s);
    }
}

static void a_shared_message_between_others(void **state)
{
    char data[3000], other[3000];
    uint8_t wire[8000];
    (void)state;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = "the quick brown fox "[i % 20];
        other[i] = "jumps over the lazy dog"[i % 23];
    }
    for (unsigned n = 0; n < 64; n++) {
        struct ws_deflate_params params = {n & 1, n & 2, n & 4 ? 9 : 15, 15};
        struct ws_deflate_config wishes;
        ws_deflate_config_init(&wishes);
        size_t max_frame = n & 8 ? 7 : 0;
        uint8_t once[3000];
        size_t size = ws_deflate_once(&pool, &wishes, params.server_bits, data, sizeof data, once,
                                      sizeof data - 1);
        assert_true(size > 0);
        struct ws_compressed_span one = {1, sizeof data, size};
        struct ws_shared *shared = ws_shared_new(ws_frame_message_size(size, max_frame) +
                                                 ws_frame_message_size(5, max_frame));
        ws_frame_message(ws_shared_data(shared), WS_OP_TEXT, once, size, max_frame, true);
        ws_frame_message(ws_shared_data(shared) + ws_frame_message_size(size, max_frame),
                         WS_OP_TEXT, "plain", 5, max_frame, false);
        struct ws_session_config config = {.deflate = &wishes}, peers = {0};
        struct ws_session s, peer;
        struct ws_out out = {0};
        open_with(&s, &config, WS_ROLE_SERVER, &params);
        open_with(&peer, &peers, WS_ROLE_CLIENT, &params);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, other, sizeof other), WS_OK);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, data, sizeof data), WS_OK);
        assert_int_equal(ws_session_share(&s, &out, shared, 0, ws_shared_len(shared), &one), WS_OK);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, data, sizeof data), WS_OK);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, other, sizeof other), WS_OK);
        static const char *const order = "odspdo";
        size_t len = flat(&out, wire, sizeof wire);
        struct ws_event event;
        ws_session_feed(&peer, wire, len, 0);
        for (const char *p = order; *p; p++) {
            if (*p == 's')
                continue; /* the shared one is like 'd' */
            assert_int_equal(ws_session_next(&peer, &event), WS_EVENT_MESSAGE);
            if (*p == 'p') {
                assert_memory_equal(event.data, data, sizeof data);
                assert_int_equal(ws_session_next(&peer, &event), WS_EVENT_MESSAGE);
                assert_int_equal(event.len, 5);
            } else {
                assert_int_equal(event.len, sizeof data);
                assert_memory_equal(event.data, *p == 'o' ? other : data, sizeof data);
            }
        }
        assert_int_equal(ws_session_next(&peer, &event), WS_EVENT_NONE);
        ws_session_free(&s);
        ws_session_free(&peer);
        ws_out_free(&out);

        ws_session_init_open(&s, &config);
        assert_int_equal(ws_session_share(&s, &out, shared, 0, ws_shared_len(shared), &one),
                         WS_E_STATE);
        ws_session_free(&s);
        ws_shared_unref(shared);
    }
}

static void when_randomness_fails(void **state)
{
    /* Nothing leaves, and what leaves later can be read. */
    struct ws_session_config config = {0}, peers = {0};
    struct ws_session s, peer;
    struct ws_out out = {0};
    struct ws_event event;
    char data[2000], other[2000];
    uint8_t wire[8000];
    (void)state;
    for (size_t max_frame = 0; max_frame <= 10; max_frame += 10) {
        config.max_frame = max_frame;
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (char)('a' + draw(26));
        for (size_t i = 0; i < sizeof other; i++)
            other[i] = (char)('a' + draw(26));
        open_with(&s, &config, WS_ROLE_CLIENT, &takeover);
        open_with(&peer, &peers, WS_ROLE_SERVER, &takeover);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, data, sizeof data), WS_OK);
        size_t before = out.bytes;
        random_fails = true;
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, other, sizeof other),
                         WS_E_RANDOM);
        assert_int_equal(out.bytes, before);
        random_fails = false;
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, other, sizeof other), WS_OK);
        size_t len = flat(&out, wire, sizeof wire);
        ws_session_feed(&peer, wire, len, 0);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(ws_session_next(&peer, &event), WS_EVENT_MESSAGE);
            assert_int_equal(event.len, sizeof data);
            assert_memory_equal(event.data, i ? other : data, sizeof data);
        }
        assert_int_equal(ws_session_next(&peer, &event), WS_EVENT_NONE);
        ws_session_free(&s);
        ws_session_free(&peer);
        ws_out_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_roles_joined),
        cmocka_unit_test(agreeing),
        cmocka_unit_test(where_rsv1_may_be),
        cmocka_unit_test(what_is_not_compressed),
        cmocka_unit_test(a_shared_message_between_others),
        cmocka_unit_test(when_randomness_fails),
    };
    return cmocka_run_group_tests(tests, NULL, empty_pool);
}
