#include <ws/frame.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* What is wrong with a header whose first two bytes are these, by the letter of 5.2 and 5.5. */
static enum ws_error judge(unsigned first, unsigned second, unsigned rules)
{
    unsigned opcode = first & 15, length = second & 127;
    if (first & 0x70)
        return WS_E_RSV;
    if (opcode != 0 && opcode != 1 && opcode != 2 && opcode != 8 && opcode != 9 && opcode != 10)
        return WS_E_OPCODE;
    if (opcode >= 8 && first < 128)
        return WS_E_CONTROL_FRAGMENTED;
    if (rules == WS_REQUIRE_MASK && second < 128)
        return WS_E_UNMASKED;
    if (rules == WS_REFUSE_MASK && second >= 128)
        return WS_E_MASKED;
    if (opcode >= 8 && length > 125)
        return WS_E_CONTROL_TOO_LONG;
    return length < 126 && second < 128 ? WS_OK : WS_MORE;
}

static void every_pair_of_first_bytes(void **state)
{
    (void)state;
    for (unsigned rules = WS_REQUIRE_MASK; rules <= WS_REFUSE_MASK; rules++) {
        for (unsigned i = 0; i < 65536; i++) {
            struct ws_frame frame;
            uint8_t bytes[2] = {(uint8_t)(i >> 8), (uint8_t)i};
            enum ws_error wanted = judge(bytes[0], bytes[1], rules);
            assert_int_equal(ws_frame_decode(bytes, 2, rules, &frame), wanted);

            enum ws_error parsed = ws_frame_parse(bytes, 2, &frame);
            assert_int_equal(parsed == WS_OK, (bytes[1] & 128) == 0 && (bytes[1] & 127) < 126);
            assert_int_equal(frame.known, 2);
            assert_int_equal(frame.opcode, bytes[0] & 15);
            assert_int_equal(frame.fin, bytes[0] >> 7);
            assert_int_equal(frame.rsv, (bytes[0] >> 4) & 7);
            assert_int_equal(frame.masked, bytes[1] >> 7);
        }
    }
}

static void faults_show_at_their_byte(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        struct ws_frame frame;
        uint8_t byte = (uint8_t)i;
        enum ws_error both = judge(i, 0x80, WS_REQUIRE_MASK);
        enum ws_error first = ws_frame_decode(&byte, 1, WS_REQUIRE_MASK, &frame);
        assert_int_equal(first, both == WS_OK || both == WS_MORE ? WS_MORE : both);
        assert_int_equal(frame.known, 1);
        if (first != WS_MORE)
            assert_int_equal(ws_frame_error_offset(&frame, first), 0);
    }
    struct ws_frame frame;
    assert_int_equal(ws_frame_decode("", 0, WS_REQUIRE_MASK, &frame), WS_MORE);
    assert_int_equal(frame.known, 0);
}

static void offsets_of_faults(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        unsigned rules;
        enum ws_error error;
        size_t offset;
    } rows[] = {
        {"\x81\x05", 2, WS_REQUIRE_MASK, WS_E_UNMASKED, 1},
        {"\x81\x85", 2, WS_REFUSE_MASK, WS_E_MASKED, 1},
        {"\x89\x7e", 2, WS_REFUSE_MASK, WS_E_CONTROL_TOO_LONG, 1},
        {"\x82\x7f\x80\0\0\0\0\0\0\0", 10, WS_REFUSE_MASK, WS_E_LENGTH_TOP_BIT, 2},
        {"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, WS_REFUSE_MASK, WS_E_LENGTH_TOP_BIT, 2},
        {"\x82\x7e\0\x7d", 4, WS_REFUSE_MASK, WS_E_LENGTH_NOT_MINIMAL, 3},
        {"\x82\x7f\0\0\0\0\0\0\xff\xff", 10, WS_REFUSE_MASK, WS_E_LENGTH_NOT_MINIMAL, 9},
        {"\x82\xfe\0\x7d", 4, WS_REQUIRE_MASK, WS_E_LENGTH_NOT_MINIMAL, 3},
        {"\xc1\x00", 2, WS_REFUSE_MASK | WS_ALLOW_RSV1, WS_OK, 0},
        {"\xc2\x00", 2, WS_REFUSE_MASK | WS_ALLOW_RSV1, WS_OK, 0},
        {"\xc0\x00", 2, WS_REFUSE_MASK | WS_ALLOW_RSV1, WS_E_RSV, 0},
        {"\xc9\x00", 2, WS_REFUSE_MASK | WS_ALLOW_RSV1, WS_E_RSV, 0},
        {"\xe1\x00", 2, WS_REFUSE_MASK | WS_ALLOW_RSV1, WS_E_RSV, 0},
        {"\x81\x05", 2, 0, WS_OK, 0},
        {"\x82\x7e\0\x7e", 4, WS_REFUSE_MASK, WS_OK, 0},
        {"\x82\x7f\0\0\0\0\0\1\0\0", 10, WS_REFUSE_MASK, WS_OK, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_frame frame;
        enum ws_error error = ws_frame_decode(rows[i].bytes, rows[i].len, rows[i].rules, &frame);
        assert_int_equal(error, rows[i].error);
        assert_int_equal(ws_frame_violation(&frame, rows[i].rules), rows[i].error);
        if (error != WS_OK)
            assert_int_equal(ws_frame_error_offset(&frame, error), rows[i].offset);
    }
}

static void round_trips(void **state)
{
    static const uint64_t lengths[] = {
        0,     1,          125,        126,        127,           65535,    65536,
        65537, UINT32_MAX, 1ull << 32, 1ull << 62, INT64_MAX - 1, INT64_MAX};
    static const uint8_t opcodes[] = {WS_OP_CONTINUATION, WS_OP_TEXT, WS_OP_BINARY,
                                      WS_OP_CLOSE,        WS_OP_PING, WS_OP_PONG};
    (void)state;
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        for (unsigned o = 0; o < sizeof opcodes; o++) {
            for (unsigned bits = 0; bits < 4; bits++) {
                struct ws_frame in = {.fin = bits & 1,
                                      .masked = bits & 2,
                                      .opcode = opcodes[o],
                                      .length = lengths[l],
                                      .mask_key = {0x12, 0x34, 0x56, 0x78}};
                in.length_bytes = (uint8_t)ws_frame_length_bytes(in.length);
                /* exactly as large as what is to be written, so that ASan sees a byte too many */
                size_t wanted = ws_frame_header_len(in.length, in.masked);
                uint8_t room[WS_HEADER_MAX];
                assert_int_equal(ws_frame_encode(room, &in), wanted);
                uint8_t *bytes = malloc(wanted);
                memcpy(bytes, room, wanted);

                struct ws_frame out;
                for (size_t cut = 0; cut < wanted; cut++) {
                    uint8_t *part = malloc(cut ? cut : 1);
                    memcpy(part, bytes, cut);
                    assert_int_equal(ws_frame_parse(part, cut, &out), WS_MORE);
                    assert_int_equal(out.known, cut);
                    free(part);
                }
                assert_int_equal(ws_frame_parse(bytes, wanted, &out), WS_OK);
                assert_int_equal(out.length, in.length);
                assert_int_equal(out.opcode, in.opcode);
                assert_int_equal(out.fin, in.fin);
                assert_int_equal(out.masked, in.masked);
                assert_int_equal(out.length_bytes, in.length_bytes);
                assert_int_equal(out.header_len, wanted);
                assert_int_equal(out.known, wanted);
                if (in.masked)
                    assert_memory_equal(out.mask_key, in.mask_key, 4);
                free(bytes);
            }
        }
    }
}

static void header_lengths(void **state)
{
    (void)state;
    assert_int_equal(ws_frame_header_len(0, false), 2);
    assert_int_equal(ws_frame_header_len(125, true), 6);
    assert_int_equal(ws_frame_header_len(126, false), 4);
    assert_int_equal(ws_frame_header_len(65535, true), 8);
    assert_int_equal(ws_frame_header_len(65536, false), 10);
    assert_int_equal(ws_frame_header_len(INT64_MAX, true), WS_HEADER_MAX);
}

static void illegal_forms_can_be_made(void **state)
{
    uint8_t bytes[WS_HEADER_MAX];
    struct ws_frame frame = {.opcode = 15, .rsv = 7, .length = 5, .length_bytes = 8};
    (void)state;
    assert_int_equal(ws_frame_encode(bytes, &frame), 10);
    assert_memory_equal(bytes, "\x7f\x7f\0\0\0\0\0\0\0\5", 10);
    frame.length_bytes = 2;
    frame.length = 0x12345;
    assert_int_equal(ws_frame_encode(bytes, &frame), 4);
    assert_memory_equal(bytes, "\x7f\x7e\x23\x45", 4);
}

static void opcodes_have_names(void **state)
{
    static const char *const names[16] = {"continuation", "text",     "binary",   "reserved",
                                          "reserved",     "reserved", "reserved", "reserved",
                                          "close",        "ping",     "pong",     "reserved",
                                          "reserved",     "reserved", "reserved", "reserved"};
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        assert_string_equal(ws_opcode_name(i), names[i]);
        assert_int_equal(ws_opcode_is_control(i), i >= 8);
    }
    assert_string_equal(ws_opcode_name(255), "reserved");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_first_bytes),
        cmocka_unit_test(faults_show_at_their_byte),
        cmocka_unit_test(offsets_of_faults),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(header_lengths),
        cmocka_unit_test(illegal_forms_can_be_made),
        cmocka_unit_test(opcodes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
