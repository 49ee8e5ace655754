#include "cmd/wscat/output/pretty.h"

#include "libws/proto/bytes.h"

#include <jansson.h>
#include <string.h>

enum {
    INDENT = 2,
    INDENT_MAX = 40, /* columns; what is nested deeper is not indented further */
};

struct pretty {
    struct ws_bytes **out;
    size_t depth;
    bool failed;
};

static void put(struct pretty *p, const char *text, size_t len)
{
    p->failed |= !ws_bytes_append(p->out, text, len);
}

static void new_line(struct pretty *p)
{
    static const char blanks[INDENT_MAX + 1] = "                                        ";
    size_t columns = p->depth * INDENT;
    put(p, "\n", 1);
    put(p, blanks, columns < INDENT_MAX ? columns : INDENT_MAX);
}

static size_t skip_space(const char *text, size_t len, size_t at)
{
    while (at < len && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    return at;
}

/* A string, a number or a word, from `at`; the offset after it. */
static size_t put_scalar(struct pretty *p, const char *text, size_t len, size_t at)
{
    size_t end = at + 1;
    if (text[at] == '"') {
        while (end < len && text[end] != '"')
            end += text[end] == '\\' ? 2 : 1;
        end = end < len ? end + 1 : len;
    } else {
        while (end < len && !strchr(" \t\r\n,:]}", text[end]))
            end++;
    }
    put(p, text + at, end - at);
    return end;
}

/* The text is known to be valid. */
static void put_all(struct pretty *p, const char *text, size_t len)
{
    for (size_t at = skip_space(text, len, 0); at < len; at = skip_space(text, len, at)) {
        char c = text[at];
        if (c == '{' || c == '[') {
            size_t next = skip_space(text, len, at + 1);
            put(p, &c, 1);
            at++;
            if (text[next] == '}' || text[next] == ']') {
                put(p, text + next, 1);
                at = next + 1;
            } else {
                p->depth++;
                new_line(p);
            }
        } else if (c == '}' || c == ']') {
            p->depth--;
            new_line(p);
            put(p, text + at++, 1);
        } else if (c == ',') {
            put(p, text + at++, 1);
            new_line(p);
        } else if (c == ':') {
            put(p, ": ", 2);
            at++;
        } else {
            at = put_scalar(p, text, len, at);
        }
    }
}

bool pretty_json(struct ws_bytes **out, const char *text, size_t len)
{
    struct pretty p = {.out = out};
    size_t before = ws_bytes_len(*out);
    json_error_t error;
    json_t *value =
        json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    if (!value)
        return false;
    json_decref(value);
    put_all(&p, text, len);
    if (p.failed && *out)
        (*out)->len = before;
    return !p.failed;
}
