#include "cmd/wsserve/faults/fault_frames.h"

#include <ws/frame.h>
#include <ws/mask.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const char head[] = "HTTP/1.1 101 Switching Protocols\r\n"
                           "Upgrade: websocket\r\n"
                           "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct run {
    struct faults faults;
    struct fault_frames frames;
    uint8_t in[4096], out[8192];
    size_t in_len, out_len;
    bool close_received;
    uint32_t delay_ms, split; /* of the last piece */
};

static void begin(struct run *run, const char *fault)
{
    *run = (struct run){.faults = {.seed = 42}, .frames = {.conn = 1, .upgraded = true}};
    if (fault) {
        assert_null(fault_parse(fault, &run->faults.list[0]));
        run->faults.count = 1;
    }
}

static void add(struct run *run, unsigned opcode, bool fin, const void *payload, size_t len)
{
    struct ws_frame frame = {.opcode = (uint8_t)opcode,
                             .fin = fin,
                             .length = len,
                             .length_bytes = (uint8_t)ws_frame_length_bytes(len)};
    run->in_len += ws_frame_encode(run->in + run->in_len, &frame);
    memcpy(run->in + run->in_len, payload, len);
    run->in_len += len;
}

static void text(struct run *run, const char *payload)
{
    add(run, WS_OP_TEXT, true, payload, strlen(payload));
}

/* One flush: what was added goes in, the result is appended to the output so far. */
static void flush(struct run *run)
{
    struct fault_piece *list = NULL;
    assert_true(fault_frames_rewrite(&run->faults, &run->frames, run->in, run->in_len,
                                     run->close_received, &list));
    for (struct fault_piece *piece = list; piece; piece = piece->next) {
        assert_true(run->out_len + piece->len <= sizeof run->out);
        memcpy(run->out + run->out_len, piece->data, piece->len);
        run->out_len += piece->len;
        run->delay_ms = piece->delay_ms;
        run->split = piece->split;
    }
    fault_pieces_free(list);
    run->in_len = 0;
}

/* The frames that came out, "text:one ping:x", with "+" after a fragment that is not the last,
 * "rsv" and "masked" before one that is, "cut" for one that ends early. */
static const char *told(struct run *run)
{
    static char words[4096];
    size_t at = 0, n = 0;
    words[0] = '\0';
    while (at < run->out_len) {
        struct ws_frame frame;
        if (ws_frame_parse(run->out + at, run->out_len - at, &frame) != WS_OK ||
            frame.length > run->out_len - at - frame.header_len) {
            snprintf(words + n, sizeof words - n, "%scut", n ? " " : "");
            break;
        }
        uint8_t *payload = run->out + at + frame.header_len;
        if (frame.masked)
            ws_mask(payload, payload, (size_t)frame.length, frame.mask_key, 0);
        n += (size_t)snprintf(words + n, sizeof words - n, "%s%s%s%s%s:%.*s", n ? " " : "",
                              frame.rsv == 4 ? "rsv " : "", frame.masked ? "masked " : "",
                              ws_opcode_name(frame.opcode), frame.fin ? "" : "+", (int)frame.length,
                              (const char *)payload);
        at += frame.header_len + (size_t)frame.length;
    }
    run->out_len = 0;
    return words;
}

static void test_nothing(void **state)
{
    (void)state;
    struct run run;
    begin(&run, NULL);
    text(&run, "one");
    add(&run, WS_OP_PING, true, "p", 1);
    add(&run, WS_OP_BINARY, false, "b", 1);
    add(&run, WS_OP_CONTINUATION, true, "c", 1);
    flush(&run);
    assert_string_equal(told(&run), "text:one ping:p binary+:b continuation:c");
    assert_int_equal(run.frames.sent, 2);
    assert_int_equal(run.frames.then, FAULT_GO_ON);
}

static void test_head(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "wrong-accept");
    run.frames.upgraded = false;
    memcpy(run.in, head, sizeof head - 1);
    run.in_len = sizeof head - 1;
    text(&run, "one");
    flush(&run);
    assert_true(run.frames.upgraded);
    size_t len = sizeof head - 1;
    assert_memory_not_equal(run.out, head, len);
    char *accept = strstr(strcpy((char *)run.in, head), "s3pPL");
    size_t at = (size_t)(accept - (char *)run.in);
    assert_int_equal(run.out[at], 'A');
    run.out[at] = 's';
    assert_memory_equal(run.out, head, len);
    memmove(run.out, run.out + len, run.out_len -= len);
    assert_string_equal(told(&run), "text:one");
}

static void test_refusal_passes(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 404 Not Found\r\n\r\nno";
    struct run run;
    begin(&run, "wrong-accept");
    run.frames.upgraded = false;
    memcpy(run.in, answer, sizeof answer - 1);
    run.in_len = sizeof answer - 1;
    flush(&run);
    assert_int_equal(run.out_len, sizeof answer - 1);
    assert_memory_equal(run.out, answer, sizeof answer - 1);
    assert_false(run.frames.upgraded);
}

static void test_of_frames(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *told;
        enum fault_then then;
    } cases[] = {
        {"mask", "masked text:one masked text:two ping:p", FAULT_GO_ON},
        {"rsv", "rsv text:one rsv text:two ping:p", FAULT_GO_ON},
        {"drop", "ping:p", FAULT_GO_ON},
        {"duplicate", "text:one text:one text:two text:two ping:p", FAULT_GO_ON},
        {"reorder", "text:two text:one ping:p", FAULT_GO_ON},
        {"truncate", "cut", FAULT_END},
        {"truncate:1000", "cut", FAULT_END},
        {"close-after", "text:one ping:p", FAULT_CLOSE},
        {"close-after:2", "text:one text:two ping:p", FAULT_CLOSE},
        {"close-after:3", "text:one text:two ping:p", FAULT_GO_ON},
        {"abort-after:1", "text:one", FAULT_ABORT},
        {"no-pong", "text:one text:two ping:p", FAULT_GO_ON},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        begin(&run, cases[i].fault);
        text(&run, "one");
        text(&run, "two");
        add(&run, WS_OP_PING, true, "p", 1);
        flush(&run);
        assert_string_equal(told(&run), cases[i].told);
        assert_int_equal(run.frames.then, cases[i].then);
        fault_frames_release(&run.frames, NULL);
    }
}

static void test_close_after_none(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "close-after:0");
    run.frames.upgraded = false;
    memcpy(run.in, head, sizeof head - 1);
    run.in_len = sizeof head - 1;
    text(&run, "one");
    flush(&run);
    assert_int_equal(run.out_len, sizeof head - 1);
    assert_int_equal(run.frames.then, FAULT_CLOSE);
    /* The close itself passes. */
    run.out_len = 0;
    add(&run, WS_OP_CLOSE, true, "\x03\xf3", 2);
    flush(&run);
    assert_string_equal(told(&run), "close:\x03\xf3");
}

static void test_of_payload(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "bad-utf8");
    text(&run, "hello");
    text(&run, "");
    add(&run, WS_OP_BINARY, true, "bin", 3);
    flush(&run);
    assert_int_equal(run.out[1], 5);
    assert_non_null(memchr(run.out + 2, 0xff, 5));
    assert_int_equal(run.out[8], 1);
    assert_int_equal(run.out[9], 0xff);
    assert_memory_equal(run.out + 10,
                        "\x82\x03"
                        "bin",
                        5);

    begin(&run, "flip:1");
    text(&run, "hello");
    text(&run, "");
    flush(&run);
    unsigned bits = 0;
    for (int i = 0; i < 5; i++)
        bits += (unsigned)__builtin_popcount((unsigned)(run.out[2 + i] ^ "hello"[i]));
    assert_int_equal(bits, 1);
    assert_int_equal(run.out[8], 0);
}

static void test_of_control(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "no-pong");
    add(&run, WS_OP_PONG, true, "p", 1);
    text(&run, "one");
    flush(&run);
    assert_string_equal(told(&run), "text:one");

    begin(&run, "no-close-reply");
    add(&run, WS_OP_CLOSE, true, "", 0); /* its own, and no reply */
    flush(&run);
    assert_string_equal(told(&run), "close:");
    assert_false(run.frames.silent);
    run.close_received = true;
    add(&run, WS_OP_CLOSE, true, "", 0);
    flush(&run);
    assert_string_equal(told(&run), "");
    assert_true(run.frames.silent);
}

static void test_fragments(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "drop");
    add(&run, WS_OP_TEXT, false, "a", 1);
    flush(&run);
    add(&run, WS_OP_PING, true, "p", 1);
    add(&run, WS_OP_CONTINUATION, false, "b", 1);
    flush(&run);
    add(&run, WS_OP_CONTINUATION, true, "c", 1);
    flush(&run);
    assert_string_equal(told(&run), "ping:p");

    /* Half of one in another's place would be another fault. */
    for (int i = 0; i < 2; i++) {
        begin(&run, i ? "duplicate" : "reorder");
        add(&run, WS_OP_TEXT, false, "a", 1);
        add(&run, WS_OP_CONTINUATION, true, "b", 1);
        text(&run, "whole");
        text(&run, "next");
        flush(&run);
        assert_string_equal(told(&run),
                            i ? "text+:a continuation:b text:whole text:whole text:next text:next"
                              : "text+:a continuation:b text:next text:whole");
        fault_frames_release(&run.frames, NULL);
    }
}

/* What was kept back comes before the close, if nothing else comes. */
static void test_kept(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "reorder");
    text(&run, "one");
    flush(&run);
    assert_string_equal(told(&run), "");
    add(&run, WS_OP_CLOSE, true, "", 0);
    flush(&run);
    assert_string_equal(told(&run), "text:one close:");

    struct fault_piece *list = NULL;
    text(&run, "two");
    flush(&run);
    fault_frames_release(&run.frames, &list);
    assert_non_null(list);
    assert_memory_equal(list->data, "\x81\x03two", 5);
    fault_pieces_free(list);
    assert_null(run.frames.kept);
}

static void test_timing(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "delay:250ms");
    text(&run, "one");
    flush(&run);
    assert_int_equal(run.delay_ms, 250);
    assert_int_equal(run.split, 0);
    begin(&run, "split-writes:3");
    text(&run, "one");
    flush(&run);
    assert_int_equal(run.delay_ms, 0);
    assert_int_equal(run.split, 3);
}

/* The same messages suffer however they were gathered, and whatever pings went in between. */
static void test_repeatable(void **state)
{
    (void)state;
    char first[4096] = "";
    for (int way = 0; way < 3; way++) {
        struct run run;
        begin(&run, "drop@0.5");
        for (int i = 0; i < 100; i++) {
            char payload[16];
            snprintf(payload, sizeof payload, "%d", i);
            if (way == 2)
                add(&run, WS_OP_PONG, true, "", 0);
            text(&run, payload);
            if (way > 0)
                flush(&run);
        }
        flush(&run);
        char words[4096] = "", *save = NULL, all[4096];
        strcpy(all, told(&run));
        for (char *word = strtok_r(all, " ", &save); word; word = strtok_r(NULL, " ", &save))
            if (strncmp(word, "text", 4) == 0)
                strcat(strcat(words, word), " ");
        if (way == 0)
            strcpy(first, words);
        assert_string_equal(words, first);
    }
    assert_true(strlen(first) > 200 && strlen(first) < 600);
}

/* Whatever comes in, nothing is read that is not there. */
static void test_garbage(void **state)
{
    (void)state;
    static const char *const faults[] = {"flip:5", "truncate:3", "bad-utf8", "duplicate", "mask"};
    srand(1);
    for (int i = 0; i < 3000; i++) {
        struct run run;
        begin(&run, faults[i % 5]);
        size_t len = (size_t)rand() % 200;
        uint8_t *bytes = malloc(len ? len : 1);
        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)(rand() % (i % 2 ? 256 : 4));
        struct fault_piece *list = NULL;
        run.frames.upgraded = i % 3;
        assert_true(fault_frames_rewrite(&run.faults, &run.frames, bytes, len, false, &list));
        fault_pieces_free(list);
        fault_frames_release(&run.frames, NULL);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_refusal_passes),
        cmocka_unit_test(test_of_frames),
        cmocka_unit_test(test_close_after_none),
        cmocka_unit_test(test_of_payload),
        cmocka_unit_test(test_of_control),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_timing),
        cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests_name("wsserve_fault_frames", tests, NULL, NULL);
}
