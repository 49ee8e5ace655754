#include "cmd/wsserve/http/conditional.h"

#include <string.h>

/* The first header of that name; false where there is none. */
static bool header(const struct ws_request *request, const char *name, struct ws_str *value)
{
    int i = ws_http_find(request->head, request->buffer, name, 0);
    if (i >= 0)
        *value = ws_http_value(request->head, request->buffer, (size_t)i);
    return i >= 0;
}

static struct ws_str without(struct ws_str text, size_t count)
{
    return (struct ws_str){text.p + count, text.len - count};
}

/* If-None-Match compares weakly (13.1.2), If-Match strongly (13.1.1). */
static bool lists_etag(const struct ws_request *request, const char *name, bool weakly,
                       const char *etag)
{
    for (int i = -1; (i = ws_http_find(request->head, request->buffer, name, i + 1)) >= 0;) {
        struct ws_str list = ws_http_value(request->head, request->buffer, (size_t)i), element;
        while (ws_http_list_next(&list, &element)) {
            if (ws_str_equal(element, "*"))
                return true;
            if (weakly && element.len > 2 && memcmp(element.p, "W/", 2) == 0)
                element = without(element, 2);
            if (ws_str_equal(element, etag))
                return true;
        }
    }
    return false;
}

/* Is it another version than the one that the client builds on? */
static bool is_changed(const struct ws_request *request, const struct conditional_file *file)
{
    struct ws_str value;
    int64_t since_s;
    if (header(request, "If-Match", &value))
        return !lists_etag(request, "If-Match", false, file->etag);
    return header(request, "If-Unmodified-Since", &value) && ws_http_date_parse(value, &since_s) &&
           file->modified_s > since_s;
}

static bool is_unchanged(const struct ws_request *request, const struct conditional_file *file)
{
    struct ws_str value;
    int64_t since_s;
    if (header(request, "If-None-Match", &value))
        return lists_etag(request, "If-None-Match", true, file->etag);
    return header(request, "If-Modified-Since", &value) && ws_http_date_parse(value, &since_s) &&
           file->modified_s <= since_s;
}

/* Does If-Range, if it is there, name this version? An etag compares strongly (13.1.5). */
static bool range_applies(const struct ws_request *request, const struct conditional_file *file)
{
    struct ws_str value;
    int64_t date_s;
    if (!header(request, "If-Range", &value) || ws_str_equal(value, file->etag))
        return true;
    return ws_http_date_parse(value, &date_s) && date_s == file->modified_s;
}

/* Takes a number off the front, which is after the end of any file if it is too large: false
 * without a digit. */
static bool take_number(struct ws_str *text, uint64_t *number)
{
    size_t digits = 0;
    *number = 0;
    for (; digits < text->len && text->p[digits] >= '0' && text->p[digits] <= '9'; digits++)
        if (*number < UINT64_MAX / 20)
            *number = *number * 10 + (uint64_t)(text->p[digits] - '0');
        else
            *number = UINT64_MAX;
    *text = without(*text, digits);
    return digits > 0;
}

/* "bytes=1-5", "bytes=5-", "bytes=-5" (14.1.2). False for anything else. `*last` is cut to the
 * file; `*first` may be after its end. */
static bool read_range(struct ws_str text, uint64_t size, uint64_t *first, uint64_t *last)
{
    static const char unit[] = "bytes=";
    uint64_t suffix;
    if (text.len < strlen(unit) ||
        !ws_str_equal_case((struct ws_str){text.p, strlen(unit)}, unit) ||
        memchr(text.p, ',', text.len))
        return false;
    text = ws_str_trim(without(text, strlen(unit)));
    *last = size - 1;
    if (text.len > 0 && text.p[0] == '-') {
        text = without(text, 1);
        if (!take_number(&text, &suffix) || text.len > 0)
            return false;
        *first = suffix == 0 ? size : suffix < size ? size - suffix : 0;
        return true;
    }
    if (!take_number(&text, first) || text.len == 0 || text.p[0] != '-')
        return false;
    text = without(text, 1);
    if (text.len == 0)
        return true;
    if (!take_number(&text, last) || text.len > 0 || *last < *first)
        return false;
    if (*last >= size)
        *last = size - 1;
    return true;
}

/* The Range header, unless there are several, which would be a list of ranges (9110 5.3). */
static bool only_range(const struct ws_request *request, struct ws_str *range)
{
    int i = ws_http_find(request->head, request->buffer, "Range", 0);
    return header(request, "Range", range) &&
           ws_http_find(request->head, request->buffer, "Range", i + 1) < 0;
}

enum conditional conditional_of(const struct ws_request *request,
                                const struct conditional_file *file, uint64_t *first, uint64_t *len)
{
    struct ws_str range;
    uint64_t last;
    *first = *len = 0;
    if (is_changed(request, file)) /* the order of 13.2.2 */
        return CONDITIONAL_CHANGED;
    if (is_unchanged(request, file))
        return CONDITIONAL_UNCHANGED;
    if (ws_str_equal(request->method, "GET") && only_range(request, &range) &&
        range_applies(request, file) && read_range(range, file->size, first, &last)) {
        if (*first >= file->size)
            return CONDITIONAL_OUTSIDE;
        *len = last - *first + 1;
        return CONDITIONAL_PART;
    }
    *first = 0;
    *len = file->size;
    return CONDITIONAL_WHOLE;
}
