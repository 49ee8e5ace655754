#include "cmd/wsframe/text/read_log.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/lines.h"

#include <ctype.h>
#include <string.h>

enum { TOGETHER_LEAST = 8 }; /* digits that stand together are a run from so many on */

struct run {
    size_t from, len; /* in the line */
    size_t bytes;
    char separator; /* 0: none */
};

static bool is_pair(struct line line, size_t at)
{
    return at + 1 < line.len && hex_digit(line.p[at]) >= 0 && hex_digit(line.p[at + 1]) >= 0;
}

static size_t prefix(struct line line, size_t at)
{
    return at + 3 < line.len && line.p[at] == '0' && (line.p[at + 1] | 0x20) == 'x' ? 2 : 0;
}

static bool is_word(char c)
{
    return isalnum((uint8_t)c) || c == '_' || (c & 0x80);
}

/* The end of a run that begins at `at`: the offset after it, or `at` if there is none. */
static size_t run_end(struct line line, size_t at, struct run *run)
{
    size_t end = at, i = at;
    *run = (struct run){.from = at, .separator = 1};
    for (;;) {
        i += prefix(line, i);
        if (!is_pair(line, i))
            break;
        i += 2;
        run->bytes++;
        bool apart = i == line.len || !is_word(line.p[i]);
        if (apart)
            end = i;
        else if (run->separator != 1 && run->separator != 0)
            return at; /* a word that only begins like a run */
        char next = i < line.len ? line.p[i] : '\0';
        char separator = apart ? next : '\0';
        if (run->separator == 1)
            run->separator = separator;
        if (i == line.len || separator != run->separator)
            break;
        if (!separator)
            continue;
        if (!strchr(" \t,;:-", separator))
            break;
        i++;
        /* After a comma there may be a blank, and a second one after eight bytes. */
        while ((strchr(",;:", separator) || (separator == ' ' && run->bytes == 8)) &&
               i < line.len && line.p[i] == ' ')
            i++;
    }
    /* Digits without separators end where the word does. */
    if (run->separator == 0 && (i < line.len && is_word(line.p[i])))
        return at;
    run->len = end - at;
    return end;
}

/* 17:43:13 and 2026-01-31, which are pairs too. */
static bool is_time(struct line line, const struct run *run)
{
    size_t end = run->from + run->len;
    if (run->separator == ':' && run->bytes <= 3)
        return true;
    return run->separator == '-' && run->bytes <= 4 && end < line.len &&
           (line.p[end] == 'T' || line.p[end] == ' ');
}

/* The longest run of a line; the last of those. Digits that stand together may be an address: they
 * count only where no run has separators. */
static struct run longest(struct line line)
{
    struct run best = {0}, run;
    bool best_apart = false;
    for (size_t at = 0; at < line.len; at++) {
        if (at > 0 && is_word(line.p[at - 1]))
            continue;
        size_t end = run_end(line, at, &run);
        if (end == at)
            continue;
        bool apart = run.separator && strchr(" \t,;:-", run.separator) && run.bytes > 1;
        bool counts = apart ? !is_time(line, &run) : run.bytes * 2 >= TOGETHER_LEAST;
        if (counts && (apart > best_apart || (apart == best_apart && run.bytes >= best.bytes))) {
            best = run;
            best_apart = apart;
        }
        at = end - 1;
    }
    return best;
}

/* The line above a dump that numbers its columns: 00 01 02 ... 0F. */
static bool is_ruler(struct line line, const struct run *run)
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

static void add(struct line line, const struct run *run, struct pieces *out)
{
    size_t end = run->from + run->len;
    for (size_t i = run->from; i < end;) {
        i += prefix(line, i);
        if (is_pair(line, i)) {
            bytes_byte(&out->bytes,
                       (uint8_t)(hex_digit(line.p[i]) << 4 | hex_digit(line.p[i + 1])));
            i += 2;
        } else {
            i++;
        }
    }
}

/* Digits that stand together, numbers, and addresses of network cards may be anything: they need
 * whole frames. */
static bool believable(struct line line, const struct run *run, const uint8_t *data, size_t len)
{
    bool apart = run->separator && strchr(" \t,;:-", run->separator) && run->bytes > 1;
    bool card = run->separator == ':' && run->bytes == 6, letters = prefix(line, run->from) > 0;
    for (size_t i = 0; i < run->len; i++)
        letters |= isalpha((uint8_t)line.p[run->from + i]) != 0;
    return apart && letters && !card ? detect_plausible(data, len) : detect_convincing(data, len);
}

bool read_log(const uint8_t *text, size_t len, struct pieces *out)
{
    struct line rest = {(const char *)text, len}, line;
    bool first = true;
    while (line_next(&rest, &line)) {
        line_skip_blanks(&line);
        struct run run = longest(line);
        if (run.bytes == 0 || is_ruler(line, &run))
            continue;
        size_t before = ws_bytes_len(out->bytes);
        add(line, &run, out);
        if (first && !believable(line, &run, bytes_data(out->bytes) + before,
                                 ws_bytes_len(out->bytes) - before)) {
            out->bytes->len = before;
            return false;
        }
        first = false;
        pieces_end(out, (struct piece){.side = *line.p == '<' ? PIECE_OTHER : PIECE_ONE});
    }
    return !first;
}
