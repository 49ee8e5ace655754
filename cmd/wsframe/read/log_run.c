#include "cmd/wsframe/read/log_run.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"

#include <ctype.h>
#include <string.h>

enum { TOGETHER_LEAST = 8 }; /* digits that stand together are a run from so many on */

static bool is_pair(struct line line, size_t at)
{
    return at + 1 < line.len && hex_digit(line.p[at]) >= 0 && hex_digit(line.p[at + 1]) >= 0;
}

static size_t prefix(struct line line, size_t at)
{
    bool marked = at + 2 < line.len && line.p[at] == '0' && (line.p[at + 1] | 0x20) == 'x';
    return marked && hex_digit(line.p[at + 2]) >= 0 ? 2 : 0;
}

bool log_run_is_word(char c)
{
    return isalnum((uint8_t)c) || c == '_' || (c & 0x80);
}

static bool is_separator(char c)
{
    return c && strchr(" \t,;:-|", c);
}

/* Is this one digit, as of a byte below 16 that is not padded? */
static bool is_single(struct line line, size_t at)
{
    return at < line.len && hex_digit(line.p[at]) >= 0 &&
           (at + 1 == line.len || !log_run_is_word(line.p[at + 1]));
}

/* The place after the separator at `i`: after a comma there may be a blank, and a second one after
 * eight bytes. */
static size_t after_separator(struct line line, size_t i, const struct log_run *run)
{
    bool wide = strchr(",;:", line.p[i]) || (line.p[i] == ' ' && run->bytes == 8);
    i++;
    while (wide && i < line.len && line.p[i] == ' ')
        i++;
    return i;
}

/* The end of words of the same length, of two or four bytes each, whose first one ends at `i`: as
 * of NSData and objdump. The last one may be shorter. */
static size_t groups_end(struct line line, size_t i, struct log_run *run)
{
    size_t size = run->bytes, more = size;
    while ((size == 2 || size == 4) && more == size && i < line.len && line.p[i] == ' ') {
        size_t at = i + 1;
        for (more = 0; more < size && is_pair(line, at); more++)
            at += 2;
        bool ends = at == line.len || !log_run_is_word(line.p[at]);
        /* A short one in the middle: these are words of another kind. */
        bool last = at + 1 >= line.len || line.p[at] != ' ' || hex_digit(line.p[at + 1]) < 0;
        if (more == 0 || !ends || (more < size && !last))
            break;
        run->bytes += more;
        i = at;
    }
    return i;
}

/* How many digits the byte at `i` has: two, or one after a separator; 0: there is no byte. */
static size_t digits_of_byte(struct line line, size_t i, const struct log_run *run)
{
    bool later = run->bytes > 0 && run->separator > 1;
    return later && is_single(line, i) ? 1 : is_pair(line, i) ? 2 : 0;
}

/* The end of a run that begins at `at`: the offset after it, or `at` if there is none. */
static size_t run_end(struct line line, size_t at, struct log_run *run)
{
    size_t end = at, i = at, singles = 0, digits;
    bool prefixed = prefix(line, at) > 0;
    *run = (struct log_run){.from = at, .separator = 1};
    while (run->separator == 0 || prefixed == (prefix(line, i) > 0)) {
        i += prefix(line, i);
        digits = digits_of_byte(line, i, run);
        if (digits == 0)
            break;
        i += digits;
        singles = digits == 1 ? singles + 1 : 0;
        run->bytes++;
        bool apart = i == line.len || !log_run_is_word(line.p[i]);
        /* One digit is a byte where others follow, or nothing. */
        if (apart && (digits == 2 || i == line.len)) {
            end = i;
            singles = 0;
        } else if (!apart && run->separator != 1 && run->separator != 0) {
            return at; /* a word that only begins like a run */
        }
        char separator = apart && i < line.len ? line.p[i] : '\0';
        if (run->separator == 1)
            run->separator = separator;
        if (i == line.len || separator != run->separator || (separator && !is_separator(separator)))
            break;
        if (separator)
            i = after_separator(line, i, run);
    }
    run->bytes -= singles;
    /* Digits without separators end where the word does. */
    if (run->separator == 0 && (i < line.len && log_run_is_word(line.p[i])))
        return at;
    if (run->separator == 0)
        end = groups_end(line, i, run);
    run->len = end - at;
    return end;
}

/* 17:43:13 and 2026-01-31, which are pairs too. */
static bool is_time(struct line line, const struct log_run *run)
{
    size_t end = run->from + run->len;
    /* 11/28 10:20 */
    if (run->from > 0 && line.p[run->from - 1] == '/' && end < line.len && line.p[end] == ':')
        return true;
    if (run->separator == ':' && run->bytes <= 3)
        return true;
    return run->separator == '-' && run->bytes <= 4 && end < line.len &&
           (line.p[end] == 'T' || line.p[end] == ' ');
}

/* Is a run better than another one? Digits that stand together may be an address: they count only
 * where no run has separators, or two or three numbers that may be anything. */
static bool is_better(const struct log_run *run, bool apart, const struct log_run *best,
                      bool best_apart)
{
    enum { FEW = 4, MANY = 8 };
    if (apart == best_apart)
        return run->bytes >= best->bytes;
    const struct log_run *together = apart ? best : run, *other = apart ? run : best;
    bool address = together->bytes < MANY || other->bytes >= FEW;
    return apart == address;
}

void log_run_add(struct line line, const struct log_run *run, struct ws_bytes **out)
{
    size_t end = run->from + run->len;
    for (size_t i = run->from; i < end;) {
        i += prefix(line, i);
        if (is_pair(line, i)) {
            bytes_byte(out, (uint8_t)(hex_digit(line.p[i]) << 4 | hex_digit(line.p[i + 1])));
            i += 2;
        } else if (is_single(line, i)) {
            bytes_byte(out, (uint8_t)hex_digit(line.p[i++]));
        } else {
            i++;
        }
    }
}

/* Is this the address of a network card, 02:42:ac:11:00:02? Few begin with bits as a last frame
 * does, and are whole frames besides. */
bool log_run_is_card(struct line line, const struct log_run *run)
{
    struct ws_bytes *one = NULL;
    if (run->separator != ':' || run->bytes != 6)
        return false;
    log_run_add(line, run, &one);
    const uint8_t *data = bytes_data(one);
    bool frames = data[0] >= 0x80 && detect_convincing(data, ws_bytes_len(one));
    ws_bytes_free(&one);
    return !frames;
}

/* The best run of a line; the last of the longest ones. */
static struct log_run longest(struct line line)
{
    struct log_run best = {0}, run;
    bool best_apart = false;
    for (size_t at = 0; at < line.len; at++) {
        if (at > 0 && log_run_is_word(line.p[at - 1]))
            continue;
        size_t end = run_end(line, at, &run);
        if (end == at)
            continue;
        bool apart = is_separator(run.separator) && run.bytes > 1;
        bool counts = apart ? !is_time(line, &run) : run.bytes * 2 >= TOGETHER_LEAST;
        bool card = best.bytes > 0 && log_run_is_card(line, &best);
        bool cards = best.bytes > 0 && counts && log_run_is_card(line, &run);
        if (counts && (card != cards ? card : is_better(&run, apart, &best, best_apart))) {
            best = run;
            best_apart = apart;
        }
        at = end - 1;
    }
    return best;
}

/* The run of a line, at the column of the run of the line before where there is one: the last line
 * may have a single byte. */
/* The run of a row of words that is too short to be one by itself, at the column of the row before;
 * without bytes, if there is none. */
static struct log_run short_words(struct line line, const struct log_run *last)
{
    struct log_run run = {0};
    size_t at = last->from;
    if (last->separator != 0 || last->bytes * 2 < TOGETHER_LEAST || at >= line.len ||
        (at > 0 && log_run_is_word(line.p[at - 1])) || run_end(line, at, &run) == at ||
        (run.bytes > 1 && run.separator != 0))
        return (struct log_run){0};
    run.separator = 0;
    run.is_short = true;
    return run;
}

struct log_run log_run_next(struct line line, const struct log_run *last)
{
    struct log_run run;
    size_t at = last->from;
    if (last->bytes > 1 && is_separator(last->separator) && at < line.len &&
        (at == 0 || !log_run_is_word(line.p[at - 1])) && run_end(line, at, &run) > at) {
        struct log_run best = longest(line);
        bool inside = best.from < at && best.from + best.len > at && prefix(line, best.from) > 0;
        if (log_run_is_card(line, &run) && !log_run_is_apart(&best))
            return best;
        if (run.bytes > 1 && run.separator == last->separator && !inside)
            return run;
        bool other = best.bytes > 1 && best.separator == last->separator;
        return run.bytes == 1 && !other ? run : best;
    }
    run = longest(line);
    return run.bytes > 0 ? run : short_words(line, last);
}

/* The line above a dump that numbers its columns: 00 01 02 ... 0F. */
bool log_run_is_ruler(struct line line, const struct log_run *run)
{
    if (run->bytes < 8 || run->separator != ' ')
        return false;
    for (size_t i = 0; i < run->bytes; i++) {
        size_t at = run->from + 3 * i + 1;
        if (at >= line.len || line.p[at - 1] != '0' || hex_digit(line.p[at]) != (int)(i % 16))
            return false;
    }
    return true;
}

/* The place after a run where the line ends in two characters of which one is a hex digit and one
 * is not, as 3g: the offset of the latter in the line, or 0. */
size_t log_run_mistake(struct line line, const struct log_run *run)
{
    size_t at = run->from + run->len + 1;
    if (run->bytes < 2 || at + 2 != line.len || line.p[at - 1] != run->separator ||
        !isalnum((uint8_t)line.p[at]) || !isalnum((uint8_t)line.p[at + 1]))
        return 0;
    bool first = hex_digit(line.p[at]) >= 0, second = hex_digit(line.p[at + 1]) >= 0;
    return first == second ? 0 : first ? at + 1 : at;
}

/* Does a run end in one digit, and have two in each byte before it? */
bool log_run_is_cut(struct line line, const struct log_run *run)
{
    size_t end = run->from + run->len;
    if (run->bytes < 3 || run->separator == 0 || prefix(line, run->from) > 0)
        return false;
    for (size_t i = 0; i + 1 < run->bytes; i++)
        if (!is_pair(line, run->from + 3 * i))
            return false;
    return run->len == 3 * (run->bytes - 1) + 1 && is_single(line, end - 1);
}

bool log_run_is_apart(const struct log_run *run)
{
    return is_separator(run->separator) && run->bytes > 1;
}

bool log_run_has_letters(struct line line, const struct log_run *run)
{
    bool letters = prefix(line, run->from) > 0;
    for (size_t i = 0; i < run->len; i++)
        letters |= isalpha((uint8_t)line.p[run->from + i]) != 0;
    return letters;
}

uint64_t log_run_missing(struct line line, const struct log_run *run)
{
    static const char length[] = "length = ", dots[] = " ... ";
    enum { DIGITS_MAX = 9 };
    struct line after = {line.p + run->from + run->len, line.len - run->from - run->len};
    size_t n = sizeof dots - 1;
    /* A text column is as long as the run. */
    if (after.len < n + 2 || memcmp(after.p, dots, n) != 0 || !is_pair(after, n) ||
        after.len == run->bytes + 1)
        return 0;
    uint64_t total = 0;
    const char *said = memmem(line.p, run->from, length, sizeof length - 1);
    for (size_t i = 0; said && i < DIGITS_MAX; i++) {
        char c = said[sizeof length - 1 + i];
        if (!isdigit((uint8_t)c))
            break;
        total = total * 10 + (uint64_t)(c - '0');
    }
    return total > run->bytes ? total - run->bytes : 1;
}
