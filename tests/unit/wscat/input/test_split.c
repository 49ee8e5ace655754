/* Where messages end, however the bytes arrive. */
#include "cmd/wscat/input/split.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* Splits `data`, of which `step` bytes more are known each time; joins the messages with '|'. */
static void split(enum input_form form, bool keep_end, const char *data, size_t len, size_t step,
                  char *out)
{
    struct split s = {.form = form, .keep_end = keep_end};
    struct split_message found;
    size_t at = 0;
    for (size_t known = 0; known < len;) {
        known = known + step < len ? known + step : len;
        while (at < known && split_next(&s, (const uint8_t *)data + at, known - at, &found)) {
            memcpy(out, data + at + found.skip, found.len);
            out += found.len;
            *out++ = '|';
            at += found.skip + found.len + found.after;
        }
    }
    if (split_tail(&s, (const uint8_t *)data + at, len - at, &found)) {
        memcpy(out, data + at + found.skip, found.len);
        out += found.len;
        *out++ = '|';
    }
    *out = '\0';
}

static void forms(void **state)
{
    (void)state;
    static const struct {
        enum input_form form;
        bool keep;
        const char *data;
        size_t len; /* 0: of the string */
        const char *messages;
    } cases[] = {
        {INPUT_LINES, false, "one\ntwo\n\nthree", 0, "one|two||three|"},
        {INPUT_LINES, false, "one\n", 0, "one|"},
        {INPUT_LINES, false, "", 0, ""},
        {INPUT_LINES, true, "one\ntwo\n\nthree", 0, "one\n|two\n|\n|three|"},
        {INPUT_NUL, false, "a\nb\0c\0\0d", 8, "a\nb|c||d|"},
        {INPUT_WHOLE, false, "a\nb", 0, "a\nb|"},
        {INPUT_WHOLE, false, "", 0, "|"},
        {INPUT_HEX, false, "00\nff\n", 0, "00|ff|"},
        {INPUT_JSON, false, "{\"a\":1}{\"b\":[{}]}", 0, "{\"a\":1}|{\"b\":[{}]}|"},
        {INPUT_JSON, false, " {\n \"a\": \"}\\\"{\"\n}\n\n[1,\n2]\n", 0,
         "{\n \"a\": \"}\\\"{\"\n}|[1,\n2]|"},
        {INPUT_JSON, false, "1 2\ntrue \"a b\"null", 0, "1|2|true|\"a b\"|null|"},
        {INPUT_JSON, false, "1[2]3{}", 0, "1|[2]|3|{}|"},
        {INPUT_JSON, false, "\"a\"\"b\"", 0, "\"a\"|\"b\"|"},
        {INPUT_JSON, false, " \n ", 0, ""},
        {INPUT_JSON, false, "{\"unfinished\":", 0, "{\"unfinished\":|"},
        {INPUT_JSONL, false, "{}\n{}", 0, "{}|{}|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = cases[i].len ? cases[i].len : strlen(cases[i].data);
        char out[256];
        for (size_t step = 1; step <= len + 1; step++) {
            split(cases[i].form, cases[i].keep, cases[i].data, len, step, out);
            assert_string_equal(out, cases[i].messages);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
