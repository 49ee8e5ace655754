#include "cmd/wsframe/read/form.h"

#include <jansson.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* Tests run in the folder of the sources. */
static json_t *schema_forms(void)
{
    json_t *root = json_load_file("docs/wsframe.schema.json", 0, NULL);
    assert_non_null(root);
    json_t *form = json_object_get(json_object_get(root, "properties"), "form");
    json_t *forms = json_incref(json_object_get(form, "enum"));
    json_decref(root);
    assert_true(json_is_array(forms));
    return forms;
}

static void test_the_schema_has_all_forms(void **state)
{
    (void)state;
    json_t *forms = schema_forms();
    size_t count = 0;
    for (enum form form = FORM_AUTO + 1; form <= FORM_RECORDS; form++) {
        const char *word = json_string_value(json_array_get(forms, count++));
        if (!word || strcmp(word, form_word(form)) != 0)
            fail_msg("the schema has %s in the place of %s", word ? word : "nothing",
                     form_word(form));
    }
    assert_int_equal(json_array_size(forms), count);
    json_decref(forms);
}

static void test_what_is_not_decoded_has_no_word(void **state)
{
    (void)state;
    for (enum form form = FORM_RECORDS + 1; form < FORM_COUNT; form++)
        assert_string_equal(form_word(form), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_schema_has_all_forms),
        cmocka_unit_test(test_what_is_not_decoded_has_no_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
