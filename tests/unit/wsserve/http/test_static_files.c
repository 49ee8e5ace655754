#include "cmd/wsserve/http/static_files.h"

#include <fcntl.h>
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

static char dir[] = "/tmp/static_files.XXXXXX";
static int root = -1;

static void put(const char *name, const char *text)
{
    int base = open(dir, O_DIRECTORY | O_CLOEXEC);
    int fd = openat(base, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    close(base);
}

static int make(void **state)
{
    char path[128];
    (void)state;
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/www", dir);
    if (mkdir(path, 0700) < 0)
        return 1;
    root = static_files_open(path);
    snprintf(path, sizeof path, "%s/www/sub", dir);
    if (root < 0 || mkdir(path, 0700) < 0)
        return 1;
    put("outside", "outside");
    put("www/a.html", "12345");
    put("www/sub/index.html", "sub");
    put("www/%41", "percent");
    put("www/.hidden", "hidden");
    put("www-beside", "beside");
    snprintf(path, sizeof path, "%s/www/a.html", dir);
    if (symlinkat("../outside", root, "link") < 0 || symlinkat("..", root, "up") < 0 ||
        symlinkat("../www-beside", root, "beside") < 0 || symlinkat("sub", root, "in") < 0 ||
        symlinkat("loop", root, "loop") < 0 || symlinkat("/dev/zero", root, "zero") < 0 ||
        symlinkat(path, root, "absolute") < 0 || mkfifoat(root, "fifo", 0600) < 0)
        return 1;
    return 0;
}

static int unmake(void **state)
{
    char command[128];
    (void)state;
    close(root);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static enum static_found find(const char *path, struct static_file *file)
{
    enum static_found found = static_files_find(root, (struct ws_str){path, strlen(path)}, file);
    if (found == STATIC_FILE)
        close(file->fd);
    return found;
}

static void what_is_there(void **state)
{
    struct static_file file;
    (void)state;
    assert_int_equal(find("/a.html", &file), STATIC_FILE);
    assert_int_equal(file.size, 5);
    assert_string_equal(file.type, "text/html; charset=utf-8");
    assert_int_equal(find("/%61.HTML", &file), STATIC_MISSING);
    assert_int_equal(find("/%61.html", &file), STATIC_FILE);
    assert_int_equal(find("/%2541", &file), STATIC_FILE); /* decoded once */
    assert_int_equal(file.size, 7);
    assert_int_equal(find("/sub/", &file), STATIC_FILE);
    assert_int_equal(find("/sub", &file), STATIC_DIRECTORY);
    assert_int_equal(find("/", &file), STATIC_MISSING);
    assert_int_equal(find("/in/index.html", &file), STATIC_FILE);
    assert_int_equal(find("/in/", &file), STATIC_FILE);
    assert_int_equal(find("/in", &file), STATIC_DIRECTORY);
    assert_int_equal(find("/absolute", &file), STATIC_FILE);
    assert_int_equal(file.size, 5);
}

static void what_is_not(void **state)
{
    static const char *const paths[] = {
        "",
        "a.html",
        "*",
        "/a.html/",
        "/../outside",
        "/sub/../a.html",
        "/./a.html",
        "/%2e%2e/outside",
        "/..%2foutside",
        "/sub%2findex.html",
        "/link",
        "/link/",
        "/up",
        "/up/",
        "/up/outside",

        "/beside",
        "/loop",
        "/zero",
        "/fifo",
        "/.hidden",
        "/%2ehidden",
        "/a.html%00",
        "/a.html%",
        "/a.html%4",
        "/a.html%gg",
        "/sub/..",
        "/\\..\\outside",
        "/...",
        "/%c0%ae%c0%ae/outside",
    };
    struct static_file file;
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (find(paths[i], &file) != STATIC_MISSING || file.fd != -1)
            fail_msg("found: %s", paths[i]);
}

static void no_descriptor_is_left(void **state)
{
    struct static_file file;
    (void)state;
    int before = dup(root);
    close(before);
    what_is_there(state);
    what_is_not(state);
    assert_int_equal(find("/sub/x/y", &file), STATIC_MISSING);
    int after = dup(root);
    close(after);
    assert_int_equal(before, after);
}

static void versions(void **state)
{
    struct static_file first, second;
    (void)state;
    assert_int_equal(find("/a.html", &first), STATIC_FILE);
    put("www/a.html", "123456");
    assert_int_equal(find("/a.html", &second), STATIC_FILE);
    assert_string_not_equal(first.etag, second.etag);
    put("www/a.html", "12345");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there),
        cmocka_unit_test(what_is_not),
        cmocka_unit_test(no_descriptor_is_left),
        cmocka_unit_test(versions),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
