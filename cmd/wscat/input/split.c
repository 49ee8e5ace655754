#include "cmd/wscat/input/split.h"

#include <string.h>

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t leading_space(const uint8_t *data, size_t len)
{
    size_t n = 0;
    while (n < len && is_space(data[n]))
        n++;
    return n;
}

/* One byte inside of a JSON value. Returns 1 if the value ends with it, 0 if it ends before it (a
 * number or a word has no end of its own), -1 if it goes on. */
static int json_byte(struct split *s, uint8_t c)
{
    if (s->in_string) {
        if (s->escaped)
            s->escaped = false;
        else if (c == '\\')
            s->escaped = true;
        else if (c == '"')
            s->in_string = false;
        return s->in_string || s->depth > 0 ? -1 : 1;
    }
    bool first = !s->in_value;
    bool delimits = is_space(c) || strchr("\"{[", c);
    if (!first && s->depth == 0 && c != 0 && delimits)
        return 0;
    s->in_value = true;
    if (c == '"')
        s->in_string = true;
    else if (c == '{' || c == '[')
        s->depth++;
    else if ((c == '}' || c == ']') && s->depth > 0 && --s->depth == 0)
        return 1;
    return -1;
}

static bool next_json(struct split *s, const uint8_t *data, size_t len, struct split_message *found)
{
    size_t skip = leading_space(data, len);
    if (s->seen < skip)
        s->seen = skip;
    for (; s->seen < len; s->seen++) {
        int ends = json_byte(s, data[s->seen]);
        if (ends < 0)
            continue;
        *found = (struct split_message){skip, s->seen + (size_t)ends - skip, 0};
        s->seen = 0;
        s->depth = 0;
        s->in_value = s->in_string = s->escaped = false;
        return true;
    }
    return false;
}

bool split_next(struct split *s, const uint8_t *data, size_t len, struct split_message *found)
{
    if (s->form == INPUT_JSON)
        return next_json(s, data, len, found);
    if (s->form == INPUT_WHOLE)
        return false;
    if (s->form == INPUT_CHUNKS) {
        *found = (struct split_message){0, len, 0};
        return len > 0;
    }
    int end = s->form == INPUT_NUL ? 0 : '\n';
    const uint8_t *at = memchr(data + s->seen, end, len - s->seen);
    if (!at) {
        s->seen = len;
        return false;
    }
    s->seen = 0;
    *found = (struct split_message){0, (size_t)(at - data) + s->keep_end, !s->keep_end};
    return true;
}

bool split_tail(const struct split *s, const uint8_t *data, size_t len, struct split_message *found)
{
    size_t skip = s->form == INPUT_JSON ? leading_space(data, len) : 0;
    *found = (struct split_message){skip, len - skip, 0};
    return found->len > 0 || s->form == INPUT_WHOLE;
}

bool split_streams(enum input_form form)
{
    return form == INPUT_LINES || form == INPUT_NUL || form == INPUT_WHOLE;
}

void split_taken(struct split *s, size_t len)
{
    s->seen -= len < s->seen ? len : s->seen;
}
