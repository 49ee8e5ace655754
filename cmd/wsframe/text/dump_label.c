#include "cmd/wsframe/text/dump_label.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/text/dump_row.h"

#include <ctype.h>
#include <string.h>

/* Limit of the bytes between two offsets, and of the length of a label. */
enum { STEP_MAX = 512, LABEL_MAX = 200 };

struct labels {
    struct line last; /* the label before this line's, in the text; empty: none */
    bool begun, star;
    uint64_t offset[3]; /* of the last row, to each base */
};

static const unsigned bases[] = {16, 8, 10};

static struct line after(struct line line, size_t n)
{
    return (struct line){line.p + n, line.len - n};
}

/* Does the row begin a dump, or go on with it? */
static bool follows(const struct labels *labels, const struct dump_row *row)
{
    bool memory = row->address && row->gap > 1 && row->group == 1; /* ESP-IDF's */
    if ((dump_row_offset(row, 16) == 0 || memory) && row->len > 0)
        return true;
    for (size_t i = 0; labels->begun && i < 3; i++) {
        uint64_t offset = dump_row_offset(row, bases[i]), last = labels->offset[i];
        if (offset != UINT64_MAX && last != UINT64_MAX && offset > last &&
            (labels->star || offset - last <= STEP_MAX))
            return true;
    }
    return false;
}

/* Is this a row whose offset cannot be a byte of a run? Five digits are strace's, which shows the
 * same bytes as a string before. */
static bool is_row(struct line line, struct dump_row *row)
{
    return dump_row(line, 0, true, row) == ROW_BYTES && row->offset_len != 5 &&
           (row->colon || row->bar || row->gap > 1 || row->len == 0);
}

/* Are two labels alike, but for times and numbers? */
static bool are_alike(struct line a, struct line b)
{
    while (a.len > 0 && b.len > 0) {
        bool digits = isdigit((uint8_t)*a.p) && isdigit((uint8_t)*b.p);
        if (!digits && *a.p != *b.p)
            return false;
        while (digits && a.len > 0 && isdigit((uint8_t)*a.p))
            a = after(a, 1);
        while (digits && b.len > 0 && isdigit((uint8_t)*b.p))
            b = after(b, 1);
        if (!digits) {
            a = after(a, 1);
            b = after(b, 1);
        }
    }
    return a.len == b.len;
}

/* The length of the label before a row, of which `row` gets the parts; 0: there is none. */
static size_t label_length(const struct labels *labels, struct line line, struct dump_row *row)
{
    const struct line *last = &labels->last;
    if (last->len > 0 && line.len > last->len && memcmp(line.p, last->p, last->len) == 0 &&
        is_row(after(line, last->len), row) && follows(labels, row))
        return last->len;
    for (size_t i = 1; i < line.len && i < LABEL_MAX; i++) {
        if (!strchr(" \t>`|\"'", line.p[i - 1]) || (hex_digit(line.p[i]) < 0 && line.p[i] != '|') ||
            !is_row(after(line, i), row) || !follows(labels, row))
            continue;
        /* A last offset alone is one only with the label of the rows before. */
        if (row->len > 0 || are_alike((struct line){line.p, i}, *last))
            return i;
    }
    return 0;
}

/* Is this the line "*" with the label of the rows before? */
static bool is_star(const struct labels *labels, struct line line)
{
    while (line.len > 0 && isspace((uint8_t)line.p[line.len - 1]))
        line.len--;
    return labels->last.len > 0 && line.len > 1 && line.p[line.len - 1] == '*' &&
           are_alike((struct line){line.p, line.len - 1}, labels->last);
}

/* The length of the label, which is removed from the line. */
static size_t take_line(struct labels *labels, struct line line)
{
    struct dump_row row;
    size_t n = 0;
    bool plain = is_row(line, &row);
    if (is_star(labels, line)) {
        labels->star = true;
        return labels->last.len < line.len ? labels->last.len : line.len - 1;
    }
    if (!plain) {
        n = label_length(labels, line, &row);
        if (n == 0)
            return 0;
        labels->last = (struct line){line.p, n};
    }
    for (size_t i = 0; i < 3; i++)
        labels->offset[i] = dump_row_offset(&row, bases[i]);
    labels->begun = true;
    labels->star = false;
    return n;
}

static bool ends(struct line line, const char *word)
{
    size_t n = strlen(word);
    return line.len > n && memcmp(line.p + line.len - n, word, n) == 0;
}

/* Removes what closes a label such as "`" or "<pre><code>" from the end of a line. */
static void remove_closing(struct line *line)
{
    static const char *const words[] = {"</pre>", "</code>", "`"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (ends(*line, words[i]))
            line->len -= strlen(words[i]);
}

void dump_label_remove(struct ws_bytes **text)
{
    struct line rest = {(const char *)bytes_data(*text), ws_bytes_len(*text)}, line;
    struct ws_bytes *plain = NULL;
    struct labels labels = {0};
    while (line_next(&rest, &line)) {
        size_t n = take_line(&labels, line);
        char last = labels.last.len > 0 ? labels.last.p[labels.last.len - 1] : '\0';
        if (last == '`' || last == '>')
            remove_closing(&line);
        bytes_add(&plain, line.p + n, line.len - n);
        bytes_byte(&plain, '\n');
    }
    if (labels.last.len > 0) {
        ws_bytes_free(text);
        *text = plain;
    } else {
        ws_bytes_free(&plain);
    }
}
