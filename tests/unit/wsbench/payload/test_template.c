#include "cmd/wsbench/payload/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char problem[200], expanded[500];

static const char *expand(const char *text, uint64_t seq, uint64_t conn)
{
    struct template template;
    struct ws_bytes *out = NULL;
    uint64_t random = 1;
    const struct template_values values = {seq, conn, &random};
    assert_true(template_parse(&template, text, strlen(text), problem, sizeof problem));
    assert_true(template_expand(&template, &values, &out));
    snprintf(expanded, sizeof expanded, "%.*s", (int)ws_bytes_len(out),
             out ? (const char *)ws_bytes_data(out) : "");
    ws_bytes_free(&out);
    template_free(&template);
    return expanded;
}

static void places_and_what_is_none(void **state)
{
    static const char *const same[] = {"",
                                       "text",
                                       "{{",
                                       "}}",
                                       "{{}}",
                                       "{{seq",
                                       "{ {seq}}",
                                       "{{seq-1}}",
                                       "{{\"a\":1}}",
                                       "{seq}",
                                       "{\"a\":{\"b\":1}}",
                                       "{{seq}{{conn"};
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_string_equal(expand(same[i], 1, 2), same[i]);
    assert_string_equal(expand("{{seq}}", 7, 2), "7");
    assert_string_equal(expand("a{{seq}}b{{conn}}{{rand:3-3}}c", 18446744073709551615u, 2),
                        "a18446744073709551615b23c");
    assert_string_equal(expand("{{-}} {{conn}} {{y z}}", 0, 5), "{{-}} 5 {{y z}}");
    assert_true(strtoull(expand("{{now_us}}", 0, 0), NULL, 10) > UINT64_C(1700000000000000));
    assert_int_equal(strlen(expand("{{uuid}}", 0, 0)), 36);
}

static void ranges_are_filled(void **state)
{
    struct template template;
    unsigned seen[6] = {0};
    uint64_t random = 3;
    const struct template_values values = {.random = &random};
    (void)state;
    assert_true(template_parse(&template, "{{rand:2-5}}", 12, problem, sizeof problem));
    assert_true(template_varies(&template));
    for (int i = 0; i < 1000; i++) {
        struct ws_bytes *out = NULL;
        assert_true(template_expand(&template, &values, &out));
        assert_int_equal(ws_bytes_len(out), 1);
        assert_in_range(ws_bytes_data(out)[0], '2', '5');
        seen[ws_bytes_data(out)[0] - '0']++;
        ws_bytes_free(&out);
    }
    for (int i = 2; i <= 5; i++)
        assert_true(seen[i] > 150);
    template_free(&template);
}

static void lines_of_a_file(void **state)
{
    char name[] = "/tmp/test_template.XXXXXX", text[64];
    int fd = mkstemp(name);
    (void)state;
    assert_int_equal(write(fd, "a\r\n\nc", 5), 5);
    close(fd);
    snprintf(text, sizeof text, "<{{line:%s}}>", name);
    assert_string_equal(expand(text, 0, 0), "<a>");
    assert_string_equal(expand(text, 1, 0), "<>");
    assert_string_equal(expand(text, 1, 1), "<c>");
    assert_string_equal(expand(text, 3, 0), "<a>");
    unlink(name);
}

static void what_cannot_be_parsed(void **state)
{
    static const char *const bad[] = {"{{rand:}}",     "{{rand:1}}",     "{{rand:2-1}}",
                                      "x{{rand:1-x}}", "{{rand:1-2-3}}", "{{name}}",
                                      "{{ seq }}",     "a{{x:y}}"};
    struct template template;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(template_parse(&template, bad[i], strlen(bad[i]), problem, sizeof problem));
        assert_true(*problem);
        template_free(&template);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_and_what_is_none),
        cmocka_unit_test(ranges_are_filled),
        cmocka_unit_test(lines_of_a_file),
        cmocka_unit_test(what_cannot_be_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
