#include "cmd/wsserve/cluster/resp.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char heard[65536];
static unsigned stop_after;

/* Adds a reply as text: "[s:message s:chat s:hello]". */
static bool hear(void *context, const struct resp_reply *reply)
{
    (void)context;
    static const char letters[] = {'s', '+', '-', 'i', 'n', 'L'};
    size_t used = strlen(heard);
    used += (size_t)snprintf(heard + used, sizeof heard - used, "%s", reply->array ? "[" : "");
    for (size_t i = 0; i < reply->count; i++) {
        const struct resp_part *part = &reply->parts[i];
        used += (size_t)snprintf(heard + used, sizeof heard - used, "%s%c:", i ? " " : "",
                                 letters[part->kind]);
        if (part->kind == RESP_TOO_LARGE)
            used += (size_t)snprintf(heard + used, sizeof heard - used, "%zu", part->len);
        else if (part->kind == RESP_INTEGER)
            used += (size_t)snprintf(heard + used, sizeof heard - used, "%d", (int)part->number);
        else if (part->data)
            used += (size_t)snprintf(heard + used, sizeof heard - used, "%.*s", (int)part->len,
                                     part->data);
    }
    snprintf(heard + used, sizeof heard - used, "%s ", reply->array ? "]" : "");
    return stop_after == 0 || --stop_after > 0;
}

static bool feed(struct resp *resp, const char *text, size_t len, size_t piece)
{
    bool fine = true;
    for (size_t at = 0; at < len && fine; at += piece)
        fine = resp_feed(resp, text + at, len - at < piece ? len - at : piece, hear, NULL);
    return fine;
}

static const char honest[] = "+OK\r\n"
                             ":42\r\n"
                             "-ERR no\r\n"
                             "$5\r\nab\r\nc\r\n"
                             "$-1\r\n"
                             "*3\r\n$9\r\nsubscribe\r\n$4\r\nchat\r\n:1\r\n"
                             "*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$3\r\nabc\r\n"
                             "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
static const char meaning[] = "+:OK i:42 -:ERR no s:ab\r\nc n: [s:subscribe s:chat i:1] "
                              "[s:message s:chat s:abc] [s:pong s:] ";

static void whole_or_in_pieces(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof honest; piece++) {
        struct resp *resp = resp_new(1000);
        heard[0] = '\0';
        assert_true(feed(resp, honest, sizeof honest - 1, piece));
        assert_string_equal(heard, meaning);
        assert_string_equal(resp_violation(resp), "");
        resp_free(resp);
    }
}

/* Names that came before the reader's memory moved are still right. */
static void long_payloads(void **state)
{
    (void)state;
    enum { LEN = 50000 };
    char *text = malloc(LEN + 100);
    int used = sprintf(text, "*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$%d\r\n", LEN);
    memset(text + used, 'x', LEN);
    memcpy(text + used + LEN, "\r\n", 3);
    struct resp *resp = resp_new(LEN + 100);
    for (int i = 0; i < 3; i++) {
        heard[0] = '\0';
        assert_true(feed(resp, text, (size_t)used + LEN + 2, 999));
        assert_int_equal(strlen(heard), strlen("[s:message s:chat s:] ") + LEN);
        assert_memory_equal(heard, "[s:message s:chat s:xxx", 23);
    }
    resp_free(resp);
    free(text);
}

/* A payload that is too large is passed over, wherever it is cut; what follows is not lost. */
static void payloads_above_the_limit(void **state)
{
    (void)state;
    enum { LEN = 20000 };
    static const char next[] = "*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$2\r\nhi\r\n";
    char *text = malloc(LEN + 200);
    int used = sprintf(text, "*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$%d\r\n", LEN);
    memset(text + used, '7', LEN);
    memcpy(text + used + LEN, "\r\n", 2);
    memcpy(text + used + LEN + 2, next, sizeof next);
    for (size_t piece = 4000; piece < LEN + 100; piece += 61) {
        struct resp *resp = resp_new(5000);
        for (int i = 0; i < 2; i++) {
            heard[0] = '\0';
            assert_true(feed(resp, text, (size_t)used + LEN + 2 + sizeof next - 1, piece));
            assert_string_equal(heard, "[s:message s:chat L:20000] [s:message s:chat s:hi] ");
        }
        stop_after = 1;
        heard[0] = '\0';
        assert_true(resp_feed(resp, text, (size_t)used + LEN + 2 + sizeof next - 1, hear, NULL));
        assert_string_equal(heard, "[s:message s:chat L:20000] ");
        stop_after = 0;
        resp_free(resp);
    }
    free(text);
    /* Only where payloads are. */
    struct resp *resp = resp_new(5000);
    static char filler[9000];
    assert_true(feed(resp, "$20000\r\n", 8, 8));
    assert_false(feed(resp, filler, sizeof filler, sizeof filler));
    assert_non_null(strstr(resp_violation(resp), "more than"));
    resp_free(resp);
}

/* AddressSanitizer's own count; it has replaced malloc. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void claims_allocate_nothing(void **state)
{
    (void)state;
    void *volatile memory = malloc(100000);       /* volatile: or compilers leave it out */
    assert_true(memory && allocated() >= 100000); /* it is counted at all */
    free(memory);
    static const char *const claims[] = {
        "$536870912\r\n",
        "*1000000000\r\n",
        "*2147483647\r\n",
        "*3\r\n*3\r\n",
        "$2147483647\r\nabc",
        "*3\r\n$7\r\nmessage\r\n$536870912\r\n",
        "*4\r\n",
        "*0\r\n",
        "$99999999999999999999999\r\n",
        "*-7\r\n",
        "$-7\r\n",
        "*99999999999999999999999\r\n",
        "hello\r\n",
        ":12x\r\n",
        "*3\r\n$7\r\nmessage\r\n:99999999999999999999999\r\n",
        "HTTP/1.1 400\r\n",
        "\x16\x03\x01\x02\x00",
        "*3\r\n:1\r\n:2\r\n*1\r\n",
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct resp *resp = resp_new(100000);
        size_t before = allocated();
        bool fine = feed(resp, claims[i], strlen(claims[i]), 5);
        assert_true(allocated() < before + 65536);
        /* A string that is claimed is waited for, until more has come than there may be. */
        static char filler[4096];
        for (int j = 0; fine && j < 50; j++)
            fine = resp_feed(resp, filler, sizeof filler, hear, NULL);
        assert_false(fine);
        assert_true(resp_violation(resp)[0]);
        assert_true(allocated() < before + 500000);
        assert_false(feed(resp, "+OK\r\n", 5, 5)); /* ever after */
        resp_free(resp);
    }
}

static void a_line_without_end(void **state)
{
    (void)state;
    struct resp *resp = resp_new(20000);
    char *line = malloc(30000);
    memset(line, 'x', 30000);
    line[0] = '-';
    assert_false(feed(resp, line, 30000, 1000));
    resp_free(resp);
    /* A name that is too long. */
    resp = resp_new(20000);
    int used = sprintf(line, "*3\r\n$7\r\nmessage\r\n$9000\r\n");
    memset(line + used, 'x', 9000);
    memcpy(line + used + 9000, "\r\n", 2);
    assert_false(feed(resp, line, (size_t)used + 9002, 1000));
    assert_non_null(strstr(resp_violation(resp), "too long"));
    resp_free(resp);
    free(line);
}

static void stopped_by_its_user(void **state)
{
    (void)state;
    struct resp *resp = resp_new(1000);
    heard[0] = '\0';
    stop_after = 2;
    assert_true(resp_feed(resp, honest, sizeof honest - 1, hear, NULL));
    stop_after = 0;
    assert_string_equal(heard, "+:OK i:42 ");
    resp_free(resp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_or_in_pieces),       cmocka_unit_test(long_payloads),
        cmocka_unit_test(payloads_above_the_limit), cmocka_unit_test(claims_allocate_nothing),
        cmocka_unit_test(a_line_without_end),       cmocka_unit_test(stopped_by_its_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
