#include "cmd/wsframe/detect/excerpt.h"

#include "cmd/wsframe/detect/block.h"
#include "cmd/wsframe/detect/string_values.h"

#include <ctype.h>
#include <string.h>

enum {
    TRIED_MAX = 12, /* places where a prefix may end: each takes a look at the whole text */
    WORD_LEAST = 8, /* characters of a word of base64 */
};

static struct line after(struct line line, size_t n)
{
    return (struct line){line.p + n, line.len - n};
}

static bool is_blank(struct line line)
{
    line_skip_blanks(&line);
    return line.len == 0;
}

/* --- a prefix of each line --- */

/* Takes a run of digits, or any other character, from the beginning: what says which, and all
 * digits are alike. */
static int next_unit(struct line *line)
{
    int c = (uint8_t)*line->p;
    bool digits = isdigit(c);
    do
        *line = after(*line, 1);
    while (digits && line->len > 0 && isdigit((uint8_t)*line->p));
    return digits ? '0' : c;
}

/* The length of the prefix of a line that is like the given one, but for numbers and for blanks at
 * the line's end; 0 if it has none. */
static size_t matching_prefix(struct line line, struct line prefix)
{
    struct line rest = line;
    while (prefix.len > 0 && rest.len > 0)
        if (next_unit(&prefix) != next_unit(&rest))
            return 0;
    return is_blank(prefix) ? line.len - rest.len : 0;
}

/* Appends the lines without their prefix, which is like the given one. False if one has another. */
static bool without_prefix(struct line text, struct line prefix, struct ws_bytes **out)
{
    struct line line;
    while (line_next(&text, &line)) {
        size_t n = is_blank(line) ? line.len : matching_prefix(line, prefix);
        if (n == 0 && line.len > 0)
            return false;
        bytes_add(out, line.p + n, line.len - n);
        bytes_byte(out, '\n');
    }
    return true;
}

/* May bytes begin here, after what ends a prefix, "rx: " or "DEBUG] "? */
static bool ends_prefix(struct line line, size_t at)
{
    return at > 1 && line.p[at - 1] == ' ' && line.p[at - 2] && strchr(":=>]|-", line.p[at - 2]);
}

/* The form of lines without their prefix. Each line of a log may be a message: they are better read
 * together where they are one value that is wrapped. */
static enum form form_of_lines(struct ws_bytes *lines, enum form whole)
{
    const uint8_t *text = bytes_data(lines);
    size_t len = ws_bytes_len(lines);
    struct line block;
    if (whole != FORM_LOG)
        return block_form(text, len);
    enum form form = block_find(text, len, whole, &block);
    bool all = form != FORM_UNKNOWN && block.p == (const char *)text && len - block.len <= 1;
    return all ? form : FORM_UNKNOWN;
}

/* Looks for the shortest prefix after which the lines are frames: a longer one may end among them.
 */
static enum form find_prefixed(struct line text, enum form whole, struct ws_bytes **out)
{
    struct line rest = text, first = {0};
    enum form form = FORM_UNKNOWN;
    int tried = 0;
    while (is_blank(first) && line_next(&rest, &first))
        ;
    for (size_t at = 2; at < first.len && tried < TRIED_MAX && form == FORM_UNKNOWN; at++) {
        struct ws_bytes *lines = NULL;
        if (!ends_prefix(first, at))
            continue;
        tried++;
        if (without_prefix(text, (struct line){first.p, at}, &lines))
            form = form_of_lines(lines, whole);
        if (form != FORM_UNKNOWN)
            bytes_add(out, bytes_data(lines), ws_bytes_len(lines));
        ws_bytes_free(&lines);
    }
    return form;
}

/* --- a span of a line --- */

struct search {
    enum form form;
    struct line found;
    size_t count;
};

static void look_at(struct search *search, struct line span)
{
    enum form form = block_form((const uint8_t *)span.p, span.len);
    if (form == FORM_UNKNOWN)
        return;
    search->form = form;
    search->found = span;
    search->count++;
}

/* The code spans of Markdown, between one or two backticks. */
static void look_at_code(struct search *search, struct line line)
{
    const char *open;
    while ((open = memchr(line.p, '`', line.len)) != NULL) {
        line = after(line, (size_t)(open + 1 - line.p));
        const char *close = memchr(line.p, '`', line.len);
        if (!close)
            return;
        look_at(search, (struct line){line.p, (size_t)(close - line.p)});
        line = after(line, (size_t)(close + 1 - line.p));
    }
}

/* Can a word be base64 of a frame with FIN? Its first bit is in letters from g on, and in digits.
 * Words of a language have no digits or capitals in them. */
static bool is_base64(struct line word)
{
    bool mixed = false;
    if (word.len < WORD_LEAST || (isalpha((uint8_t)*word.p) && *word.p < 'g'))
        return false;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = (uint8_t)word.p[i];
        if (!isalnum(c) && (!c || !strchr("+/=-_", c)))
            return false;
        mixed |= isdigit(c) || c == '=' || (i > 0 && isupper(c));
    }
    return mixed;
}

/* Does a word end here? A "=" with more after it stands between a name and a value. */
static bool ends_word(struct line line, size_t at)
{
    bool value = line.p[at] == '=' && at + 1 < line.len && isalnum((uint8_t)line.p[at + 1]);
    return value || isspace((uint8_t)line.p[at]) || strchr("\"'`()<>[],:;&?", line.p[at]);
}

static void look_at_words(struct search *search, struct line line)
{
    while (line.len > 0) {
        size_t n = 0;
        while (n < line.len && !ends_word(line, n))
            n++;
        if (is_base64((struct line){line.p, n}))
            look_at(search, (struct line){line.p, n});
        line = after(line, n < line.len ? n + 1 : n);
    }
}

static enum form find_span(struct line text, void (*look)(struct search *, struct line),
                           struct ws_bytes **out)
{
    struct search search = {.form = FORM_UNKNOWN};
    struct line line;
    while (line_next(&text, &line))
        look(&search, line);
    if (search.count != 1)
        return FORM_UNKNOWN;
    bytes_add(out, search.found.p, search.found.len);
    return search.form;
}

enum form excerpt_find(const uint8_t *text, size_t len, enum form form, struct ws_bytes **out)
{
    struct line all = {(const char *)text, len};
    if (form != FORM_UNKNOWN && form != FORM_NUMBERS && form != FORM_LETTERS && form != FORM_LOG)
        return FORM_UNKNOWN;
    enum form found = find_prefixed(all, form, out);
    if (found == FORM_UNKNOWN && form != FORM_LOG)
        found = find_span(all, look_at_code, out);
    if (found == FORM_UNKNOWN && form != FORM_LOG)
        found = find_span(all, look_at_words, out);
    if (found == FORM_UNKNOWN && form != FORM_LOG)
        found = string_values_find(text, len, out);
    return found;
}
