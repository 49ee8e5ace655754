#include "cmd/wsframe/detect/block.h"

#include "cmd/wsframe/detect/detect.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/progress.h"
#include "cmd/wsframe/text/read_pieces.h"

#include <ctype.h>
#include <string.h>

enum {
    BYTES_LEAST = 4,
    LABEL_MAX = 100, /* characters before the bytes of a line */
    WORD_LEAST = 8,  /* letters of a line of base64, but the last one */
};

/* What the lines of a block have: digits with separators, or a word of base64. */
enum kind { KIND_DIGITS, KIND_WORD };

struct search {
    enum form whole; /* what the text as a whole is taken for */
    enum form form;
    struct line block;
    size_t found;
};

static struct line trimmed(struct line line)
{
    line_skip_blanks(&line);
    while (line.len > 0 && isspace((uint8_t)line.p[line.len - 1]))
        line.len--;
    return line;
}

/* Digits and separators; letters alone are pairs, as "fa". */
static bool is_digits(struct line line)
{
    bool digit = false;
    size_t letters = 0;
    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = (uint8_t)line.p[i];
        if (!isxdigit(c) && (!c || !strchr(" \t,;:|-xX", c)))
            return false;
        digit |= isdigit(c) != 0;
        letters += isalpha(c) != 0;
    }
    return digit || letters == 2;
}

static bool is_word(struct line line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!isalnum((uint8_t)line.p[i]) && (!line.p[i] || !strchr("+/=-_", line.p[i])))
            return false;
    return line.len > 0;
}

static bool fits(enum kind kind, struct line line)
{
    return kind == KIND_DIGITS ? is_digits(line) : is_word(line);
}

/* Does the first line have no separators? */
static bool is_solid(struct line block)
{
    struct line first = {0};
    line_next(&block, &first);
    first = trimmed(first);
    return first.len >= WORD_LEAST && !memchr(first.p, ' ', first.len);
}

/* Can lines of this text be no messages of a log, each by itself, as pairs of hex digits are? A
 * comma at the end of the first one says that it goes on. */
static bool is_wrapped(struct line block, enum form form)
{
    struct line rest = block, first = {0};
    line_next(&rest, &first);
    first = trimmed(first);
    bool goes_on = first.len > 0 && first.p[first.len - 1] == ',';
    return memchr(block.p, '\n', block.len) && (form != FORM_HEX || is_solid(block) || goes_on);
}

/* Are these whole frames, and nothing after them? Or what else is detected in bytes, of digits that
 * stand together: numbers in prose are an incomplete message more easily than a complete one, but
 * for text, which few numbers are. */
static bool are_believed(struct line block, const uint8_t *data, size_t len)
{
    struct progress progress = {0};
    bool is_text = len > 1 && data[0] == 0x81 && data[1] < 0x80;
    if (is_text && detect_begun(data, len))
        return true;
    if (len < BYTES_LEAST || !detect_convincing(data, len))
        return false;
    progress_advance(&progress, data, len);
    return data[0] >= 0x80 ? progress_at_boundary(&progress) : is_solid(block);
}

enum form block_form(const uint8_t *text, size_t len)
{
    struct pieces pieces = {0};
    struct read_error error;
    const char *note;
    enum form form = detect(text, len);
    bool known = form == FORM_HEX || form == FORM_LIST || form == FORM_BITS ||
                 form == FORM_BASE64 || form == FORM_ESCAPED;
    bool believed = known && read_pieces(form, false, text, len, &pieces, &error, &note) &&
                    are_believed((struct line){(const char *)text, len}, bytes_data(pieces.bytes),
                                 ws_bytes_len(pieces.bytes));
    pieces_free(&pieces);
    return believed ? form : FORM_UNKNOWN;
}

/* Takes lines as the block, where they are whole frames. */
static bool take(struct search *search, const char *from, const char *end)
{
    struct line block = {from, (size_t)(end - from)};
    enum form form = block_form((const uint8_t *)from, block.len);
    if (form == FORM_UNKNOWN || (search->whole == FORM_LOG && !is_wrapped(block, form)))
        return false;
    if (search->found == 0 || from >= search->block.p + search->block.len) {
        search->found++;
        search->form = form;
        search->block = block;
    }
    return true;
}

/* Where bytes begin after the label of a line, "data: " or "data = "; NULL: there is no label. */
static const char *after_label(struct line line, enum kind kind)
{
    for (size_t i = 1; i + 1 < line.len && i < LABEL_MAX; i++)
        if ((line.p[i - 1] == ':' || line.p[i - 1] == '=') && isblank((uint8_t)line.p[i]) &&
            fits(kind, trimmed((struct line){line.p + i, line.len - i})))
            return line.p + i;
    return NULL;
}

/* Looks at lines up to `end`, where the last one may be a word of prose: they end at `full` without
 * it. The first line may stand after a label in the line before. */
static void look_at(struct search *search, enum kind kind, struct line before, const char *from,
                    const char *full, const char *end)
{
    const char *label = before.len > 0 ? after_label(before, kind) : NULL;
    if (!(label && take(search, label, end)) && !take(search, from, end) && full < end)
        take(search, from, full);
}

/* Looks at the blocks of a kind. */
static void look_for(struct search *search, enum kind kind, const uint8_t *text, size_t len)
{
    struct line rest = {(const char *)text, len}, line, before = {0};
    const char *from = NULL, *end = NULL, *full = NULL;
    size_t width = 0;
    bool ended = false; /* a shorter line of base64 was the last one */
    while (line_next(&rest, &line)) {
        struct line content = trimmed(line);
        bool goes_on =
            from && !ended && fits(kind, content) && (kind == KIND_DIGITS || content.len <= width);
        if (goes_on) {
            ended = kind == KIND_WORD && content.len < width;
            end = line.p + line.len;
            full = ended ? full : end;
            continue;
        }
        if (from)
            look_at(search, kind, before, from, full, end);
        if (from)
            before = (struct line){0};
        bool begins = fits(kind, content) && (kind == KIND_DIGITS || content.len >= WORD_LEAST ||
                                              after_label(before, kind));
        if (begins) {
            from = line.p;
            end = full = line.p + line.len;
            width = content.len;
            ended = false;
        } else {
            from = NULL;
            before = line;
        }
    }
    if (from)
        look_at(search, kind, before, from, full, end);
}

enum form block_find(const uint8_t *text, size_t len, enum form form, struct line *block)
{
    struct search search = {.whole = form, .form = FORM_UNKNOWN};
    if (form != FORM_UNKNOWN && form != FORM_NUMBERS && form != FORM_LETTERS && form != FORM_LOG)
        return FORM_UNKNOWN;
    look_for(&search, KIND_DIGITS, text, len);
    if (search.found == 0)
        look_for(&search, KIND_WORD, text, len);
    *block = search.block;
    return search.found == 1 ? search.form : FORM_UNKNOWN;
}
