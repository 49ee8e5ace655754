#include "cmd/wsframe/text/read_list.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/text/escape.h"
#include "cmd/wsframe/text/list_word.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    WORD_MAX = 8,      /* characters of a number */
    LISTS_MAX = 65536, /* lists of a text */
    CUT_LEAST = 8,     /* numbers of a list without an end */
    AS_WRITTEN = -1,   /* the base of each number is as a compiler reads it */
};

static const char call[] = ".toByte()"; /* of Kotlin */
static const char type[] = "int(";      /* of PHP's var_dump */
static const char properties_word[] = "buffer:";
static const char repeats_word[] = "<repeats ";

/* --- numbers --- */

/* What is written of all numbers of a list. */
struct list_notation {
    size_t count;
    bool hex;     /* 0x81, 81h, $81, &H81 */
    bool bits;    /* 0b10000001 */
    bool letters; /* a to f */
    bool negative;
    bool octal;       /* a leading 0 and three more digits */
    bool wide;        /* three digits */
    size_t padded;    /* of three octal digits */
    size_t singles;   /* of one digit */
    bool single_last; /* the last one is of these */
    bool characters;  /* 'H', "Hello" */
    bool strings;     /* "Hello" */
    size_t binary;    /* of zeros and ones only */
    bool binary_wide; /* four of them or more, as gdb's p/t writes a byte */
    uint64_t missing; /* numbers that the list says it leaves out */
    size_t repeated;  /* numbers that gdb's "<repeats 20 times>" stand for */
};

/* Removes the type after a number: of Rust, of C and Kotlin. */
static void take_type(struct line *word)
{
    static const char *const types[] = {"u8", "ul", "u"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i]);
        if (word->len > n && strncasecmp(word->p + word->len - n, types[i], n) == 0) {
            word->len -= n;
            return;
        }
    }
}

/* Removes what says the base of a number, and a type after it. Returns the base, or 0. */
static int take_marks(struct line *word)
{
    static const struct {
        const char *mark;
        int base;
    } marks[] = {{"0x", 16}, {"0X", 16}, {"&H", 16}, {"$", 16}, {"0b", 2}, {"0B", 2}};
    if (word->len > sizeof call - 1 &&
        memcmp(word->p + word->len - (sizeof call - 1), call, sizeof call - 1) == 0)
        word->len -= sizeof call - 1;
    if (word->len > sizeof type && memcmp(word->p, type, sizeof type - 1) == 0 &&
        word->p[word->len - 1] == ')')
        *word = (struct line){word->p + sizeof type - 1, word->len - sizeof type};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t n = strlen(marks[i].mark);
        if (word->len > n && memcmp(word->p, marks[i].mark, n) == 0) {
            *word = (struct line){word->p + n, word->len - n};
            take_type(word);
            return marks[i].base;
        }
    }
    /* A negative char that printf's %x has extended. */
    if (word->len == 8 && strncasecmp(word->p, "ffffff", 6) == 0) {
        *word = (struct line){word->p + 6, 2};
        return 16;
    }
    if (word->len > 1 && (word->p[word->len - 1] | 0x20) == 'h') {
        word->len--;
        if (word->len == 3 && *word->p == '0') /* 0ABh, which cannot begin with a letter */
            *word = (struct line){word->p + 1, 2};
        return 16;
    }
    take_type(word);
    return 0;
}

/* Three digits, as od -to1 has them, of a byte? */
static bool is_octal(struct line word)
{
    return word.p[0] <= '3' && word.p[1] <= '7' && word.p[2] <= '7' &&
           isdigit((uint8_t)word.p[0]) && isdigit((uint8_t)word.p[1]) &&
           isdigit((uint8_t)word.p[2]);
}

/* Is this a byte in zeros and ones? */
static bool is_binary(struct line word)
{
    size_t n = 0;
    while (n < word.len && (word.p[n] == '0' || word.p[n] == '1'))
        n++;
    return n > 0 && n == word.len && n <= 8;
}

/* Looks at a number; false if it is none. */
static bool look_at(struct line word, struct list_notation *notation)
{
    size_t decimal = 0;
    struct line literal = list_word_literal(word);
    if (literal.len > 0) {
        notation->strings |= literal.len > 1 && *literal.p != '\\';
        notation->count++;
        notation->characters = true;
        notation->single_last = false;
        return true;
    }
    int base = take_marks(&word);
    notation->hex |= base == 16;
    notation->bits |= base == 2;
    if (base == 0 && word.len > 0 && *word.p == '-') {
        notation->negative = true;
        word = (struct line){word.p + 1, word.len - 1};
    } else if (base == 0 && word.len == 4 && *word.p == '0') {
        notation->octal = true;
        word = (struct line){word.p + 1, word.len - 1};
    }
    if (base == 0 && !notation->negative && is_binary(word)) {
        notation->binary++;
        notation->binary_wide |= word.len > 3;
        notation->count += word.len > 3;
        if (word.len > 3)
            return true;
    }
    if (word.len == 0 || word.len > (base == 2 ? 8u : 3u))
        return false;
    for (size_t i = 0; i < word.len; i++) {
        if (hex_digit(word.p[i]) < 0)
            return false;
        decimal += isdigit((uint8_t)word.p[i]) != 0;
    }
    notation->letters |= decimal < word.len;
    notation->wide |= word.len == 3;
    notation->padded += word.len == 3 && !notation->octal && base == 0 && is_octal(word);
    notation->single_last = word.len == 1;
    notation->singles += word.len == 1;
    notation->count++;
    return decimal == word.len || word.len <= 2;
}

/* "... 5958 more bytes", as Node writes at the end of a list. */
static bool is_rest(struct line rest, struct list_notation *notation)
{
    char number[24];
    size_t n = 0;
    while (rest.len > 0 && *rest.p && strchr(". +", *rest.p)) {
        rest.p++;
        rest.len--;
    }
    while (n < rest.len && n < sizeof number - 1 && isdigit((uint8_t)rest.p[n])) {
        number[n] = rest.p[n];
        n++;
    }
    number[n] = '\0';
    struct line word = {rest.p + n, rest.len - n};
    if (n == 0 || word.len < 5 || memcmp(word.p, " more", 5) != 0)
        return false;
    notation->missing = strtoull(number, NULL, 10);
    return true;
}

/* Looks at all numbers of a text; false if there is anything else in it. */
static bool look_at_all(struct line rest, struct list_notation *notation)
{
    struct line word;
    bool literals = list_word_has_literals(rest);
    *notation = (struct list_notation){0};
    while (list_word_next(&rest, &word, literals)) {
        struct line here = {word.p, word.len + rest.len};
        /* "...+7 more" is Delve's. */
        if (word.len >= 3 && memcmp(word.p, "...", 3) == 0 && (word.len == 3 || word.p[3] == '+')) {
            /* Elixir and Firefox do not say how many there are. */
            if (!is_rest(here, notation) && !list_word_next(&rest, &word, literals))
                notation->missing = 1;
            return notation->count > 0 && notation->missing > 0;
        }
        size_t times;
        if (notation->count > 0 && list_word_repeats(&rest, word, &times)) {
            notation->repeated += times;
            continue;
        }
        if (!look_at(word, notation))
            return false;
    }
    if (notation->binary_wide && notation->binary < notation->count)
        return false;
    return notation->count > 0 && notation->hex + notation->bits + notation->negative < 2;
}

static int base_of(const struct list_notation *notation)
{
    if (notation->characters)
        return AS_WRITTEN;
    if (notation->binary_wide)
        return 2;
    if (notation->hex || notation->bits)
        return notation->hex ? 16 : 2;
    if (notation->negative || (notation->wide && !notation->octal))
        return 10;
    return notation->octal ? 8 : notation->letters ? 16 : 0;
}

/* Appends the characters of a string; false if an escape stands for no byte. */
static bool add_literal(struct line text, struct ws_bytes **out)
{
    while (text.len > 0) {
        int byte = (uint8_t)*text.p;
        size_t n = escape_read((const uint8_t *)text.p, text.len, NOTATION_BACKSLASH, &byte);
        if (byte < 0 || byte > 255)
            return false;
        bytes_byte(out, (uint8_t)byte);
        n += n == 0;
        text = (struct line){text.p + n, text.len - n};
    }
    return true;
}

/* Appends the numbers in a base; false if one is no byte. */
static bool add_all(struct line rest, int list_base, struct ws_bytes **out)
{
    struct line word;
    bool literals = list_word_has_literals(rest);
    while (list_word_next(&rest, &word, literals)) {
        char digits[WORD_MAX + 1];
        size_t times;
        if (*word.p == '.')
            break;
        if (list_word_repeats(&rest, word, &times)) {
            bytes_repeat_last(out, times);
            continue;
        }
        struct line literal = list_word_literal(word);
        if (literal.len > 0) {
            if (!add_literal(literal, out))
                return false;
            continue;
        }
        int marked = take_marks(&word), base = list_base;
        if (base == AS_WRITTEN)
            base = marked ? marked : *word.p == '0' ? 8 : 10;
        if (word.len > WORD_MAX)
            return false;
        memcpy(digits, word.p, word.len);
        digits[word.len] = '\0';
        char *end;
        long value = strtol(digits, &end, base);
        if (end == digits || *end || value < -128 || value > 255)
            return false;
        bytes_byte(out, (uint8_t)value);
    }
    return true;
}

/* Appends a list in which all numbers have three octal digits, in the base in which they begin a
 * frame; or are whole frames, if they do in both. */
static bool add_padded(struct line list, struct ws_bytes **out)
{
    size_t before = ws_bytes_len(*out);
    bool octal = add_all(list, 8, out);
    size_t middle = ws_bytes_len(*out);
    bool decimal = add_all(list, 10, out);
    const uint8_t *data = bytes_data(*out);
    bool better = decimal && detect_plausible(data + middle, ws_bytes_len(*out) - middle) &&
                  !(octal && detect_convincing(data + before, middle - before));
    bool plausible = octal && detect_plausible(data + before, middle - before);
    (*out)->len = better || !plausible ? before : middle;
    return better || !plausible ? add_all(list, 10, out) : octal;
}

/* Appends a list. Numbers of one and two decimal digits may be of either base: what begins a frame
 * decides. */
static bool add_list(struct line list, const struct list_notation *notation, struct pieces *out,
                     const char **note)
{
    size_t before = ws_bytes_len(out->bytes);
    int base = base_of(notation);
    bool added, cut = notation->single_last && notation->singles == 1 && notation->count > 2;
    if (base == 10 && notation->padded == notation->count) {
        added = add_padded(list, &out->bytes);
    } else if (base != 0) {
        added = add_all(list, base, &out->bytes);
        if (base == 16 && cut)
            *note = pieces_cut_byte;
    } else {
        added = add_all(list, 16, &out->bytes);
        bool hex =
            detect_plausible(bytes_data(out->bytes) + before, ws_bytes_len(out->bytes) - before);
        size_t len = ws_bytes_len(out->bytes);
        bool decimal =
            add_all(list, 10, &out->bytes) &&
            detect_plausible(bytes_data(out->bytes) + len, ws_bytes_len(out->bytes) - len);
        if (decimal && !hex) {
            out->bytes->len = before;
            added = add_all(list, 10, &out->bytes);
        } else {
            out->bytes->len = len;
            if (cut)
                *note = pieces_cut_byte;
            if (decimal)
                *note = "taken for hex digits; they could also be decimal numbers";
        }
    }
    /* JSON has strings among numbers too. */
    added &= !(notation->strings || notation->binary_wide) || notation->hex ||
             detect_convincing(bytes_data(out->bytes) + before, ws_bytes_len(out->bytes) - before);
    if (!added && out->bytes)
        out->bytes->len = before;
    return added;
}

/* --- lists in a text --- */

/* Is this a bracket in quotes? */
static bool is_character(const uint8_t *text, size_t len, size_t at)
{
    return at > 0 && at + 1 < len && text[at - 1] == '\'' && text[at + 1] == '\'';
}

static bool is_before(const uint8_t *text, size_t len, size_t at, const char *word)
{
    size_t n = strlen(word);
    return len - at >= n && memcmp(text + at, word, n) == 0;
}

static bool opens_at(const uint8_t *text, size_t len, size_t at)
{
    struct line rest = {(const char *)text + at, len - at};
    bool is_cast = list_word_skip_cast(&rest);
    bool is_call = text[at] == '(' && at + 1 < len && text[at + 1] == ')';
    bool is_inside = list_word_is_index(rest) || is_before(text, len, at, repeats_word) ||
                     (at > 2 && is_before(text, len, at - 3, type));
    return text[at] && strchr("[{(<", text[at]) && !is_cast && !is_call && !is_inside &&
           !is_character(text, len, at);
}

static char closing(char c)
{
    return c == '[' ? ']' : c == '{' ? '}' : c == '(' ? ')' : '>';
}

/* Whose direction is a list of Wireshark's "C Arrays": peer0_1 and peer1_0. */
static enum piece_side side_of(const uint8_t *text, const char *list)
{
    const char *line = list;
    while (line > (const char *)text && line[-1] != '\n')
        line--;
    return memmem(line, (size_t)(list - line), "peer1_", 6) ? PIECE_OTHER : PIECE_ONE;
}

/* Where the last whole number of a list ends that has no closing bracket: the one after it may be
 * cut. */
static size_t last_separator(const uint8_t *text, size_t start, size_t end)
{
    while (end > start + 1 && isspace(text[end - 1]))
        end--;
    while (end > start + 1 && !list_word_separates((char)text[end - 1]))
        end--;
    return end;
}

/* Are angle brackets those of the text columns of od -tx1z, where ">" begins one and "<" ends it?
 * Only Erlang and Node write lists in them over several lines. */
static bool is_between_lines(const uint8_t *text, size_t len, size_t start, size_t end)
{
    size_t n = end - start;
    bool doubled = start > 0 && text[start - 1] == '<' && end + 1 < len && text[end + 1] == '>';
    return !doubled && !is_before(text, len, start, "<Buffer ") && memchr(text + start, '\n', n);
}

/* The next bracket whose content is a list: without brackets in it, and of numbers only. */
static bool next_list(const uint8_t *text, size_t len, size_t *at, struct line *list,
                      struct list_notation *notation)
{
    while (*at < len) {
        size_t start = (*at)++, end = start + 1;
        char c = (char)text[start];
        if (!opens_at(text, len, start))
            continue;
        while (end < len &&
               ((char)text[end] != closing(c) || text[end - 1] == '(' ||
                is_character(text, len, end)) &&
               !opens_at(text, len, end))
            end++;
        /* Browsers go on with the properties of the array: buffer: ArrayBuffer(11), ... */
        const uint8_t *properties =
            memmem(text + start, end - start, properties_word, sizeof properties_word - 1);
        if (properties)
            end = (size_t)(properties - text);
        bool cut = !properties && end == len;
        if (cut)
            end = last_separator(text, start, end);
        else if (!properties && (char)text[end] != closing(c))
            continue;
        *list = (struct line){(const char *)text + start + 1, end - start - 1};
        if (c == '<' && is_between_lines(text, len, start, end))
            continue;
        if (c == '<' && list->len > 7 && memcmp(list->p, "Buffer ", 7) == 0)
            *list = (struct line){list->p + 7, list->len - 7};
        if (look_at_all(*list, notation) && (!cut || notation->count >= CUT_LEAST)) {
            notation->missing += cut;
            *at = end + 1;
            return true;
        }
    }
    return false;
}

/* Appends a list, or fails with what is before the first of too many repetitions. */
static bool take_list(struct line list, const struct list_notation *notation, struct piece piece,
                      struct pieces *out, const char **note)
{
    bool too_often = ws_bytes_len(out->bytes) + notation->repeated > BYTES_REPEATED_MAX;
    const char *first =
        too_often ? memmem(list.p, list.len, repeats_word, sizeof repeats_word - 1) : NULL;
    if (first)
        list.len = (size_t)(first - list.p);
    if (add_list(list, notation, out, note))
        pieces_end(out, piece);
    return !first;
}

bool read_list(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error,
               const char **note)
{
    struct list_notation notation;
    struct line list;
    size_t at = 0, count = 0;
    *note = NULL;
    /* A number alone in brackets is a size where a longer list is there: Uint8Array(11) [ ... ] */
    bool longer = false;
    while (next_list(text, len, &at, &list, &notation) && count++ < LISTS_MAX)
        longer |= notation.count > 1;
    at = 0;
    while (longer && next_list(text, len, &at, &list, &notation)) {
        if (notation.count == 1 && notation.missing == 0)
            continue;
        struct piece piece = {.missing = notation.missing, .side = side_of(text, list.p)};
        if (!take_list(list, &notation, piece, out, note)) {
            *error = read_error_at(text, (size_t)((const uint8_t *)list.p - text),
                                   bytes_repeated_too_often);
            return false;
        }
    }
    struct line all = {(const char *)text, len};
    if (!longer && look_at_all(all, &notation) && notation.count > 1 &&
        !take_list(all, &notation, (struct piece){0}, out, note)) {
        *error = read_error_at(text, 0, bytes_repeated_too_often);
        return false;
    }
    if (ws_bytes_len(out->bytes) == 0)
        *error = (struct read_error){.line = 1, .what = "there is no list of numbers"};
    return ws_bytes_len(out->bytes) > 0;
}
