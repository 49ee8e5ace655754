#include "cmd/wsframe/print/text_line.h"

#include "cmd/common/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* What `put` writes to standard output, as text. */
static size_t written(void (*put)(struct text_line *line, const void *context), const void *context,
                      char *text, size_t size)
{
    static struct text_line line;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    line.len = 0;
    put(&line, context);
    text_line_write(&line);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(file);
    size_t len = fread(text, 1, size - 1, file);
    fclose(file);
    text[len] = '\0';
    return len;
}

static void put_fields(struct text_line *line, const void *context)
{
    (void)context;
    text_line_uint(line, 0, 4);
    text_line_char(line, '.');
    text_line_zeros(line, 500, 6);
    text_line_string(line, "  0x");
    text_line_hex(line, 0x94, 4);
    text_line_char(line, '|');
    text_line_padded(line, "binary", 12);
    text_line_padded(line, "longer than that", 3);
    text_line_char(line, '|');
    text_line_bytes(line, (const uint8_t *)"\x01\xff", 2, 0);
    text_line_char(line, ' ');
    text_line_bytes(line, (const uint8_t *)"\x01\xff\x7f", 3, ' ');
    text_line_bytes(line, NULL, 0, ' ');
    text_line_escaped(line, (const uint8_t *)"a\nb\\", 4, HEX_ESCAPE_BACKSLASH);
}

static void test_fields(void **state)
{
    (void)state;
    char text[256];
    written(put_fields, NULL, text, sizeof text);
    assert_string_equal(text, "   0.000500  0x0094|binary      longer than that|"
                              "01ff 01 ff 7fa\\nb\\\\");
}

/* The numbers are those of printf(). */
static void test_numbers(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        struct text_line line = {.len = 0};
        uint64_t value = next_random(&seed) << 33 | next_random(&seed) << 2;
        value >>= next_random(&seed) % 64;
        value -= i % 3 == 0;
        int width = (int)(next_random(&seed) % 22);
        char expected[128];
        text_line_uint(&line, value, (size_t)width);
        text_line_zeros(&line, value, (size_t)width);
        text_line_hex(&line, value, (size_t)width);
        int len = snprintf(expected, sizeof expected, "%*" PRIu64 "%0*" PRIu64 "%0*" PRIx64, width,
                           value, width ? width : 1, value, width ? width : 1, value);
        assert_int_equal(line.len, len);
        assert_memory_equal(line.text, expected, line.len);
    }
}

struct data {
    const uint8_t *bytes;
    size_t len, before;
};

static void put_data(struct text_line *line, const void *context)
{
    const struct data *data = context;
    for (size_t i = 0; i < data->before; i++)
        text_line_char(line, '-');
    text_line_bytes(line, data->bytes, data->len, ' ');
    text_line_char(line, '|');
    text_line_escaped(line, data->bytes, data->len, 0);
    text_line_char(line, '|');
    text_line_padded(line, "", data->len);
    text_line_char(line, '|');
}

/* Text beyond the buffer's size is written in several parts, and nothing is lost between them. */
static void test_long(void **state)
{
    (void)state;
    enum { MOST = 1200 };
    static uint8_t bytes[MOST];
    static char text[16 * MOST], expected[16 * MOST];
    uint64_t seed = 2;
    for (size_t i = 0; i < MOST; i++)
        bytes[i] = (uint8_t)next_random(&seed);
    for (int i = 0; i < 200; i++) {
        struct data data = {bytes, next_random(&seed) % MOST,
                            next_random(&seed) % (2 * TEXT_LINE_SIZE)};
        size_t n = data.before, used;
        memset(expected, '-', n);
        for (size_t at = 0; at < data.len; at++)
            n += (size_t)sprintf(expected + n, "%s%02x", at ? " " : "", bytes[at]);
        expected[n++] = '|';
        n += hex_escape(bytes, data.len, 0, expected + n, sizeof expected - n, &used);
        n += (size_t)sprintf(expected + n, "|%*s|", (int)data.len, "");
        assert_int_equal(written(put_data, &data, text, sizeof text), n);
        assert_memory_equal(text, expected, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
