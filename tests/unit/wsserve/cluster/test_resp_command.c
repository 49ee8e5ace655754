#include "cmd/wsserve/cluster/resp_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void written(const char *expected, size_t expected_len, size_t count,
                    const char *const *words, const size_t *lengths)
{
    assert_int_equal(resp_command_size(count, lengths), expected_len);
    uint8_t *text = malloc(expected_len); /* of this size, so that a byte more would be noticed */
    assert_non_null(text);
    resp_command_write(text, count, words, lengths);
    assert_memory_equal(text, expected, expected_len);
    free(text);
}

static void words_of_any_bytes(void **state)
{
    (void)state;
    static const char command[] = "*3\r\n$7\r\nPUBLISH\r\n$4\r\nchat\r\n$3\r\na\0b\r\n";
    const char *const words[] = {"PUBLISH", "chat", "a\0b"};
    written(command, sizeof command - 1, 3, words, (const size_t[]){7, 4, 3});
    static const char empty[] = "*2\r\n$4\r\nPING\r\n$0\r\n\r\n";
    const char *const none[] = {"PING", NULL};
    written(empty, sizeof empty - 1, 2, none, (const size_t[]){4, 0});
}

static void lengths_of_any_number_of_digits(void **state)
{
    (void)state;
    enum { MOST = 100001 };
    static const size_t lengths[] = {9, 10, 99, 100, 999, 1000, 65535, 99999, 100000, MOST};
    char *word = malloc(MOST), *expected = malloc(MOST + 64);
    assert_true(word && expected);
    memset(word, 'x', MOST);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int head = snprintf(expected, 64, "*1\r\n$%zu\r\n", lengths[i]);
        memcpy(expected + head, word, lengths[i]);
        memcpy(expected + head + lengths[i], "\r\n", 2);
        written(expected, (size_t)head + lengths[i] + 2, 1, (const char *const[]){word},
                &lengths[i]);
    }
    free(word);
    free(expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_any_bytes),
        cmocka_unit_test(lengths_of_any_number_of_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
