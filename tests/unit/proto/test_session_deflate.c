/* Sessions that have agreed on permessage-deflate, joined with each other and fed by hand. */
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

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(random_state >> 8) * below) >> 24);
}

static bool fill_random(void *context, void *bytes, size_t size)
{
    uint8_t *p = bytes;
    (void)context;
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)draw(256);
    return !random_fails;
}

static struct ws_deflate_pool pool;

/* A session of `role` in OPEN that has agreed on `params`. */
static void open_with(struct ws_session *s, struct ws_session_config *config, enum ws_role role,
                      const struct ws_deflate_params *params)
{
    config->role = role;
    config->random = fill_random;
    config->deflate_pool = &pool;
    ws_session_init_open(s, config);
    assert_int_equal(ws_session_init_deflate(s, params), WS_OK);
}

static const struct ws_deflate_params takeover = {false, false, 15, 15};
static const struct ws_deflate_params alone = {true, true, 15, 15};

static size_t flat(const struct ws_out *out, uint8_t *to, size_t room)
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
static size_t make(uint8_t *to, enum ws_role role, unsigned opcode, bool fin, unsigned rsv,
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
static size_t squeeze(const void *data, size_t len, uint8_t *to, size_t room)
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

static void collect(struct message *m, const struct ws_event *e)
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

static void fill(uint8_t *data, size_t len, bool text)
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
static void pump(struct ws_session *s, const uint8_t *wire, size_t len, struct message *m,
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
static void send_somehow(struct ws_session *s, struct ws_out *out, unsigned opcode, uint8_t *data,
                         size_t len)
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

static void both_roles_joined(void **state)
{
    enum { LARGEST = 300000, ROOM = 2 * LARGEST };
    uint8_t *data = malloc(LARGEST), *wire = malloc(ROOM), *sent = malloc(LARGEST);
    (void)state;
    for (unsigned round = 0; round < 250; round++) {
        struct ws_deflate_params params = {draw(2), draw(2), (uint8_t)(8 + draw(8)),
                                           (uint8_t)(8 + draw(8))};
        struct ws_deflate_config wishes;
        ws_deflate_config_init(&wishes);
        wishes.level = (uint8_t)(1 + draw(9));
        wishes.memory = (uint8_t)(1 + draw(9));
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
            /* What the caller asked for himself is his, and nobody here can read it. */
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
        /* whoever stops may go away with the input at any time */
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

static int empty_pool(void **state)
{
    (void)state;
    ws_deflate_pool_free(&pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_roles_joined),
        cmocka_unit_test(agreeing),
        cmocka_unit_test(where_rsv1_may_be),
        cmocka_unit_test(the_cap_counts_what_was_inflated),
        cmocka_unit_test(more_on_the_wire_than_the_cap),
        cmocka_unit_test(a_gibibyte_in_a_mebibyte),
        cmocka_unit_test(without_a_cap_in_pieces),
        cmocka_unit_test(many_messages_in_one_read),
        cmocka_unit_test(text_is_checked_inflated),
        cmocka_unit_test(what_is_not_compressed),
        cmocka_unit_test(a_shared_message_between_others),
        cmocka_unit_test(when_randomness_fails),
        cmocka_unit_test(the_end_inside_a_message),
        cmocka_unit_test(garbage),
    };
    return cmocka_run_group_tests(tests, NULL, empty_pool);
}
