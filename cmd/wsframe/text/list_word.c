#include "cmd/wsframe/text/list_word.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char cast[] = "(byte)";

bool list_word_separates(char c)
{
    return isspace((uint8_t)c) || (c && strchr(",;'\"", c));
}

/* Removes a comment of C from the beginning. */
static bool skip_comment(struct line *rest)
{
    const char *end;
    if (rest->len < 2 || rest->p[0] != '/')
        return false;
    if (rest->p[1] == '*') {
        end = memmem(rest->p + 2, rest->len - 2, "*/", 2);
        end = end ? end + 2 : rest->p + rest->len;
    } else if (rest->p[1] == '/') {
        end = memchr(rest->p, '\n', rest->len);
        end = end ? end : rest->p + rest->len;
    } else {
        return false;
    }
    rest->len -= (size_t)(end - rest->p);
    rest->p = end;
    return true;
}

bool list_word_skip_cast(struct line *rest)
{
    size_t n = sizeof cast - 1;
    if (rest->len < n || memcmp(rest->p, cast, n) != 0)
        return false;
    *rest = (struct line){rest->p + n, rest->len - n};
    return true;
}

/* Removes the character that gdb shows after its number: 129 '\\201', 72 'H'. */
static void skip_character(struct line *rest)
{
    enum { LONGEST = 8 };
    if (rest->len < 4 || rest->p[0] != ' ' || rest->p[1] != '\'')
        return;
    size_t from = rest->p[2] == '\\' ? 4 : 3, most = rest->len < LONGEST ? rest->len : LONGEST;
    const char *end = from < most ? memchr(rest->p + from, '\'', most - from) : NULL;
    if (end && (from == 4 || end == rest->p + 3))
        *rest = (struct line){end + 1, rest->len - (size_t)(end + 1 - rest->p)};
}

/* The length of the index before a number: "0": of JSON.stringify(new Uint8Array(...)), and of PHP
 * [0] => of print_r, [0]=> of var_dump, 0 => of var_export; [0] = of gdb and lldb. 0: there is
 * none. */
static size_t index_length(struct line line)
{
    enum { DIGITS_MAX = 8 };
    bool open = line.len > 0 && (*line.p == '"' || *line.p == '['), named = open && *line.p == '"';
    size_t n = open, from = n;
    while (n < line.len && n - from < DIGITS_MAX && isdigit((uint8_t)line.p[n]))
        n++;
    if (n == from || line.len - n < 3 || (open && line.p[n] != (named ? '"' : ']')))
        return 0;
    n += open;
    if (named)
        return line.p[n] == ':' ? n + 1 : 0;
    n += line.p[n] == ' ';
    if (line.len - n <= 2 || line.p[n] != '=')
        return 0;
    return line.p[n + 1] == '>' ? n + 2 : open && line.p[n + 1] == ' ' ? n + 1 : 0;
}

bool list_word_is_index(struct line line)
{
    return index_length(line) > 0;
}

static bool skip_index(struct line *rest)
{
    size_t n = index_length(*rest);
    *rest = (struct line){rest->p + n, rest->len - n};
    while (n > 0 && rest->len > 0 && isspace((uint8_t)*rest->p))
        *rest = (struct line){rest->p + 1, rest->len - 1};
    return n > 0;
}

/* Is this the beginning of a number that says its base, as assembler has them? */
static bool is_marked(struct line line)
{
    line_skip_blanks(&line);
    size_t n = 0;
    while (n < line.len && isalnum((uint8_t)line.p[n]))
        n++;
    return line.len > 2 && ((line.p[0] == '0' && (line.p[1] | 0x20) == 'x') || *line.p == '$' ||
                            (n > 1 && (line.p[n - 1] | 0x20) == 'h'));
}

/* Removes the word of an assembler for bytes, and the label before it. */
static bool skip_directive(struct line *rest)
{
    static const char *const words[] = {"db",   ".byte", ".ascii", "dc.b",
                                        "defb", "fcb",   "byte",   ".db"};
    struct line line = *rest;
    for (int word = 0; word < 2; word++) {
        size_t n = 0;
        while (n < line.len && !isspace((uint8_t)line.p[n]))
            n++;
        for (size_t i = 0; i < sizeof words / sizeof *words && n < line.len; i++)
            if (strlen(words[i]) == n && strncasecmp(line.p, words[i], n) == 0 &&
                (*words[i] == '.' || is_marked((struct line){line.p + n, line.len - n}))) {
                *rest = (struct line){line.p + n, line.len - n};
                return true;
            }
        line = (struct line){line.p + n, line.len - n};
        line_skip_blanks(&line);
    }
    return false;
}

/* The length of characters in quotes, 'H', b'\\n' or "Hello", at the beginning; 0: there are none.
 */
static size_t literal_length(struct line rest)
{
    size_t at = rest.len > 0 && *rest.p == 'b';
    if (rest.len < at + 3 || (rest.p[at] != '\'' && rest.p[at] != '"'))
        return 0;
    size_t end = at + 1;
    while (end < rest.len && rest.p[end] != rest.p[at] && rest.p[end] != '\n')
        end += rest.p[end] == '\\' ? 2 : 1;
    return end > at + 1 && end < rest.len && rest.p[end] == rest.p[at] ? end + 1 : 0;
}

struct line list_word_literal(struct line word)
{
    size_t n = word.len > 2 ? literal_length(word) : 0, at = n > 0 && *word.p == 'b';
    return n > 0 && n == word.len ? (struct line){word.p + at + 1, n - at - 2} : (struct line){0};
}

bool list_word_has_literals(struct line list)
{
    while (list.len > 0 && isspace((uint8_t)*list.p))
        list = (struct line){list.p + 1, list.len - 1};
    return list.len > 0 && *list.p != '\'' && *list.p != '"';
}

/* Does the list break off here, without a blank before, as of gdb? */
static bool is_dots(struct line rest, size_t at)
{
    return at > 0 && rest.len - at >= 3 && memcmp(rest.p + at, "...", 3) == 0 &&
           rest.p[at - 1] != '.';
}

bool list_word_next(struct line *rest, struct line *word, bool literals)
{
    for (;;) {
        while (rest->len > 0 && !skip_index(rest) && list_word_separates(*rest->p) &&
               !(literals && literal_length(*rest) > 0)) {
            rest->p++;
            rest->len--;
        }
        size_t literal = literals ? literal_length(*rest) : 0;
        if (literal > 0) {
            *word = (struct line){rest->p, literal};
            *rest = (struct line){rest->p + literal, rest->len - literal};
            return true;
        }
        if (!skip_comment(rest) && !list_word_skip_cast(rest) && !skip_directive(rest))
            break;
    }
    *word = (struct line){rest->p, 0};
    while (word->len < rest->len && !list_word_separates(rest->p[word->len]) &&
           rest->p[word->len] != '/' && !is_dots(*rest, word->len))
        word->len++;
    rest->p += word->len;
    rest->len -= word->len;
    skip_character(rest);
    return word->len > 0;
}

bool list_word_repeats(struct line *rest, struct line word, size_t *times)
{
    static const char mark[] = "<repeats", end[] = "times>";
    enum { DIGITS_MAX = 7 };
    if (word.len != sizeof mark - 1 || memcmp(word.p, mark, word.len) != 0 ||
        !list_word_next(rest, &word, false) || word.len > DIGITS_MAX)
        return false;
    *times = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (!isdigit((uint8_t)word.p[i]))
            return false;
        *times = *times * 10 + (size_t)(word.p[i] - '0');
    }
    return list_word_next(rest, &word, false) && word.len == sizeof end - 1 &&
           memcmp(word.p, end, word.len) == 0 && *times > 0;
}
