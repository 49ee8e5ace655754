#include "cmd/wsframe/read/log_run.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct log_run run_of(const char *text)
{
    struct log_run none = {0};
    return log_run_next((struct line){text, strlen(text)}, &none);
}

static void the_run_of_a_line(void **state)
{
    (void)state;
    struct log_run run = run_of("12:00:00 rx: 81 05 48 65 6c 6c 6f (7)");
    assert_int_equal(run.from, 13);
    assert_int_equal(run.bytes, 7);
    assert_true(log_run_is_apart(&run));
    run = run_of("rx 810548656c6c6f");
    assert_int_equal(run.bytes, 7);
    assert_false(log_run_is_apart(&run));
    assert_int_equal(run_of("12:00:00 nothing").bytes, 0);
    assert_int_equal(run_of("").bytes, 0);
}

static void bytes_are_appended(void **state)
{
    (void)state;
    static const char text[] = "0x81,0x05,0x4";
    struct ws_bytes *bytes = NULL;
    struct log_run run = run_of(text);
    log_run_add((struct line){text, strlen(text)}, &run, &bytes);
    assert_int_equal(ws_bytes_len(bytes), 3);
    assert_memory_equal(bytes_data(bytes), "\x81\x05\x04", 3);
    ws_bytes_free(&bytes);
}

static bool is_card(const char *text)
{
    struct log_run run = run_of(text);
    return log_run_is_card((struct line){text, strlen(text)}, &run);
}

static void addresses_of_cards(void **state)
{
    (void)state;
    assert_true(is_card("ether 02:42:ac:11:00:02"));
    assert_true(is_card("02:00:00:00:00:02"));
    assert_false(is_card("89:80:11:22:33:44"));
    assert_false(is_card("02:42:ac:11:00"));
    /* Digits beside it are preferred. */
    assert_int_equal(run_of("02:42:ac:11:00:02\t88020308").bytes, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_run_of_a_line),
        cmocka_unit_test(bytes_are_appended),
        cmocka_unit_test(addresses_of_cards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
