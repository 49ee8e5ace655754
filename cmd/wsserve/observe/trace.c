#include "cmd/wsserve/observe/trace.h"

#include <string.h>

static bool is_hex(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
            return false;
    return true;
}

static bool all_zero(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != '0')
            return false;
    return true;
}

bool trace_is_parent(struct ws_str value)
{
    enum { VERSION = 0, TRACE = 3, PARENT = 36, FLAGS = 53, END = 55 };
    const char *p = value.p;
    if (value.len < END || !is_hex(p, 2) || memcmp(p, "ff", 2) == 0)
        return false;
    /* Version 00 ends here; a later one may have more fields after a dash. */
    if (value.len > END && (memcmp(p, "00", 2) == 0 || p[END] != '-'))
        return false;
    return p[TRACE - 1] == '-' && is_hex(p + TRACE, 32) && !all_zero(p + TRACE, 32) &&
           p[PARENT - 1] == '-' && is_hex(p + PARENT, 16) && !all_zero(p + PARENT, 16) &&
           p[FLAGS - 1] == '-' && is_hex(p + FLAGS, 2);
}

static bool is_request_id(struct ws_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.p[i];
        bool word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!word && (c == '\0' || !strchr("-._:/+=@", c)))
            return false;
    }
    return value.len > 0;
}

/* The one header of that name; len 0 when there is none, or more than one. */
static struct ws_str only(const struct ws_request *request, const char *name)
{
    int at = ws_http_find(request->head, request->buffer, name, 0);
    if (at < 0 || ws_http_find(request->head, request->buffer, name, at + 1) >= 0)
        return (struct ws_str){0};
    return ws_http_value(request->head, request->buffer, (size_t)at);
}

bool trace_of(const struct ws_request *request, char text[TRACE_MAX])
{
    struct ws_str value = only(request, "traceparent");
    if (value.len == 0 || !trace_is_parent(value)) {
        value = only(request, "X-Request-Id");
        if (!is_request_id(value))
            return false;
    }
    if (value.len >= TRACE_MAX)
        return false;
    memcpy(text, value.p, value.len);
    text[value.len] = '\0';
    return true;
}
