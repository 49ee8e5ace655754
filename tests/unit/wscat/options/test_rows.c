/* The option table of wscat. */
#include "cmd/wscat/options/settings.h"

#include <ctype.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void every_row_has_a_help_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < WSCAT_ROWS; i++) {
        const struct option_row *row = &wscat_rows[i];
        if (!row->name)
            continue;
        assert_non_null(row->help);
        assert_true(islower((unsigned char)row->help[0]));
        assert_int_not_equal(row->help[strlen(row->help) - 1], '.');
    }
}

/* npm's wscat has these letters for these names. */
static void letters_of_npm(void **state)
{
    static const struct {
        const char *name;
        char letter;
    } npm[] = {{"connect", 'c'},  {"listen", 'l'},         {"execute", 'x'},         {"wait", 'w'},
               {"location", 'L'}, {"show-ping-pong", 'P'}, {"protocol-version", 'p'}};
    (void)state;
    for (size_t k = 0; k < sizeof npm / sizeof npm[0]; k++) {
        size_t i = 0;
        while (i < WSCAT_ROWS && (!wscat_rows[i].name || strcmp(wscat_rows[i].name, npm[k].name)))
            i++;
        assert_true(i < WSCAT_ROWS);
        assert_non_null(strchr(wscat_rows[i].letters, npm[k].letter));
    }
}

static void no_name_and_no_letter_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < WSCAT_ROWS; i++)
        for (size_t k = i + 1; k < WSCAT_ROWS; k++) {
            const struct option_row *a = &wscat_rows[i], *b = &wscat_rows[k];
            if (a->name && b->name)
                assert_string_not_equal(a->name, b->name);
            if (a->letters && b->letters)
                assert_null(strpbrk(a->letters, b->letters));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_help_text),
        cmocka_unit_test(letters_of_npm),
        cmocka_unit_test(no_name_and_no_letter_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
