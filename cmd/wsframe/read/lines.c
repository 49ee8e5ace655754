#include "cmd/wsframe/read/lines.h"

#include "cmd/common/hex.h"

#include <string.h>

bool line_next(struct line *rest, struct line *line)
{
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->p, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->p) : rest->len;
    *line = (struct line){rest->p, len};
    if (len > 0 && line->p[len - 1] == '\r')
        line->len--;
    rest->p += len + (end != NULL);
    rest->len -= len + (end != NULL);
    return true;
}

void line_skip_blanks(struct line *line)
{
    while (line->len > 0 && (*line->p == ' ' || *line->p == '\t')) {
        line->p++;
        line->len--;
    }
}

size_t line_hex_number(struct line *line, uint64_t *number)
{
    size_t n = 0;
    *number = 0;
    while (n < line->len && hex_digit(line->p[n]) >= 0)
        *number = *number << 4 | (unsigned)hex_digit(line->p[n++]);
    line->p += n;
    line->len -= n;
    return n;
}
