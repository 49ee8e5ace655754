#include "cmd/wscat/run/expect.h"

#include "cmd/common/pattern.h"

#include <string.h>

bool expect_matches(const regex_t *regex, const char *data, size_t len)
{
    enum { WINDOW = 2 * EXPECT_MATCH_MAX };
    char window[WINDOW + 1]; /* regexec() may look for the end of a string */
    /* Windows overlap by half. */
    for (size_t at = 0;; at += EXPECT_MATCH_MAX) {
        size_t left = len - at;
        bool last = left <= WINDOW;
        size_t size = last ? left : WINDOW;
        regmatch_t part;
        memcpy(window, data + at, size);
        window[size] = '\0';
        int flags = (at > 0 ? REG_NOTBOL : 0) | (last ? 0 : REG_NOTEOL);
        if (pattern_search(regex, window, size, &part, 1, flags))
            return true;
        if (last)
            return false;
    }
}
