#include "cmd/wsserve/bridge/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char directory[] = "/tmp/test_program.XXXXXX";
static struct settings_process settings;
static struct programs programs;

static void make(const char *name, mode_t mode)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void make_link(const char *to, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(symlink(to, path), 0);
}

static bool find(const char *target, struct program_place *place)
{
    return program_find(&programs, (struct ws_str){target, strlen(target)}, place);
}

static void leads_to(const char *target, const char *file, const char *script, const char *rest)
{
    struct program_place place;
    if (!find(target, &place))
        fail_msg("%s leads nowhere", target);
    assert_string_equal(place.program->file + strlen(programs.root), file);
    assert_string_equal(place.script_name, script);
    assert_string_equal(place.path_info, rest);
    program_forget(&place);
}

static void test_paths(void **state)
{
    (void)state;
    leads_to("/prog", "/prog", "/prog", "");
    leads_to("/prog?x=/../y", "/prog", "/prog", "");
    leads_to("/prog/a%20b/c", "/prog", "/prog", "/a b/c");
    leads_to("/sub/deep/x", "/sub/deep", "/sub/deep", "/x");
    leads_to("//sub//deep", "/sub/deep", "//sub//deep", "");
    leads_to("/alias/x", "/prog", "/alias", "/x");
}

static void test_nowhere(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "/",        "/nothing",     "/text",          "/sub",    "/sub/",
        "/../out",  "/%2e%2e/out",  "/sub/../../out", "/link",   "/up/out",
        "/.hidden", "/sub/.hidden", "/prog%00",       "/%zz",    "/sub%2f..%2f..%2fout",
        "/.",       "/..",          "/text/x",        "/broken",
    };
    struct program_place place;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (find(targets[i], &place))
            fail_msg("%s leads to %s", targets[i], place.program->file);
}

static void test_the_same_is_one(void **state)
{
    (void)state;
    struct program_place a, b;
    assert_true(find("/prog/1", &a) && find("/alias/2", &b));
    assert_ptr_equal(a.program, b.program);
    program_forget(&a);
    program_forget(&b);
}

static void test_exit_descriptions(void **state)
{
    (void)state;
    char text[80];
    struct child child = {.status = 3};
    assert_string_equal(program_exit_description(&child, text, sizeof text),
                        "COMMAND ended with status 3");
    child.signal = 9;
    assert_string_equal(program_exit_description(&child, text, sizeof text),
                        "COMMAND was ended by SIGKILL");
}

static int begin(void **state)
{
    (void)state;
    char root[200];
    if (!mkdtemp(directory))
        return -1;
    snprintf(root, sizeof root, "%s/in", directory);
    mkdir(root, 0755);
    snprintf(root, sizeof root, "%s/in/sub", directory);
    mkdir(root, 0755);
    make("out", 0755);
    make("in/prog", 0755);
    make("in/text", 0644);
    make("in/.hidden", 0755);
    make("in/sub/deep", 0755);
    make("in/sub/.hidden", 0755);
    make_link("prog", "in/alias");
    make_link("../out", "in/link");
    make_link("..", "in/up");
    make_link("nothing", "in/broken");
    snprintf(root, sizeof root, "%s/in", directory);
    settings_process_init(&settings);
    settings.dir = root;
    return programs_init(&programs, &settings) ? 0 : -1;
}

static int end(void **state)
{
    char command[250];
    (void)state;
    programs_free(&programs);
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_nowhere),
        cmocka_unit_test(test_the_same_is_one),
        cmocka_unit_test(test_exit_descriptions),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
