/* What a session sends: in every state, masked, in fragments, in place, and closing. */
#include "tests/unit/proto/session.h"

#include <ws/mask.h>

#include <stdio.h>

static void sending_in_every_state(void **state)
{
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    (void)state;

    ws_session_init(&s, &server);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_STATE);
    assert_int_equal(ws_session_ping(&s, &out, NULL, 0), WS_E_STATE);
    assert_int_equal(ws_session_pong(&s, &out, NULL, 0), WS_E_STATE);
    assert_int_equal(ws_session_close(&s, &out, 1000, NULL, 0), WS_E_STATE);
    assert_int_equal(ws_session_accept(&s, &out, NULL), WS_E_STATE);
    assert_int_equal(ws_session_refuse_error(&s, &out, WS_E_REFUSED), WS_E_STATE);
    struct ws_request_options options = {.host = "a"};
    assert_int_equal(ws_session_connect(&s, &out, &options), WS_E_STATE);
    ws_session_free(&s);

    ws_session_init_open(&s, &server);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_PING, 0, (char[]){"x"}, 1), WS_E_ARGUMENT);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_CONTINUATION, 0, (char[]){"x"}, 1),
                     WS_E_ARGUMENT);
    assert_int_equal(ws_session_ping(&s, &out, "x", 126), WS_E_CONTROL_TOO_LONG);
    assert_int_equal(ws_session_pong(&s, &out, "x", 126), WS_E_CONTROL_TOO_LONG);
    assert_int_equal(ws_session_close(&s, &out, 1005 + 1, NULL, 0), WS_E_CLOSE_CODE);
    assert_int_equal(ws_session_close(&s, &out, 1000, "\xff", 1), WS_E_CLOSE_UTF8);
    assert_int_equal(out.bytes, 0);
    assert_int_equal(ws_session_state(&s), WS_STATE_OPEN);

    assert_int_equal(ws_session_close(&s, &out, 0, NULL, 0), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_CLOSING);
    assert_int_equal(ws_session_ping(&s, &out, NULL, 0), WS_E_CLOSING);
    assert_int_equal(ws_session_pong(&s, &out, NULL, 0), WS_OK);
    assert_int_equal(ws_session_close(&s, &out, 1000, NULL, 0), WS_E_CLOSING);
    assert_int_equal(give(&s, WS_OP_CLOSE, true, NULL, 0, &event), WS_EVENT_CLOSE);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_CLOSING);
    assert_int_equal(ws_session_pong(&s, &out, NULL, 0), WS_E_CLOSING);
    uint8_t bytes[10];
    assert_int_equal(flat(&out, bytes, sizeof bytes), 4);
    assert_memory_equal(bytes, "\x88\x00\x8a\x00", 4);
    ws_session_free(&s);
    ws_out_free(&out);
}

static void fragments_on_their_way_out(void **state)
{
    struct ws_session s;
    struct ws_out out = {0};
    uint8_t bytes[64];
    (void)state;
    ws_session_init_open(&s, &server);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, WS_SEND_MORE, (char[]){"ab"}, 2), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_BINARY, 0, (char[]){"x"}, 1), WS_E_STATE);
    assert_int_equal(ws_session_ping(&s, &out, "p", 1), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, WS_SEND_MORE, (char[]){""}, 0), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"c"}, 1), WS_OK);
    assert_int_equal(ws_session_send(&s, &out, WS_OP_BINARY, 0, (char[]){"d"}, 1), WS_OK);
    size_t len = flat(&out, bytes, sizeof bytes);
    static const char wanted[] = "\x01\x02"
                                 "ab"
                                 "\x89\x01p"
                                 "\x00\x00"
                                 "\x80\x01"
                                 "c"
                                 "\x82\x01"
                                 "d";
    assert_int_equal(len, sizeof wanted - 1);
    assert_memory_equal(bytes, wanted, len);
    ws_session_free(&s);
    ws_out_free(&out);
}

static void ways_to_hand_over_a_payload(void **state)
{
    static const unsigned flags[] = {WS_SEND_COPY, WS_SEND_BORROW,
                                     WS_SEND_BORROW | WS_SEND_MUTABLE};
    (void)state;
    for (int role = WS_ROLE_SERVER; role <= WS_ROLE_CLIENT; role++) {
        for (size_t f = 0; f < 3; f++) {
            for (size_t len = 0; len < 70000; len = len * 3 + 1) {
                struct ws_session s;
                struct ws_out out = {0};
                struct ws_frame frame;
                char *data = malloc(len + 1), *before = malloc(len + 1);
                uint8_t *bytes = malloc(len + WS_HEADER_MAX);
                for (size_t i = 0; i < len; i++)
                    data[i] = before[i] = (char)(i * 7);
                ws_session_init_open(&s, role == WS_ROLE_SERVER ? &server : &client);
                assert_int_equal(ws_session_send(&s, &out, WS_OP_BINARY, flags[f], data, len),
                                 WS_OK);
                if (flags[f] == WS_SEND_COPY)
                    memset(data, 0, len);
                size_t got = flat(&out, bytes, len + WS_HEADER_MAX);
                assert_int_equal(
                    ws_frame_decode(bytes, got,
                                    role == WS_ROLE_SERVER ? WS_REFUSE_MASK : WS_REQUIRE_MASK,
                                    &frame),
                    WS_OK);
                assert_int_equal(frame.length, len);
                assert_int_equal(frame.header_len + len, got);
                if (frame.masked)
                    ws_mask(bytes + frame.header_len, bytes + frame.header_len, len, frame.mask_key,
                            0);
                assert_memory_equal(bytes + frame.header_len, before, len);
                /* without the flag that allows it the caller's bytes stay as they were */
                if (flags[f] == WS_SEND_BORROW)
                    assert_memory_equal(data, before, len);
                ws_session_free(&s);
                ws_out_free(&out);
                free(data);
                free(before);
                free(bytes);
            }
        }
    }
}

static void replies_lie_in_a_row(void **state)
{
    /* Many small messages in one read: the echo is one span, made of the bytes that came. */
    struct ws_session s;
    struct ws_out out = {0};
    struct ws_event event;
    size_t len = 0, count = 0;
    uint8_t *memory = malloc(WS_HEADROOM + 6 * 1000 + 5 * 1000);
    (void)state;
    for (int i = 0; i < 1000; i++)
        len += make(memory + WS_HEADROOM + len, WS_ROLE_SERVER, WS_OP_TEXT, true, 5, "hello", 5);
    ws_session_init_open(&s, &server);
    ws_session_feed(&s, memory + WS_HEADROOM, len, WS_HEADROOM);
    while (ws_session_next(&s, &event) != WS_EVENT_NONE) {
        assert_int_equal(event.type, WS_EVENT_MESSAGE);
        assert_int_equal(ws_session_reply(&s, &out, &event), WS_OK);
        count++;
    }
    assert_int_equal(count, 1000);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.bytes, 7000);
    assert_int_equal(out.in_place, 7000);
    for (size_t i = 0; i < 1000; i++)
        assert_memory_equal(ws_out_span_data(&out, 0) + i * 7, "\x81\x05hello", 7);
    ws_session_free(&s);
    ws_out_free(&out);
    free(memory);
}

static void masks_differ(void **state)
{
    struct ws_session s;
    struct ws_out out = {0};
    uint32_t *seen = calloc(1000, sizeof *seen);
    unsigned repeated = 0;
    (void)state;
    ws_session_init_open(&s, &client);
    for (int i = 0; i < 1000; i++) {
        uint8_t bytes[16];
        struct ws_frame frame;
        char text[] = "abc";
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, text, 3), WS_OK);
        size_t n = flat(&out, bytes, sizeof bytes);
        ws_out_clear(&out);
        assert_int_equal(ws_frame_decode(bytes, n, WS_REQUIRE_MASK, &frame), WS_OK);
        memcpy(&seen[i], frame.mask_key, 4);
        for (int j = 0; j < i; j++)
            repeated += seen[j] == seen[i];
    }
    assert_true(repeated <= 1);
    ws_session_free(&s);
    ws_out_free(&out);
    free(seen);
}

static void without_randomness_nothing_is_sent(void **state)
{
    static const struct ws_session_config configs[] = {
        {.role = WS_ROLE_CLIENT}, {.role = WS_ROLE_CLIENT, .random = no_random}};
    struct ws_request_options options = {.host = "a"};
    struct ws_out out = {0};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ws_session s;
        struct ws_event event;
        ws_session_init(&s, &configs[i]);
        assert_int_equal(ws_session_connect(&s, &out, &options), WS_E_RANDOM);
        ws_session_free(&s);
        ws_session_init_open(&s, &configs[i]);
        assert_int_equal(ws_session_send(&s, &out, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_RANDOM);
        assert_int_equal(ws_session_ping(&s, &out, "x", 1), WS_E_RANDOM);
        assert_int_equal(ws_session_close(&s, &out, 1000, NULL, 0), WS_E_RANDOM);
        assert_int_equal(ws_session_state(&s), WS_STATE_OPEN);
        assert_int_equal(give(&s, WS_OP_PING, true, "p", 1, &event), WS_EVENT_PING);
        assert_int_equal(ws_session_answer(&s, &out, &event), WS_E_RANDOM);
        assert_int_equal(ws_session_fail(&s, &out, WS_E_SHUTDOWN), WS_E_RANDOM);
        assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
        ws_session_free(&s);
    }
    assert_int_equal(out.bytes, 0);
    ws_out_free(&out);
}

static void the_reason_is_cut_between_code_points(void **state)
{
    struct ws_out out = {0};
    uint8_t bytes[200];
    (void)state;
    for (size_t pad = 0; pad < 4; pad++) {
        struct ws_session s;
        char reason[200];
        memset(reason, 'a', pad);
        for (size_t i = pad; i + 3 <= 150; i += 3)
            memcpy(reason + i, "\xe2\x82\xac", 3);
        size_t len = pad + (150 - pad) / 3 * 3;
        ws_session_init_open(&s, &server);
        assert_int_equal(ws_session_close(&s, &out, 4000, reason, len), WS_OK);
        size_t n = flat(&out, bytes, sizeof bytes);
        assert_true(n > 2 + 2 + 120 && n <= 2 + 125);
        assert_int_equal(bytes[1], n - 2);
        assert_true(ws_utf8_valid(bytes + 4, n - 4));
        ws_out_clear(&out);
        ws_session_free(&s);
    }
    ws_out_free(&out);
}

static void no_reserved_code_is_sent(void **state)
{
    (void)state;
    for (unsigned code = 1; code < 5100; code++) {
        struct ws_session s;
        struct ws_out out = {0};
        ws_session_init_open(&s, &server);
        enum ws_error wanted =
            code == WS_CLOSE_NO_CODE || ws_close_code_valid(code) ? WS_OK : WS_E_CLOSE_CODE;
        assert_int_equal(ws_session_close(&s, &out, code, NULL, 0), wanted);
        assert_int_equal(out.bytes, wanted != WS_OK ? 0 : code == WS_CLOSE_NO_CODE ? 2 : 4);
        ws_session_free(&s);
        ws_out_free(&out);
    }
}

static void failing_says_its_code(void **state)
{
    (void)state;
    for (int i = WS_MORE + 1; i < WS_ERROR_COUNT; i++) {
        const struct ws_error_info *info = ws_error_info((enum ws_error)i);
        struct ws_session s;
        struct ws_event event;
        struct ws_out out = {0};
        uint8_t bytes[200];

        ws_session_init_open(&s, &server);
        assert_int_equal(ws_session_fail(&s, &out, (enum ws_error)i), WS_OK);
        size_t n = flat(&out, bytes, sizeof bytes);
        assert_int_equal(n > 0, info->close_code != 0);
        if (n)
            assert_int_equal(bytes[2] << 8 | bytes[3], info->close_code);
        assert_int_equal(ws_session_state(&s), WS_STATE_CLOSED);
        assert_int_equal(give(&s, WS_OP_TEXT, true, "x", 1, &event), WS_EVENT_NONE);
        ws_session_free(&s);
        ws_out_free(&out);

        ws_session_init(&s, &server);
        assert_int_equal(ws_session_fail(&s, &out, (enum ws_error)i), WS_OK);
        char line[20];
        snprintf(line, sizeof line, "HTTP/1.1 %u ", info->http_status);
        assert_int_equal(out.bytes > 0, info->http_status != 0);
        if (out.bytes)
            assert_memory_equal(ws_out_span_data(&out, 0), line, strlen(line));
        ws_session_free(&s);
        ws_out_free(&out);
    }
}

/* Sent, replied and framed beforehand: fragments of no more than the limit, the same message, and
 * as many bytes as were foretold. */
static void in_fragments(void **state)
{
    (void)state;
    static const size_t limits[] = {0, 1, 7, 125, 126, 1000, 65536};
    static const size_t lengths[] = {0, 1, 7, 8, 126, 999, 1000, 1001, 70000};
    static uint8_t data[70000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t l = 0; l < sizeof limits / sizeof *limits; l++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            struct ws_session_config config = {.role = WS_ROLE_SERVER, .max_frame = limits[l]};
            struct ws_session_config theirs = {.role = WS_ROLE_CLIENT, .frames = true};
            struct ws_session sender, receiver;
            struct ws_event event;
            struct ws_out out = {0};
            size_t len = lengths[k], size = ws_frame_message_size(len, limits[l]), at = 0;
            uint8_t *sent = malloc(size), *framed = malloc(size);
            ws_session_init_open(&sender, &config);
            ws_session_init_open(&receiver, &theirs);
            assert_int_equal(ws_session_send(&sender, &out, WS_OP_BINARY, 0, data, len), WS_OK);
            assert_int_equal(out.bytes, size);
            for (size_t i = 0; i < out.count; i++) {
                memcpy(sent + at, ws_out_span_data(&out, i), out.spans[i].len);
                at += out.spans[i].len;
            }
            ws_frame_message(framed, WS_OP_BINARY, data, len, limits[l], false);
            assert_memory_equal(framed, sent, size);
            ws_session_feed(&receiver, sent, size, 0);
            bool came = false;
            while (ws_session_next(&receiver, &event) != WS_EVENT_NONE) {
                if (event.type == WS_EVENT_FRAME) {
                    assert_true(limits[l] == 0 || event.frame->length <= limits[l]);
                    continue;
                }
                assert_int_equal(event.type, WS_EVENT_MESSAGE);
                assert_int_equal(event.len, len);
                if (len > 0)
                    assert_memory_equal(event.data, data, len);
                came = true;
            }
            assert_true(came);
            ws_session_free(&sender);
            ws_session_free(&receiver);
            ws_out_free(&out);
            free(sent);
            free(framed);
        }
}

/* Pulls `count` messages of `len` bytes, which are `data`, out of what was sent. */
static void pull_many(struct ws_session *receiver, const struct ws_out *out, const uint8_t *data,
                      size_t len, size_t count)
{
    static uint8_t bytes[400000];
    struct ws_event event;
    ws_session_feed(receiver, bytes, flat(out, bytes, sizeof bytes), 0);
    for (size_t i = 0; i < count; i++, data += len) {
        assert_int_equal(ws_session_next(receiver, &event), WS_EVENT_MESSAGE);
        assert_int_equal(event.opcode, WS_OP_BINARY);
        assert_int_equal(event.len, len);
        if (len > 0)
            assert_memory_equal(event.data, data, len);
    }
    assert_int_equal(ws_session_next(receiver, &event), WS_EVENT_NONE);
}

/* `count` messages of `len` bytes, one after the other. */
static const struct iovec *in_row(uint8_t *data, size_t len, size_t count)
{
    static struct iovec messages[300];
    for (size_t i = 0; i < count; i++)
        messages[i] = (struct iovec){data + i * len, len};
    return messages;
}

static void many_at_once(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 7, 20, 125, 126, 1500};
    static const size_t counts[] = {0, 1, 63, 64, 65, 200};
    static uint8_t data[200 * 1500];
    fill_random(NULL, data, sizeof data);
    for (int variant = 0; variant < 4; variant++)
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                struct ws_session_config ours = variant & 1 ? client : server;
                struct ws_session_config theirs = variant & 1 ? server : client;
                struct ws_session sender, receiver;
                struct ws_out out = {0};
                size_t sent = 99;
                ours.max_frame = variant & 2 ? 20 : 0;
                ws_session_init_open(&sender, &ours);
                ws_session_init_open(&receiver, &theirs);
                assert_int_equal(ws_session_send_many(&sender, &out, WS_OP_BINARY,
                                                      in_row(data, lengths[l], counts[c]),
                                                      counts[c], &sent),
                                 WS_OK);
                assert_int_equal(sent, counts[c]);
                pull_many(&receiver, &out, data, lengths[l], counts[c]);
                ws_session_free(&sender);
                ws_session_free(&receiver);
                ws_out_free(&out);
            }
}

/* Lengths that differ, of which some are short: as one send after the other. */
static void many_that_differ(void **state)
{
    (void)state;
    static uint8_t data[4000];
    fill_random(NULL, data, sizeof data);
    for (unsigned round = 0; round < 200; round++) {
        struct iovec messages[150];
        struct ws_session sender, receiver;
        struct ws_out out = {0};
        struct ws_event event;
        size_t count = 1 + (size_t)rand() % 150, sent = 0;
        struct ws_session_config config = client;
        config.max_frame = round % 3 == 0 ? 50 : 0;
        for (size_t i = 0; i < count; i++)
            messages[i] =
                (struct iovec){data + rand() % 2000, (size_t)rand() % (rand() % 8 ? 140 : 2000)};
        ws_session_init_open(&sender, &config);
        ws_session_init_open(&receiver, &server);
        assert_int_equal(ws_session_send_many(&sender, &out, WS_OP_BINARY, messages, count, &sent),
                         WS_OK);
        assert_int_equal(sent, count);
        static uint8_t bytes[400000];
        ws_session_feed(&receiver, bytes, flat(&out, bytes, sizeof bytes), 0);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(ws_session_next(&receiver, &event), WS_EVENT_MESSAGE);
            assert_int_equal(event.len, messages[i].iov_len);
            if (event.len > 0)
                assert_memory_equal(event.data, messages[i].iov_base, event.len);
        }
        assert_int_equal(ws_session_next(&receiver, &event), WS_EVENT_NONE);
        ws_session_free(&sender);
        ws_session_free(&receiver);
        ws_out_free(&out);
    }
}

/* Each has its own key, and where one fails it is known how many were sent. */
static bool three_times(void *context, void *bytes, size_t size)
{
    return ++*(unsigned *)context <= 3 && fill_random(NULL, bytes, size);
}

static void many_until_an_error(void **state)
{
    (void)state;
    static uint8_t data[20 * 300];
    unsigned drawn = 0;
    struct ws_session s;
    struct ws_out out = {0};
    size_t sent = 99;
    struct ws_session_config config = {
        .role = WS_ROLE_CLIENT, .random = three_times, .random_context = &drawn};
    ws_session_init_open(&s, &config);
    assert_int_equal(ws_session_send_many(&s, &out, WS_OP_TEXT, in_row(data, 20, 300), 300, &sent),
                     WS_E_RANDOM);
    assert_true(sent > 3 && sent < 300);
    assert_int_equal(out.bytes, 26 * sent);
    static uint8_t bytes[26 * 300];
    flat(&out, bytes, sizeof bytes);
    for (size_t i = 1; i < sent; i++)
        assert_memory_not_equal(bytes + 26 * i + 2, bytes + 26 * (i - 1) + 2, 4);
    ws_session_free(&s);
    ws_out_clear(&out);

    ws_session_init_open(&s, &client);
    assert_int_equal(ws_session_close(&s, &out, 1000, NULL, 0), WS_OK);
    size_t before = out.bytes;
    assert_int_equal(ws_session_send_many(&s, &out, WS_OP_TEXT, in_row(data, 20, 5), 5, &sent),
                     WS_E_CLOSING);
    assert_int_equal(sent, 0);
    assert_int_equal(out.bytes, before);
    ws_session_free(&s);
    ws_out_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sending_in_every_state),
        cmocka_unit_test(fragments_on_their_way_out),
        cmocka_unit_test(ways_to_hand_over_a_payload),
        cmocka_unit_test(replies_lie_in_a_row),
        cmocka_unit_test(masks_differ),
        cmocka_unit_test(without_randomness_nothing_is_sent),
        cmocka_unit_test(the_reason_is_cut_between_code_points),
        cmocka_unit_test(no_reserved_code_is_sent),
        cmocka_unit_test(failing_says_its_code),
        cmocka_unit_test(in_fragments),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(many_that_differ),
        cmocka_unit_test(many_until_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
