#include "cmd/wsframe/print/text_line.h"

#include "cmd/common/hex.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 20 }; /* digits of 2^64 */

void text_line_write(struct text_line *line)
{
    if (line->len > 0)
        fwrite(line->text, 1, line->len, stdout);
    line->len = 0;
}

/* Makes room for `size` bytes, which are not more than the buffer has. */
static char *reserve(struct text_line *line, size_t size)
{
    if (sizeof line->text - line->len < size)
        text_line_write(line);
    return line->text + line->len;
}

static void put(struct text_line *line, const char *data, size_t len)
{
    while (len > 0) {
        size_t piece = len < TEXT_LINE_SIZE ? len : TEXT_LINE_SIZE;
        memcpy(reserve(line, piece), data, piece);
        line->len += piece;
        data += piece;
        len -= piece;
    }
}

static void repeat(struct text_line *line, char c, size_t count)
{
    while (count-- > 0)
        text_line_char(line, c);
}

void text_line_char(struct text_line *line, char c)
{
    *reserve(line, 1) = c;
    line->len++;
}

void text_line_padded(struct text_line *line, const char *text, size_t width)
{
    size_t len = strlen(text);
    put(line, text, len);
    if (len < width)
        repeat(line, ' ', width - len);
}

void text_line_string(struct text_line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_decimal(struct text_line *line, uint64_t value, size_t width, char fill)
{
    char digits[NUMBER_MAX];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    if (sizeof digits - at < width)
        repeat(line, fill, width - (sizeof digits - at));
    put(line, digits + at, sizeof digits - at);
}

void text_line_uint(struct text_line *line, uint64_t value, size_t width)
{
    put_decimal(line, value, width, ' ');
}

void text_line_zeros(struct text_line *line, uint64_t value, size_t digits)
{
    put_decimal(line, value, digits, '0');
}

void text_line_hex(struct text_line *line, uint64_t value, size_t digits)
{
    char text[16];
    size_t at = sizeof text;
    do
        text[--at] = "0123456789abcdef"[value & 15];
    while (value >>= 4);
    if (sizeof text - at < digits)
        repeat(line, '0', digits - (sizeof text - at));
    put(line, text + at, sizeof text - at);
}

void text_line_bytes(struct text_line *line, const uint8_t *data, size_t len, char separator)
{
    enum { PIECE = (TEXT_LINE_SIZE - 1) / 3 };
    for (size_t at = 0; at < len;) {
        size_t piece = len - at < PIECE ? len - at : PIECE, size = 3 * piece + 1;
        if (separator && at > 0)
            text_line_char(line, separator);
        line->len += hex_format(data + at, piece, separator, reserve(line, size), size);
        at += piece;
    }
}

void text_line_escaped(struct text_line *line, const uint8_t *data, size_t len, unsigned flags)
{
    enum { ROOM = 64 }; /* more than any character becomes */
    while (len > 0) {
        char *out = reserve(line, ROOM);
        size_t used;
        line->len += hex_escape(data, len, flags, out, sizeof line->text - line->len, &used);
        data += used;
        len -= used;
    }
}
