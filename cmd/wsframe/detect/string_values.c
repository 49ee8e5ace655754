#include "cmd/wsframe/detect/string_values.h"

#include "cmd/wsframe/detect/block.h"
#include "cmd/wsframe/read/lines.h"
#include "cmd/wsframe/text/escape.h"
#include "cmd/wsframe/text/read_pieces.h"

#include <ctype.h>
#include <string.h>

struct value {
    struct line name; /* with the colon or = after it */
    struct line string;
};

/* The strings to take. */
struct choice {
    struct line name; /* of the first one that is frames */
    bool twice;       /* they are escaped twice: JSON has "\\x81" for \x81 */
};

/* --- the strings of a line --- */

/* The word that ends at `end`, without blanks after it: "name": or name= */
static struct line word_before(const char *begin, const char *end)
{
    while (end > begin && isblank((uint8_t)end[-1]))
        end--;
    const char *p = end;
    while (p > begin && !strchr(",{ \t", p[-1]))
        p--;
    return (struct line){p, (size_t)(end - p)};
}

/* Takes the next string in double quotes off the rest of a line, which begins at `begin`. */
static bool next_value(const char *begin, struct line *line, struct value *value)
{
    const char *end = line->p + line->len, *open = memchr(line->p, '"', line->len);
    const char *close = open ? open + 1 : end;
    while (close < end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= end)
        return false;
    value->name = word_before(begin, open);
    value->string = (struct line){open, (size_t)(close + 1 - open)};
    *line = (struct line){close + 1, (size_t)(end - close - 1)};
    return true;
}

/* Appends what the string says that was escaped before it became a string of JSON. */
static void unescape(struct line string, struct ws_bytes **out)
{
    for (size_t i = 1; i + 1 < string.len; i++) {
        if (string.p[i] == '\\' && (string.p[i + 1] == '\\' || string.p[i + 1] == '"'))
            i++;
        bytes_byte(out, (uint8_t)string.p[i]);
    }
}

/* --- choosing and taking them --- */

static void read_bytes(const uint8_t *text, size_t len, struct ws_bytes **out)
{
    struct pieces pieces = {0};
    struct read_error error;
    const char *note;
    if (read_pieces(FORM_ESCAPED, false, text, len, &pieces, &error, &note))
        bytes_add(out, bytes_data(pieces.bytes), ws_bytes_len(pieces.bytes));
    pieces_free(&pieces);
}

/* Appends the bytes of the string, in the one form or the other, if it is whole frames, or has
 * escapes and `anyway`. */
static bool take(struct line string, bool twice, bool anyway, struct ws_bytes **out)
{
    struct ws_bytes *text = NULL;
    if (twice)
        unescape(string, &text);
    else
        bytes_add(&text, string.p, string.len);
    const uint8_t *data = bytes_data(text);
    size_t len = ws_bytes_len(text);
    bool taken =
        anyway ? escape_count(data, len, false) > 0 : block_form(data, len) == FORM_ESCAPED;
    if (taken)
        read_bytes(data, len, out);
    ws_bytes_free(&text);
    return taken;
}

static bool choose(struct line text, struct choice *choice)
{
    struct ws_bytes *ignored = NULL;
    struct line line;
    struct value value;
    bool found = false;
    while (!found && line_next(&text, &line))
        for (const char *begin = line.p; !found && next_value(begin, &line, &value);)
            for (int twice = 0; twice < 2 && !found; twice++) {
                found = memchr(value.string.p, '\\', value.string.len) &&
                        take(value.string, twice, false, &ignored);
                *choice = (struct choice){value.name, twice};
            }
    ws_bytes_free(&ignored);
    return found;
}

static bool same(struct line a, struct line b)
{
    return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

enum form string_values_find(const uint8_t *text, size_t len, struct ws_bytes **out)
{
    struct line rest = {(const char *)text, len}, line;
    struct choice choice;
    struct value value;
    if (!choose(rest, &choice))
        return FORM_UNKNOWN;
    while (line_next(&rest, &line))
        for (const char *begin = line.p; next_value(begin, &line, &value);)
            if (memchr(value.string.p, '\\', value.string.len))
                take(value.string, choice.twice, same(value.name, choice.name), out);
    return FORM_RAW;
}
