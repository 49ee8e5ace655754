#include "cmd/common/pattern.h"

#include <string.h>

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
