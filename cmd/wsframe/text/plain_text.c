#include "cmd/wsframe/text/plain_text.h"

#include "cmd/wsframe/text/dump_label.h"
#include "cmd/wsframe/text/line_numbers.h"

#include <ctype.h>
#include <string.h>
#include <ws/utf8.h>

enum { ESCAPE = 0x1B };

/* --- UTF-16 --- */

enum utf16 { UTF16_NOT, UTF16_LITTLE, UTF16_BIG };

/* With its mark, or where every other byte of the beginning is zero and the rest are characters. */
static enum utf16 utf16_of(const uint8_t *data, size_t len)
{
    size_t zeros[2] = {0}, looked_at = len < 256 ? len & ~(size_t)1 : 256;
    if (len >= 2 && data[0] == 0xFF && data[1] == 0xFE && len % 2 == 0)
        return UTF16_LITTLE;
    if (len >= 2 && data[0] == 0xFE && data[1] == 0xFF && len % 2 == 0)
        return UTF16_BIG;
    if (looked_at < 8 || len % 2 != 0)
        return UTF16_NOT;
    for (size_t i = 0; i < looked_at; i++) {
        if (data[i] == 0)
            zeros[i % 2]++;
        else if ((data[i] < 0x20 && !isspace(data[i])) || data[i] >= 0x7F)
            return UTF16_NOT;
    }
    if (zeros[1] == looked_at / 2 && zeros[0] == 0)
        return UTF16_LITTLE;
    return zeros[0] == looked_at / 2 && zeros[1] == 0 ? UTF16_BIG : UTF16_NOT;
}

static void add_character(struct ws_bytes **out, uint32_t c)
{
    if (c < 0x80) {
        bytes_byte(out, (uint8_t)c);
    } else if (c < 0x800) {
        bytes_byte(out, (uint8_t)(0xC0 | c >> 6));
        bytes_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        bytes_byte(out, (uint8_t)(0xE0 | c >> 12));
        bytes_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        bytes_byte(out, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

static void from_utf16(const uint8_t *data, size_t len, enum utf16 order, struct ws_bytes **out)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint32_t c = order == UTF16_LITTLE ? data[i] | (uint32_t)data[i + 1] << 8
                                           : data[i + 1] | (uint32_t)data[i] << 8;
        /* No dump has characters beyond the first 65536: half a pair stands for any. */
        if (c >= 0xD800 && c < 0xE000)
            c = '.';
        if (i > 0 || c != 0xFEFF)
            add_character(out, c);
    }
}

/* --- text --- */

/* The length of an escape sequence such as ESC [ 1 ; 31 m, or 0. */
static size_t escape_sequence(const uint8_t *data, size_t len)
{
    size_t i = 2;
    if (len < 3 || data[0] != ESCAPE || data[1] != '[')
        return 0;
    while (i < len && i < 32 && (isdigit(data[i]) || data[i] == ';' || data[i] == '?'))
        i++;
    return i < len && isalpha(data[i]) ? i + 1 : 0;
}

bool plain_text_is(const uint8_t *data, size_t len)
{
    struct ws_utf8 state = {0};
    if (utf16_of(data, len) != UTF16_NOT)
        return true;
    for (size_t i = 0; i < len; i++) {
        if (data[i] == ESCAPE) {
            size_t n = escape_sequence(data + i, len - i);
            if (n == 0)
                return false;
            i += n - 1;
        } else if ((data[i] < 0x20 && !isspace(data[i])) || data[i] == 0x7F) {
            return false;
        }
    }
    return ws_utf8_check(&state, data, len) == len && ws_utf8_complete(&state);
}

/* The character that a table is drawn with, as the readers know it: U+2500 to U+257F. 0: none. */
static char drawn(const uint8_t *data, size_t len)
{
    static const uint8_t vertical[] = {0xE2, 0x94, 0x82}, dotted[] = {0xE2, 0x94, 0x8A};
    if (len < 3 || data[0] != 0xE2 || (data[1] != 0x94 && data[1] != 0x95))
        return 0;
    if (memcmp(data, vertical, 3) == 0)
        return '|';
    return memcmp(data, dotted, 3) == 0 ? ' ' : '-';
}

/* The length of the line at `at` if it is the fence of a block in Markdown, with or without the
 * name of a language; or 0. */
static size_t fence_length(const uint8_t *data, size_t len, size_t at)
{
    if ((at > 0 && data[at - 1] != '\n') || len - at < 3 || memcmp(data + at, "```", 3) != 0)
        return 0;
    size_t n = 3;
    while (at + n < len && (isalpha(data[at + n]) || data[at + n] == '\r'))
        n++;
    return at + n == len ? n : data[at + n] == '\n' ? n + 1 : 0;
}

/* Removes the numbers before lines, where all have them. */
static void remove_line_numbers(struct ws_bytes **text)
{
    struct line rest = {(const char *)bytes_data(*text), ws_bytes_len(*text)}, line;
    struct ws_bytes *plain = NULL;
    if (!line_numbers_are_in(bytes_data(*text), ws_bytes_len(*text)))
        return;
    while (line_next(&rest, &line)) {
        size_t n = line_numbers_length(line);
        bytes_add(&plain, line.p + n, line.len - n);
        bytes_byte(&plain, '\n');
    }
    ws_bytes_free(text);
    *text = plain;
}

/* Is each line quoted, as in a mail: ">" and a blank, or another ">", or nothing? The first one may
 * say who wrote it. */
static bool is_quoted(struct line rest)
{
    struct line line;
    size_t count = 0, unmarked = 0;
    while (line_next(&rest, &line)) {
        if (line.len == 0)
            continue;
        bool mark = *line.p == '>' && (line.len == 1 || strchr(" >", line.p[1]));
        if (!mark && (count > 0 || line.p[line.len - 1] != ':'))
            return false;
        unmarked += !mark;
        count += mark;
        if (unmarked > 1)
            return false;
    }
    return count > 1;
}

/* Removes the marks of quoting, where all lines have them. */
static void remove_quoting(struct ws_bytes **text)
{
    enum { DEPTH_MAX = 8 };
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        struct line rest = {(const char *)bytes_data(*text), ws_bytes_len(*text)}, line;
        struct ws_bytes *plain = NULL;
        if (!is_quoted(rest))
            return;
        while (line_next(&rest, &line)) {
            bool mark = line.len > 0 && *line.p == '>';
            size_t n = !mark ? 0 : line.len > 1 && line.p[1] == ' ' ? 2 : 1;
            bytes_add(&plain, line.p + n, line.len - n);
            bytes_byte(&plain, '\n');
        }
        ws_bytes_free(text);
        *text = plain;
    }
}

/* Removes marks, colours, tables and fences. */
static void remove_decoration(struct ws_bytes **text)
{
    const uint8_t *data = bytes_data(*text);
    size_t len = ws_bytes_len(*text);
    struct ws_bytes *plain = NULL;
    enum utf16 order = utf16_of(data, len);
    if (order != UTF16_NOT) {
        from_utf16(data, len, order, &plain);
        ws_bytes_free(text);
        *text = plain;
        plain = NULL;
        data = bytes_data(*text);
        len = ws_bytes_len(*text);
    }
    bool marked = len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;
    if (!marked && !memchr(data, ESCAPE, len) && !memmem(data, len, "\xE2\x94", 2) &&
        !memmem(data, len, "```", 3))
        return;
    for (size_t i = marked ? 3 : 0; i < len; i++) {
        if (fence_length(data, len, i) > 0) {
            i += fence_length(data, len, i) - 1;
            continue;
        }
        size_t escape = data[i] == ESCAPE ? escape_sequence(data + i, len - i) : 0;
        char line = drawn(data + i, len - i);
        if (line)
            bytes_byte(&plain, (uint8_t)line);
        else if (escape == 0)
            bytes_byte(&plain, data[i]);
        i += line ? 2 : escape > 0 ? escape - 1 : 0;
    }
    ws_bytes_free(text);
    *text = plain;
}

/* Ends lines in line feeds, where they end in carriage returns alone. */
static void end_lines(struct ws_bytes *text)
{
    size_t len = ws_bytes_len(text);
    if (len == 0 || memchr(bytes_data(text), '\n', len))
        return;
    uint8_t *data = ws_bytes_data(text);
    for (size_t i = 0; i < len; i++)
        if (data[i] == '\r')
            data[i] = '\n';
}

void plain_text(struct ws_bytes **text)
{
    if (!plain_text_is(bytes_data(*text), ws_bytes_len(*text)))
        return;
    remove_decoration(text);
    end_lines(*text);
    remove_quoting(text);
    remove_line_numbers(text);
    dump_label_remove(text);
}
