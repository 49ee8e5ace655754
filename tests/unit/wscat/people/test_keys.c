#include "cmd/wscat/people/keys.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct key first(const char *bytes, bool late)
{
    return key_next((const uint8_t *)bytes, strlen(bytes), late);
}

static void is(const char *bytes, enum key_kind kind, size_t len)
{
    struct key key = first(bytes, false);
    assert_int_equal(key.kind, kind);
    assert_int_equal(key.len, len);
}

static void same(const char *bytes, const char *as)
{
    is(bytes, KEY_SEQUENCE, strlen(bytes));
    assert_string_equal(first(bytes, false).same_as, as);
}

static void kinds(void **state)
{
    (void)state;
    is("ab", KEY_TEXT, 1);
    is("\xe6\x97\xa5z", KEY_TEXT, 3);
    is("\x04z", KEY_CONTROL, 1);
    is("\x7f", KEY_CONTROL, 1);
    is("\033bz", KEY_ALT, 2);
    is("\033\x7f", KEY_ALT, 2);
    is("\033\xc3\xa4", KEY_ALT, 3);
    is("\033[Az", KEY_SEQUENCE, 3);
    is("\033[200~z", KEY_PASTE, 6);
    is("\033\033[A", KEY_CONTROL, 1); /* ESC, then the arrow */
}

static void sequences(void **state)
{
    (void)state;
    same("\033[A", "\020");
    same("\033OB", "\016");
    same("\033[1;5C", "\033f");
    same("\033[1;3D", "\033b");
    same("\033[1;2D", "\002"); /* Shift is none */
    same("\033[3~", "\033[3~");
    same("\033[3;5~", "\033d");
    same("\033[7~", "\001");
    same("\033OM", "\r");
    same("\033[M", "");
    same("\033[5~", "");
    same("\033[[A", "");
    same("\033[<0;5;5M", "");
    same("\033[?1;2c", "");
    same("\033[99999999999999999999;99999999999999999999~", "");
}

static void not_utf8(void **state)
{
    (void)state;
    is("\xff", KEY_BAD, 1);
    is("\x80", KEY_BAD, 1);
    is("\xe6z", KEY_BAD, 1);
    is("\xe6\x97z", KEY_BAD, 2);
    is("\xed\xa0\x80", KEY_BAD, 1); /* a surrogate */
    is("\033\xff", KEY_BAD, 2);
}

static void the_rest_has_not_come(void **state)
{
    static const char *const partial[] = {"\033", "\033[", "\033O", "\033[1;", "\033[["};
    (void)state;
    for (size_t i = 0; i < sizeof partial / sizeof *partial; i++) {
        is(partial[i], KEY_PARTIAL, strlen(partial[i]));
        assert_int_not_equal(first(partial[i], true).kind, KEY_PARTIAL);
        assert_int_equal(first(partial[i], true).len, strlen(partial[i]));
    }
    assert_int_equal(first("\xe6\x97", true).kind, KEY_PARTIAL);
    assert_int_equal(first("\033\xe6\x97", true).kind, KEY_PARTIAL);
    is("\033[1\x03", KEY_SEQUENCE, 3); /* Ctrl-C is the next key */
}

/* Whatever comes, each step takes some of it, or waits within bounds. */
static void any_bytes(void **state)
{
    static const uint8_t alphabet[] = {0x1B, '[',  'O',  '1',  ';', '~',
                                       'A',  0xE6, 0x97, 0xFF, 0,   'x'};
    uint8_t bytes[200];
    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        size_t len = 1 + (size_t)rand() % sizeof bytes;
        bool digits = rand() % 4 == 0;
        for (size_t i = 0; i < len; i++)
            bytes[i] = digits && i > 1 ? '1' : alphabet[(size_t)rand() % sizeof alphabet];
        for (size_t at = 0; at < len;) {
            struct key key = key_next(bytes + at, len - at, false);
            assert_true(key.len >= 1 && key.len <= len - at && key.len <= KEY_MOST);
            if (key.kind == KEY_PARTIAL)
                break;
            assert_true(key.kind != KEY_SEQUENCE || key.same_as);
            at += key.len;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(sequences),
        cmocka_unit_test(not_utf8),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(the_rest_has_not_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
