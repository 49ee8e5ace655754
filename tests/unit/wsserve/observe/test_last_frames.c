#include "cmd/wsserve/observe/last_frames.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static int64_t noon(void)
{
    return 1769860800123456;
}

#define BEGIN "2026-01-31T12:00:00.123456Z DEBUG   conn=7 frame number "

/* What is logged of `count` text frames of lengths 1, 2, 3… */
static const char *told(unsigned count)
{
    static char text[8192];
    int ends[2];
    struct last_frames *frames = NULL;
    struct ws_frame frame = {
        .opcode = WS_OP_TEXT, .fin = true, .masked = true, .header_len = 6, .known = 6};
    assert_int_equal(pipe(ends), 0);
    struct log log = {.fd = ends[1], .now = noon};
    for (unsigned i = 1; i <= count; i++) {
        frame.length = i;
        last_frames_note(&frames, &frame);
    }
    last_frames_log(frames, &log, 7);
    free(frames);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_true(n >= 0);
    text[n] = '\0';
    return text;
}

static void test_tell(void **state)
{
    (void)state;
    assert_string_equal(told(0), "");
    assert_string_equal(told(2),
                        BEGIN "1 of what it sent: opcode=text fin=1 rsv=0 masked=1 len=1\n" BEGIN
                              "2 of what it sent: opcode=text fin=1 rsv=0 masked=1 len=2\n");
    /* Of many the last eight, in their order. */
    const char *text = told(100);
    unsigned lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, LAST_FRAMES);
    assert_memory_equal(text, BEGIN "93 of", strlen(BEGIN "93 of"));
    assert_non_null(
        strstr(text, "number 100 of what it sent: opcode=text fin=1 rsv=0 masked=1 len=100\n"));
}

/* Of a header that was cut only what is known of it. */
static void test_fields(void **state)
{
    (void)state;
    static const uint8_t header[] = {0x91, 0xfe, 0x01, 0x00, 1, 2, 3, 4};
    static const struct {
        size_t len, fields;
    } cases[] = {{0, 0}, {1, 3}, {2, 4}, {3, 4}, {4, 5}, {8, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct log_field fields[LAST_FRAMES_FIELDS];
        struct ws_frame frame = {0};
        ws_frame_parse(header, cases[i].len, &frame);
        assert_int_equal(last_frames_fields(&frame, fields), cases[i].fields);
        if (cases[i].fields < 5)
            continue;
        assert_string_equal(fields[0].text, "text");
        assert_int_equal(fields[2].number, 1);
        assert_int_equal(fields[4].number, 256);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tell),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests_name("wsserve_last_frames", tests, NULL, NULL);
}
