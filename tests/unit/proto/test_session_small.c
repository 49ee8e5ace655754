/* The straight path of small messages gives the events and replies of the general path: which a
 * session with `frames` takes, since it delivers every header. */
#include "tests/unit/proto/session.h"

enum { STREAM_MAX = 60000, ROUNDS = 300 };

static unsigned long messages_in_runs;

static unsigned pick(unsigned below)
{
    uint32_t value;
    fill_random(NULL, &value, sizeof value);
    return (value >> 8) % below;
}

/* Text with a few characters of more than one byte, and now and then an invalid one. */
static void fill_text(uint8_t *p, size_t len)
{
    static const char *const characters[] = {"\xC3\xBC",     "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                             "\xED\xA0\x80", "\x80",         "\xF4\x90\x80\x80"};
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(' ' + pick(90));
    for (unsigned i = pick(3); i > 0 && len > 0; i--) {
        const char *character = characters[pick(pick(8) ? 3 : 6)];
        size_t n = strlen(character), at = pick((unsigned)len);
        memcpy(p + at, character, n < len - at ? n : len - at);
    }
}

/* Writes the frame; its length and key are those of `frame`. */
static size_t put(uint8_t *to, const struct ws_frame *frame)
{
    size_t header = ws_frame_encode(to, frame), len = (size_t)frame->length;
    fill_text(to + header, len);
    if (frame->opcode == WS_OP_CLOSE && len >= 2) {
        to[header] = 3;
        to[header + 1] = (uint8_t)(0xE8 + pick(8));
    }
    for (size_t i = 0; frame->masked && i < len; i++)
        to[header + i] ^= frame->mask_key[i % 4];
    return header + len;
}

/* Some short messages that are alike, for a run. */
static size_t add_alike(uint8_t *to, enum ws_role role)
{
    struct ws_frame frame = {.fin = true,
                             .opcode = (uint8_t)(1 + pick(2)),
                             .length = pick(pick(2) ? 30 : 128),
                             .masked = role == WS_ROLE_SERVER};
    frame.length_bytes = (uint8_t)ws_frame_length_bytes(frame.length);
    size_t len = 0;
    for (unsigned i = 1 + pick(pick(4) ? 20 : 150); i > 0; i--) {
        fill_random(NULL, frame.mask_key, 4);
        len += put(to + len, &frame);
    }
    return len;
}

/* One frame: most are whole small messages, some are anything else. */
static size_t add_frame(uint8_t *to, enum ws_role role)
{
    static const uint8_t opcodes[] = {0, 1, 2, 8, 9, 10, 3};
    static const uint32_t lengths[] = {126, 126, 126, 300, 2000, WS_CHUNK_ABOVE + 20};
    bool usual = pick(6) > 0;
    uint32_t below = lengths[pick(6)];
    uint32_t length = below > WS_CHUNK_ABOVE ? below - pick(40) : pick(below);
    struct ws_frame frame = {.fin = usual || pick(2),
                             .opcode = usual ? (uint8_t)(1 + pick(2)) : opcodes[pick(7)],
                             .length = length,
                             .masked = role == WS_ROLE_SERVER};
    if (!usual && pick(20) == 0)
        frame.masked = !frame.masked;
    if (!usual && pick(20) == 0)
        frame.rsv = (uint8_t)pick(8);
    frame.length_bytes = (uint8_t)ws_frame_length_bytes(frame.length);
    if (!usual && pick(20) == 0)
        frame.length_bytes = pick(2) ? 2 : 8;
    fill_random(NULL, frame.mask_key, 4);
    return put(to, &frame);
}

/* Both sessions mask with the same key. */
static bool same_key(void *context, void *bytes, size_t size)
{
    (void)context;
    memset(bytes, 0x5A, size);
    return true;
}

struct side {
    struct ws_session session;
    struct ws_out out;
    uint8_t memory[WS_HEADROOM + STREAM_MAX];
};

static void begin(struct side *side, const struct ws_session_config *config)
{
    side->out = (struct ws_out){0};
    ws_session_init_open(&side->session, config);
}

/* The next event that is no header. */
static enum ws_event_type next(struct side *side, struct ws_event *event)
{
    enum ws_event_type type;
    do
        type = ws_session_next(&side->session, event);
    while (type == WS_EVENT_FRAME);
    return type;
}

static void same_event(const struct ws_event *a, const struct ws_event *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->opcode, b->opcode);
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->last, b->last);
    assert_int_equal(a->clean, b->clean);
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->error, b->error);
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->total, b->total);
    assert_int_equal(a->len, b->len);
    if (a->len > 0)
        assert_memory_equal(a->data, b->data, a->len);
    assert_null(a->frame);
    assert_null(a->request);
    assert_null(a->response);
}

static void same_output(const struct side *a, const struct side *b)
{
    static uint8_t one[STREAM_MAX * 2], other[STREAM_MAX * 2];
    size_t len = flat(&a->out, one, sizeof one);
    assert_int_equal(len, flat(&b->out, other, sizeof other));
    assert_memory_equal(one, other, len);
}

static void feed(struct side *side, const uint8_t *stream, size_t len)
{
    memcpy(side->memory + WS_HEADROOM, stream, len);
    ws_session_feed(&side->session, side->memory + WS_HEADROOM, len, WS_HEADROOM);
}

/* The messages of a run are the next events of the general path. One reply to the run is the same
 * as one to each of them. */
static void same_run(struct side *a, const struct ws_event *run, struct side *b)
{
    bool reply = pick(5) > 0;
    struct ws_event other, one = *run;
    size_t step = WS_RUN_STEP(run->len);
    assert_in_range(run->count, 2, 64);
    one.type = WS_EVENT_MESSAGE;
    for (unsigned i = 0; i < run->count; i++, one.data += step) {
        next(b, &other);
        same_event(&one, &other);
        if (reply)
            assert_int_equal(ws_session_reply(&b->session, &b->out, &other), WS_OK);
    }
    if (reply)
        assert_int_equal(ws_session_reply(&a->session, &a->out, run), WS_OK);
    messages_in_runs += run->count;
}

/* Pulls all events of both, with a reply to some messages; true while there may be more. */
static bool drain(struct side *a, struct side *b)
{
    struct ws_event event, other;
    enum ws_event_type type;
    do {
        type = next(a, &event);
        if (type == WS_EVENT_RUN) {
            same_run(a, &event, b);
            continue;
        }
        next(b, &other);
        same_event(&event, &other);
        if (type == WS_EVENT_MESSAGE && pick(5) > 0) {
            assert_int_equal(ws_session_reply(&a->session, &a->out, &event),
                             ws_session_reply(&b->session, &b->out, &other));
        } else if (type != WS_EVENT_NONE) {
            assert_int_equal(ws_session_answer(&a->session, &a->out, &event),
                             ws_session_answer(&b->session, &b->out, &other));
        }
        assert_int_equal(ws_session_state(&a->session), ws_session_state(&b->session));
    } while (type != WS_EVENT_NONE && type != WS_EVENT_ERROR);
    same_output(a, b);
    ws_out_clear(&a->out);
    ws_out_clear(&b->out);
    return type != WS_EVENT_ERROR && ws_session_state(&a->session) == WS_STATE_OPEN;
}

static void compare(struct ws_session_config config)
{
    static struct side straight, general;
    static uint8_t stream[STREAM_MAX];
    struct ws_session_config with_frames = config;
    with_frames.frames = true;
    begin(&straight, &config);
    begin(&general, &with_frames);
    size_t len = 0, at = 0;
    while (len < STREAM_MAX - 150 * 134 - 100)
        len +=
            pick(4) ? add_frame(stream + len, config.role) : add_alike(stream + len, config.role);
    /* Both get the same pieces. */
    while (at < len) {
        size_t n = 1 + pick(pick(2) ? 100 : 40000);
        n = n < len - at ? n : len - at;
        feed(&straight, stream + at, n);
        feed(&general, stream + at, n);
        if (!drain(&straight, &general))
            break;
        at += n;
    }
    ws_session_free(&straight.session);
    ws_session_free(&general.session);
    ws_out_free(&straight.out);
    ws_out_free(&general.out);
}

static void same_as_the_general_path(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        compare(server);
        compare((struct ws_session_config){.role = WS_ROLE_CLIENT, .random = same_key});
        compare((struct ws_session_config){.role = WS_ROLE_SERVER, .chunks = true});
        compare((struct ws_session_config){.role = WS_ROLE_SERVER, .max_message = 60});
        compare((struct ws_session_config){.role = WS_ROLE_SERVER, .max_frame = 50});
    }
    assert_int_equal(messages_in_runs, 0);
}

static void runs_are_the_same_messages(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        compare((struct ws_session_config){.role = WS_ROLE_SERVER, .runs = true});
        compare(
            (struct ws_session_config){.role = WS_ROLE_CLIENT, .random = same_key, .runs = true});
        compare((struct ws_session_config){.role = WS_ROLE_SERVER, .runs = true, .max_frame = 50});
    }
    assert_true(messages_in_runs > ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_the_general_path),
        cmocka_unit_test(runs_are_the_same_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
