#include "cmd/wsframe/read/read_text.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/lines.h"

#include <ctype.h>
#include <string.h>

/* Limit of the bytes that squeezed lines expand to, as offsets may be wrong. */
#define SQUEEZED_MAX ((size_t)16 << 20)

static bool fail(struct read_error *error, const uint8_t *text, size_t at, const char *what)
{
    *error = (struct read_error){.line = 1, .column = 1, .what = what};
    for (size_t i = 0; i < at; i++) {
        error->column++;
        if (text[i] == '\n') {
            error->line++;
            error->column = 1;
        }
    }
    return false;
}

static bool separates(uint8_t c)
{
    return isspace(c) || c == ',' || c == ':' || c == '-';
}

bool read_hex(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error)
{
    bool inside = false; /* inside a word, where 0x is not allowed */
    for (size_t i = 0; i < len;) {
        if (separates(text[i])) {
            inside = false;
            i++;
            continue;
        }
        if (!inside && text[i] == '0' && i + 1 < len && (text[i + 1] | 0x20) == 'x') {
            i += 2;
            inside = true;
            if (i == len || hex_digit((char)text[i]) < 0)
                return fail(error, text, i, "expected a hex digit");
        }
        inside = true;
        int high = hex_digit((char)text[i]);
        if (high < 0)
            return fail(error, text, i, "expected a hex digit");
        if (i + 1 == len || separates(text[i + 1]))
            return fail(error, text, i, "the second digit of a pair is missing");
        int low = hex_digit((char)text[i + 1]);
        if (low < 0)
            return fail(error, text, i + 1, "expected a hex digit");
        bytes_byte(out, (uint8_t)(high << 4 | low));
        i += 2;
    }
    return true;
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool read_base64(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error)
{
    uint32_t bits = 0;
    unsigned count = 0, padding = 0;
    for (size_t i = 0; i < len; i++) {
        if (isspace(text[i]))
            continue;
        if (text[i] == '=') {
            /* After padding another piece may follow, as in concatenated files. */
            padding++;
            if (count + padding > 4 || count < 2)
                return fail(error, text, i, "unexpected base64 padding");
            if (count + padding == 4)
                count = padding = 0;
            continue;
        }
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return fail(error, text, i, "expected a base64 character");
        if (padding > 0)
            return fail(error, text, i, "incomplete base64 padding");
        bits = bits << 6 | (unsigned)digit;
        count = (count + 1) % 4;
        if (count != 1)
            bytes_byte(out, (uint8_t)(bits >> (count == 0 ? 0 : 8 - 2 * count)));
    }
    if (count == 1)
        return fail(error, text, len, "base64 ends inside a byte");
    return true;
}

/* --- dumps --- */

struct dump {
    struct ws_bytes **out;
    bool begun;
    bool squeezed; /* a "*" was read */
    uint64_t next; /* expected offset of the next line */
    uint8_t last[256];
    size_t last_len;
    size_t repeated;
};

/* Reads the pairs of digits of a line, up to the column of characters. */
static const char *read_columns(struct line rest, enum form form, struct dump *dump)
{
    dump->last_len = 0;
    while (rest.len > 0) {
        if (*rest.p == ' ' || *rest.p == '\t') {
            /* xxd has one blank between groups and two before the characters. hexdump has two in
             * the middle, but a bar before the characters. */
            if (form == FORM_XXD && dump->last_len > 0 && rest.len > 1 && rest.p[1] == ' ')
                break;
            rest.p++;
            rest.len--;
            continue;
        }
        if (*rest.p == '|')
            break;
        int high = hex_digit(*rest.p), low = rest.len > 1 ? hex_digit(rest.p[1]) : -1;
        if (high < 0 || low < 0)
            return "expected pairs of hex digits";
        if (dump->last_len == sizeof dump->last)
            return "more bytes than a line of a dump has";
        dump->last[dump->last_len++] = (uint8_t)(high << 4 | low);
        rest.p += 2;
        rest.len -= 2;
    }
    return NULL;
}

/* Repeats the last line for a "*", up to the offset of the line after it. */
static const char *unsqueeze(struct dump *dump, uint64_t offset)
{
    uint64_t missing = offset - dump->next;
    if (dump->last_len == 0 || missing % dump->last_len != 0)
        return "the offset does not follow from the one before '*'";
    if (missing > SQUEEZED_MAX - dump->repeated)
        return "a '*' expands to more than 16 MiB";
    dump->repeated += (size_t)missing;
    for (; missing > 0; missing -= dump->last_len)
        bytes_add(dump->out, dump->last, dump->last_len);
    dump->next = offset;
    return NULL;
}

static const char *read_line(struct line line, enum form form, struct dump *dump)
{
    uint64_t offset;
    const char *problem;
    line_skip_blanks(&line);
    if (line.len == 0)
        return NULL;
    if (line.len == 1 && *line.p == '*') {
        dump->squeezed = dump->begun;
        return dump->begun ? NULL : "a '*' before the first line";
    }
    if (line_hex_number(&line, &offset) == 0)
        return "expected an offset";
    if (form == FORM_XXD) {
        if (line.len == 0 || *line.p != ':')
            return "expected a colon after the offset";
        line.p++;
        line.len--;
    }
    if (dump->squeezed && offset > dump->next && (problem = unsqueeze(dump, offset)))
        return problem;
    dump->squeezed = false;
    /* hexdump's last line has no bytes. */
    struct line rest = line;
    line_skip_blanks(&rest);
    if (rest.len == 0)
        return NULL;
    if (dump->begun && offset != dump->next && offset != 0)
        return "the offset does not follow from the line before: lines are missing";
    problem = read_columns(line, form, dump);
    if (problem)
        return problem;
    bytes_add(dump->out, dump->last, dump->last_len);
    dump->begun = true;
    dump->next = offset + dump->last_len;
    return NULL;
}

bool read_dump(enum form form, const uint8_t *text, size_t len, struct ws_bytes **out,
               struct read_error *error)
{
    struct dump dump = {.out = out};
    struct line rest = {(const char *)text, len}, line;
    for (size_t number = 1; line_next(&rest, &line); number++) {
        const char *problem = read_line(line, form, &dump);
        if (problem) {
            *error = (struct read_error){.line = number, .what = problem};
            return false;
        }
    }
    return true;
}
