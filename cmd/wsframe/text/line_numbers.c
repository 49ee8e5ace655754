#include "cmd/wsframe/text/line_numbers.h"

#include "cmd/common/hex.h"

#include <ctype.h>
#include <string.h>

enum { DIGITS_MAX = 6 };

/* A line taken apart: blanks, "L" of GitHub, digits, a separator, the rest. */
struct numbered {
    size_t indent, digits;
    uint64_t value, hex; /* of the digits, in either base */
    char separator;
    struct line rest;
};

/* False if the line does not begin with a number and a separator. */
static bool take_apart(struct line line, struct numbered *n)
{
    size_t len = line.len;
    *n = (struct numbered){0};
    line_skip_blanks(&line);
    n->indent = len - line.len;
    if (line.len > 1 && *line.p == 'L' && isdigit((uint8_t)line.p[1]))
        line = (struct line){line.p + 1, line.len - 1};
    struct line rest = line;
    n->digits = line_hex_number(&rest, &n->hex);
    for (size_t i = 0; i < n->digits; i++)
        n->value = n->value * 10 + (unsigned)hex_digit(line.p[i]); /* nothing, with letters */
    if (n->digits == 0 || n->digits > DIGITS_MAX || (n->digits > 1 && *line.p == '0') ||
        rest.len == 0 || !strchr("\t:|) ", *rest.p))
        return false;
    n->separator = *rest.p;
    n->rest = (struct line){rest.p + 1, rest.len - 1};
    line_skip_blanks(&n->rest);
    return true;
}

/* The character after the first byte of the rest: what separates bytes. */
static char separator_of_bytes(struct line rest)
{
    size_t digits = 0;
    while (digits < rest.len && hex_digit(rest.p[digits]) >= 0)
        digits++;
    return digits < rest.len ? rest.p[digits] : '\0';
}

/* Can the first line's number be one? `alone`: there is no other line to say so. */
static bool begins_numbers(const struct numbered *first, bool alone)
{
    bool final = first->rest.len > 0 && *first->rest.p == '8'; /* as of a frame with FIN */
    if (first->separator == ' ')                               /* vi's, right-aligned */
        return first->value == 1 && (!alone || (first->indent > 1 && final));
    if (first->separator == separator_of_bytes(first->rest))
        return first->separator == '\t' && !alone && first->value == 0;
    return !alone || (first->separator == '\t' && first->indent > 0) ||
           (first->separator == ':' && final);
}

bool line_numbers_are_in(const uint8_t *text, size_t len)
{
    struct line all = {(const char *)text, len}, line;
    struct numbered first = {0}, n;
    size_t count = 0;
    bool next = true, offsets = true;
    while ((next || offsets) && line_next(&all, &line)) {
        struct line content = line;
        line_skip_blanks(&content);
        if (content.len == 0)
            continue;
        if (!take_apart(line, &n))
            return false;
        if (count == 0)
            first = n;
        next = next && n.separator == first.separator && n.value == first.value + count;
        offsets = offsets && n.separator == '\t' && n.hex == 16 * count;
        count++;
    }
    return count > 0 && (next || (offsets && count > 1)) && begins_numbers(&first, count == 1);
}

size_t line_numbers_length(struct line line)
{
    struct numbered n;
    return take_apart(line, &n) ? line.len - n.rest.len : 0;
}
