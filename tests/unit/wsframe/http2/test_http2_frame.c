/* What is taken for HTTP/2: the beginnings of both sides, and frames in the middle. */
#include "cmd/wsframe/http2/http2_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static void a_header_is_read(void **state)
{
    (void)state;
    const uint8_t data[] = {1, 2, 3, HTTP2_HEADERS, 5, 0x80, 0, 1, 2};
    struct http2_frame frame = http2_frame_read(data);
    assert_int_equal(frame.length, 0x010203);
    assert_int_equal(frame.type, HTTP2_HEADERS);
    assert_int_equal(frame.flags, HTTP2_END_STREAM | HTTP2_END_HEADERS);
    assert_int_equal(frame.stream, 0x102); /* without the reserved bit */
}

static void a_client_begins_with_the_preface(void **state)
{
    (void)state;
    for (size_t len = 0; len < HTTP2_PREFACE; len++)
        assert_int_equal(http2_begins_client(preface, len), WS_MORE);
    assert_int_equal(http2_begins_client(preface, HTTP2_PREFACE), WS_OK);
    assert_int_equal(http2_begins_client((const uint8_t *)"PRI * HTTP/1.1", 14), WS_E_HTTP_SYNTAX);
    assert_int_equal(http2_begins_client((const uint8_t *)"PO", 2), WS_E_HTTP_SYNTAX);
}

static void a_server_begins_with_settings(void **state)
{
    (void)state;
    uint8_t data[] = {0, 0, 12, HTTP2_SETTINGS, 0, 0, 0, 0, 0};
    for (size_t len = 0; len < sizeof data; len++)
        assert_int_equal(http2_begins_server(data, len), WS_MORE);
    assert_int_equal(http2_begins_server(data, sizeof data), WS_OK);
    data[4] = HTTP2_ACK;
    assert_int_equal(http2_begins_server(data, sizeof data), WS_E_HTTP_SYNTAX);
    data[4] = 0;
    data[2] = 13;
    assert_int_equal(http2_begins_server(data, sizeof data), WS_E_HTTP_SYNTAX);
}

static void padding_and_priority_are_taken_off(void **state)
{
    (void)state;
    const uint8_t payload[] = {2, 0, 0, 0, 0, 9, 'a', 'b', 0, 0};
    struct http2_frame frame = {.type = HTTP2_HEADERS, .flags = HTTP2_PADDED | HTTP2_PRIORITIZED};
    const uint8_t *data = payload;
    size_t len = sizeof payload;
    assert_true(http2_frame_strip(&frame, &data, &len));
    assert_int_equal(len, 2);
    assert_memory_equal(data, "ab", 2);
    data = payload;
    len = 7; /* shorter than the padding and the priority */
    assert_false(http2_frame_strip(&frame, &data, &len));
    len = 0;
    assert_false(http2_frame_strip(&frame, &data, &len));
}

static void frames_in_the_middle_are_known(void **state)
{
    (void)state;
    uint8_t data[] = {0, 0, 3, HTTP2_DATA, 0, 0, 0, 0, 5, 0x81, 1, 'a'};
    assert_true(http2_are_frames(data, sizeof data));
    for (size_t len = 0; len < sizeof data; len++)
        assert_false(http2_are_frames(data, len));
    data[8] = 0; /* DATA of the connection itself */
    assert_false(http2_are_frames(data, sizeof data));
    const uint8_t zeros[90] = {0};
    assert_false(http2_are_frames(zeros, sizeof zeros));
    /* A number of four bytes is not an empty DATA frame. */
    const uint8_t numbers[] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
    assert_false(http2_are_frames(numbers, sizeof numbers));
    const uint8_t websocket[] = {0x81, 5, 'h', 'e', 'l', 'l', 'o', 0x81, 0};
    assert_false(http2_are_frames(websocket, sizeof websocket));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_read),
        cmocka_unit_test(a_client_begins_with_the_preface),
        cmocka_unit_test(a_server_begins_with_settings),
        cmocka_unit_test(padding_and_priority_are_taken_off),
        cmocka_unit_test(frames_in_the_middle_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
