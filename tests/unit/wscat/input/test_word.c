#include "cmd/wscat/input/word.h"

#include "cmd/common/exit.h"
#include "cmd/common/file.h"

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

static const struct settings text = {.max_message_size = 100, .end_us = FILE_NO_END};
static const struct settings binary = {
    .max_message_size = 100, .end_us = FILE_NO_END, .binary = true};
static const struct settings late = {.max_message_size = 100, .end_us = FILE_NO_WAIT};

/* The word is that message; NULL: it is refused. */
static void is(const struct settings *settings, const char *word, const char *expected)
{
    struct word read;
    char *copy = strdup(word);
    assert_int_equal(word_read(&read, settings, copy), expected ? WS_EXIT_OK : WS_EXIT_FAILURE);
    if (expected) {
        assert_int_equal(read.len, strlen(expected));
        assert_memory_equal(read.data, expected, read.len);
    }
    word_free(&read);
    free(copy);
}

static void words(void **state)
{
    (void)state;
    is(&text, "hello", "hello");
    is(&text, "", "");
    is(&text, "@@x", "@x");
    is(&text, "@@", "@");
    is(&text, "a@b", "a@b");
    is(&text, "a\xff", NULL);
    is(&binary, "a\xff", "a\xff");
}

static void files(void **state)
{
    char name[] = "@/tmp/libws-test-word-XXXXXX";
    int fd = mkstemp(name + 1);
    (void)state;
    assert_true(fd >= 0);
    is(&text, name, "");
    assert_int_equal(write(fd, "line\n", 5), 5);
    is(&text, name, "line\n");
    assert_int_equal(write(fd, "\xff", 1), 1);
    is(&text, name, NULL);
    is(&binary, name, "line\n\xff");
    for (int i = 0; i < 100; i++)
        assert_int_equal(write(fd, "x", 1), 1);
    is(&binary, name, NULL); /* above --max-message-size */
    unlink(name + 1);
    is(&binary, name, NULL);
    close(fd);
    is(&binary, "@", NULL);
    is(&binary, "@/", NULL);
}

static void a_pipe_until_the_timeout(void **state)
{
    char name[] = "@/tmp/libws-test-word-XXXXXX";
    struct word read;
    int fd = mkstemp(name + 1);
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    unlink(name + 1);
    assert_int_equal(mkfifo(name + 1, 0600), 0);
    assert_int_equal(word_read(&read, &late, name), WS_EXIT_TIMEOUT);
    word_free(&read);
    unlink(name + 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(files),
        cmocka_unit_test(a_pipe_until_the_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
