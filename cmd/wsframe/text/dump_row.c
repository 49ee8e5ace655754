#include "cmd/wsframe/text/dump_row.h"

#include "cmd/common/hex.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A line of curl's, and of Format-Hex of PowerShell 7, has so many bytes at most, and then one
 * blank before the text, as between bytes. */
enum { CURL_BYTES = 16 };

static void skip(struct line *line, size_t n)
{
    line->p += n;
    line->len -= n;
}

static bool begins(struct line line, char c)
{
    return line.len > 0 && *line.p == c;
}

/* Removes blanks and returns their number, with tabs as `tab`. */
static size_t blanks(struct line *line, size_t tab)
{
    size_t n = 0;
    while (line->len > 0 && (*line->p == ' ' || *line->p == '\t')) {
        n += *line->p == '\t' ? tab : 1;
        skip(line, 1);
    }
    return n;
}

static size_t digits(struct line line, unsigned base)
{
    size_t n = 0;
    while (n < line.len && hex_digit(line.p[n]) >= 0 && hex_digit(line.p[n]) < (int)base)
        n++;
    return n;
}

static bool has_prefix(struct line line)
{
    return line.len > 2 && line.p[0] == '0' && line.p[1] == 'x' && hex_digit(line.p[2]) >= 0;
}

/* --- the text column --- */

/* What a text column may have: a blank between those of eight bytes, as Wireshark's Follow Stream;
 * and "0" for bytes of zero, as hexyl, which are no words. */
enum { TEXT_HALVES = 1, TEXT_ZEROS = 2 };

/* Does the text show these bytes? A byte that is no ASCII character is shown as a dot, a question
 * mark, a blank or as any character beyond ASCII. */
static bool text_shows(struct line text, const uint8_t *bytes, size_t len, unsigned ways)
{
    if (begins(text, '|') || begins(text, '>'))
        skip(&text, 1);
    for (size_t i = 0; i < len; i++) {
        if ((ways & TEXT_HALVES) && i > 0 && i % 8 == 0 && begins(text, ' '))
            skip(&text, 1);
        bool shown = bytes[i] >= 0x20 && bytes[i] < 0x7F;
        if (text.len == 0) {
            if (bytes[i] != ' ')
                return false;
            continue;
        }
        uint8_t c = (uint8_t)*text.p;
        bool zero = (ways & TEXT_ZEROS) && c == '0' && bytes[i] == 0;
        if (shown ? c != bytes[i] : !(strchr(".? _", c) || c >= 0x80 || zero))
            return false;
        skip(&text, 1);
        while (c >= 0xC0 && text.len > 0 && ((uint8_t)*text.p & 0xC0) == 0x80)
            skip(&text, 1);
    }
    blanks(&text, 1);
    return text.len == 0 || (text.len <= 2 && strchr("|<\"", *text.p));
}

void dump_row_reverse(uint8_t *bytes, size_t len, size_t group)
{
    for (size_t at = 0; at < len; at += group) {
        size_t n = len - at < group ? len - at : group;
        for (size_t i = 0; i < n / 2; i++) {
            uint8_t byte = bytes[at + i];
            bytes[at + i] = bytes[at + n - 1 - i];
            bytes[at + n - 1 - i] = byte;
        }
    }
}

/* Does the text show these bytes, if it begins at one of the `before` blanks before it? */
static bool any_text_shows(struct line text, size_t before, const uint8_t *bytes, size_t len,
                           unsigned ways)
{
    for (size_t k = 0; k <= before && k <= len; k++) {
        struct line longer = {text.p - k, text.len + k};
        if (k > 0 && (*longer.p != ' ' || bytes[k - 1] != ' '))
            return false;
        if (text_shows(longer, bytes, len, ways) ||
            (len > 8 && text_shows(longer, bytes, len, ways | TEXT_HALVES)))
            return true;
    }
    return false;
}

/* Compares the text with the bytes, as they are written and with words turned around. It may begin
 * with some of the `before` blanks. */
static bool text_fits(struct line text, size_t before, struct dump_row *row)
{
    uint8_t reversed[ROW_BYTES_MAX];
    unsigned ways = row->group == 1 ? TEXT_ZEROS : 0;
    if (row->len == 0 || text.len == 0)
        return false;
    memcpy(reversed, row->bytes, row->len);
    dump_row_reverse(reversed, row->len, row->group);
    bool written = any_text_shows(text, before, row->bytes, row->len, ways);
    bool turned = row->group > 1 && any_text_shows(text, before, reversed, row->len, ways);
    if (row->group > 1 && written != turned)
        row->order = written ? ROW_ORDER_WRITTEN : ROW_ORDER_REVERSED;
    return written || turned;
}

/* --- the columns --- */

static unsigned base_of(struct line rest)
{
    size_t n = digits(rest, 16);
    if (n == 8 && digits(rest, 2) == 8)
        return 2;
    return (n == 3 || n == 6) && digits(rest, 8) == n ? 8 : 16;
}

/* Adds all digits of a row, which stand together as xxd -g0 has them. */
static const char *add_solid(struct dump_row *row, const char *p, size_t n)
{
    row->group = 1;
    for (size_t i = 0; i < n; i += 2)
        row->bytes[row->len++] = (uint8_t)(hex_digit(p[i]) << 4 | hex_digit(p[i + 1]));
    return NULL;
}

/* Adds a group of `n` digits to the row's bytes; NULL, or what is wrong with it. */
static const char *add_group(struct dump_row *row, const char *p, size_t n)
{
    enum { WORD_MAX = 16, SOLID_MAX = 512 };
    bool solid = row->base == 16 && row->colon && row->len == 0 && n > WORD_MAX && n <= SOLID_MAX;
    /* A first row of zeros and ones is of xxd -b -g0. */
    bool bits = solid && dump_row_offset(row, 16) == 0 && digits((struct line){p, n}, 2) == n;
    if (solid && !bits && n % 2 == 0)
        return add_solid(row, p, n);
    uint64_t value = 0;
    size_t size = row->base == 2 ? 1 : row->base == 8 ? n / 3 : n / 2;
    bool fits = row->base == 2   ? n == 8
                : row->base == 8 ? n == 3 || n == 6
                                 : n % 2 == 0 && n > 0 && n <= 16;
    if (!fits)
        return "expected pairs of hex digits";
    for (size_t i = 0; i < n; i++)
        value = value * row->base + (unsigned)hex_digit(p[i]);
    if (size < 8 && value >> size * 8)
        return "a number is larger than its bytes";
    if (row->group == 0)
        row->group = size;
    if (row->len + size > sizeof row->bytes)
        return "more bytes than a line of a dump has";
    for (size_t i = size; i > 0; i--)
        row->bytes[row->len++] = (uint8_t)(value >> (i - 1) * 8);
    return NULL;
}

/* After a wide gap; after a blank where curl's line is full. */
static bool text_may_begin(const struct dump_row *row, size_t gap)
{
    bool full = ((row->colon && row->offset_len == 4) || row->offset_len == ROW_OFFSET_MAX) &&
                row->len == CURL_BYTES;
    return row->len > 0 && gap > (full ? 0 : 1);
}

/* Reads groups of digits up to the text column or the end of the line. */
static const char *columns(struct line rest, unsigned base, struct dump_row *row)
{
    size_t stop = 0; /* bytes before the last wide gap, where the text may have begun */
    row->base = base;
    for (;;) {
        size_t gap = blanks(&rest, 2);
        if (row->bar && row->len == 8 && gap == 1 && begins(rest, '|')) {
            skip(&rest, 1); /* hexyl's middle */
            continue;
        }
        if (rest.len == 0 || begins(rest, '|'))
            break;
        if (text_may_begin(row, gap)) {
            if (text_fits(rest, gap - 1, row))
                return NULL;
            stop = gap > 1 ? row->len : stop;
            row->before_gap = stop;
        } else if (gap > 0 && row->len > 0 && begins(rest, '>')) {
            break;
        }
        bool prefixed = has_prefix(rest);
        if (prefixed)
            skip(&rest, 2);
        if (row->base == 0)
            row->base = prefixed ? 16 : base_of(rest);
        size_t n = digits(rest, row->base);
        /* A dash in the middle of a line, as openssl and WinDbg write it. */
        bool dash = n < rest.len && rest.p[n] == '-' && row->len + n / 2 == 8;
        bool ends = n > 0 && (n == rest.len || dash || strchr(" \t|", rest.p[n]));
        const char *problem = ends ? add_group(row, rest.p, n) : "expected pairs of hex digits";
        if (problem) {
            if (stop == 0)
                return problem;
            row->len = stop;
            row->doubtful = true;
            return NULL;
        }
        row->prefixed |= prefixed;
        skip(&rest, n + dash);
    }
    if (begins(rest, '|'))
        text_fits(rest, 0, row);
    return NULL;
}

/* Removes the character in quotes that gdb's x/c shows after its number: 129 '\\201', 39 '\\''. */
static void skip_character(struct line *rest)
{
    if (rest->len < 4 || rest->p[0] != ' ' || rest->p[1] != '\'')
        return;
    size_t at = rest->p[2] == '\\' ? 4 : 3;
    while (at < rest->len && at < 7 && rest->p[at] != '\'')
        at++;
    if (at < rest->len && rest->p[at] == '\'')
        skip(rest, at + 1);
}

/* Decimal numbers, in od -tu1 and -td1 of a byte, in hexdump -d, with five digits, of two; and
 * those of gdb, where octal ones begin with 0. */
static const char *decimals(struct line rest, struct dump_row *row)
{
    row->base = 10;
    for (;;) {
        char text[8];
        size_t n = 0;
        blanks(&rest, 1);
        if (rest.len == 0)
            return NULL;
        while (n < rest.len && n < sizeof text - 1 && !isblank((uint8_t)rest.p[n])) {
            text[n] = rest.p[n];
            n++;
        }
        text[n] = '\0';
        char *end;
        long value = strtol(text, &end, *text == '0' && n < 5 ? 8 : 10);
        size_t size = n == 5 ? 2 : 1;
        if (end == text || *end || value < (size == 1 ? -128 : 0) ||
            value > (size == 1 ? 255 : 65535))
            return "expected decimal numbers";
        row->group = row->group ? row->group : size;
        if (row->len + size > sizeof row->bytes)
            return "more bytes than a line of a dump has";
        if (size == 2)
            row->bytes[row->len++] = (uint8_t)(value >> 8);
        row->bytes[row->len++] = (uint8_t)value;
        skip(&rest, n);
        skip_character(&rest);
    }
}

/* Characters, three octal digits or an escape, in cells of four columns: od -c, hexdump -c. */
static const char *characters(struct line rest, struct dump_row *row)
{
    static const char letters[] = "0abtnvfr", values[] = "\0\a\b\t\n\v\f\r";
    row->base = 1;
    row->group = 1;
    while (rest.len > 0) {
        struct line cell = {rest.p, rest.len < 4 ? rest.len : 4};
        skip(&rest, cell.len);
        size_t gap = blanks(&cell, 1);
        const char *letter = cell.len == 2 && cell.p[0] == '\\' ? strchr(letters, cell.p[1]) : NULL;
        if (gap == 0 || row->len == sizeof row->bytes)
            return "expected a character in four columns";
        unsigned value;
        if (cell.len == 0)
            value = ' ';
        else if (cell.len == 1 || (cell.len == 2 && memcmp(cell.p, "\\\\", 2) == 0))
            value = (uint8_t)*cell.p;
        else if (letter)
            value = (uint8_t)values[letter - letters];
        else if (cell.len == 3 && digits(cell, 8) == 3 && *cell.p <= '3')
            value = (unsigned)((cell.p[0] - '0') * 64 + (cell.p[1] - '0') * 8 + cell.p[2] - '0');
        else
            return "expected a character in four columns";
        row->bytes[row->len++] = (uint8_t)value;
    }
    return NULL;
}

/* Removes the offset, with what a debugger or a table adds to it. False if there is none. */
static bool take_offset(struct line *rest, struct dump_row *row)
{
    if (rest->len > 2 && (begins(*rest, '>') || begins(*rest, '<')) && rest->p[1] == ' ')
        skip(rest, 2); /* quoted */
    row->indent = blanks(rest, 4);
    row->bar = begins(*rest, '|');
    if (row->bar)
        skip(rest, 1);
    bool address = row->address = has_prefix(*rest);
    if (address)
        skip(rest, 2);
    row->offset = rest->p;
    row->offset_len = digits(*rest, 16);
    if (row->offset_len < 4 || row->offset_len > ROW_OFFSET_MAX)
        return false;
    skip(rest, row->offset_len);
    if (begins(*rest, '`') && digits((struct line){rest->p + 1, rest->len - 1}, 16) == 8) {
        row->offset = rest->p + 1; /* WinDbg: the lower half of an address */
        row->offset_len = 8;
        skip(rest, 9);
    }
    bool hyphen = rest->len > 2 && memcmp(rest->p, " - ", 3) == 0; /* openssl */
    if (hyphen)
        skip(rest, 2);
    struct line symbol = *rest;
    blanks(&symbol, 1);
    if (address && begins(symbol, '<')) { /* gdb: 0x601040 <buffer+8>: */
        const char *end = memchr(symbol.p, '>', symbol.len);
        if (!end || (size_t)(end + 1 - symbol.p) == symbol.len || end[1] != ':')
            return false;
        skip(&symbol, (size_t)(end + 1 - symbol.p));
        *rest = symbol;
    }
    row->colon = begins(*rest, ':');
    if (row->colon || (row->bar && begins(*rest, '|')))
        skip(rest, 1);
    struct line after = *rest;
    row->gap = blanks(&after, 2) + hyphen;
    return rest->len == 0 || row->gap > 0 || (row->bar && rest->p[-1] == '|');
}

/* Is this "*" alone, quoted or in the table of hexyl? */
static bool is_star(struct line line)
{
    size_t stars = 0;
    if (line.len == 3 && begins(line, '>'))
        skip(&line, 1);
    for (size_t i = 0; i < line.len; i++) {
        if (!strchr(" \t|*", line.p[i]) || !line.p[i])
            return false;
        stars += line.p[i] == '*';
    }
    return stars == 1;
}

/* Are the columns gdb's x/ub, x/ob, x/db or x/cb? It has tabs between, and lldb, whose bytes have
 * no prefix either, blanks. */
static bool is_memory(const struct dump_row *row, struct line rest)
{
    return row->address && row->colon && begins(rest, '\t') &&
           !has_prefix((struct line){rest.p + 1, rest.len - 1});
}

/* Is each column a byte of gdb's x/tb? */
static bool is_bits(struct line rest)
{
    size_t count = 0;
    for (; blanks(&rest, 1) > 0 && rest.len > 0; count++) {
        if (digits(rest, 2) != 8 || (rest.len > 8 && !isblank((uint8_t)rest.p[8])))
            return false;
        skip(&rest, 8);
    }
    return count > 0 && rest.len == 0;
}

enum row_kind dump_row(struct line line, unsigned base, bool offset, struct dump_row *row)
{
    memset(row, 0, offsetof(struct dump_row, bytes));
    struct line rest = line;
    while (base != 1 && rest.len > 0 && isspace((uint8_t)rest.p[rest.len - 1]))
        rest.len--;
    if (is_star(rest))
        return ROW_STAR;
    /* The line of numbers above Emacs's hexl-mode begins as an offset does. */
    bool ruler = rest.len > 14 && memcmp(rest.p, "87654321  0011", 14) == 0;
    if (offset && (ruler || !take_offset(&rest, row)))
        return ROW_NONE;
    if (base == 0 && is_memory(row, rest))
        base = is_bits(rest) ? 2 : 10;
    row->problem = base == 10  ? decimals(rest, row)
                   : base == 1 ? characters(rest, row)
                               : columns(rest, base, row);
    return row->problem ? ROW_WRONG : ROW_BYTES;
}

uint64_t dump_row_offset(const struct dump_row *row, unsigned base)
{
    uint64_t value = 0;
    for (size_t i = 0; i < row->offset_len; i++) {
        unsigned digit = (unsigned)hex_digit(row->offset[i]);
        if (digit >= base)
            return UINT64_MAX;
        value = value * base + digit;
    }
    return value;
}
