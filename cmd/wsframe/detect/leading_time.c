#include "cmd/wsframe/detect/leading_time.h"

#include "cmd/wsframe/read/lines.h"

#include <ctype.h>
#include <string.h>

/* Does `word` consist of groups of two decimal digits with colons between, which can be a time? */
static bool is_time(struct line word)
{
    static const char highest[] = "23:59:59";
    bool fits = word.len == 5 || word.len == 8;
    for (size_t i = 0; i < word.len && fits; i++)
        fits = i % 3 == 2   ? word.p[i] == ':'
               : i % 3 == 0 ? word.p[i] >= '0' && word.p[i] <= highest[i]
                            : isdigit((uint8_t)word.p[i]);
    return fits && (word.p[0] < '2' || word.p[1] <= '3');
}

/* 2026-01-31 */
static bool is_date(struct line word)
{
    bool fits = word.len == 10;
    for (size_t i = 0; i < word.len && fits; i++)
        fits = i == 4 || i == 7 ? word.p[i] == '-' : isdigit((uint8_t)word.p[i]);
    return fits && (word.p[0] == '1' || word.p[0] == '2') && word.p[5] < '2' && word.p[8] < '4';
}

/* Seconds or milliseconds since 1970. */
static bool is_epoch(struct line word)
{
    bool fits = word.len == 10 || word.len == 13;
    for (size_t i = 0; i < word.len && fits; i++)
        fits = isdigit((uint8_t)word.p[i]);
    return fits && word.p[0] == '1';
}

/* Takes a word; its fraction, after a comma, is none of it. */
static struct line next_word(struct line *rest)
{
    line_skip_blanks(rest);
    struct line word = {rest->p, 0};
    while (rest->len > 0 && !isspace((uint8_t)*rest->p)) {
        rest->p++;
        rest->len--;
    }
    word.len = (size_t)(rest->p - word.p);
    const char *comma = memchr(word.p, ',', word.len);
    if (comma == word.p + 8 && is_time((struct line){word.p, 8}))
        word.len = 8;
    return word;
}

bool leading_time(const uint8_t *data, size_t len)
{
    struct line all = {(const char *)data, len}, rest;
    if (!line_next(&all, &rest))
        return false;
    struct line first = next_word(&rest), second = next_word(&rest);
    if (second.len == 0)
        return false;
    /* Bytes in such groups look the same. */
    bool time = is_time(first) && !(second.len == first.len && memchr(second.p, ':', second.len));
    return is_date(first) || is_epoch(first) || time;
}
