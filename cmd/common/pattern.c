#include "cmd/common/pattern.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refers_back(const char *text)
{
    for (; (text = strchr(text, '\\')) && text[1]; text += 2)
        if (text[1] >= '1' && text[1] <= '9')
            return true;
    return false;
}

#ifdef REG_STARTEND
/* The length of the bracket expression at `text`. */
static size_t bracket_length(const char *text)
{
    size_t i = 1 + (text[1] == '^');
    i += text[i] == ']';
    while (text[i] && text[i] != ']') {
        char kind = text[i] == '[' ? text[i + 1] : '\0';
        const char *end = NULL;
        if (kind == ':' || kind == '.' || kind == '=')
            end = strstr(text + i + 2, (const char[]){kind, ']', '\0'});
        i = end ? (size_t)(end - text) + 2 : i + 1;
    }
    return i + (text[i] == ']');
}

/* The expression after any bytes, a NUL too; from malloc, or NULL. glibc's \` is its beginning of
 * the text: inside of an expression its ^ also follows a newline. */
static char *after_any_bytes(const char *text)
{
    static const char before[] = "\\`([^x]|x)*(";
    char *whole = malloc(sizeof before + 2 * strlen(text) + 1), *to = whole;
    if (!whole)
        return NULL;
    to = stpcpy(to, before);
    while (*text) {
        size_t len = *text == '[' ? bracket_length(text) : *text == '\\' && text[1] ? 2 : 1;
        if (*text == '^')
            to = stpcpy(to, "\\`");
        else
            to = mempcpy(to, text, len);
        text += len;
    }
    strcpy(to, ")");
    return whole;
}
#endif

/* What Perl and JavaScript have, and extended regular expressions do not: an ordinary d there. */
static bool has_digit_class(const char *text)
{
    for (const char *p = strchr(text, '\\'); p && p[1]; p = strchr(p + 2, '\\'))
        if (p[1] == 'd' || p[1] == 'D')
            return true;
    return false;
}

bool pattern_compile(regex_t *regex, const char *text, int flags, char *why, size_t size)
{
    if (has_digit_class(text)) {
        snprintf(why, size, "\\d is not in extended regular expressions: write [0-9]");
        return false;
    }
    if (refers_back(text)) {
        snprintf(why, size, "a back-reference may take for ever to look for");
        return false;
    }
    int failed = regcomp(regex, text, REG_EXTENDED | flags);
    if (failed)
        regerror(failed, regex, why, size);
    return !failed;
}

bool pattern_compile_anywhere(regex_t *regex, const char *text, char *why, size_t size)
{
    if (!pattern_compile(regex, text, REG_NOSUB, why, size))
        return false;
#ifdef REG_STARTEND
    /* glibc tries each beginning by itself; this has one. */
    char *anchored = after_any_bytes(text);
    regfree(regex);
    if (!anchored) {
        snprintf(why, size, "out of memory");
        return false;
    }
    bool compiled = pattern_compile(regex, anchored, REG_NOSUB, why, size);
    free(anchored);
    return compiled;
#else
    return true;
#endif
}

bool pattern_search_strings(const regex_t *regex, const char *text, size_t len, regmatch_t *groups,
                            size_t count, int flags)
{
    for (size_t at = 0; at <= len; at += strlen(text + at) + 1) {
        bool last = at + strlen(text + at) >= len;
        int here = (at > 0 ? REG_NOTBOL : 0) | (last ? 0 : REG_NOTEOL);
        if (regexec(regex, text + at, count, groups, flags | here) != 0)
            continue;
        for (size_t i = 0; i < count; i++) {
            if (groups[i].rm_so >= 0) {
                groups[i].rm_so += (regoff_t)at;
                groups[i].rm_eo += (regoff_t)at;
            }
        }
        return true;
    }
    return false;
}

bool pattern_search(const regex_t *regex, const char *text, size_t len, regmatch_t *groups,
                    size_t count, int flags)
{
#ifdef REG_STARTEND
    groups[0] = (regmatch_t){0, (regoff_t)len};
    return regexec(regex, text, count, groups, flags | REG_STARTEND) == 0;
#else
    return pattern_search_strings(regex, text, len, groups, count, flags);
#endif
}

bool pattern_anywhere(const regex_t *regex, const void *data, size_t len)
{
    regmatch_t whole;
    if (len > INT_MAX)
        return false;
    char *text = malloc(len + 1); /* regexec() may look for the end of a string */
    if (!text)
        return false;
    if (len)
        memcpy(text, data, len);
    text[len] = '\0';
    bool found = pattern_search(regex, text, len, &whole, 1, 0);
    free(text);
    return found;
}
