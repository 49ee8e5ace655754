#include "cmd/wsframe/detect/dissection.h"

#include "cmd/wsframe/read/lines.h"

#include <ctype.h>
#include <string.h>

enum { LOOKED_AT = 65536, LINES_LOOKED_AT = 200 };

static bool contains(const uint8_t *text, size_t len, const char *word)
{
    return memmem(text, len, word, strlen(word)) != NULL;
}

/* "Frame 1: 54 bytes on wire (432 bits), 54 bytes captured (432 bits)" */
static bool is_frame_line(struct line line)
{
    static const char word[] = "Frame ", rest[] = " bytes on wire (";
    line_skip_blanks(&line);
    return line.len > sizeof word && memcmp(line.p, word, sizeof word - 1) == 0 &&
           isdigit((uint8_t)line.p[sizeof word - 1]) &&
           contains((const uint8_t *)line.p, line.len, rest);
}

bool dissection_is(const uint8_t *text, size_t len)
{
    struct line rest = {(const char *)text, len}, line;
    size_t head = len < LOOKED_AT ? len : LOOKED_AT;
    if (len > 0 && (*text == '{' || *text == '['))
        return contains(text, head, "\"layers\"") &&
               (contains(text, head, "\"_source\"") || contains(text, head, "\"timestamp\""));
    if (len > 0 && *text == '<')
        return contains(text, head, "<pdml");
    for (int i = 0; i < LINES_LOOKED_AT && line_next(&rest, &line); i++)
        if (is_frame_line(line))
            return true;
    return false;
}
